"""The form for a ticket: what happened, where, a telephone number, consent, and a last look before it is sent."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions import phone, ticket, words
from actions.backend import BackendError
from actions.base import CitizenAction, logger
from actions.handoff_rules import ERROR
from actions.payload import NO_ANSWER, SMALL_TALK, answer
from actions.reply import Reply
from actions.texts import say, shorten
from actions.ticket import CONFIRM, CONSENT, CONTACT, DETAILS, PLACE, Ticket
from actions.turn import Turn, read

# How many letters beside the act's own words make the first message the details.
ENOUGH = {"complaint": 12, "report": 12, "question": 12, "suggestion": 6}
# Fewer than this many letters say nothing of a matter.
LEAST_DETAILS = 4
PLACE_CHARS = 100
# After so many messages without a telephone number (or yes or no) the step is left out.
TRIES = 2
# A longer message that asks for a person while the matter is told is part of the matter.
SHORT_CHARS = 20
SHOWN_CHARS = 60

_QUESTIONS = frozenset({"ask_question", "nlu_fallback"})
_SMALL_TALK = frozenset({"greet", "thanks", "goodbye", "abuse", "helpful", "ask_capabilities"})


class ValidateTicketForm(CitizenAction):
    """Takes each message into the form and says what the form says; Rasa calls it whenever the form runs.

    What leaves the form (a person is asked for) or only interrupts it (a question) is not taken: then nothing is
    returned, Rasa rejects the form, and the rule for that act follows.
    """

    person_on_error = False

    def name(self) -> str:
        return "validate_ticket_form"

    async def reply(self, turn: Turn) -> Reply:
        held = ticket.begun(turn)
        if held is None or turn.requested is None:
            return self._begin(turn, held or Ticket("question"))
        if turn.resumed:
            return _ask(turn, held)
        if words.is_said("cancel", turn.plain):
            return _ended(turn, say("ticket_form.cancelled"))
        if _is_not_for_the_form(turn, held):
            return Reply(None)
        step = {DETAILS: _details, PLACE: _place, CONTACT: _contact, CONSENT: _consent}.get(held.step)
        return step(turn, held) if step else await self._confirm(turn, held)

    async def run(self, dispatcher: Any, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """As every action; after a failure the form stays as it was, instead of being rejected."""
        events = await super().run(dispatcher, tracker, domain)
        if not events and dispatcher.messages:
            turn = read(tracker)
            held = ticket.begun(turn)
            return held.events(turn) if held else events
        return events

    def _begin(self, turn: Turn, started: Ticket) -> Reply:
        about = turn.last_answer or {}
        if started.kind == "question" and about.get("id"):
            started = started.with_(answer_id=str(about["id"]))
        # Who asked for a person has told nothing yet.
        length = 0 if turn.intent == "ask_human" else words.substance(turn.plain)
        if length >= ENOUGH[started.kind]:
            return _ask(turn, started.with_(details=turn.text.strip()))
        if length >= LEAST_DETAILS:
            started = started.with_(opening=turn.text.strip())
        return _ask(turn, started)

    async def _confirm(self, turn: Turn, held: Ticket) -> Reply:
        if words.is_said("submit", turn.plain):
            return await self._submit(turn, held)
        if words.is_said("restart", turn.plain):
            return _ask(turn, Ticket(held.kind, answer_id=held.answer_id))
        if words.is_said("drop", turn.plain):
            return _ended(turn, say("ticket_form.cancelled"))
        return _ask(turn, held, note="confirm_again")

    async def _submit(self, turn: Turn, held: Ticket) -> Reply:
        try:
            receipt = await self.backend.open_ticket(
                turn.conversation_id,
                held.kind,
                held.subject,
                held.details or "",
                place=held.place or None,
                contact=held.contact or None,
                contact_consent=bool(held.contact and held.consent),
                answer_id=held.answer_id,
                message_id=turn.message_id,
            )
        except BackendError:
            logger.exception("ticket not opened in conversation %s", turn.conversation_id)
            failed = answer(NO_ANSWER, say("ticket_form.failed"), reason=ERROR)
            return Reply(failed, events=tuple(held.events(turn)))
        key = "already_open" if receipt.get("already_open") else "submitted"
        text = say(
            f"ticket_form.{key}",
            number=receipt["number"],
            department=receipt.get("department") or say("default_department"),
            due=receipt.get("due_text") or "",
        )
        return _ended(turn, text, department=receipt.get("department"))


def _is_not_for_the_form(turn: Turn, held: Ticket) -> bool:
    """Whether the message is another act's: danger, a person, and (once the matter is told) a question."""
    if turn.intent == "crisis":
        return True
    if turn.intent == "ask_human":
        return held.step != DETAILS or len(turn.plain) <= SHORT_CHARS
    if held.step == DETAILS:
        return False
    if turn.intent == "check_ticket":
        return True
    if held.step == CONTACT and phone.parse(turn.text):
        return False
    if turn.intent == "choose_option":
        return turn.asked_back and held.step in (PLACE, CONTACT)
    return turn.intent in _QUESTIONS and words.contains("asks", turn.plain)


def _details(turn: Turn, held: Ticket) -> Reply:
    if held.opening and words.is_said("skip", turn.plain):
        return _ask(turn, held.with_(details=held.opening, opening=None))
    if words.substance(turn.plain) < LEAST_DETAILS and not held.opening:
        return _ask(turn, held, note="details_again")
    told = "\n".join(part for part in (held.opening, turn.text.strip()) if part)
    return _ask(turn, held.with_(details=told, opening=None))


def _place(turn: Turn, held: Ticket) -> Reply:
    if words.is_said("skip", turn.plain):
        return _ask(turn, held.with_(place=""))
    names_no_place = turn.intent in _SMALL_TALK or not words.substance(turn.plain)
    if names_no_place or words.is_said("agree", turn.plain):
        return _ask(turn, held)
    return _ask(turn, held.with_(place=turn.text.strip()[:PLACE_CHARS]))


def _contact(turn: Turn, held: Ticket) -> Reply:
    number = phone.parse(turn.text)
    if number:
        return _ask(turn, held.with_(contact=number))
    if words.is_said("skip", turn.plain):
        return _ask(turn, held.with_(contact=""))
    if held.tries + 1 >= TRIES:
        return _ask(turn, held.with_(contact=""), note="contact_left_out")
    return _ask(turn, held.with_(tries=held.tries + 1), note="contact_again")


def _consent(turn: Turn, held: Ticket) -> Reply:
    if words.is_said("agree", turn.plain):
        return _ask(turn, held.with_(consent=True))
    if words.is_said("refuse", turn.plain) or held.tries + 1 >= TRIES:
        return _ask(turn, held.with_(contact=""), note="contact_dropped")
    return _ask(turn, held.with_(tries=held.tries + 1), note="consent_again")


def _ask(turn: Turn, held: Ticket, note: str | None = None) -> Reply:
    """Ask for the next step. `note` is said before it, or instead of it where its key ends in `_again`."""
    text = _question(held)
    if note and note.endswith("_again"):
        text = say(f"ticket_form.{note}")
    elif note:
        text = f"{say(f'ticket_form.{note}')}\n{text}"
    return Reply(answer(SMALL_TALK, text), events=tuple(held.events(turn)))


def _question(held: Ticket) -> str:
    step = held.step
    if step == DETAILS:
        return say(f"ticket_form.details.{'more' if held.opening else held.kind}")
    if step != CONFIRM:
        return say(f"ticket_form.{step.removeprefix('ticket_')}")
    lines = [
        say("ticket_form.summary.lead"),
        say(
            "ticket_form.summary.details",
            kind=say(f"kinds.{held.kind}"),
            details=shorten(held.details or "", SHOWN_CHARS),
        ),
    ]
    extra = [
        say(f"ticket_form.summary.{name}", value=value)
        for name, value in (("place", held.place), ("contact", held.contact))
        if value
    ]
    if extra:
        lines.append(say("ticket_form.summary.and").join(extra))
    return "\n".join([*lines, say("ticket_form.summary.choose")])


def _ended(turn: Turn, text: str, department: str | None = None) -> Reply:
    said = answer(SMALL_TALK, text, department=department)
    return Reply(said, misses=0, events=tuple(ticket.closed(turn)))
