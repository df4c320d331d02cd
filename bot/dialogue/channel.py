"""Rasa's REST channel with each bot message whole, and each message of a citizen processed once.

The gateway sends `{"sender", "message", "metadata": {"message_id", "again"}}`. `again` says that the message may have
been here before: the gateway, the action server or this process died on the way. What the bot said to it then is said
again; the dialogue does not hear it twice, because "the second one" means something else the second time.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from rasa.shared.core.events import BotUttered, Event, UserUttered
from sanic import Blueprint, Request, response
from sanic.response import HTTPResponse

from bot.dialogue import speed

logger = logging.getLogger(__name__)


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


def said_to(message_id: str, events: Iterable[Event]) -> list[tuple[str, dict[str, Any]]]:
    """What the bot said to a message, as text and payload; empty where it never came, or was not answered.

    An answer that only says that something failed counts as none: it is tried again.
    """
    said: list[tuple[str, dict[str, Any]]] = []
    found = False
    for event in events:
        if isinstance(event, UserUttered):
            found = (event.metadata or {}).get("message_id") == message_id
            said = [] if found else said
        elif found and isinstance(event, BotUttered):
            said.append((event.text or "", (event.data or {}).get("custom") or {}))
    return [] if any(custom.get("reason") == "error" for _, custom in said) else said


class AnswerOutputChannel(CollectingOutputChannel):
    """Collects bot messages; Rasa's own collector makes two of one that has text and payload."""

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
        """`POST /webhook`: one message in, the list of bot messages out; 500 where it could not be processed."""
        speed.install()
        webhook = Blueprint("answer_rest", __name__)

        @webhook.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            try:
                said = await respond(request.app.ctx.agent, request.json or {}, on_new_message)
            except Exception:
                logger.exception("a message could not be processed")
                return response.json({"error": "not processed"}, status=500)
            return response.json(said)

        return webhook


async def respond(
    agent: Any, body: dict[str, Any], on_new_message: Callable[[UserMessage], Awaitable[Any]]
) -> list[dict[str, Any]]:
    """What the bot says to the message in this body.

    Args:
        agent: Rasa's agent, whose trackers say what was processed before.
        on_new_message: processes a message.
    """
    sender, metadata = str(body.get("sender")), body.get("metadata") or {}
    collector = AnswerOutputChannel()
    if metadata.get("again"):
        # Under the conversation's lock: the message may still be in work, for a gateway that died meanwhile.
        async with agent.lock_store.lock(sender):
            tracker = await agent.tracker_store.retrieve(sender)
        for text, custom in said_to(str(metadata.get("message_id")), tracker.events if tracker else ()):
            await collector.send_response(sender, {"text": text, "custom": custom})
    if not collector.messages:
        await on_new_message(
            UserMessage(
                body.get("message"),
                collector,
                sender,
                input_channel=AnswerRestInput.name(),
                metadata=metadata,
            )
        )
    return collector.messages
