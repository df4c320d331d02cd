"""What becomes of pulled messages and events.

A message goes into the inbox, unless it is history or a person at WeCom's own desk has the conversation. `sync_msg`
gives the messages of such conversations, too: by its page what citizens send and what persons reply.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sqlalchemy.engine import Connection

from bot.gateway.inbox import Arrival, Before
from bot.gateway.outbox import Outbox
from bot.gateway.ports import conversation_id
from bot.gateway.settings import Clock, WeComSettings
from bot.gateway.texts import Texts
from bot.gateway.wechat.api import ApiError, Unreachable
from bot.gateway.wechat.budget import Ledger
from bot.gateway.wecom.api import KfApi, State
from bot.gateway.wecom.messages import CITIZEN, PERSON, KfMessage, parse, text_of
from bot.gateway.wecom.reading import Reader
from bot.gateway.wecom.sending import key_of

logger = logging.getLogger(__name__)

CHANNEL = "kf"
_AT_ONCE = 8
"""Calls to WeCom at the same time."""
_REFUSED_BY_CITIZEN = 10
_NOTHING_MORE = frozenset({4, 5, 6})
"""`fail_type`: 48 hours are over, the conversation is closed, five were sent."""

TakeIn = Callable[[Arrival, Before], Awaitable[Any]]


class Reception:
    """
    Args:
        api: WeCom.
        settings: the account.
        take_in: the gateway's.
        outbox: where answers are.
        ledger: what each citizen may be sent.
        texts: the gateway's texts.
        clock: the present as epoch seconds.
    """

    def __init__(
        self,
        api: KfApi,
        settings: WeComSettings,
        take_in: TakeIn,
        outbox: Outbox,
        ledger: Ledger,
        texts: Texts,
        clock: Clock = time.time,
    ) -> None:
        self._api = api
        self._settings = settings
        self._take_in = take_in
        self._outbox = outbox
        self._ledger = ledger
        self._texts = texts
        self._clock = clock
        self._reader = Reader(texts)

    async def receive(self, entries: list[Any], since: float) -> None:
        """Take what was pulled, in its order; given again, it changes nothing.

        Args:
            entries: a page's `msg_list`.
            since: what was sent before (epoch seconds) is history.

        Raises:
            Exception: not everything was stored: give it again.
        """
        messages = self._understood(entries)
        entered = [message for message in messages if message.event == "enter_session"]
        await self._for_each(self._welcome, entered)
        # First what was sent before: what the citizens say now opens their windows anew.
        for message in messages:
            if message.event == "msg_send_fail":
                await asyncio.to_thread(self._not_arrived, message)
        spoken = self._to_answer(messages, since)
        citizens = dict.fromkeys(message.citizen for message in spoken)
        ours = dict(zip(citizens, await self._for_each(self._is_ours, citizens), strict=True))
        for message in spoken:
            if ours[message.citizen]:
                await self._take(message)
            else:
                logger.info("%s is left to a person at WeCom's desk", message.dedup_key)

    def _understood(self, entries: list[Any]) -> list[KfMessage]:
        messages = []
        for entry in entries:
            message = parse(entry)
            if message is None:
                logger.warning("an entry of sync_msg is passed over: it does not say who wrote what")
            elif message.open_kfid in ("", self._settings.open_kfid):
                messages.append(message)
        return messages

    def _to_answer(self, messages: list[KfMessage], since: float) -> list[KfMessage]:
        """What citizens said since then and no person has answered."""
        answered: set[str] = set()
        found: list[KfMessage] = []
        for message in reversed(messages):
            if message.origin == PERSON:
                answered.add(message.citizen)
            elif message.origin == CITIZEN and message.type != "event" and message.citizen not in answered:
                found.append(message)
        # One that does not say when it was sent is better answered than lost.
        recent = [message for message in reversed(found) if not message.sent_at or message.sent_at >= since]
        if len(recent) < len(found):
            logger.info("%d messages from before the first start are not answered", len(found) - len(recent))
        return recent

    async def _for_each(self, work: Callable[[Any], Awaitable[Any]], things: Iterable[Any]) -> list[Any]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(thing: Any) -> Any:
            async with slots:
                return await work(thing)

        return list(await asyncio.gather(*map(one, things)))

    async def _is_ours(self, citizen: str) -> bool:
        try:
            state = await self._api.state(citizen)
            if state == State.NEW:
                # Nobody at WeCom's desk is then given a conversation that the assistant answers.
                await self._api.take_over(citizen)
        except Unreachable:
            raise
        except ApiError as error:
            # It is WeCom that keeps us from talking over a person: it takes no message then.
            logger.warning("who has the conversation with %s is not known: %s", citizen, error)
            return True
        return state not in (State.POOL, State.PERSON)

    async def _take(self, message: KfMessage) -> None:
        reading = self._reader.read(message)

        def let_go(connection: Connection) -> None:
            self._outbox.let_go(connection, conversation_id(CHANNEL, message.citizen))

        who, words = (CHANNEL, message.citizen), (reading.text, message.dedup_key, reading.kind)
        arrival = Arrival(*who, *words, window="message", menu_option=reading.menu_option)
        await self._take_in(arrival, let_go)

    async def _welcome(self, message: KfMessage) -> None:
        """Once for whoever WeCom gives a code for; it is good for a moment only, so that nothing is tried again."""
        code = text_of(message.fields.get("welcome_code"))
        if not code or self._clock() - message.sent_at > self._settings.welcome_within:
            return
        name = hashlib.sha256(code.encode()).hexdigest()[:32]
        try:
            await self._api.welcome(code, name, self._texts.say("kf.welcome"))
        except ApiError as error:
            logger.warning("%s was not welcomed: %s", message.citizen, error)

    def _not_arrived(self, message: KfMessage) -> None:
        """WeCom had taken one of our messages and could not deliver it."""
        conversation = conversation_id(CHANNEL, message.citizen)
        kind, name = message.fields.get("fail_type"), text_of(message.fields.get("fail_msgid"))

        def waits(connection: Connection, sent_at: float) -> bool:
            if kind in _NOTHING_MORE:
                return self._ledger.shut(connection, conversation, sent_at)
            return not self._ledger.acted(connection, conversation, sent_at)

        wanted = None if kind == _REFUSED_BY_CITIZEN else waits
        rows = self._outbox.not_arrived(conversation, key_of(name), f"fail_type {kind}", wanted)
        if rows:
            logger.warning("%d messages to %s did not arrive: fail_type %s", rows, conversation, kind)
