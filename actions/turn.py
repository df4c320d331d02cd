"""What the actions read from Rasa's tracker: this message, what was said just before, and what a form holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rasa_sdk import Tracker

from actions.payload import ANSWERED, CLARIFY, Answer

# In a bot message's metadata: it offered a person, so that "yes" can accept; for which reason; and how often in a row
# the citizen had not been helped by then.
OFFER = "offer"
OFFER_PERSON = "person"
OFFER_REASON = "offer_reason"
MISSES = "misses"

_QUESTION_INTENTS = frozenset({"ask_question", "nlu_fallback"})
# What a citizen says to an answer that did not help.
BLAME_INTENTS = frozenset({"deny", "not_helpful"})
_REQUESTED = "requested_slot"


@dataclass(frozen=True)
class Turn:
    """One message of a citizen in its context.

    `text` is in the citizen's own words, `plain` the same normalised; `last_answer` is the payload of the last bot
    message in this session, `last_question` the last earlier message that was a question; `offered` the reason for
    which the last bot message offered a person, None when it did not; `misses` how often in a row the citizen was not
    helped before this message; `message_id` the gateway's id of this message ("" where there is none); `slots` what is
    set; `resumed` whether another action has already spoken to this message; `asked_back` whether something was asked
    back, with options, since the citizen's message before this one.
    """

    conversation_id: str
    text: str
    intent: str
    last_answer: Answer | None
    last_question: str | None
    offered: str | None = None
    misses: int = 0
    message_id: str = ""
    plain: str = ""
    slots: dict[str, Any] = field(default_factory=dict)
    resumed: bool = False
    asked_back: bool = False

    @property
    def person_offered(self) -> bool:
        """Whether the last bot message offered a person."""
        return self.offered is not None

    @property
    def requested(self) -> str | None:
        """The slot that a form has just asked for."""
        return self.slots.get(_REQUESTED)


def _session(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events since the last restart or session start."""
    for index in range(len(events) - 1, -1, -1):
        if events[index].get("event") in ("restart", "session_started"):
            return events[index + 1 :]
    return events


def _intent(user_event: dict[str, Any]) -> str:
    return str(((user_event.get("parse_data") or {}).get("intent") or {}).get("name") or "")


def _misses(said: list[dict[str, Any]], intent: str) -> int:
    """An answer ends the count, unless this message blames it."""
    for event in reversed(said):
        metadata = event.get("metadata") or {}
        if MISSES in metadata:
            accepted = _status(event) == ANSWERED and intent not in BLAME_INTENTS
            return 0 if accepted else int(metadata[MISSES])
    return 0


def read(tracker: Tracker) -> Turn:
    """The turn that the tracker stands at. Missing parts of a tracker are read as empty."""
    events = _session(list(tracker.events or []))
    latest = tracker.latest_message or {}
    messages = [event for event in events if event.get("event") == "user"]
    at = _last_index(events, messages[-1]) if messages else len(events)
    said = [event for event in events[:at] if event.get("event") == "bot"]
    last_bot = (said[-1] if said else {}).get("metadata") or {}
    questions = [event for event in messages[:-1] if _intent(event) in _QUESTION_INTENTS]
    intent = str((latest.get("intent") or {}).get("name") or "")
    # The parse data holds the normalised text; the event holds what the citizen wrote.
    text = (messages[-1].get("text") if messages else None) or latest.get("text") or ""
    metadata = (messages[-1].get("metadata") if messages else None) or {}
    offered = last_bot.get(OFFER) == OFFER_PERSON
    return Turn(
        conversation_id=tracker.sender_id,
        text=text,
        intent=intent,
        last_answer=((said[-1] if said else {}).get("data") or {}).get("custom") or None,
        last_question=questions[-1].get("text") if questions else None,
        offered=str(last_bot.get(OFFER_REASON) or "asked_for_human") if offered else None,
        misses=_misses(said, intent),
        message_id=str(metadata.get("message_id") or ""),
        plain=str(latest.get("text") or text),
        slots=dict(tracker.slots or {}),
        resumed=any(_is_other_action(event) for event in events[at:]),
        asked_back=any(_status(event) == CLARIFY for event in events[_before(events, at) : at]),
    )


def _status(event: dict[str, Any]) -> str | None:
    """The status of the Answer that a bot message carries."""
    return ((event.get("data") or {}).get("custom") or {}).get("status")


def _before(events: list[dict[str, Any]], at: int) -> int:
    """Where the citizen's message before the one at `at` stands."""
    return max((index for index in range(at) if events[index].get("event") == "user"), default=0)


def _is_other_action(event: dict[str, Any]) -> bool:
    """Whether an action has run that is no form."""
    return event.get("event") == "action" and not str(event.get("name") or "").endswith("_form")


def _last_index(events: list[dict[str, Any]], event: dict[str, Any]) -> int:
    return next(index for index in range(len(events) - 1, -1, -1) if events[index] is event)
