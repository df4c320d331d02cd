"""How a citizen's own tickets and handoff stand."""

from __future__ import annotations

from typing import Any

from actions import handoffs, request_numbers
from actions.backend import NotFound
from actions.base import CitizenAction
from actions.payload import SMALL_TALK, answer
from actions.reply import Reply
from actions.texts import say, shorten
from actions.turn import Turn

NEWEST = 3
# How much of a result is shown where several tickets are.
RESULT_CHARS = 60


class ActionCheckTicket(CitizenAction):
    """Tells how the citizen's own requests stand: one by its number, or the newest."""

    def name(self) -> str:
        return "action_check_ticket"

    async def reply(self, turn: Turn) -> Reply:
        rule = handoffs.decide(turn)
        if rule:
            offered = answer(SMALL_TALK, say("offer.person"))
            return await handoffs.carry_out(self.backend, turn, rule, offered, turn.misses)
        number = request_numbers.parse(turn.text)
        if number:
            return Reply(answer(SMALL_TALK, await self._one(turn, number)))
        return Reply(answer(SMALL_TALK, await self._newest(turn)))

    async def _one(self, turn: Turn, number: str) -> str:
        handoff = await self._handoff(turn)
        if handoff and handoff["number"] == number:
            return _handoff(handoff)
        try:
            found = await self.backend.tickets(turn.conversation_id, number)
        except NotFound:
            found = []
        return "\n".join(_ticket(one) for one in found[:1]) or say("ticket.unknown", number=number)

    async def _newest(self, turn: Turn) -> str:
        handoff = await self._handoff(turn)
        try:
            found = await self.backend.tickets(turn.conversation_id)
        except NotFound:
            found = []
        shown = found[:NEWEST]
        lines = [_handoff(handoff)] if handoff and (handoff["status"] != "resolved" or not shown) else []
        lines += [_ticket(one, None if len(shown) == 1 else RESULT_CHARS) for one in shown]
        return "\n".join(lines) or say("ticket.none")

    async def _handoff(self, turn: Turn) -> dict[str, Any] | None:
        try:
            return await self.backend.latest_handoff(turn.conversation_id)
        except NotFound:
            return None


def _handoff(handoff: dict[str, Any]) -> str:
    return say(
        f"handoff_status.{handoff['status']}",
        number=handoff["number"],
        position=handoff.get("position") or 1,
    )


def _ticket(one: dict[str, Any], most: int | None = None) -> str:
    result = str(one.get("result") or "")
    text = say(
        f"ticket.{one['status']}",
        number=one["number"],
        kind=say(f"kinds.{one['kind']}"),
        subject=one.get("subject") or "",
        department=one.get("department") or say("default_department"),
        due=one.get("due_text") or "",
        result=result if most is None else shorten(result, most),
    )
    if not one.get("reopenable_until"):
        return text
    until = one.get("reopenable_until_text") or ""
    return f"{text}\n{say('ticket.reopen', number=one['number'], until=until)}"
