"""Delivers by customer message what no reply can carry any more, or what a reply cannot show."""

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from sqlalchemy.engine import Connection

from bot.gateway.outbox import Outbox
from bot.gateway.rows import OutboxMessage
from bot.gateway.settings import Clock
from bot.gateway.wechat.api import (
    ApiError,
    CitizenGone,
    MenuRefused,
    NextMessageOnly,
    NotAsked,
    NotAuthorised,
    OperatorNeeded,
    PersonServes,
    TooLong,
    TooOften,
    Unreachable,
)
from bot.gateway.wechat.budget import BudgetSpent, Charge, Ledger
from bot.gateway.wechat.composing import Composer
from bot.gateway.wechat.splitting import PART_BYTES, split

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 3600.0
_LONGEST_PAUSE_OF_ALL = 60.0
"""Seconds in which nobody is sent anything. One attempt shows whether it is over: all the others need not wait longer
than a minute for that, however often one citizen's message was refused."""
_MENU, _TEXT = "m", "t"
"""What the key of an attempt begins with."""
_AT_ONCE = 8
"""Citizens who are sent something at the same time."""


class Sender(Protocol):
    """Sends the messages of one attempt. What it raises is in the tree of `wechat/api.py`."""

    async def send_text(self, citizen: str, text: str) -> None: ...

    async def send_menu(self, citizen: str, menu: dict[str, Any]) -> None: ...


class Courier:
    """One for each channel that is pushed to.

    Args:
        channel: whose rows it delivers.
        outbox: where the rows are.
        sender: `sender(key, again)` gives what sends one attempt. The key names it towards a platform that takes
            the same message only once; `again`: an earlier attempt with this key may have arrived.
        ledger: what each citizen may be sent.
        composer: makes the messages.
        menus: whether options may be sent as a menu.
        send_after_error: seconds until a failed row is tried again, doubled each time.
        clock: the present as epoch seconds.
        moved: told the conversation something was sent to, or could not be.

    Attributes:
        authorised: False once the platform said that the account may not send customer messages.
        menus: False once the platform refused a menu.
        trouble: what the operator has to mend, as the platform names it; "" for nothing.
    """

    def __init__(
        self,
        channel: str,
        outbox: Outbox,
        sender: Callable[[str, bool], Sender],
        ledger: Ledger,
        composer: Composer,
        menus: bool,
        send_after_error: float,
        clock: Clock = time.time,
        moved: Callable[[str], None] = lambda _conversation_id: None,
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._sender = sender
        self._ledger = ledger
        self._composer = composer
        self._pause = send_after_error
        self._clock = clock
        self._moved = moved
        self._not_before = 0.0
        self._woken = asyncio.Event()
        self.authorised = True
        self.menus = menus
        self.trouble = ""

    @property
    def is_open(self) -> bool:
        """Whether customer messages may be sent, and the platform did not ask for a pause."""
        return self.authorised and self._clock() >= self._not_before

    def turn_off(self, error: NotAuthorised) -> None:
        """The account may not send customer messages: no more are tried."""
        if self.authorised:
            logger.error("customer messages are turned off: the account may not send them (%s)", error)
        self.authorised = False

    def heed(self, error: ApiError | None) -> None:
        """Another customer message met this, or (None) was taken: what concerns the whole account holds here, too."""
        until = self._clock() + self._pause
        if error is None:
            self.trouble = ""
        elif isinstance(error, NotAuthorised):
            self.turn_off(error)
        elif isinstance(error, OperatorNeeded):
            self.trouble, self._not_before = str(error), until
            logger.error("customer messages wait for the operator: %s", error)
        elif isinstance(error, TooOften):
            self._not_before = until
            logger.warning("customer messages pause for %.0f s: %s", self._pause, error)

    def wake(self) -> None:
        """There may be something to deliver: do not wait for the next look."""
        self._woken.set()

    async def work(self, look_every: float) -> None:
        """Deliver what is due as soon as somebody wakes it, or after that many seconds."""
        # Not wait_for: it loses a cancellation that comes at the same moment, and stopping would wait for good.
        with suppress(TimeoutError):
            async with asyncio.timeout(look_every):
                await self._woken.wait()
        self._woken.clear()
        await self.deliver_due()

    async def deliver_due(self) -> int:
        """Send what is due, each citizen's rows in order; returns how many rows were sent."""
        if not self.is_open:
            return 0
        rows = await asyncio.to_thread(self._outbox.due, self._channel)
        rows.sort(key=lambda row: (row.conversation_id, row.id))
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one_citizen(own: list[OutboxMessage]) -> int:
            async with slots:
                return await self._deliver(own)

        citizens = [list(own) for _, own in itertools.groupby(rows, key=lambda row: row.conversation_id)]
        return sum(await asyncio.gather(*map(one_citizen, citizens)))

    async def _deliver(self, rows: list[OutboxMessage]) -> int:
        """One citizen's rows, as few messages as hold them; a failure keeps the later ones back."""
        sent = 0
        while rows and self.authorised:
            together = self._sent_before(rows) or self._composer.fitting(rows, self.menus)
            done = await self._send(together)
            self._moved(together[0].conversation_id)
            if not done:
                break
            sent += len(together)
            rows = rows[len(together) :]
        return sent

    def _sent_before(self, rows: list[OutboxMessage]) -> list[OutboxMessage]:
        """The first rows, where nobody knows whether their message arrived: it is sent again as it was."""
        key = rows[0].send_key
        return list(itertools.takewhile(lambda row: row.send_key == key, rows)) if key else []

    async def _send(self, rows: list[OutboxMessage]) -> bool:
        ids, conversation = [row.id for row in rows], rows[0].conversation_id
        again = rows[0].send_key is not None
        key = rows[0].send_key or self._new_key(rows)
        began = self._clock()

        def charge(connection: Connection) -> Charge:
            return self._ledger.charge(connection, conversation)

        def waits(connection: Connection) -> bool:
            return not self._ledger.acted(connection, conversation, began)

        try:
            counted = await asyncio.to_thread(self._outbox.claim_send, ids, charge, key)
        except BudgetSpent:
            await asyncio.to_thread(self._outbox.hold, ids, "no customer message left", waits)
            return False
        if counted is None:
            return False
        asked = False
        try:
            message, sender = self._message(rows, key), self._sender(key, again)
            asked = True
            await self._call(rows[0].citizen, message, sender)
        except MenuRefused as error:
            self.menus = False
            logger.warning("options are sent as numbered text: the platform refuses menus (%s)", error)
            await asyncio.to_thread(self._ledger.refund, conversation, counted)
            # As a text it is another message.
            await asyncio.to_thread(self._outbox.put_back, ids, self._clock(), str(error), refused=True)
            self.wake()
            return False
        except ApiError as error:
            await asyncio.to_thread(self._ledger.refund, conversation, counted)
            await asyncio.to_thread(self._failed, rows, error, began, again)
            return False
        except Exception:
            # Whatever it is, rows that stay "sending" would keep back all that comes after them.
            logger.exception("outbox %s is tried again later", ids)
            later = self._clock() + self._pause
            surely_not = not (again or asked)
            await asyncio.to_thread(self._outbox.put_back, ids, later, "internal error", surely_not)
            return False
        self.trouble = ""
        await asyncio.to_thread(self._outbox.sent, ids)
        return True

    def _new_key(self, rows: list[OutboxMessage]) -> str:
        """It says whether the options are sent as a menu, so that each attempt with this key is the same message."""
        form = _MENU if self.menus and len(rows) == 1 and rows[0].options else _TEXT
        return form + secrets.token_hex(12)

    def _message(self, rows: list[OutboxMessage], key: str) -> dict[str, Any] | str:
        """The menu, or the text, that is sent with this key."""
        menu = self._composer.menu(rows[0]) if key.startswith(_MENU) else None
        return menu or self._composer.together(rows)

    async def _call(self, citizen: str, message: dict[str, Any] | str, sender: Sender) -> None:
        if isinstance(message, dict):
            await sender.send_menu(citizen, message)
            return
        try:
            await sender.send_text(citizen, message)
        except TooLong:
            for part in split(message, PART_BYTES // 2):
                await sender.send_text(citizen, part)

    def _failed(self, rows: list[OutboxMessage], error: ApiError, began: float, again: bool) -> None:
        """
        Args:
            began: when it was sent (epoch seconds): what the platform says is not of what the citizen did since.
            again: an earlier attempt may have arrived, whatever this one's refusal says.
        """
        surely_not = not again and (isinstance(error, NotAsked) or not isinstance(error, Unreachable))
        ids, conversation = [row.id for row in rows], rows[0].conversation_id
        if isinstance(error, CitizenGone):
            logger.info("outbox %s is dropped: %s", ids, error)
            self._outbox.drop(conversation, str(error))
            return
        if isinstance(error, PersonServes):
            logger.info("outbox %s gives way: %s", ids, error)
            self._outbox.give_way(conversation, str(error))
            return
        if isinstance(error, NextMessageOnly):
            logger.info("outbox %s waits for the citizen's next message: %s", ids, error)
            shut = partial(self._ledger.shut, conversation_id=conversation, since=began)
            self._outbox.hold(ids, str(error), shut, surely_not)
            return
        pause = min(self._pause * 2 ** min(max(row.attempts for row in rows), 16), _LONGEST_PAUSE)
        next_try = self._clock() + pause
        all_again = self._clock() + min(pause, _LONGEST_PAUSE_OF_ALL)
        if isinstance(error, NotAuthorised):
            self.turn_off(error)
        elif isinstance(error, OperatorNeeded):
            self.trouble, self._not_before = str(error), all_again
            logger.error("customer messages wait for the operator: %s", error)
        elif isinstance(error, TooOften):
            self._not_before = all_again
            logger.warning("customer messages pause for %.0f s: %s", all_again - self._clock(), error)
        else:
            logger.warning("outbox %s is tried again later: %s", ids, error)
        self._outbox.put_back(ids, next_try, str(error), surely_not)
