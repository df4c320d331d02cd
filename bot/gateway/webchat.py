"""The citizens' page at `/` and its API, which the terminal client uses too.

`POST /api/chat/messages` {text, message_id}: says something; the same message_id counts once.
`GET /api/chat/events?after=ID`: server-sent events: `item` (id, author, text, rendered, payload, message_id,
at) and `state` {busy, owner}. `GET /api/chat/messages?after=ID`: the same as one JSON answer.
A visitor is known by the cookie `wz_citizen`; `X-Wenzheng-Channel: terminal` chooses the terminal's channel.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from bot.gateway.ports import conversation_id
from bot.gateway.texts import Texts
from bot.gateway.timeline import Cursor, Item, Timeline

if TYPE_CHECKING:
    from bot.gateway.service import Gateway

PAGES = Path(__file__).with_name("pages")
COOKIE = "wz_citizen"
CHANNEL_HEADER = "X-Wenzheng-Channel"
KEEP_ALIVE = 15.0
MAX_BODY = 64 * 1024

_CITIZEN = re.compile(r"[A-Za-z0-9_-]{20,64}")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_STATIC = {"chat.css": "text/css", "chat.js": "text/javascript"}


class WebChat:
    """
    Args:
        gateway: takes messages and wakes listeners.
        timeline: reads conversations.
        texts: the gateway's texts.
    """

    def __init__(self, gateway: "Gateway", timeline: Timeline, texts: Texts) -> None:
        self._gateway = gateway
        self._timeline = timeline
        self._texts = texts
        self._pages = Environment(
            loader=FileSystemLoader(PAGES / "templates"), autoescape=select_autoescape(["html"])
        )

    def router(self) -> APIRouter:
        """The page, its files and its API."""
        router = APIRouter()
        router.add_api_route("/", self._page, methods=["GET"], include_in_schema=False)
        router.add_api_route("/chat-static/{name}", self._static, methods=["GET"], include_in_schema=False)
        router.add_api_route("/api/chat/messages", self._post, methods=["POST"])
        router.add_api_route("/api/chat/messages", self._poll, methods=["GET"])
        router.add_api_route("/api/chat/events", self._events, methods=["GET"])
        return router

    async def _page(self, request: Request) -> Response:
        words = self._texts.section("chat")
        html = self._pages.get_template("chat.html").render(
            words=words,
            starters=self._texts.get("chat.starters"),
            city=self._gateway.settings.city,
            max_chars=self._gateway.settings.max_chars,
        )
        response = HTMLResponse(html, headers={"Cache-Control": "no-store", **_SECURITY})
        return self._remember(response, request, self._visitor(request)[1])

    async def _static(self, name: str) -> Response:
        if name not in _STATIC:
            return Response(status_code=404)
        headers = {"Cache-Control": "no-cache"}
        return FileResponse(PAGES / "static" / name, media_type=_STATIC[name], headers=headers)

    async def _post(self, request: Request) -> Response:
        body = await self._json(request)
        if body is None:
            return self._problem(400, "problems.bad_request")
        text, message_id = body.get("text"), body.get("message_id")
        if not isinstance(text, str) or not isinstance(message_id, str):
            return self._problem(400, "problems.bad_request")
        if not _MESSAGE_ID.fullmatch(message_id):
            return self._problem(400, "problems.bad_message_id")
        channel, citizen = self._visitor(request)
        conversation = conversation_id(channel, citizen)
        if await self._gateway.waiting(conversation) >= self._gateway.settings.max_waiting:
            return self._problem(429, "replies.too_many")
        await self._gateway.accept(channel, citizen, text, f"{conversation}:{message_id}")
        return self._remember(JSONResponse({"message_id": message_id}, 202), request, citizen)

    async def _poll(self, request: Request, after: str = "") -> Response:
        try:
            cursor = Cursor.parse(after)
        except ValueError:
            return self._problem(400, "problems.bad_cursor")
        channel, citizen = self._visitor(request)
        items, state = await self._news(conversation_id(channel, citizen), cursor)
        self._gateway.deliveries.fetched(conversation_id(channel, citizen), cursor.outbox_id)
        content = {"items": [self._shown(item) for item in items], "state": state}
        response = JSONResponse(content, headers={"Cache-Control": "no-store"})
        return self._remember(response, request, citizen)

    async def _events(self, request: Request, after: str = "") -> Response:
        try:
            cursor = Cursor.parse(request.headers.get("Last-Event-ID") or after)
        except ValueError:
            return self._problem(400, "problems.bad_cursor")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        channel, citizen = self._visitor(request)
        stream = self._stream(conversation_id(channel, citizen), cursor)
        response = StreamingResponse(stream, media_type="text/event-stream", headers=headers)
        return self._remember(response, request, citizen)

    async def _stream(self, conversation: str, cursor: Cursor) -> AsyncIterator[str]:
        shown: dict[str, Any] | None = None
        yield "retry: 2000\n\n"
        with self._gateway.bell.listen(conversation) as bell:
            while not self._gateway.stopping:
                items, state = await self._news(conversation, cursor)
                for item in items:
                    cursor = item.cursor
                    data = json.dumps(self._shown(item), ensure_ascii=False)
                    yield f"id: {cursor}\nevent: item\ndata: {data}\n\n"
                self._gateway.deliveries.fetched(conversation, cursor.outbox_id)
                if state != shown:
                    shown = state
                    yield f"event: state\ndata: {json.dumps(state)}\n\n"
                if not await bell.wait(KEEP_ALIVE):
                    yield ": \n\n"

    async def _news(self, conversation: str, cursor: Cursor) -> tuple[list[Item], dict[str, Any]]:
        items, busy = await asyncio.to_thread(self._timeline.after, conversation, cursor)
        return items, {"busy": busy, "owner": await self._gateway.owner(conversation)}

    def _shown(self, item: Item) -> dict[str, Any]:
        return {
            "id": str(item.cursor),
            "author": item.author,
            "text": item.text,
            "rendered": self._gateway.renderer.render(item.text, item.payload),
            "payload": item.payload,
            "message_id": item.message_id,
            "at": item.at,
        }

    def _visitor(self, request: Request) -> tuple[str, str]:
        """The visitor's channel and id; an id is made up for a new one."""
        channel = "terminal" if request.headers.get(CHANNEL_HEADER) == "terminal" else "web"
        citizen = request.cookies.get(COOKIE, "")
        return channel, citizen if _CITIZEN.fullmatch(citizen) else secrets.token_urlsafe(24)

    def _remember(self, response: Response, request: Request, citizen: str) -> Response:
        """Give a new visitor the cookie."""
        if request.cookies.get(COOKIE) != citizen:
            secure = self._gateway.settings.secure_cookie
            response.set_cookie(
                COOKIE, citizen, max_age=180 * 24 * 3600, httponly=True, samesite="lax", secure=secure
            )
        return response

    async def _json(self, request: Request) -> dict[str, Any] | None:
        """The body, or None. Only JSON's own type: a form on another site cannot send that."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return None
        raw = b""
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_BODY:
                return None
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        return body if isinstance(body, dict) else None

    def _problem(self, status: int, key: str) -> Response:
        return JSONResponse({"error": key.partition(".")[2], "message": self._texts.say(key)}, status)


_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
