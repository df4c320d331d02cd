"""`/wechat`: what the platform calls.

The platform waits 5 seconds, then sends the same message again, three requests in all. `success` ends its
tries. So while no customer message can be sent, the first two requests are held until the platform lets go
and asks again; the last one is answered with a notice, and the answer comes with the next message.
"""

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from bot.gateway.inbox import Clock, InboxMessage
from bot.gateway.settings import WeChatSettings
from bot.gateway.texts import Texts
from bot.gateway.wechat.door import Door, Opened
from bot.gateway.wechat.errors import CallbackError, Replayed, TooLarge
from bot.gateway.wechat.messages import SUCCESS
from bot.gateway.wechat.reading import Reader
from bot.gateway.wechat.replays import SeenRequests

if TYPE_CHECKING:
    from bot.gateway.service import Gateway

logger = logging.getLogger(__name__)

PLATFORM_WAITS = 5.0
"""Seconds until the platform drops a request and sends the message again."""


class Callback:
    """
    Args:
        gateway: takes the messages and knows the answers.
        settings: the account; None where there is none.
        door: checks requests.
        seen: remembers requests.
        texts: the gateway's texts.
        clock: the present as epoch seconds.
    """

    def __init__(
        self,
        gateway: "Gateway",
        settings: WeChatSettings | None,
        door: Door,
        seen: SeenRequests,
        texts: Texts,
        clock: Clock = time.time,
    ) -> None:
        self._gateway = gateway
        self._settings = settings or WeChatSettings(token="")
        self._door = door
        self._seen = seen
        self._texts = texts
        self._clock = clock
        self._reader = Reader(texts)

    def router(self) -> APIRouter:
        """The two routes."""
        router = APIRouter()
        router.add_api_route("/wechat", self._get, methods=["GET"], include_in_schema=False)
        router.add_api_route("/wechat", self._post, methods=["POST"], include_in_schema=False)
        return router

    async def _get(self, request: Request) -> Response:
        query = request.query_params
        echo = query.get("echostr", "")
        try:
            signed = self._door.verify(query)
            used_for, _ = await asyncio.to_thread(self._seen.first_use, signed, "verify:" + echo[:150])
            if used_for != "verify:" + echo[:150]:
                raise Replayed()
        except CallbackError as error:
            return self._problem(error)
        return PlainTextResponse(echo)

    async def _post(self, request: Request) -> Response:
        arrived = time.monotonic()
        try:
            opened = self._door.open(request.query_params, await self._body(request))
            text = await self._answer(opened, arrived)
        except CallbackError as error:
            return self._problem(error)
        except Exception:
            # No reply shows citizens that the account is out of order; what was stored is answered later.
            logger.exception("a callback failed")
            return PlainTextResponse(SUCCESS)
        body = self._door.reply(opened, text)
        kind = (
            "text/plain" if body == SUCCESS else "application/json" if opened.is_json else "application/xml"
        )
        return Response(body, media_type=kind)

    async def _answer(self, opened: Opened, arrived: float) -> str:
        inbound = opened.inbound
        key = inbound.dedup_key
        used_for, first = await asyncio.to_thread(self._seen.first_use, opened.signed, key)
        if used_for != key:
            raise Replayed()
        reading = self._reader.read(inbound)
        if reading is None:
            return ""
        message, _ = await self._gateway.take_in(
            "wechat",
            inbound.from_user,
            reading.text,
            inbound.dedup_key,
            reading.kind,
            reply_for=PLATFORM_WAITS * self._settings.tries + 1,
        )
        if self._clock() - message.received_at > self._settings.retry_window:
            if not first:
                raise Replayed()
            return ""
        return await self._reply_to(message, arrived)

    async def _reply_to(self, message: InboxMessage, arrived: float) -> str:
        last = message.tries >= self._settings.tries
        push = self._gateway.can_push
        patience = self._settings.reply_within if last or push else self._settings.hold_for
        await self._gateway.done(message.id, arrived + patience - time.monotonic())
        notice = None
        if last:
            notice = self._texts.say("replies.notice_push" if push else "replies.notice")
        text = await self._gateway.claim_reply(message.id, notice)
        if text is None and push:
            await self._gateway.release(message.id)
        return text or ""

    async def _body(self, request: Request) -> bytes:
        limit = self._settings.max_body
        raw = b""
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > limit:
                raise TooLarge(limit=limit)
        return raw

    def _problem(self, error: CallbackError) -> Response:
        logger.warning("a callback was refused: %s %s", error.status, type(error).__name__)
        message = self._texts.say("problems." + error.key, **error.values)
        return JSONResponse({"error": error.key, "message": message}, status_code=error.status)
