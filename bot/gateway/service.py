"""The gateway's service object: what citizens say comes in here, and what they are told goes out.

A message is stored before it is acknowledged, processed in order per citizen, and its replies are stored in
one transaction with "done"; what was accepted and not done is taken up again at the next start.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

import httpx
from fastapi import APIRouter
from sqlalchemy.engine import Connection, Engine

from bot.gateway.bell import Bell
from bot.gateway.cleaning import clean
from bot.gateway.courier import Courier
from bot.gateway.dispatcher import Dispatcher
from bot.gateway.inbox import KINDS, Clock, Inbox, InboxMessage
from bot.gateway.outbox import Outbox, OutboxMessage, Saying
from bot.gateway.ports import DeskPort, conversation_id
from bot.gateway.rasa_client import RasaClient
from bot.gateway.render import Renderer
from bot.gateway.settings import GatewaySettings
from bot.gateway.texts import Texts
from bot.gateway.timeline import Timeline
from bot.gateway.turn import Turn
from bot.gateway.webchat import WebChat
from bot.gateway.wechat.api import WeChatApi
from bot.gateway.wechat.callback import Callback
from bot.gateway.wechat.composing import Composer
from bot.gateway.wechat.door import Door
from bot.gateway.wechat.errors import KeyInvalid
from bot.gateway.wechat.replays import SeenRequests

logger = logging.getLogger(__name__)

_CLEAN_UP_EVERY = 60.0


class Gateway:
    """
    Args:
        engine: the database, with `tables.metadata` in it. Parts share it, so that a reply of staff and its
            outbox row are one transaction.
        desk: who owns a conversation, and the staff's side of it.
        rasa: the dialogue.
        settings: what is configured.
        texts: what the gateway says.
        transport: instead of the network, for the platform's API in tests.
        clock: the present as epoch seconds.

    Raises:
        ValueError: the account's EncodingAESKey is not one; the message says what to do.
    """

    def __init__(
        self,
        engine: Engine,
        desk: DeskPort,
        rasa: RasaClient,
        settings: GatewaySettings,
        texts: Texts,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.settings = settings
        self.texts = texts
        self.bell = Bell()
        self._desk = desk
        self._rasa = rasa
        self._clock = clock
        self._inbox = Inbox(engine, clock)
        self.renderer = Renderer(texts)
        self._outbox = Outbox(engine, self.renderer, texts, clock)
        turn = Turn(engine, self._inbox, self._outbox, desk, rasa, texts, settings.max_chars)
        self._dispatcher = Dispatcher(turn, settings, self._finished)
        self._composer = Composer(texts)
        self._accepting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_up_to = 0
        self.stopping = False

        account = settings.wechat
        self._api: WeChatApi | None = None
        self._courier: Courier | None = None
        if account and account.customer_messages and account.appid and account.secret:
            self._api = WeChatApi(account.appid, account.secret, account.api_base, transport)
            self._courier = Courier(self._outbox, self._api, self._composer, settings.send_after_error, clock)
        self._seen = SeenRequests(engine, 2 * (account.timestamp_window if account else 300.0), clock)
        try:
            door = Door(account, clock)
        except KeyInvalid as error:
            raise ValueError(texts.say("problems." + error.key)) from error
        self._callback = Callback(self, account, door, self._seen, texts, clock)
        self._webchat = WebChat(self, Timeline(engine), texts)

    # Life

    async def start(self) -> None:
        """Take up what was left unfinished, then deliver in the background."""
        self._heard_up_to = await asyncio.to_thread(self._outbox.newest)
        interrupted = await asyncio.to_thread(self._outbox.recover)
        unfinished = await asyncio.to_thread(self._inbox.unfinished)
        for message in unfinished:
            self._dispatcher.submit(message)
        if unfinished or interrupted:
            logger.warning(
                "taken up again: %d messages, %d interrupted deliveries", len(unfinished), interrupted
            )
        self._tasks.append(asyncio.create_task(self._every(self.settings.poll_every, self._ring_news)))
        self._tasks.append(asyncio.create_task(self._every(_CLEAN_UP_EVERY, self._clean_up)))
        if self._courier:
            self._tasks.append(asyncio.create_task(self._every(self.settings.poll_every, self._push)))

    async def stop(self) -> None:
        """End all work. Messages that are not done stay stored."""
        self.stopping = True
        self.bell.ring_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._dispatcher.stop()
        await self._rasa.close()
        if self._api:
            await self._api.close()

    def routers(self) -> list[APIRouter]:
        """`/wechat`, the citizens' page at `/`, and its API."""
        return [self._callback.router(), self._webchat.router()]

    # In

    async def accept(self, channel: str, citizen: str, text: str, dedup_key: str, kind: str = "text") -> int:
        """Store a message and have it processed.

        Args:
            channel: `wechat`, `web` or `terminal`.
            citizen: who, within the channel.
            dedup_key: the same for the same message; a second one is not processed again.
            kind: `text`, or one of `inbox.KINDS`.

        Returns:
            Its id in the inbox.

        Raises:
            ValueError: unknown channel or kind.
        """
        message, _ = await self.take_in(channel, citizen, text, dedup_key, kind)
        return message.id

    async def take_in(
        self, channel: str, citizen: str, text: str, dedup_key: str, kind: str, reply_for: float = 0.0
    ) -> tuple[InboxMessage, bool]:
        """As `accept`; gives the stored message and whether it is new.

        Args:
            reply_for: seconds in which the request that brought it may carry the answer.
        """
        if channel not in self.settings.channels or kind not in KINDS:
            raise ValueError(f"unknown channel or kind: {channel} {kind}")
        text = clean(text)
        if kind == "text" and len(text) > self.settings.max_chars:
            kind, text = "too_long", text[: self.settings.max_chars]
        conversation = conversation_id(channel, citizen)
        lock = self._accepting.get(conversation)
        if lock is None:
            lock = self._accepting[conversation] = asyncio.Lock()
        async with lock:  # so that ids, and with them the order of work, follow the order of arrival
            storing = asyncio.to_thread(
                self._inbox.accept, channel, citizen, text, dedup_key, kind, reply_for
            )
            # A client that goes away must not separate storing from submitting.
            return await asyncio.shield(self._store_and_submit(storing))

    async def _store_and_submit(
        self, storing: Awaitable[tuple[InboxMessage, bool]]
    ) -> tuple[InboxMessage, bool]:
        message, new = await storing
        if new:
            self._dispatcher.submit(message)
            self.bell.ring(message.conversation_id)
        return message, new

    async def wait(self, inbox_id: int, seconds: float) -> list[OutboxMessage] | None:
        """What was said to a message, as soon as it is done; None if that takes longer than this."""
        if not await self.done(inbox_id, seconds):
            return None
        return await asyncio.to_thread(self._outbox.of_message, inbox_id)

    async def done(self, inbox_id: int, seconds: float) -> bool:
        """Wait at most this long for a message to be done; whether it is."""
        with self.bell.listen(f"inbox:{inbox_id}") as bell:
            if self._dispatcher.in_flight(inbox_id):
                return await bell.wait(seconds) and not self.stopping
        message = await asyncio.to_thread(self._inbox.get, inbox_id)
        return message is not None and message.status == "done"

    async def waiting(self, conversation: str) -> int:
        """How many messages of this conversation are not done."""
        return await asyncio.to_thread(self._inbox.waiting, conversation)

    async def owner(self, conversation: str) -> str:
        """Who owns this conversation."""
        return await asyncio.to_thread(self._desk.owner, conversation)

    # Out

    def deliver(self, connection: Connection, conversation_id: str, text: str) -> None:
        """Put a reply of staff into the outbox, in the caller's transaction; it goes out after the commit."""
        self._outbox.add(connection, conversation_id, [Saying("staff", text)])

    def restart(self, conversation_id: str) -> None:
        """Let the dialogue start anew, as when staff return a conversation. Blocking.

        Raises:
            RasaAway: it has to be tried again.
        """
        self._rasa.restart(conversation_id)

    @property
    def can_push(self) -> bool:
        """Whether a WeChat citizen can be sent something without having just written."""
        return self._courier is not None and self._courier.authorised

    async def claim_reply(self, inbox_id: int, notice: str | None) -> str | None:
        """The text of the reply to a WeChat request; see `Outbox.claim_reply`."""
        push = self.can_push

        def compose(own: list[OutboxMessage], older: list[OutboxMessage]) -> tuple[str, list[int]]:
            return self._composer.compose(own, older, push)

        return await asyncio.to_thread(self._outbox.claim_reply, inbox_id, compose, notice)

    async def release(self, inbox_id: int) -> None:
        """The request will not carry the answer; it goes by customer message."""
        await asyncio.to_thread(self._inbox.release, inbox_id)

    # In the background

    def _finished(self, conversation: str, inbox_id: int) -> None:
        self.bell.ring(f"inbox:{inbox_id}")
        self.bell.ring(conversation)

    async def _ring_news(self) -> None:
        for row_id, conversation in await asyncio.to_thread(self._outbox.since, self._heard_up_to):
            self._heard_up_to = max(self._heard_up_to, row_id)
            self.bell.ring(conversation)

    async def _push(self) -> None:
        if self._courier:
            await self._courier.deliver_due()

    async def _clean_up(self) -> None:
        await asyncio.to_thread(self._seen.forget_old)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                logger.exception("background work of the gateway failed and is tried again")
            await asyncio.sleep(seconds)
