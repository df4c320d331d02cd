"""Answer, ask back, or decline."""

from __future__ import annotations

import re

from knowledge.answer import Answer, Option
from knowledge.pipeline.context import Candidate, Context
from knowledge.pipeline.likeness import is_near, is_same_question, names_several
from knowledge.pipeline.other_matters import is_of_another_matter
from knowledge.source import Source, contains, is_basis
from knowledge.texts import text

_OPENING = 24  # characters of a clause's opening in an option


def decide(context: Context) -> None:
    """Let the best candidate answer when its subject is likely enough; else ask back, or decline."""
    learnt, best = context.calibration, context.candidates[0] if context.candidates else None
    likely_enough = best is not None and best.confidence >= learnt.answer and not names_several(context)
    sure = best is not None and (likely_enough or is_same_question(best, context))
    if best and sure and not _said_already(best, context) and not is_of_another_matter(best.source, context):
        return
    near = [each for each in context.candidates if is_near(each, context)]
    total = sum(each.probability for each in context.candidates)
    if best is None or (total < learnt.clarify and not near):
        context.answer = Answer(
            status="no_answer",
            text=text("no_answer"),
            confidence=round(best.confidence, 4) if best else 0.0,
            reason="low_confidence",
            department=(best.source.department or None) if best else None,
        )
        return
    limits, known = context.config.decision, set(map(id, near))
    likely = [each for each in context.candidates if each is best or each.probability >= limits.option]
    shown = _subjects([*near, *(each for each in likely if id(each) not in known)])[: limits.options]
    context.answer = Answer(
        status="clarify",
        text=text("clarify" if len(shown) > 1 else "confirm"),
        confidence=round(best.confidence, 4),
        options=tuple(Option(each.source.id, option_label(each.source)) for each in shown),
        department=best.source.department or None,
    )


def _said_already(best: Candidate, context: Context) -> bool:
    """Whether a follow-up would be told once more what it leans on: the citizen has read that, and asks on."""
    return context.follows and context.previous is not None and best.source.id in context.previous.sources


def _subjects(candidates: list[Candidate]) -> list[Candidate]:
    """The candidates that differ in subject: no FAQ beside its own basis, no article beside its own item."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if not any(_overlap(candidate.source, each.source) for each in kept):
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
