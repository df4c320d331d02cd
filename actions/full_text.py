"""The whole text behind the last answer."""

from __future__ import annotations

from actions.backend import Conflict
from actions.base import CitizenAction
from actions.payload import SMALL_TALK, answer
from actions.reply import Reply
from actions.texts import say
from actions.turn import Turn


class ActionFullText(CitizenAction):
    """Shows whole what the last answer showed in part; nobody is called when there is nothing to show."""

    person_on_error = False

    def name(self) -> str:
        return "action_full_text"

    async def reply(self, turn: Turn) -> Reply:
        try:
            return Reply(await self.backend.full_text(turn.conversation_id, turn.message_id))
        except Conflict:
            return Reply(answer(SMALL_TALK, say("full_text_none")))
