"""The gateway's service object: what citizens say comes in here, and what they are told goes out.

A message is stored before it is acknowledged, processed in order per citizen, and its replies are stored in
one transaction with "done"; what was accepted and not done is taken up again at the next start.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal
from weakref import WeakValueDictionary

import httpx
from fastapi import APIRouter
from sqlalchemy.engine import Connection, Engine

from bot.gateway.bell import Bell
from bot.gateway.channels import channel_of, traits
from bot.gateway.cleaning import clean
from bot.gateway.courier import Courier
from bot.gateway.delivery import Deliveries
from bot.gateway.dispatcher import Dispatcher
from bot.gateway.inbox import KINDS, Arrival, Before, Inbox, InboxMessage
from bot.gateway.outbox import Outbox
from bot.gateway.pictures import pictures_router
from bot.gateway.ports import DeskPort, Expect, IsCrisis, Locate, OutsidePort, Passing
from bot.gateway.rasa_client import BotMessage, RasaClient
from bot.gateway.render import Renderer
from bot.gateway.rows import OutboxMessage, Saying
from bot.gateway.settings import Clock, GatewaySettings
from bot.gateway.texts import Texts
from bot.gateway.timeline import Timeline
from bot.gateway.turn import Turn
from bot.gateway.webchat import WebChat
from bot.gateway.wechat.budget import Budget, Ledger
from bot.gateway.wechat.callback import PLATFORM_WAITS, Callback
from bot.gateway.wechat.channel import WeChatChannel
from bot.gateway.wechat.composing import Composer
from bot.gateway.wechat.door import Door
from bot.gateway.wechat.errors import KeyInvalid
from bot.gateway.wechat.replays import SeenRequests
from bot.gateway.wecom.channel import KfChannel, unconnected
from bot.gateway.wecom.sending import menu_fits

logger = logging.getLogger(__name__)

_CLEAN_UP_EVERY = 60.0
_SETTLE_EVERY = 1.0


class Gateway:
    """
    Args:
        engine: the database, with `tables.metadata` in it. Parts share it, so that a reply of staff and its
            outbox row are one transaction.
        desk: who owns a conversation, and the staff's side of it.
        rasa: the dialogue.
        locate: takes where a citizen is.
        settings: what is configured.
        texts: what the gateway says.
        transport: instead of the network, for the platform's API in tests.
        clock: the present as epoch seconds.
        moved: told the conversation whose deliveries may have changed; called from any thread.
        is_crisis: whether what a citizen writes tells of danger to life; such a message does not wait for the dialogue.
        expect: told a text that will probably be asked as a question, when the dialogue is told it.
        outside: the desk's side of the platform's own customer service, where that is used.

    Raises:
        ValueError: an account's EncodingAESKey is not one; the message says what to do.
    """

    def __init__(
        self,
        engine: Engine,
        desk: DeskPort,
        rasa: RasaClient,
        locate: Locate,
        settings: GatewaySettings,
        texts: Texts,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = time.time,
        moved: Callable[[str], None] = lambda _conversation_id: None,
        is_crisis: IsCrisis = lambda _text: False,
        expect: Expect = lambda _text: None,
        outside: OutsidePort | None = None,
    ) -> None:
        self.settings = settings
        self.texts = texts
        self.bell = Bell()
        self._desk = desk
        self._rasa = rasa
        self._clock = clock
        self._inbox = Inbox(engine, clock)
        self.renderer = Renderer(texts)
        self._outbox = Outbox(engine, self.renderer, texts, desk, clock)
        self.deliveries = Deliveries(self._outbox, self._pushes, moved)
        self._composer = Composer(self.renderer, texts)
        self._ledger = Ledger(engine, clock)
        self._accepting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._tasks: list[asyncio.Task[None]] = []
        self._heard_up_to = 0
        self._started_at = 0.0
        self.stopping = False

        account = settings.wechat
        self._couriers: dict[str, Courier] = {}
        courier = partial(
            Courier,
            outbox=self._outbox,
            ledger=self._ledger,
            send_after_error=settings.send_after_error,
            clock=clock,
            moved=moved,
        )
        self._wechat: WeChatChannel | None = None
        calls = account is not None and (account.customer_messages or account.native_staff)
        if account and calls and account.appid and account.secret:
            self._wechat = WeChatChannel(
                *(engine, account, desk, outside, self._ledger, courier, self._composer),
                *(texts, transport, clock, moved),
            )
            if self._wechat.courier:
                self._couriers["wechat"] = self._wechat.courier
        self._transfers = self._wechat.transfers if self._wechat else None
        turn = Turn(
            *(engine, self._inbox, self._outbox, desk, rasa, locate, texts, settings.max_chars),
            is_crisis,
            expect,
            self._offer_card,
            self._transfers,
        )
        self._dispatcher = Dispatcher(turn, settings, self._finished)
        self._seen = SeenRequests(engine, 2 * (account.timestamp_window if account else 300.0), clock)
        try:
            door = Door(account, clock)
        except KeyInvalid as error:
            raise ValueError(texts.say("problems." + error.key)) from error
        self._callback = Callback(self, account, door, self._seen, texts, clock)
        self._kf: KfChannel | None = None
        if settings.wecom:
            try:
                self._kf = KfChannel(
                    engine, settings.wecom, self.take_in, self._outbox, self._ledger, texts, transport, clock
                )
            except KeyInvalid as error:
                raise ValueError(texts.say("kf.problems." + error.key)) from error
            menus = Composer(self.renderer, texts, menu_fits)
            self._couriers["kf"] = courier(
                "kf", sender=self._kf.sender, composer=menus, menus=settings.wecom.menus
            )
        self._webchat = WebChat(self, Timeline(engine), texts)

    # Life

    async def start(self) -> None:
        """Take up what was left unfinished, then deliver in the background."""
        self._started_at = self._clock()
        self._heard_up_to = await asyncio.to_thread(self._outbox.newest)
        interrupted = await asyncio.to_thread(self._outbox.recover)
        unfinished = await asyncio.to_thread(self._inbox.unfinished)
        for message in unfinished:
            self._dispatcher.submit(message, again=True)
        if unfinished or interrupted:
            logger.warning(
                "taken up again: %d messages, %d interrupted deliveries", len(unfinished), interrupted
            )
        self._tasks.append(asyncio.create_task(self._every(self.settings.poll_every, self._ring_news)))
        self._tasks.append(asyncio.create_task(self._every(_CLEAN_UP_EVERY, self._clean_up)))
        if self.settings.wechat:
            self._tasks.append(asyncio.create_task(self._every(_SETTLE_EVERY, self._settle)))
        for courier in self._couriers.values():
            deliver = partial(courier.work, self.settings.poll_every)
            self._tasks.append(asyncio.create_task(self._every(0.0, deliver)))
        if self._kf:
            self._tasks.append(asyncio.create_task(self._every(0.0, self._kf.puller.work)))
        for seconds, work in self._wechat.start() if self._wechat else ():
            self._tasks.append(asyncio.create_task(self._every(seconds, work)))

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
        if self._wechat:
            await self._wechat.stop()
        if self._kf:
            await self._kf.close()

    def routers(self) -> list[APIRouter]:
        """`/wechat`, `/wecom`, the citizens' page at `/`, its API, and pictures."""
        wecom = self._kf.router() if self._kf else unconnected(self.texts)
        routers = [self._callback.router(), wecom, self._webchat.router()]
        return [*routers, pictures_router(self.settings.pictures)] if self.settings.pictures else routers

    # In

    async def accept(self, channel: str, citizen: str, text: str, dedup_key: str, kind: str = "text") -> int:
        """Store a message and have it processed.

        Args:
            channel: one of `channels.CHANNELS`.
            citizen: who, within the channel.
            dedup_key: the same for the same message; a second one is not processed again.
            kind: `text`, or one of `inbox.KINDS`.

        Returns:
            Its id in the inbox.

        Raises:
            ValueError: unknown channel or kind.
        """
        message, _ = await self.take_in(Arrival(channel, citizen, text, dedup_key, kind))
        return message.id

    async def take_in(self, arrival: Arrival, first: Before | None = None) -> tuple[InboxMessage, bool]:
        """As `accept`; gives the stored message and whether it is new.

        Args:
            first: done in the transaction that stores it; what it raises is raised, and nothing is stored.
        """
        if arrival.channel not in self.settings.channels or arrival.kind not in KINDS:
            raise ValueError(f"unknown channel or kind: {arrival.channel} {arrival.kind}")
        arrival = replace(arrival, text=clean(arrival.text))
        if arrival.kind == "text" and len(arrival.text) > self.settings.max_chars:
            arrival = replace(arrival, kind="too_long", text=arrival.text[: self.settings.max_chars])
        lock = self._accepting.get(arrival.conversation_id)
        if lock is None:
            lock = self._accepting[arrival.conversation_id] = asyncio.Lock()
        async with lock:  # so that ids, and with them the order of work, follow the order of arrival
            storing = asyncio.to_thread(self._inbox.accept, arrival, first)
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

    def deliver(
        self,
        connection: Connection,
        conversation_id: str,
        author: Literal["staff", "system"],
        text: str,
        payload: dict[str, Any] | None = None,
    ) -> int | None:
        """Put what staff or the desk say into the outbox, in the caller's transaction; it goes out after the commit.

        Returns:
            What `deliveries` knows it by.
        """
        return self._outbox.add(connection, conversation_id, [Saying(author, text, payload)])

    def told(self, connection: Connection, outbox_id: int) -> bool:
        """Whether this row is on its way to the citizen, or there: no message of theirs has to come for it."""
        return self._outbox.is_out(connection, outbox_id)

    def restart(self, conversation_id: str) -> None:
        """Let the dialogue start anew, as when staff return a conversation. Blocking.

        Raises:
            RasaAway: it has to be tried again.
        """
        self._rasa.restart(conversation_id)

    @property
    def can_push(self) -> bool:
        """Whether a WeChat citizen can be sent something without having just written."""
        return self._pushes("wechat")

    def _pushes(self, channel: str) -> bool:
        courier = self._couriers.get(channel)
        return courier is not None and courier.authorised

    async def claim_reply(self, message: InboxMessage, notice: str | None, push: bool) -> str | None:
        """The text of the reply to a WeChat request; see `Outbox.claim_reply`. Confirm it once it was handed over.

        Args:
            push: whether what does not fit into it, or comes too late for it, can go by customer message.

        Raises:
            Transferred: the reply is no text; call `transferred`.
        """
        menus = push and self._couriers["wechat"].menus
        if menus:
            menus = (await asyncio.to_thread(self._ledger.of, message.conversation_id)).left > 0

        def compose(own: list[OutboxMessage], older: list[OutboxMessage]) -> tuple[str, list[int]]:
            return self._composer.compose(own, older, push, menus)

        text = await asyncio.to_thread(self._outbox.claim_reply, message.id, compose, notice, push)
        self._couriers_look()
        return text

    async def transferred(self, message: InboxMessage) -> None:
        """The reply to this message is the transfer to the platform's own customer service."""
        await asyncio.to_thread(self._outbox.transferred, message.id, self.can_push)
        self._couriers_look()

    def look_outside(self, conversation_id: str) -> None:
        """Find out whether agents of the platform's own customer service are online. Blocking, for a moment."""
        if self._wechat and self._wechat.agents and conversation_id.startswith("wechat:"):
            self._wechat.agents.look_from_thread()

    def passing(self, connection: Connection, conversation_id: str) -> Passing:
        """Whether the message that is being worked on can be transferred there."""
        return self._transfers.passing(connection, conversation_id) if self._transfers else "nobody"

    async def confirm_reply(self, message: InboxMessage) -> None:
        """The reply was handed to the platform."""
        await asyncio.to_thread(self._outbox.confirm_reply, message.id)
        self.deliveries.moved(message.conversation_id)

    def show_typing(self, citizen: str) -> None:
        """Show a WeChat citizen that an answer is being written; nothing waits for it or depends on it."""
        if self._wechat:
            self._wechat.show_typing(citizen)

    def show_staff_typing(self, conversation_id: str) -> None:
        """As `show_typing`, for a conversation of staff; only WeChat shows it. Call it on the event loop."""
        channel, _, citizen = conversation_id.partition(":")
        if channel == "wechat":
            self.show_typing(citizen)

    def budget(self, conversation_id: str) -> Budget | None:
        """What a citizen may still be sent unasked; None where that has no limit (the web page). Blocking."""
        channel = channel_of(conversation_id)
        if not traits(channel).pushed:
            return None
        return self._ledger.of(conversation_id) if self._pushes(channel) else Budget(0, 0.0)

    @property
    def just_started(self) -> bool:
        """Whether requests that come now may have waited for this process to start."""
        account = self.settings.wechat
        return account is not None and self._clock() - self._started_at < account.starting

    def in_trouble(self, inbox_id: int) -> bool:
        """Whether the message waits for something that is away."""
        return self._dispatcher.troubled(inbox_id)

    @property
    def troubles(self) -> dict[str, str]:
        """Channel → what the operator has to mend for its messages to go in and out, as the platform names it."""
        found = {channel: courier.trouble for channel, courier in self._couriers.items()}
        if self._wechat:
            found["wechat"] = self._wechat.trouble
        if self._kf:
            found["kf"] = found["kf"] or self._kf.puller.trouble
        return {channel: trouble for channel, trouble in found.items() if trouble}

    def _offer_card(self, message: InboxMessage, said: list[BotMessage]) -> None:
        if self._wechat and message.channel == "wechat":
            self._wechat.offer_card(message, [one.payload for one in said])

    # In the background

    def _finished(self, conversation: str, inbox_id: int) -> None:
        self.bell.ring(f"inbox:{inbox_id}")
        self.bell.ring(conversation)
        self._couriers_look()

    def _couriers_look(self) -> None:
        for courier in self._couriers.values():
            courier.wake()

    async def _ring_news(self) -> None:
        for row_id, conversation in await asyncio.to_thread(self._outbox.since, self._heard_up_to):
            self._heard_up_to = max(self._heard_up_to, row_id)
            self.bell.ring(conversation)

    async def _settle(self) -> None:
        account = self.settings.wechat
        now = self._clock()
        # What an earlier process left gets as long for the platform's next try as if it had been handed over now.
        if account is None or now - self._started_at < account.settle_after:
            return
        last_try_after = PLATFORM_WAITS * (account.tries - 1) - 1
        again = await asyncio.to_thread(
            self._outbox.settle, now - account.settle_after, last_try_after, account.tries
        )
        if again:
            logger.warning("%d messages may not have reached their citizens and wait again", again)

    async def _clean_up(self) -> None:
        await asyncio.to_thread(self._seen.forget_old)

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Exception:
                logger.exception("background work of the gateway failed and is tried again")
            await asyncio.sleep(seconds)
