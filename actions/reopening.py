"""Reopening an answered ticket: by its number and a reason, which is asked for once where it is missing."""

from __future__ import annotations

from typing import Final

from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet

from actions import request_numbers, words
from actions.backend import Backend, BackendError, Conflict, NotFound
from actions.base import CitizenAction, logger
from actions.handoff_rules import ERROR
from actions.payload import NO_ANSWER, SMALL_TALK, answer
from actions.reply import Reply
from actions.texts import say
from actions.ticket import REOPEN_NUMBER, REOPEN_REASON, REQUESTED, closed
from actions.ticket_form import SHORT_CHARS
from actions.turn import Turn

FORM: Final = "reopen_form"
# Fewer letters than this, beside the number and the act's words, are no reason.
LEAST_REASON = 2


class ActionReopenTicket(CitizenAction):
    """Reopens the named ticket, or the only one that can be; without a reason the form asks for it."""

    person_on_error = False

    def name(self) -> str:
        return "action_reopen_ticket"

    async def reply(self, turn: Turn) -> Reply:
        number = request_numbers.parse(turn.text)
        if number is None:
            found = await _reopenable(self.backend, turn)
            if len(found) != 1:
                return Reply(answer(SMALL_TALK, say("reopen.which" if found else "reopen.nothing")))
            number = found[0]
        reason = words.beside("reopening", request_numbers.without(turn.text))
        if len(reason) >= LEAST_REASON:
            return await _reopen(self.backend, turn, number, reason)
        if number not in await _reopenable(self.backend, turn):
            return await _reopen(self.backend, turn, number, "")  # says why it cannot be
        return Reply(None, events=(SlotSet(REOPEN_NUMBER, number), FollowupAction(FORM)))


class ValidateReopenForm(CitizenAction):
    """Takes the reason; what asks for a person, or tells of danger, leaves the form."""

    person_on_error = False

    def name(self) -> str:
        return "validate_reopen_form"

    async def reply(self, turn: Turn) -> Reply:
        number = turn.slots.get(REOPEN_NUMBER)
        if turn.requested is None or turn.resumed or not number:
            events = (ActiveLoop(FORM), SlotSet(REOPEN_NUMBER, number), SlotSet(REQUESTED, REOPEN_REASON))
            return Reply(answer(SMALL_TALK, say("reopen.reason", number=number)), events=events)
        if words.is_said("cancel", turn.plain):
            return Reply(answer(SMALL_TALK, say("reopen.cancelled")), events=tuple(closed(turn)))
        if turn.intent == "crisis" or (turn.intent == "ask_human" and len(turn.plain) <= SHORT_CHARS):
            return Reply(None)
        skipped = words.is_said("skip", turn.plain)
        done = await _reopen(self.backend, turn, number, "" if skipped else turn.text.strip())
        return Reply(done.payload, misses=0, events=tuple(closed(turn)))


async def _reopen(backend: Backend, turn: Turn, number: str, reason: str) -> Reply:
    try:
        receipt = await backend.reopen_ticket(turn.conversation_id, number, reason, turn.message_id)
    except NotFound:
        return Reply(answer(SMALL_TALK, say("ticket.unknown", number=number)))
    except Conflict as refused:
        return Reply(answer(SMALL_TALK, refused.detail or say("reopen.too_late", number=number)))
    except BackendError:
        logger.exception("ticket not reopened in conversation %s", turn.conversation_id)
        return Reply(answer(NO_ANSWER, say("reopen.failed"), reason=ERROR))
    text = say("reopen.done", number=receipt["number"], due=receipt.get("due_text") or "")
    return Reply(answer(SMALL_TALK, text), misses=0)


async def _reopenable(backend: Backend, turn: Turn) -> list[str]:
    try:
        found = await backend.tickets(turn.conversation_id)
    except NotFound:
        return []
    return [str(one["number"]) for one in found if one.get("reopenable_until")]
