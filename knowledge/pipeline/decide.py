"""Answer, ask back, or decline."""

from __future__ import annotations

import re

from knowledge.answer import Answer, Option
from knowledge.pipeline.context import Candidate, Context
from knowledge.source import Source, contains, is_basis
from knowledge.texts import text

_OPENING = 24  # characters of a clause's opening in an option


def decide(context: Context) -> None:
    """Let the best candidate answer when its subject is likely enough; else ask back, or decline."""
    limits = context.config.decision
    best = context.candidates[0] if context.candidates else None
    if best and best.confidence >= context.calibration.answer:
        return
    if best is None or sum(each.probability for each in context.candidates) < context.calibration.clarify:
        context.answer = Answer(
            status="no_answer",
            text=text("no_answer"),
            confidence=round(best.confidence, 4) if best else 0.0,
            reason="low_confidence",
            department=(best.source.department or None) if best else None,
        )
        return
    shown = _subjects(context.candidates, limits.option)[: limits.options]
    context.answer = Answer(
        status="clarify",
        text=text("clarify" if len(shown) > 1 else "confirm"),
        confidence=round(best.confidence, 4),
        options=tuple(Option(each.source.id, option_label(each.source)) for each in shown),
        department=best.source.department or None,
    )


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
