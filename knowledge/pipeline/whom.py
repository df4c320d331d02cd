"""For whom a rule is: read from the question, recalled from the conversation, asked where it makes a difference."""

from __future__ import annotations

from dataclasses import replace

from knowledge.answer import Answer, Option
from knowledge.pipeline.context import Candidate, Context
from knowledge.pipeline.phrases import pattern
from knowledge.pipeline.subjects import same_subject, same_wording
from knowledge.source import Source, is_basis
from knowledge.texts import text

_SHOWN = 3  # audiences named in one option
_GROUP = "\ufffc"  # no sign that anybody types: U+FFFC OBJECT REPLACEMENT CHARACTER


def recall(context: Context) -> None:
    """Take the citizen's region and group from the question, or else from the conversation."""
    context.region_named = context.region_named or bool(context.region)
    if not context.region:
        context.region = context.known.region
    context.audience = _audience_said(context) or context.known.audience


def ask_whom(context: Context) -> None:
    """Ask for the region or the group first, where the sources that would answer, or are offered, differ by it.

    Runs on the answer that the earlier steps gave; an article that was asked for by its number is left alone.
    """
    answer = context.answer
    if answer is None or not context.candidates or answer.status not in ("answered", "clarify"):
        return
    by_id = {each.source.id: each for each in context.candidates}
    offered = [by_id[option.id].source for option in answer.options if option.id in by_id]
    # Options that differ in more than their regions say more than the regions would.
    one_each = len({_region(each, context) for each in offered}) == len(offered)
    if not context.region and one_each and (options := _by_region(context)):
        context.answer = _question("ask_region", answer, options)
        return
    whole = answer.status == "clarify" and len(offered) == len(answer.options)
    if whole and not context.audience and _same_but_for_whom(offered, context):
        options = [
            Option(each.id, text("join").join(each.audience[:_SHOWN]), None, each.audience)
            for each in offered
        ]
        context.answer = _question("ask_audience", answer, options)


def _by_region(context: Context) -> list[Option]:
    """An option for each region that has a rule of its own on the best candidate's subject, and one for the others.

    A rule counts beside the best when it comes near enough (``residence.rival``); an FAQ and its basis are one rule.
    """
    best = context.candidates[0]
    least = context.config.residence.rival * best.probability
    first: dict[str, Candidate] = {}
    for each in context.candidates:
        source = each.source
        near = each.probability >= least and same_subject(best.source, source, context)
        if near and not any(is_basis(source, other.source) for other in first.values()):
            first.setdefault(_region(source, context), each)
    districts = [region for region in first if region][: context.config.decision.options - 1]
    if len(first) < 2 or not districts:
        return []
    elsewhere = first.get("")
    return [
        *(Option(first[region].source.id, region, region) for region in districts),
        Option(elsewhere.source.id if elsewhere else "", text("other_region"), ""),
    ]


def _region(source: Source, context: Context) -> str:
    """The district that a source is for; ``""`` for the whole city."""
    return "" if source.region == context.index.city else source.region


def _same_but_for_whom(offered: list[Source], context: Context) -> bool:
    """Whether sources say the same of different people: alike in subject and wording, and no group in two of them."""
    if len(offered) < 2 or not all(each.audience for each in offered):
        return False
    groups = [group for each in offered for group in each.audience]
    alike = all(
        same_subject(offered[0], each, context) and same_wording(offered[0], each, context)
        for each in offered[1:]
    )
    return alike and len(groups) == len(set(groups))


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
    named = [audience for audience in context.index.audiences if audience in context.text]
    for audience in sorted(named, key=lambda name: (-len(name), name)):
        # A sign stands for the group, so that one pattern does for all of them.
        if pattern("i_am", audience=_GROUP).search(context.text.replace(audience, _GROUP)):
            return audience
    return ""
