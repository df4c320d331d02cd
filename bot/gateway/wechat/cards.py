"""Cards (图文消息, `news`): below the answer that a service guide gave, its picture and where to get it done.

A card is decoration. It is sent once or not at all: by customer message, where its answer was said last and has
arrived, nothing else waits, and the citizen can be sent more after it. So it stands right below its answer; only the
reply to a message that the citizen sends during the call to the platform can come in between. All that it says stands
in the answer's text, too. A full text (全文) has none: its answer had it.

A passive reply carries one message only, so that there a card would take the place of the text.

Source: the platform's page 发送客服消息 (one article; pictures JPG or PNG, best 640×320). It names no lengths; those
here are the ones of its page 新增草稿.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection, Engine

from bot.gateway.courier import Courier
from bot.gateway.inbox import InboxMessage
from bot.gateway.ports import DeskPort
from bot.gateway.render import is_web
from bot.gateway.settings import Clock
from bot.gateway.tables import inbox, outbox
from bot.gateway.texts import Texts
from bot.gateway.turn import shorten
from bot.gateway.wechat.api import (
    ApiError,
    CardRefused,
    NextMessageOnly,
    NotAuthorised,
    OperatorNeeded,
    TooOften,
    Unreachable,
    WeChatApi,
)
from bot.gateway.wechat.budget import BudgetSpent, Charge, Ledger

logger = logging.getLogger(__name__)

TITLE_CHARS = 32
ADDRESS_BYTES = 1024
RESERVE = 2
"""Customer messages that a card leaves to the citizen: a first reply of staff, and one more."""
LATE = 60.0
"""Seconds after the question from which on no card is sent: the citizen has read the answer, or gone on."""
AT_ONCE = 8
"""Cards under way. Under more load than that answers go without."""
_LOOKS = (1, 2, 4, 8, 16)
"""Pauses between looks whether the answer is there, as multiples of the first."""


class _NotYet(Exception):
    """The answer, or something before it, is still on its way."""


def article_of(payload: dict[str, Any] | None, texts: Texts) -> dict[str, str] | None:
    """The card of an Answer, as the platform takes it; None for one without a service guide that has a picture.

    It repeats nothing of what the rules say: phones cut a description off.
    """
    if payload is None or payload.get("status") != "answered":
        return None
    for source in payload.get("sources") or []:
        title, url, picture = (str(source.get(name) or "").strip() for name in ("title", "url", "picture"))
        addresses = all(is_web(each) and len(each.encode()) <= ADDRESS_BYTES for each in (url, picture))
        if source.get("kind") == "faq" and title and addresses:
            title = shorten(title, TITLE_CHARS)
            return {"title": title, "description": texts.say("wechat.card"), "url": url, "picurl": picture}
    return None


class Cards:
    """
    Args:
        engine: the database, with `tables.metadata` in it.
        desk: says who owns a conversation.
        api: the platform.
        ledger: what each citizen may be sent.
        courier: whether customer messages go out at all.
        texts: the gateway's texts.
        after: seconds from an answer to the first look whether it was delivered.
        clock: the present as epoch seconds.
        moved: told the conversation that a card was sent to.

    Attributes:
        accepted: False once the platform refused a card: no more are sent.
    """

    def __init__(
        self,
        engine: Engine,
        desk: DeskPort,
        api: WeChatApi,
        ledger: Ledger,
        courier: Courier,
        texts: Texts,
        after: float,
        clock: Clock = time.time,
        moved: Callable[[str], None] = lambda _conversation_id: None,
    ) -> None:
        self._engine = engine
        self._desk = desk
        self._api = api
        self._ledger = ledger
        self._courier = courier
        self._texts = texts
        self._after = after
        self._clock = clock
        self._moved = moved
        self._tasks: set[asyncio.Task[None]] = set()
        self.accepted = True

    def offer(self, message: InboxMessage, payloads: Sequence[dict[str, Any] | None]) -> None:
        """This was said to the message, and is stored; the card of an answer that was said last follows when that is
        delivered. Call it on the event loop.
        """
        article = article_of(payloads[-1], self._texts) if payloads else None
        if article is None or not self._possible or len(self._tasks) >= AT_ONCE:
            return
        task = asyncio.create_task(self._show(message, article))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Cards that are not out yet are not sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def _possible(self) -> bool:
        return self.accepted and self._courier.is_open

    async def _show(self, message: InboxMessage, article: dict[str, str]) -> None:
        try:
            for pause in _LOOKS:
                await asyncio.sleep(pause * self._after)
                if not self._possible or self._clock() - message.received_at > LATE:
                    return
                try:
                    charge = await asyncio.to_thread(self._claim, message)
                except _NotYet:
                    continue
                if charge is not None:
                    await self._send(message, article, charge)
                    self._moved(message.conversation_id)
                return
        except Exception:
            logger.exception("the answer to message %d stays without its card", message.id)

    def _claim(self, message: InboxMessage) -> Charge | None:
        """Count the card; None where it would not stand right below its answer, or would be one too many.

        Raises:
            _NotYet: something is still to be delivered before it.
        """
        with self._engine.begin() as connection:
            if (
                not self._is_last(connection, message)
                or self._desk.owner(message.conversation_id, connection) != "bot"
            ):
                return None
            try:
                return self._ledger.charge(connection, message.conversation_id, RESERVE)
            except BudgetSpent:
                return None

    def _is_last(self, connection: Connection, message: InboxMessage) -> bool:
        same = outbox.c.conversation_id == message.conversation_id
        asked = select(func.max(inbox.c.id)).where(inbox.c.conversation_id == message.conversation_id)
        said = select(outbox.c.inbox_id, outbox.c.status).where(same).order_by(outbox.c.id.desc()).limit(1)
        last = connection.execute(said).first()
        if last is None or last.inbox_id != message.id or connection.execute(asked).scalar() != message.id:
            return False
        under_way = outbox.c.status.in_(("pending", "sending", "replying"))
        if connection.execute(select(outbox.c.id).where(same, under_way).limit(1)).first() is not None:
            raise _NotYet
        return bool(last.status == "delivered")

    async def _send(self, message: InboxMessage, article: dict[str, str], charge: Charge) -> None:
        began = self._clock()
        try:
            await self._api.send_card(message.citizen, article)
        except ApiError as error:
            # Where no answer came, the card may have arrived: it stays counted.
            if not isinstance(error, Unreachable):
                await asyncio.to_thread(self._ledger.refund, message.conversation_id, charge)
            if isinstance(error, CardRefused):
                if self.accepted:
                    logger.warning("answers go without cards: the platform refuses them (%s)", error)
                self.accepted = False
            elif isinstance(error, NotAuthorised | OperatorNeeded | TooOften):
                self._courier.heed(error)
            elif isinstance(error, NextMessageOnly):
                await asyncio.to_thread(self._shut, message, began)
            else:
                logger.info("the answer to message %d stays without its card: %s", message.id, error)
        else:
            self._courier.heed(None)

    def _shut(self, message: InboxMessage, since: float) -> None:
        with self._engine.begin() as connection:
            self._ledger.shut(connection, message.conversation_id, since)
