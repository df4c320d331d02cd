"""Rasa's REST channel and tracker, over HTTP on loopback."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import httpx

Post = Callable[[dict[str, Any]], Awaitable[tuple[int, bytes]]]
"""`post(body)` posts to Rasa's channel; gives the response's status and body."""

_AT_ONCE = 64
_CONNECT = 3.0
_KEEP_OPEN = 4.0
"""Seconds an unused connection is kept; Rasa's server closes it after 5."""


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
        post, sync_transport: for tests, instead of the network.
    """

    def __init__(
        self,
        base_url: str,
        token: str = "",
        timeout: float = 20.0,
        post: Post | None = None,
        sync_transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._params = {"token": token} if token else {}
        self._timeout = timeout
        # Made once, as that reads the system's certificates, which takes longer than a restart.
        self._blocking = httpx.Client(
            base_url=self._base_url,
            timeout=httpx.Timeout(timeout, connect=_CONNECT),
            transport=sync_transport,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._post = post or self._over_http
        self._session: aiohttp.ClientSession | None = None

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
            status, reply = await self._post(body)
            if status != 200:
                raise RasaAway(f"Rasa answered {status}")
            messages = json.loads(reply)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
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
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _over_http(self, body: dict[str, Any]) -> tuple[int, bytes]:
        # aiohttp takes a third of httpx's time, and this call is made for every message.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_AT_ONCE, keepalive_timeout=_KEEP_OPEN),
                timeout=aiohttp.ClientTimeout(self._timeout, sock_connect=_CONNECT),
            )
        url = f"{self._base_url}/webhooks/rest/webhook"
        async with self._session.post(url, json=body, params=self._params) as reply:
            return reply.status, await reply.read()


def _bot_message(message: Any) -> BotMessage | None:
    """One entry of the channel's list (`bot/dialogue/channel.py` keeps text and Answer together)."""
    if not isinstance(message, dict):
        return None
    text, payload = message.get("text"), message.get("custom")
    text = text.strip() if isinstance(text, str) else ""
    payload = payload if isinstance(payload, dict) else None
    return BotMessage(text, payload) if text or payload else None
