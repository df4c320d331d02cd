"""Rasa's REST channel, with each bot message whole: its text and its Answer in one JSON object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint

from bot.dialogue import action_result


def complete_answer(text: str, custom: dict[str, Any]) -> dict[str, Any]:
    """An Answer with every key of the contract.

    Args:
        text: the text of the bot message, used where the payload has none.
        custom: the payload; its own values win.
    """
    return {
        "id": "",
        "status": "small_talk",
        "text": text,
        "confidence": 1.0,
        "sources": [],
        "options": [],
        "reason": None,
        "notice": None,
        "department": None,
        "release": None,
        "clipped": False,
        "timings_ms": {},
    } | custom


class AnswerOutputChannel(CollectingOutputChannel):
    """Collects bot messages; Rasa's own collector makes two of one that has text and payload."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        """Collect into `messages`, the list that the request handler will return."""
        super().__init__()
        self.messages = messages

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep the message as it is: blank lines in the text do not split it either."""
        text = message.get("text") or ""
        custom = message.get("custom") or {}
        if not text and not custom:
            return
        answer = complete_answer(text, custom)
        await self._persist_message(self._message(recipient_id, text=text or answer["text"], custom=answer))


class AnswerRestInput(RestInput):
    """Takes the place of `rest` in credentials.yml; same address, same request."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Rasa's blueprint, with its collector replaced (the streaming one is left alone)."""
        action_result.install()

        async def on_whole_message(message: UserMessage) -> Any:
            collector = message.output_channel
            if type(collector) is CollectingOutputChannel:
                message.output_channel = AnswerOutputChannel(collector.messages)
            return await on_new_message(message)

        return super().blueprint(on_whole_message)
