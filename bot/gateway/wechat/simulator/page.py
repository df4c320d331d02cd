"""The stand-in as a phone in the browser, for trying out: a page on this machine, and the API it uses.

`GET /phone/news?after=VERSION`: waits for what is newer, then {version, now, entries, citizens, menu, agents,
accepts, facts}.
`POST /phone/act` {openid, act, text, key}: a citizen, or an agent for them, does something (`acts`); what becomes of it
is news.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bot.gateway.wechat.simulator.acts import ACTS, act
from bot.gateway.wechat.simulator.answers import Refused
from bot.gateway.wechat.simulator.api import PlatformApi
from bot.gateway.wechat.simulator.platform import Platform

logger = logging.getLogger(__name__)

FILES = Path(__file__).with_name("phone")
LONGEST = 20_000
"""Characters of a request's text or key."""
NEWS_WAITS = 20.0  # seconds
_TYPES = {"phone.css": "text/css", "phone.js": "text/javascript"}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: https: http:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class PhonePage:
    """
    Args:
        platform: sends what the citizens do.
        api: the server API that is attached to it; the app answers its paths, too.
        citizens: openid → the name that is shown.
        facts: what the side panel says of the set-up, (name, value) each.

    Attributes:
        app: serve it on the loopback only.
    """

    def __init__(
        self, platform: Platform, api: PlatformApi, citizens: dict[str, str], facts: list[tuple[str, str]]
    ) -> None:
        self._platform = platform
        self._api = api
        self._citizens = citizens
        self._facts = facts
        self._acting: set[asyncio.Task[None]] = set()
        self._closing = False
        self.app = FastAPI(openapi_url=None)
        # A page of elsewhere whose name resolves to this machine gets nothing.
        self.app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        self.app.add_api_route("/", self._page, methods=["GET"])
        self.app.add_api_route("/phone/news", self._news, methods=["GET"])
        self.app.add_api_route("/phone/act", self._act, methods=["POST"])
        self.app.add_api_route("/phone/{name}", self._file, methods=["GET"])
        self.app.mount("/", api.app)

    def close(self) -> None:
        """Let who waits for news go within a second, for the server to stop."""
        self._closing = True

    async def _page(self) -> Response:
        return FileResponse(FILES / "phone.html", media_type="text/html", headers=_HEADERS)

    async def _file(self, name: str) -> Response:
        if name not in _TYPES:
            return Response(status_code=404)
        return FileResponse(FILES / name, media_type=_TYPES[name], headers=_HEADERS)

    async def _news(self, after: int = 0, wait: float = NEWS_WAITS) -> Response:
        transcript = self._api.transcript
        until = time.monotonic() + min(wait, NEWS_WAITS)
        while transcript.version <= after and time.monotonic() < until and not self._closing:
            await transcript.wait(after, 1.0)
            if self._api.service.events:
                self._spawn(self._hear())
        version = transcript.version
        return JSONResponse(
            {
                "version": version,
                "now": self._api.clock(),
                "entries": [
                    asdict(entry) for entry in transcript.since(after) if entry.openid in self._citizens
                ],
                "citizens": [
                    {"openid": openid, "name": name, "standing": self._standing(openid)}
                    for openid, name in self._citizens.items()
                ],
                "menu": self._api.menu,
                "agents": self._api.service.online(),
                "accepts": self._api.service.accepts,
                "facts": self._facts,
            }
        )

    async def _hear(self) -> None:
        """Pass on what became of conversations with agents by the server API."""
        try:
            await self._platform.deliver_events()
        except ValueError as error:
            logger.warning("the callback's reply is no good: %s", error)

    def _standing(self, openid: str) -> dict[str, Any]:
        standing = self._api.ledger.standing(openid)
        if standing is None:
            return {"follows": False}
        known = asdict(standing)
        del known["spoke_at"]
        return {**known, "waits": openid in self._api.service.waiting()}

    async def _act(self, request: Request) -> Response:
        # Another site's form cannot send this type without being asked for permission first.
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return JSONResponse({"message": "请求应是 JSON。"}, 415)
        try:
            body = await request.json()
            asked = [body["openid"], body["act"], body.get("text", ""), body.get("key", "")]
        except (ValueError, KeyError, TypeError, AttributeError):
            return JSONResponse({"message": "请求不完整。"}, 400)
        if not all(isinstance(each, str) and len(each) <= LONGEST for each in asked):
            return JSONResponse({"message": "请求不完整，或文字太长。"}, 400)
        openid, name, text, key = asked
        if openid not in self._citizens or name not in ACTS:
            return JSONResponse({"message": "没有这个市民或动作。"}, 404)
        self._spawn(self._do(openid, name, text, key))
        return JSONResponse({}, 202)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._acting.add(task)
        task.add_done_callback(self._acting.discard)

    async def _do(self, openid: str, name: str, text: str, key: str) -> None:
        try:
            await act(self._platform, openid, name, text, key)
        except ValueError as error:
            logger.warning("the callback's reply is no good: %s", error)
        except Refused as error:
            logger.warning("the agent cannot do that: %s", error.answer["errmsg"])
        await self._hear()
