"""One turn of the running dialogue, straight through Rasa, for evaluation."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

from wenzheng.doctor import health
from wenzheng.settings import Settings

_TIMEOUT = 30.0


class RasaTurns:
    """Callable ``turns(conversation_id, text) -> payloads``; a context manager that closes its connections."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.Client(base_url=settings.rasa_url, trust_env=False, timeout=_TIMEOUT)

    def __enter__(self) -> RasaTurns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ready(self) -> bool:
        """Whether the whole stack answers."""
        report = health(self._settings)
        return bool(report and report["ready"])

    def __call__(self, conversation_id: str, text: str) -> list[dict[str, Any]]:
        """Say one thing; raises httpx.HTTPError when Rasa cannot be reached."""
        reply = self._client.post("/webhooks/rest/webhook", json={"sender": conversation_id, "message": text})
        reply.raise_for_status()
        return [message["custom"] for message in reply.json() if "custom" in message]
