"""Praise and blame for the last answer."""

from __future__ import annotations

from actions import handoffs
from actions.backend import BackendError, NotFound
from actions.base import CitizenAction, logger
from actions.handoff_rules import ERROR
from actions.payload import SMALL_TALK, answer
from actions.reply import Reply
from actions.texts import say
from actions.turn import Turn


class ActionFeedback(CitizenAction):
    """Keeps the citizen's verdict; after blame it offers a person, after blame in a row it calls one."""

    def name(self) -> str:
        return "action_feedback"

    async def reply(self, turn: Turn) -> Reply:
        helpful = turn.intent == "helpful"
        recorded = await self._record(turn, helpful)
        key = "helpful" if helpful else "not_helpful"
        said = answer(SMALL_TALK, say(f"feedback.{key}" if recorded else "feedback.not_recorded"))
        if not recorded:
            said["reason"] = ERROR
        if helpful:
            return Reply(said, misses=0)
        misses = turn.misses + 1
        rule = handoffs.decide(turn, misses=misses)
        if rule is None:
            return Reply(said, misses=misses)
        return await handoffs.carry_out(self.backend, turn, rule, said, misses)

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
