"""Only what is in force, and in force for this citizen, may answer; of what is not, the citizen is told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import get_args

from knowledge.pipeline.context import Candidate, Context, Rejection
from knowledge.pipeline.notice import notice_of, notice_of_faq, standing_of
from knowledge.pipeline.phrases import pattern
from knowledge.pipeline.rank import add_up_subjects
from knowledge.pipeline.subjects import same_subject
from knowledge.source import Source
from knowledge.validity_facts import Lapse, Standing, ValidityFacts, facts_of

LAPSES = frozenset(get_args(Lapse))
_YEAR = re.compile(r"(?:19|20)\d{2}(?=年|版|\D|$)")


def check_validity(context: Context) -> None:
    """Move candidates that may not answer to ``rejected``, and note what the citizen has to be told of them."""
    _reject(context, {id(each): why_not(each.source, context) for each in context.candidates})


def prefer_own(context: Context) -> None:
    """A rule of the citizen's own region, or for their own group, beats the general one on the same subject."""
    if context.region and context.region != context.index.city:
        _prefer(context, "local", lambda source: source.region == context.region)
    if context.audience:
        _prefer(context, "audience", lambda source: context.audience in source.audience)


def note_lapse(context: Context) -> None:
    """Note how the best-matching rule stands when it is not in force, or was amended.

    It is noted when it is likely enough the one meant (``validity.notice``), or when the question names its year or
    speaks of an earlier rule and it is the likeliest of those that have ended.
    """
    if context.notice is not None:
        return
    lapsed = [item for item in context.rejected if item.reason in LAPSES]
    if not lapsed:
        return
    best = max(lapsed, key=lambda item: item.candidate.confidence)
    kept = max((each.confidence for each in context.candidates), default=0.0)
    today = context.today.isoformat()
    facts = facts_of(context.index)
    # The rule as a whole: a question about it is spread over its clauses and the FAQs that rest on them.
    rule = best.candidate.source.documents
    whole = sum(
        item.candidate.probability
        for item in lapsed
        if item is best or rule & item.candidate.source.documents
    )
    meant = whole >= context.config.validity.notice and whole > kept
    if not meant and best.candidate.confidence >= context.config.decision.option:
        standing = standing_of(best.candidate.source, facts, today)
        years = set(_YEAR.findall(context.text))
        meant = pattern("earlier").search(context.text) is not None or bool(
            standing and years & standing.document.years
        )
    if not meant or (best.reason == "not_yet" and kept >= context.calibration.answer):
        return
    source = best.candidate.source
    standing = standing_of(source, facts, today)
    if standing is not None and standing.lapse:
        context.notice = notice_of(standing, today)
    elif source.kind == "faq":
        context.notice = notice_of_faq(source, "not_yet" if best.reason == "not_yet" else "expired")


def why_not(source: Source, context: Context) -> str | None:
    """Why a source may not answer, or ``None``. Worked out from its own facts and from those of its successors."""
    lapse = lapse_of(source, facts_of(context.index), context.today.isoformat())
    if lapse:
        return lapse
    if source.region in context.known.not_regions and source.region != context.region:
        return "region"
    if context.region and source.region and source.region not in (context.region, context.index.city):
        return "region"
    return None


def lapse_of(source: Source, facts: ValidityFacts, today: str) -> Lapse | None:
    """Why a source is not in force on ``today`` (ISO), or ``None``.

    An FAQ has dates of its own; and where every basis of it that is held has lapsed, so has the FAQ.
    """
    if source.kind == "clause":
        return facts.standing(source.document_id, today).lapse
    if source.effective_from and source.effective_from > today:
        return "not_yet"
    if source.effective_to and source.effective_to < today:
        return "expired"
    lapses = [facts.standing(each, today).lapse for each in sorted(_held(source, facts))]
    return lapses[0] if lapses and all(lapses) else None


def heirs_of(source: Source, facts: ValidityFacts, today: str) -> frozenset[str]:
    """The documents in force that stand in the place of a source that has lapsed."""
    standing: Standing | None = standing_of(source, facts, today)
    if standing is None:
        # An FAQ that ended by its own date, on a basis that still holds.
        return _held(source, facts)
    successors = frozenset(each.id for each in standing.successors if each.id)
    return frozenset(each for each in successors if facts.standing(each, today).lapse is None)


def _reject(context: Context, reasons: dict[int, str | None]) -> None:
    """Take candidates out, and pass their probability on.

    The share of a rule for other people goes to the one on the same subject that is left, where one comes near
    enough; that of what has lapsed to what its successors say. Where a successor says nothing of the kind it goes to
    all that is left; where nothing holds in its place it is nobody's: what a lapsed rule would have answered must
    not be answered by something else.
    """
    if not any(reasons.values()):
        return
    facts, today = facts_of(context.index), context.today.isoformat()
    kept = [each for each in context.candidates if not reasons.get(id(each))]
    found = {id(each): each.probability for each in kept}
    shared = 0.0
    for candidate in context.candidates:
        reason = reasons.get(id(candidate))
        if not reason:
            continue
        context.rejected.append(Rejection(candidate, reason))
        share = candidate.probability
        if reason in LAPSES:
            documents = heirs_of(candidate.source, facts, today)
            heirs = [each for each in kept if documents & each.source.documents]
            if sum(found[id(each)] for each in heirs) < context.config.validity.heir * share:
                heirs = []
        else:
            documents = frozenset()
            heirs = _near(candidate, kept, context)[:1]
        if whole := sum(found[id(each)] for each in heirs):
            for each in heirs:
                each.probability += share * found[id(each)] / whole
        elif documents or reason == "region":
            shared += share
    for candidate in kept:
        candidate.probability = min(1.0, candidate.probability / max(1.0 - shared, 1e-9))
    kept.sort(key=lambda each: each.probability, reverse=True)
    context.candidates = kept
    add_up_subjects(kept)


def _held(source: Source, facts: ValidityFacts) -> frozenset[str]:
    """Those of a source's documents that the release has."""
    return frozenset(each for each in source.documents if each in facts.documents)


def _prefer(context: Context, reason: str, is_own: Callable[[Source], bool]) -> None:
    own = [each for each in context.candidates if is_own(each.source)]
    general = (
        each
        for each in context.candidates
        if not is_own(each.source) and (reason != "audience" or each.source.audience)
    )
    reasons: dict[int, str | None] = {id(each): reason for each in general if _near(each, own, context)}
    if reasons:
        _reject(context, reasons)


def _near(candidate: Candidate, others: list[Candidate], context: Context) -> list[Candidate]:
    """Those of ``others`` on the candidate's subject that come near enough to stand in its place, likeliest first."""
    least = context.config.residence.rival * candidate.probability
    near = (
        each
        for each in others
        if each.probability >= least and same_subject(each.source, candidate.source, context)
    )
    return sorted(near, key=lambda each: each.probability, reverse=True)
