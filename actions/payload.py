"""The Answer that travels with every bot message (see docs/architecture.md)."""

from __future__ import annotations

from typing import Any, Final

Answer = dict[str, Any]

ANSWERED: Final = "answered"
CLARIFY: Final = "clarify"
NO_ANSWER: Final = "no_answer"
HANDOFF: Final = "handoff"
SMALL_TALK: Final = "small_talk"
SAFETY: Final = "safety"
STATUSES: Final = frozenset({ANSWERED, CLARIFY, NO_ANSWER, HANDOFF, SMALL_TALK, SAFETY})

# Unanswered for one of these reasons, a question goes to a person at once.
REASONS_FOR_A_PERSON: Final = frozenset({"low_confidence", "complex", "sensitive"})


def answer(
    status: str,
    text: str,
    *,
    answer_id: str = "",
    reason: str | None = None,
    department: str | None = None,
) -> Answer:
    """An Answer that the dialogue itself gives: certain of its words, without sources.

    Args:
        status: one of `STATUSES`.
        text: what the citizen reads.
        answer_id: the stored answer that this one speaks about, "" for none.
        reason: why it is not an answer to the question (see the handoff reasons).
        department: the department a handoff went to.
    """
    return {
        "id": answer_id,
        "status": status,
        "text": text,
        "confidence": 1.0,
        "sources": [],
        "options": [],
        "reason": reason,
        "notice": None,
        "department": department,
        "release": None,
        "clipped": False,
        "timings_ms": {},
    }
