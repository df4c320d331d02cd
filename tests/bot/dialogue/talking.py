"""A citizen who talks to the trained dialogue, with its real channel, tracker store and action server."""

from __future__ import annotations

import itertools
from typing import Any

from fake_backend import State

from bot.dialogue.channel import respond

_numbers = itertools.count(1)


class Citizen:
    """One conversation; each message has an id of its own.

    Args:
        agent: Rasa's agent.
        name: names the conversation in failures.
    """

    def __init__(self, agent: Any, name: str = "citizen") -> None:
        self.agent = agent
        self.id = f"web:{name}-{next(_numbers)}"
        self.message_id = ""

    async def says(self, text: str) -> dict[str, Any]:
        """The payload of the only bot message to a text."""
        (said,) = await self.hears(text)
        return said

    async def hears(self, text: str) -> list[dict[str, Any]]:
        """The payloads of all bot messages to a text."""
        self.message_id = f"m{next(_numbers)}"
        return await self._send(text, again=False)

    async def says_again(self, text: str) -> list[dict[str, Any]]:
        """The same message once more, after something died on the way."""
        return await self._send(text, again=True)

    async def _send(self, text: str, again: bool) -> list[dict[str, Any]]:
        body = {
            "sender": self.id,
            "message": text,
            "metadata": {"message_id": self.message_id, "again": again},
        }
        messages = await respond(self.agent, body, self.agent.handle_message)
        for message in messages:
            assert message["text"] == message["custom"]["text"] or message["custom"]["status"]
        return [message["custom"] | {"text": message["text"]} for message in messages]

    async def tracker(self) -> Any:
        """What Rasa keeps of the conversation."""
        return await self.agent.tracker_store.retrieve(self.id)

    async def form(self) -> str | None:
        """The form that is open."""
        return (await self.tracker()).active_loop_name

    async def held(self) -> dict[str, Any]:
        """The slots that are set."""
        slots = (await self.tracker()).current_slot_values()
        return {
            name: value
            for name, value in slots.items()
            if value is not None and name != "session_started_metadata"
        }

    @property
    def tickets(self) -> list[dict[str, Any]]:
        """The tickets of this citizen, as they were asked for."""
        return [one["asked"] for one in State.tickets if one["asked"]["conversation_id"] == self.id]

    @property
    def handoff(self) -> dict[str, Any] | None:
        """This citizen's last handoff."""
        return State.handoffs.get(self.id)
