"""Only what is in force, and in force here, may answer."""

from __future__ import annotations

from knowledge.pipeline.context import Candidate, Context, Rejection
from knowledge.pipeline.rank import add_up_subjects
from knowledge.source import Source


def check_validity(context: Context) -> None:
    """Move candidates that may not answer today, or not for the citizen's region, to ``rejected``."""
    kept: list[Candidate] = []
    for candidate in context.candidates:
        reason = why_not(candidate.source, context)
        if reason:
            context.rejected.append(Rejection(candidate, reason))
        else:
            kept.append(candidate)
    context.candidates = kept
    # Probabilities among what may answer: a repealed rule must not take its successor's share.
    left = 1.0 - sum(item.candidate.probability for item in context.rejected)
    for candidate in kept:
        candidate.probability = min(1.0, candidate.probability / max(left, 1e-9))
    add_up_subjects(kept)


def why_not(source: Source, context: Context) -> str | None:
    """Why a source may not answer, or ``None``. Worked out from its own facts and from those of its successors."""
    today = context.today.isoformat()
    if source.status == "已废止":
        return "repealed"
    if source.effective_from and source.effective_from > today:
        return "not_yet"
    if source.effective_to and source.effective_to < today:
        return "expired"
    if context.index.is_superseded(source, today):
        return "superseded"
    if context.region and source.region and source.region not in (context.region, context.index.city):
        return "region"
    return None
