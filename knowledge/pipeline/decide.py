"""Answer, ask back, or decline."""

from __future__ import annotations

from knowledge.answer import Answer, Option
from knowledge.pipeline.context import Candidate, Context
from knowledge.source import Source
from knowledge.texts import text


def decide(context: Context) -> None:
    """End the run unless the best candidate is both likely enough and clearly ahead of any other subject."""
    limits = context.config.decision
    likely = [candidate for candidate in context.candidates if candidate.confidence >= limits.clarify]
    if not likely:
        best = context.candidates[0] if context.candidates else None
        context.answer = Answer(
            status="no_answer",
            text=text("no_answer"),
            confidence=round(best.confidence, 4) if best else 0.0,
            reason="low_confidence",
            department=best.source.department if best else None,
        )
        return
    best = likely[0]
    rivals = _rivals(best, likely)
    close = [rival for rival in rivals if best.confidence - rival.confidence < limits.margin]
    if best.confidence >= limits.answer and not close:
        return
    shown = [best, *(close if best.confidence >= limits.answer else rivals)][: limits.options]
    context.answer = Answer(
        status="clarify",
        text=text("clarify" if len(shown) > 1 else "confirm"),
        confidence=round(best.confidence, 4),
        options=tuple(Option(each.source.id, option_label(each.source)) for each in shown),
        department=best.source.department or None,
    )


def _rivals(best: Candidate, likely: list[Candidate]) -> list[Candidate]:
    """Likely candidates of other subjects: neither the basis of one before them nor another clause of its document."""
    kept = [best]
    for candidate in likely[1:]:
        if not any(_same_subject(candidate.source, other.source) for other in kept):
            kept.append(candidate)
    return kept[1:]


def _same_subject(left: Source, right: Source) -> bool:
    if left.kind == right.kind == "clause":
        return left.document_id == right.document_id
    if left.kind != right.kind:
        faq, clause = (left, right) if left.kind == "faq" else (right, left)
        return any(basis.split("#", 1)[0] == clause.document_id for basis in faq.basis)
    return False


def option_label(source: Source) -> str:
    """A source worded as the question it answers."""
    if source.kind == "faq":
        return source.title
    heading = source.path[-1].lstrip("#").strip() if source.path else ""
    if heading:
        return text("clause_label_topic", title=source.title, topic=heading)
    return text("clause_label", title=source.title, article=source.article)
