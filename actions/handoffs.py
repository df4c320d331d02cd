"""Opening a handoff and telling the citizen what happens next."""

from __future__ import annotations

from typing import Any

from actions.backend import Backend
from actions.payload import HANDOFF, Answer, answer
from actions.texts import say
from actions.turn import Turn

# Asking for a person says nothing about the matter; the question before it does.
_REASONS_ABOUT_THE_LAST_QUESTION = frozenset({"asked_for_human", "repeated_failure"})


def _receipt_text(reason: str, receipt: dict[str, Any]) -> str:
    position = receipt.get("position") or 1
    lead = say(f"handoff_lead.{reason}", number=receipt["number"])
    if reason == "crisis":
        return lead
    state = "online" if receipt.get("staff_online") else "offline"
    if receipt.get("already_open"):
        state = "already_open"
    return "\n".join([lead, say(f"handoff_tail.{state}", position=position), say("handoff_tail.return")])


async def open_handoff(
    backend: Backend, turn: Turn, reason: str, unanswered: Answer | None = None, preface: str | None = None
) -> Answer:
    """Hand the conversation to staff.

    Args:
        backend: the web process.
        turn: the citizen's message.
        reason: one of the handoff reasons.
        unanswered: the Answer that led here; its department and id go along.
        preface: text to say before the receipt.

    Returns:
        An Answer with status `handoff`.

    Raises:
        BackendError: the handoff was not opened.
    """
    about = unanswered or turn.last_answer or {}
    question = turn.text
    if reason in _REASONS_ABOUT_THE_LAST_QUESTION and turn.last_question:
        question = f"{turn.last_question}\n{turn.text}"
    answer_id = about.get("id") or None
    receipt = await backend.open_handoff(
        turn.conversation_id, reason, question, department=about.get("department"), answer_id=answer_id
    )
    text = _receipt_text(reason, receipt)
    return answer(
        HANDOFF,
        f"{preface}\n{text}" if preface else text,
        answer_id=answer_id or "",
        reason=reason,
        department=receipt.get("department"),
    )
