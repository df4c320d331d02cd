"""Asking for a person, complaints and suggestions, emergencies, and the state of one's own request."""

from __future__ import annotations

from actions import handoffs
from actions.backend import BackendError, NotFound
from actions.base import CitizenAction, Reply, logger
from actions.payload import NO_ANSWER, SAFETY, SMALL_TALK, Answer, answer
from actions.texts import say
from actions.turn import Turn

REASON_OF_INTENT = {
    "ask_human": "asked_for_human",
    "complaint": "complaint",
    "suggestion": "suggestion",
    "crisis": "crisis",
}


class ActionHandoff(CitizenAction):
    """Hands the conversation to a person, for the reason that the citizen's act gives."""

    person_on_error = False

    def name(self) -> str:
        return "action_handoff"

    async def reply(self, turn: Turn) -> Reply:
        reason = REASON_OF_INTENT.get(turn.intent, "asked_for_human")
        try:
            return Reply(await handoffs.open_handoff(self.backend, turn, reason))
        except BackendError:
            logger.exception("no handoff for conversation %s", turn.conversation_id)
            return Reply(self._failed(reason))

    def _failed(self, reason: str) -> Answer:
        if reason == "crisis":
            return answer(SAFETY, say("handoff_failed.crisis"), reason=reason)
        key = reason if reason in ("complaint", "suggestion") else "default"
        return answer(NO_ANSWER, say(f"handoff_failed.{key}"), reason="error")


class ActionCheckTicket(CitizenAction):
    """Tells how the citizen's own request stands."""

    def name(self) -> str:
        return "action_check_ticket"

    async def reply(self, turn: Turn) -> Reply:
        try:
            handoff = await self.backend.latest_handoff(turn.conversation_id)
        except NotFound:
            return Reply(answer(SMALL_TALK, say("ticket.none")))
        text = say(
            f"ticket.{handoff['status']}", number=handoff["number"], position=handoff.get("position") or 1
        )
        return Reply(answer(SMALL_TALK, text, department=handoff.get("department")))
