"""One turn of the running dialogue, straight through Rasa, for evaluation."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

from wenzheng.database import open_engine
from wenzheng.doctor import health
from wenzheng.parts import build_parts
from wenzheng.settings import Settings

_TIMEOUT = 30.0


class RasaTurns:
    """Callable ``turns(conversation_id, text) -> payloads``; a context manager that closes its connections.

    A handoff that a turn opened is withdrawn at once: nobody waits for staff here, and staff must not wait for it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.Client(base_url=settings.rasa_url, trust_env=False, timeout=_TIMEOUT)
        self._engine = open_engine(settings.database)
        self._desk = build_parts(settings, self._engine).desk

    def __enter__(self) -> RasaTurns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self._engine.dispose()

    def ready(self) -> bool:
        """Whether the whole stack answers."""
        report = health(self._settings)
        return bool(report and report["ready"])

    def __call__(self, conversation_id: str, text: str) -> list[dict[str, Any]]:
        """Say one thing; raises httpx.HTTPError when Rasa cannot be reached."""
        reply = self._client.post("/webhooks/rest/webhook", json={"sender": conversation_id, "message": text})
        reply.raise_for_status()
        payloads = [message["custom"] for message in reply.json() if "custom" in message]
        if any(payload["status"] == "handoff" for payload in payloads):
            self._desk.withdraw(conversation_id)
        return payloads
