"""Praise and blame for the last answer."""

from __future__ import annotations

from actions import handoffs
from actions.backend import BackendError, NotFound
from actions.base import CitizenAction, Reply, logger
from actions.payload import SMALL_TALK, answer
from actions.texts import say
from actions.turn import Turn


class ActionFeedback(CitizenAction):
    """Keeps the citizen's verdict; after blame it offers a person, after repeated blame it calls one."""

    def name(self) -> str:
        return "action_feedback"

    async def reply(self, turn: Turn) -> Reply:
        helpful = turn.intent == "helpful"
        recorded = await self._record(turn, helpful)
        if not helpful and turn.person_offered:
            return Reply(await handoffs.open_handoff(self.backend, turn, "repeated_failure"))
        if not recorded:
            failed = answer(SMALL_TALK, say("feedback.not_recorded"), reason="error")
            return Reply(failed, offers_person=not helpful)
        text = say("feedback.helpful" if helpful else "feedback.not_helpful")
        return Reply(answer(SMALL_TALK, text), offers_person=not helpful)

    async def _record(self, turn: Turn, helpful: bool) -> bool:
        """Whether nothing was lost; a verdict on no answer at all has nothing to lose."""
        try:
            latest = await self.backend.latest_answer(turn.conversation_id)
            await self.backend.feedback(str(latest["id"]), helpful, turn.text)
        except NotFound:
            return True
        except (BackendError, KeyError):
            logger.exception("feedback not recorded in conversation %s", turn.conversation_id)
            return False
        return True
