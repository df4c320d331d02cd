"""For whom a rule is: read from the question, recalled from the conversation, asked where it makes a difference."""

from __future__ import annotations

from dataclasses import replace

from knowledge.answer import Answer, Option
from knowledge.pipeline.context import Candidate, Context
from knowledge.pipeline.phrases import pattern
from knowledge.pipeline.subjects import same_subject
from knowledge.source import Source
from knowledge.texts import text

_SHOWN = 3  # audiences named in one option


def recall(context: Context) -> None:
    """Take the citizen's region and group from the question, or else from the conversation."""
    context.region_named = bool(context.region)
    if not context.region:
        context.region = context.known.region
    context.audience = _audience_said(context) or context.known.audience


def ask_whom(context: Context) -> None:
    """Ask for the region or the group instead of answering, where the sources that would answer differ by it.

    Runs on the answer that the earlier steps gave; an article that was asked for by its number is left alone.
    """
    answer = context.answer
    if answer is None or not context.candidates:
        return
    if answer.status == "answered" and not context.region:
        context.answer = _by_region(answer, _alike(context), context)
    elif answer.status == "clarify":
        by_id = {each.source.id: each for each in context.candidates}
        offered = [by_id[option.id] for option in answer.options if option.id in by_id]
        if len(offered) > 1 and len(offered) == len(answer.options) and _one_subject(offered, context):
            context.answer = _by_audience(answer, offered) or _offered_by_region(answer, offered, context)


def _alike(context: Context) -> list[Candidate]:
    """The best candidate and those on its subject that come near enough to count beside it."""
    best = context.candidates[0]
    least = context.config.residence.rival * best.probability
    others = (
        each
        for each in context.candidates[1:]
        if each.probability >= least and same_subject(best.source, each.source, context)
    )
    return [best, *others]


def _by_region(answer: Answer, alike: list[Candidate], context: Context) -> Answer:
    first = _first_by_region(alike, context)
    districts = [region for region in first if region][: context.config.decision.options - 1]
    if not districts:
        return answer
    elsewhere = first.get("")
    options = [Option(first[region].source.id, region, region) for region in districts]
    options.append(Option(elsewhere.source.id if elsewhere else "", text("other_region"), ""))
    return _question("ask_region", answer, options)


def _offered_by_region(answer: Answer, offered: list[Candidate], context: Context) -> Answer:
    if context.region or len(_first_by_region(offered, context)) < len(offered):
        return answer
    return _by_region(answer, offered, context)


def _first_by_region(candidates: list[Candidate], context: Context) -> dict[str, Candidate]:
    """The likeliest candidate for each region; ``""`` stands for the whole city."""
    first: dict[str, Candidate] = {}
    for each in candidates:
        region = each.source.region
        first.setdefault("" if region == context.index.city else region, each)
    return first


def _by_audience(answer: Answer, offered: list[Candidate]) -> Answer | None:
    audiences = [frozenset(each.source.audience) for each in offered]
    apart = all(audiences) and sum(map(len, audiences)) == len(frozenset().union(*audiences))
    if not apart:
        return None
    options = [
        Option(each.source.id, text("join").join(each.source.audience[:_SHOWN]), None, each.source.audience)
        for each in offered
    ]
    return _question("ask_audience", answer, options)


def _one_subject(offered: list[Candidate], context: Context) -> bool:
    return all(same_subject(offered[0].source, each.source, context) for each in offered[1:])


def _question(key: str, answer: Answer, options: list[Option]) -> Answer:
    before = f"{answer.notice.text}\n" if answer.notice else ""
    return replace(
        answer,
        status="clarify",
        text=before + text(key),
        sources=(),
        options=tuple(options),
        reason=None,
        clipped=False,
    )


def _audience_said(context: Context) -> str:
    """The group that the citizen says they belong to (我是残疾人), among those that the candidates may be for."""
    for audience in sorted(audiences_of(context.index.sources), key=lambda name: (-len(name), name)):
        if audience in context.text and pattern("i_am", audience=audience).search(context.text):
            return audience
    return ""


def audiences_of(sources: list[Source]) -> frozenset[str]:
    """The groups of people that sources name."""
    return frozenset(audience for source in sources for audience in source.audience)
