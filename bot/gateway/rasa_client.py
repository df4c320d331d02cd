"""Rasa's REST channel and tracker, over HTTP on loopback."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx


class RasaAway(Exception):
    """Rasa did not take the message or did not answer in time; trying again later may help."""


class RasaSilent(RasaAway):
    """The bot said nothing to the message: its action server was away, or something is wrong."""


@dataclass(frozen=True)
class BotMessage:
    """One message of the bot. `payload` is the Answer, where there is one."""

    text: str
    payload: dict[str, Any] | None = None


class RasaClient:
    """
    Args:
        base_url: where Rasa listens.
        token: Rasa's `--auth-token`, sent as a query parameter.
        timeout: seconds one turn may take.
        transport, sync_transport: for tests, instead of the network.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        timeout: float = 20.0,
        transport: httpx.AsyncBaseTransport | None = None,
        sync_transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._params = {"token": token} if token else {}
        self._timeout = httpx.Timeout(timeout, connect=3.0)
        # Made once, as that reads the system's certificates, which takes longer than a restart.
        self._blocking = httpx.Client(
            base_url=self._base_url,
            timeout=self._timeout,
            transport=sync_transport,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def say(
        self, conversation_id: str, text: str, message_id: str, again: bool = False
    ) -> list[BotMessage]:
        """Give Rasa one message of a citizen and return what the bot says.

        Args:
            message_id: names the message, so that nothing is done twice for it.
            again: Rasa may have had it before; then the bot says what it said, and nothing is processed again.

        Raises:
            RasaAway: it could not be reached, took too long, or answered with an error.
            RasaSilent: it said nothing.
        """
        body = {
            "sender": conversation_id,
            "message": text,
            "metadata": {"message_id": message_id, "again": again},
        }
        try:
            reply = await self._http().post("/webhooks/rest/webhook", json=body, params=self._params)
            if reply.status_code != 200:
                raise RasaAway(f"Rasa answered {reply.status_code}")
            messages = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            raise RasaAway(f"{type(error).__name__}: {error}") from error
        if not isinstance(messages, list):
            raise RasaAway("Rasa answered with something that is not a list of messages")
        said = [one for one in map(_bot_message, messages) if one]
        if not said:
            raise RasaSilent("the bot said nothing")
        return said

    def restart(self, conversation_id: str) -> None:
        """Make the dialogue start anew, with a clean context. Blocking: call it from a thread.

        Raises:
            RasaAway: it could not be done; the caller has to try again.
        """
        path = f"/conversations/{quote(conversation_id, safe='')}/tracker/events"
        try:
            reply = self._blocking.post(path, json={"event": "restart"}, params=self._params)
        except httpx.HTTPError as error:
            raise RasaAway(f"{type(error).__name__}: {error}") from error
        if reply.status_code != 200:
            raise RasaAway(f"Rasa answered {reply.status_code} to a restart")

    async def close(self) -> None:
        """Close the connections."""
        self._blocking.close()
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                base_url=self._base_url,
                timeout=self._timeout,
                transport=self._transport,
                trust_env=False,
                limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
            )
        return self._client


def _bot_message(message: Any) -> BotMessage | None:
    """One entry of the channel's list (`bot/dialogue/channel.py` keeps text and Answer together)."""
    if not isinstance(message, dict):
        return None
    text, payload = message.get("text"), message.get("custom")
    text = text.strip() if isinstance(text, str) else ""
    payload = payload if isinstance(payload, dict) else None
    return BotMessage(text, payload) if text or payload else None
