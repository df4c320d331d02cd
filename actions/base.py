"""What every action shares: it replies with at most one message and never leaves a citizen in silence."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import handoffs, turn
from actions.backend import Backend, default_backend
from actions.handoff_rules import ERROR
from actions.payload import NO_ANSWER, answer
from actions.reply import Reply
from actions.texts import say
from actions.turn import Turn

logger = logging.getLogger(__name__)


class CitizenAction(Action, ABC):
    """Base of all actions: `name` and `reply` are the subclass's, failures are handled here."""

    # Whether a failure is worth a person's time: yes where a question stays unanswered.
    person_on_error = True

    def __init__(self, backend: Backend | None = None) -> None:
        """Rasa calls this without arguments; tests hand in a backend."""
        self._given_backend = backend

    @property
    def backend(self) -> Backend:
        """The web process."""
        return self._given_backend or default_backend()

    @abstractmethod
    def name(self) -> str:
        """The name the rules use."""

    @abstractmethod
    async def reply(self, turn: Turn) -> Reply:
        """Do what the citizen asked and say so; may raise anything."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Reply; when that fails, hand over to a person; when that fails too, say so."""
        try:
            reply = await self.reply(turn.read(tracker))
        except Exception:
            logger.exception("%s failed for conversation %s", self.name(), tracker.sender_id)
            reply = await self._recover(tracker)
        if reply.payload is not None:
            dispatcher.utter_message(text=reply.payload["text"], json_message=reply.payload, **reply.metadata)
        return list(reply.events)

    async def _recover(self, tracker: Tracker) -> Reply:
        if self.person_on_error:
            try:
                return await handoffs.hand_over(self.backend, turn.read(tracker), ERROR)
            except Exception:
                logger.exception("no handoff either for conversation %s", tracker.sender_id)
        return Reply(answer(NO_ANSWER, say("error"), reason=ERROR))
