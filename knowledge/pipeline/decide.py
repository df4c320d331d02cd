"""Answer, ask back, or decline."""

from __future__ import annotations

import re

from knowledge.answer import Answer, Option
from knowledge.pipeline.context import Candidate, Context
from knowledge.source import Source, contains, is_basis
from knowledge.texts import text

_NUMBER = re.compile(r"\d+")
_OPENING = 24  # characters of a clause's opening in an option


def decide(context: Context) -> None:
    """Let the best candidate answer when its subject is likely enough; else ask back, or decline."""
    limits = context.config.decision
    best = context.candidates[0] if context.candidates else None
    sure = best is not None and (
        best.confidence >= context.calibration.answer or _same_question(best, context)
    )
    if best and sure and not _said_already(best, context):
        return
    near = [
        each
        for each in context.candidates
        if each.evidence.get("question_match", 0.0) >= limits.near_question
    ]
    total = sum(each.probability for each in context.candidates)
    if best is None or (total < context.calibration.clarify and not near):
        context.answer = Answer(
            status="no_answer",
            text=text("no_answer"),
            confidence=round(best.confidence, 4) if best else 0.0,
            reason="low_confidence",
            department=(best.source.department or None) if best else None,
        )
        return
    # A short question is sure of nothing, and yet may be near to an FAQ's: that is worth asking back.
    ordered = (
        [*near, *(each for each in context.candidates if each not in near)] if near else context.candidates
    )
    least = limits.option
    shown = _subjects([each for each in ordered if each in near or each.probability >= least], 0.0)
    shown = (shown or ordered[:1])[: limits.options]
    context.answer = Answer(
        status="clarify",
        text=text("clarify" if len(shown) > 1 else "confirm"),
        confidence=round(best.confidence, 4),
        options=tuple(Option(each.source.id, option_label(each.source)) for each in shown),
        department=best.source.department or None,
    )


def _same_question(best: Candidate, context: Context) -> bool:
    """Whether the citizen asks all but in an FAQ's own words, with no other numbers, and no other FAQ is as near.

    Held-out questions, which the learnt threshold comes from, never are.
    """
    limits = context.config.decision
    if not set(_NUMBER.findall(context.text)) <= set(_NUMBER.findall("\n".join(best.source.questions))):
        return False
    match = _likeness(best, context)
    others = max((_likeness(each, context) for each in context.candidates if each is not best), default=0.0)
    likely = best.confidence >= limits.same_question_least
    return likely and match >= limits.same_question and match - others >= limits.same_question_lead


def _likeness(candidate: Candidate, context: Context) -> float:
    """How like the citizen's question an FAQ's nearest one is; 1 where the citizen's says all but as much."""
    left_out = context.config.decision.left_out
    if any(_says_no_more(context.text, each, left_out) for each in candidate.source.questions):
        return 1.0
    return candidate.evidence.get("question_match", 0.0)


def _says_no_more(asked: str, question: str, left_out: int) -> bool:
    """Whether ``asked`` is ``question`` with at most ``left_out`` characters left out: all it says stands there."""
    signs = [sign for sign in question if sign.isalnum()]
    said = [sign for sign in asked if sign.isalnum()]
    rest = iter(signs)
    return len(signs) - len(said) <= left_out and all(sign in rest for sign in said)


def _said_already(best: Candidate, context: Context) -> bool:
    """Whether a follow-up would be told once more what it leans on: the citizen has read that, and asks on."""
    return context.follows and context.previous is not None and best.source.id in context.previous.sources


def _subjects(candidates: list[Candidate], least: float) -> list[Candidate]:
    """The candidates worth offering: no FAQ beside its own basis, no article beside its own item."""
    kept = candidates[:1]
    for candidate in candidates[1:]:
        if candidate.probability >= least and not any(
            _overlap(candidate.source, each.source) for each in kept
        ):
            kept.append(candidate)
    return kept


def _overlap(left: Source, right: Source) -> bool:
    if is_basis(left, right):
        return True
    return left.kind == right.kind == "clause" and (
        contains(left.id, right.id) or contains(right.id, left.id)
    )


def option_label(source: Source) -> str:
    """A source worded as the question it answers, or, for a clause, by how it begins."""
    if source.kind == "faq":
        return source.title
    opening = source.text.removeprefix(source.article).lstrip(" 　\n")
    first = re.split(r"[，。；：\n]", opening, maxsplit=1)[0][:_OPENING]
    return text("clause_label", title=source.title, article=source.article, opening=first)
