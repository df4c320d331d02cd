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
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask

from bot.gateway.inbox import SESSIONS, Arrival, InboxMessage
from bot.gateway.outbox import Transferred
from bot.gateway.settings import Clock, WeChatSettings
from bot.gateway.texts import Texts
from bot.gateway.wechat.door import Door, Opened
from bot.gateway.wechat.errors import CallbackError, Replayed, TooLarge
from bot.gateway.wechat.messages import SUCCESS, Inbound
from bot.gateway.wechat.native.transfers import POSSIBLE
from bot.gateway.wechat.reading import Reader, Reading
from bot.gateway.wechat.replays import SeenRequests

if TYPE_CHECKING:
    from bot.gateway.service import Gateway

logger = logging.getLogger(__name__)

PLATFORM_WAITS = 5.0
"""Seconds until the platform drops a request and sends the message again."""
_STORE_AGAIN_AFTER = 0.3


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
        self._reader = Reader(texts, self._settings.native_staff)

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
            await asyncio.to_thread(self._seen.first_use, signed, "verify:" + echo[:150])
        except CallbackError as error:
            return self._problem(error)
        return PlainTextResponse(echo)

    async def _post(self, request: Request) -> Response:
        arrived = time.monotonic()
        try:
            opened = self._door.open(request.query_params, await self._body(request))
        except CallbackError as error:
            return self._problem(error)
        try:
            message = await self._take(opened, arrived)
        except CallbackError as error:
            return self._problem(error)
        except Exception:
            logger.exception("a message could not be stored")
            return self._respond(opened, self._texts.say("replies.not_stored"))
        if message is None or message.kind in SESSIONS:
            return PlainTextResponse(SUCCESS)
        try:
            text = await self._reply_to(message, opened, arrived)
            there = bool(text) and not await request.is_disconnected()
        except Transferred:
            return await self._transfer(opened, message)
        except Exception:
            # Any other reply shows citizens that the account is out of order; what is stored is answered later.
            logger.exception("the reply to message %d failed", message.id)
            return PlainTextResponse(SUCCESS)
        # Nobody reads what is written to a request that the platform has let go: then it stays unconfirmed.
        return self._respond(opened, text, BackgroundTask(self._confirm, message) if there else None)

    async def _take(self, opened: Opened, arrived: float) -> InboxMessage | None:
        """Store the message, also where storing fails for a moment; None for what needs no answer.

        Raises:
            Replayed: the request is an old one.
            Exception: it could not be stored, and this is the platform's last try, or its connection is gone.
        """
        late = self._sent_ago(opened) >= PLATFORM_WAITS * (self._settings.tries - 1) - 1
        until = arrived + (self._settings.reply_within if late else self._settings.hold_for)
        while True:
            try:
                left = max(until - time.monotonic(), 0.1)
                # Shielded: what is being stored is stored, whoever still waits for it.
                return await asyncio.wait_for(asyncio.shield(self._store(opened)), left)
            except (SQLAlchemyError, TimeoutError) as error:
                if time.monotonic() + _STORE_AGAIN_AFTER >= until:
                    raise
                logger.warning("a message could not be stored and is tried again: %s", type(error).__name__)
            await asyncio.sleep(_STORE_AGAIN_AFTER)

    async def _store(self, opened: Opened) -> InboxMessage | None:
        inbound = opened.inbound
        key = inbound.dedup_key
        came_first: list[bool] = []

        def first(connection: Connection | None = None) -> None:
            came_first.append(self._seen.first_use(opened.signed, key, connection))

        reading = self._reader.read(inbound)
        if reading is None:
            await asyncio.to_thread(first)
            return None
        arrival = Arrival(
            "wechat",
            inbound.from_user,
            reading.text,
            key,
            reading.kind,
            reply_for=PLATFORM_WAITS * self._settings.tries + 1,
            window=reading.window,
            menu_option=reading.menu_option,
            transfer=POSSIBLE if self._can_be_transferred(inbound, reading) else None,
            sent_at=inbound.sent_at,
        )
        message, _ = await self._gateway.take_in(arrival, first)
        if self._clock() - message.received_at > self._settings.retry_window:
            if not came_first[-1]:
                raise Replayed()
            return None
        return message

    def _can_be_transferred(self, inbound: Inbound, reading: Reading) -> bool:
        """To the platform's own customer service: only what a citizen sends, never what they tap."""
        typed = inbound.type != "event" and reading.menu_option is None
        return self._settings.native_staff and typed

    async def _reply_to(self, message: InboxMessage, opened: Opened, arrived: float) -> str:
        settings, gateway = self._settings, self._gateway
        push = gateway.can_push
        last = message.tries >= settings.tries
        # A request that comes right after the start may have waited for it: less of the platform's 5 seconds is left.
        soon = settings.reply_within / (2 if gateway.just_started else 1)

        async def done(patience: float) -> bool:
            return await gateway.done(message.id, arrived + patience - time.monotonic())

        ready = await done(min(settings.typing_after, soon))
        if not ready:
            if push:
                gateway.show_typing(message.citizen)
            ready = await done(soon)
        # While something is away, not every try gets here to be counted, and the last one must not be waited for.
        recovering = gateway.just_started or gateway.in_trouble(message.id)
        late = message.tries > 1 or self._sent_ago(opened) >= PLATFORM_WAITS - 1
        last = last or (recovering and (late or push or gateway.just_started))
        if not (ready or last or push):
            await done(settings.hold_for)
        notice = None
        if last:
            key = ("recovering" if recovering else "notice") + ("_push" if push else "")
            notice = self._texts.say(f"replies.{key}")
        return await gateway.claim_reply(message, notice, push) or ""

    async def _transfer(self, opened: Opened, message: InboxMessage) -> Response:
        try:
            await self._gateway.transferred(message)
        except Exception:
            # The transfer itself is decided and stored.
            logger.exception("what is told beside the transfer of message %d waits", message.id)
        return self._answer(opened, self._door.transfer(opened))

    async def _confirm(self, message: InboxMessage) -> None:
        try:
            await self._gateway.confirm_reply(message)
        except Exception:
            logger.exception(
                "the reply to message %d was handed over, and that could not be noted", message.id
            )

    def _respond(self, opened: Opened, text: str, then: BackgroundTask | None = None) -> Response:
        return self._answer(opened, self._door.reply(opened, text), then)

    @staticmethod
    def _answer(opened: Opened, body: str, then: BackgroundTask | None = None) -> Response:
        kind = (
            "text/plain" if body == SUCCESS else "application/json" if opened.is_json else "application/xml"
        )
        return Response(body, media_type=kind, background=then)

    def _sent_ago(self, opened: Opened) -> float:
        """Seconds since the citizen sent it, as the platform says."""
        sent = opened.inbound.sent_at
        return 0.0 if sent is None else self._clock() - sent

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
