"""The fake backend, and a way to run an action."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from actions_fakes import FakeBackend, Say, user
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import CitizenAction
from actions.payload import ANSWERED, STATUSES, answer


@pytest.fixture
def fake() -> FakeBackend:
    """Answers every question and takes every handoff, unless a test says otherwise."""
    backend = FakeBackend()
    given = answer(ANSWERED, "可以。", answer_id="a1") | {"confidence": 0.9, "department": "人社局"}
    backend.set("POST", "/api/answer", given)
    backend.set("GET", "/api/answers/latest", given)
    backend.set("POST", "/api/answers/a1/feedback", {"ok": True})
    receipt = {"number": "R7", "status": "queued", "already_open": False, "position": 3, "staff_online": 2}
    backend.set("POST", "/api/handoffs", receipt | {"department": "人社局"})
    ticket = {"number": "G1", "kind": "complaint", "status": "new", "subject": "路灯", "department": "城管局"}
    backend.set("POST", "/api/tickets", ticket | {"due_text": "12月2日", "already_open": False})
    backend.set("GET", "/api/tickets", {"tickets": []})
    backend.set("GET", "/api/handoffs/latest", httpx.Response(404))
    return backend


@pytest.fixture
def say(fake: FakeBackend) -> Say:
    """Run an action on a message after some events; checks what holds for every reply and returns it.

    The metadata of the reply is returned under `_metadata`, the events of the action under `_events`. Where the
    action says nothing there are only those.
    """

    async def run(
        action: type[CitizenAction],
        text: str,
        intent: str,
        before: list[dict[str, Any]] | None = None,
        slots: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        latest = user(text, intent)
        events = [*(before or []), latest]
        state = {
            "sender_id": "web:1",
            "events": events,
            "latest_message": latest["parse_data"],
            "slots": slots or {},
        }
        dispatcher = CollectingDispatcher()
        returned = await action(fake.client()).run(dispatcher, Tracker.from_dict(state), {})
        if not dispatcher.messages:
            return {"_metadata": {}, "_events": returned}
        (message,) = dispatcher.messages
        payload = message["custom"]
        assert message["text"] == payload["text"]
        assert payload["text"].strip()
        assert "\n\n" not in payload["text"]
        assert "{" not in payload["text"]
        assert payload["status"] in STATUSES
        assert {"id", "confidence", "sources", "options", "reason", "department"} <= set(payload)
        metadata = {key: message[key] for key in ("offer", "offer_reason", "misses") if key in message}
        return payload | {"_metadata": metadata, "_events": returned}

    return run
