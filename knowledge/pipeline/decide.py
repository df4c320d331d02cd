"""Answer, ask back, or decline."""

from __future__ import annotations

import re

from knowledge.answer import Answer, Option
from knowledge.pipeline.context import Candidate, Context
from knowledge.pipeline.likeness import is_near, is_same_question
from knowledge.source import Source, contains, is_basis
from knowledge.texts import text

# Not the day from which something holds.
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!(?:\d{1,2}月(?:\d{1,2}日)?)?(?:起|以后|之后))")
_OPENING = 24  # characters of a clause's opening in an option


def decide(context: Context) -> None:
    """Let the best candidate answer when its subject is likely enough; else ask back, or decline."""
    learnt, best = context.calibration, context.candidates[0] if context.candidates else None
    sure = best is not None and (best.confidence >= learnt.answer or is_same_question(best, context))
    if best and sure and not _said_already(best, context) and not _of_a_year_to_come(best.source, context):
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


def _of_a_year_to_come(source: Source, context: Context) -> bool:
    """Whether the question names a later year than this one, and the source speaks of earlier years only.

    When registration begins in 2027 is not said by the notice of 2026; what holds from 2024 on is another matter. Years
    gone by mostly tell the citizen's own story (born in 2020).
    """
    asked = [year for year in _years(context.text) if year > context.today.year]
    said = _years("\n".join((source.title, *source.questions, source.text))) if asked else []
    return bool(said) and max(said) < min(asked)


def _years(said: str) -> list[int]:
    return [int(year) for year in _YEAR.findall(said)]


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
