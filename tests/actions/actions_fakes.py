"""A backend in place of the web process, and the events of a tracker as Rasa posts them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from actions.backend import Backend
from bot.nlu.spelling import normalise, strip_courtesies

Reply = httpx.Response | Exception


class FakeBackend:
    """Replies set per (method, path); records what was asked. Unset calls are 500."""

    def __init__(self) -> None:
        self.replies: dict[tuple[str, str], Reply] = {}
        self.calls: list[tuple[str, str, dict[str, Any]]] = []

    def set(self, method: str, path: str, reply: Reply | dict[str, Any]) -> None:
        self.replies[method, path] = httpx.Response(200, json=reply) if isinstance(reply, dict) else reply

    async def send(self, method: str, path: str, *, timeout: float, **request: Any) -> tuple[int, bytes]:
        assert timeout > 0
        self.calls.append((method, path, request.get("json") or request.get("params") or {}))
        reply = self.replies.get((method, path), httpx.Response(500))
        if isinstance(reply, Exception):
            raise reply
        return reply.status_code, reply.content

    def sent(self, path: str) -> dict[str, Any]:
        """What the only call to a path carried."""
        (body,) = [body for _, called, body in self.calls if called == path]
        return body

    def client(self) -> Backend:
        return Backend("http://backend.test", "secret", self.send)


def user(text: str, intent: str) -> dict[str, Any]:
    """A citizen's message as an event."""
    parsed = {"text": strip_courtesies(normalise(text)), "intent": {"name": intent}}
    return {"event": "user", "text": text, "parse_data": parsed, "metadata": {"message_id": "7"}}


def bot(payload: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A bot message as an event."""
    return {"event": "bot", "text": payload["text"], "data": {"custom": payload}, "metadata": metadata}


Say = Callable[..., Awaitable[dict[str, Any]]]
