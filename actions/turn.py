"""What the actions read from Rasa's tracker: this message, and what was said just before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker

from actions.payload import Answer

# Stands in a bot message's metadata when the message offered a person, so that "yes" can accept.
OFFER = "offer"
OFFER_PERSON = "person"

_QUESTION_INTENTS = frozenset({"ask_question", "nlu_fallback"})


@dataclass(frozen=True)
class Turn:
    """One message of a citizen in its context.

    `text` is in the citizen's own words; `last_answer` is the payload of the last bot message in this
    session, `last_question` the last earlier message that was a question, `person_offered` whether the last
    bot message offered a person, `message_id` the gateway's id of this message ("" where there is none).
    """

    conversation_id: str
    text: str
    intent: str
    last_answer: Answer | None
    last_question: str | None
    person_offered: bool
    message_id: str = ""


def _session(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events since the last restart or session start."""
    for index in range(len(events) - 1, -1, -1):
        if events[index].get("event") in ("restart", "session_started"):
            return events[index + 1 :]
    return events


def _intent(user_event: dict[str, Any]) -> str:
    return str(((user_event.get("parse_data") or {}).get("intent") or {}).get("name") or "")


def read(tracker: Tracker) -> Turn:
    """The turn that the tracker stands at. Missing parts of a tracker are read as empty."""
    events = _session(list(tracker.events or []))
    latest = tracker.latest_message or {}
    messages = [event for event in events if event.get("event") == "user"]
    before = events[: events.index(messages[-1])] if messages else events
    said = [event for event in before if event.get("event") == "bot"]
    last_bot = said[-1] if said else {}
    questions = [event for event in messages[:-1] if _intent(event) in _QUESTION_INTENTS]
    # The parse data holds the normalised text; the event holds what the citizen wrote.
    text = (messages[-1].get("text") if messages else None) or latest.get("text") or ""
    metadata = (messages[-1].get("metadata") if messages else None) or {}
    return Turn(
        conversation_id=tracker.sender_id,
        text=text,
        intent=str((latest.get("intent") or {}).get("name") or ""),
        last_answer=(last_bot.get("data") or {}).get("custom") or None,
        last_question=questions[-1].get("text") if questions else None,
        person_offered=(last_bot.get("metadata") or {}).get(OFFER) == OFFER_PERSON,
        message_id=str(metadata.get("message_id") or ""),
    )
