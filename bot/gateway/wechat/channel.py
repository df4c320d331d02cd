"""What is called of an official account's platform, put together. What it calls is `callback.Callback`."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import httpx
from sqlalchemy.engine import Engine

from bot.gateway.courier import Courier
from bot.gateway.inbox import InboxMessage
from bot.gateway.ports import DeskPort, OutsidePort
from bot.gateway.settings import Clock, WeChatSettings
from bot.gateway.texts import Texts
from bot.gateway.wechat.api import ApiError, Connection, WeChatApi
from bot.gateway.wechat.budget import Ledger
from bot.gateway.wechat.cards import Cards
from bot.gateway.wechat.composing import Composer
from bot.gateway.wechat.native import Agents, Sessions, Transfers
from bot.gateway.wechat.tokens import StableToken

logger = logging.getLogger(__name__)

TYPING_AT_ONCE = 8
"""Citizens who are being shown at the same time that an answer is written. What is only decoration must not grow with
the load that makes answers late."""


class WeChatChannel:
    """One official account that calls its platform.

    Args:
        engine: the database, with `tables.metadata` in it.
        account: what is configured; its `appid` and `secret` are there.
        desk: who owns a conversation.
        outside: the desk's side of the platform's own customer service, where that is used.
        ledger: what each citizen may be sent.
        make_courier: `make_courier(channel, sender=…, composer=…, menus=…)`.
        composer: makes the messages.
        texts: the gateway's texts.
        transport: instead of the network, in tests.
        clock: the present as epoch seconds.
        moved: told the conversation that a card was sent to.

    Attributes:
        courier, cards: None where the account sends no customer messages.
        agents, sessions, transfers: None where its own customer service is not used.
    """

    def __init__(
        self,
        engine: Engine,
        account: WeChatSettings,
        desk: DeskPort,
        outside: OutsidePort | None,
        ledger: Ledger,
        make_courier: Callable[..., Courier],
        composer: Composer,
        texts: Texts,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = time.time,
        moved: Callable[[str], None] = lambda _conversation_id: None,
    ) -> None:
        self._account = account
        platform = Connection(account.api_base, transport)
        self._api = api = WeChatApi(
            platform, StableToken(engine, platform, account.appid, account.secret, clock)
        )
        self._typing: set[asyncio.Task[None]] = set()
        self.courier: Courier | None = None
        self.cards: Cards | None = None
        if account.customer_messages:
            self.courier = courier = make_courier(
                "wechat", sender=lambda _key, _again: api, composer=composer, menus=account.menus
            )
            self.cards = Cards(engine, desk, api, ledger, courier, texts, account.card_after, clock, moved)
        self.agents: Agents | None = None
        self.transfers: Transfers | None = None
        self.sessions: Sessions | None = None
        if account.native_staff and outside:
            self.agents = Agents(api, account.agents_known_for, account.agents_asked_within)
            self.transfers = Transfers(outside, self.agents, clock)
            self.sessions = Sessions(
                *(api, outside, account.arrives_within, account.close_every, account.close_within, clock)
            )

    @property
    def trouble(self) -> str:
        """What the operator has to mend, as the platform names it; "" for nothing."""
        return (self.courier.trouble if self.courier else "") or (self.agents.trouble if self.agents else "")

    def start(self) -> Iterator[tuple[float, Callable[[], Awaitable[None]]]]:
        """What is to be done over and over, with the seconds in between. Call it on the event loop."""
        if self.agents and self.sessions:
            self.agents.start()
            yield self._account.look_every, self.sessions.look
            yield self._account.close_every, self.sessions.close

    async def stop(self) -> None:
        """What is under way is ended, and the connections closed."""
        await asyncio.gather(*self._typing, return_exceptions=True)
        if self.cards:
            await self.cards.stop()
        await self._api.close()

    def offer_card(self, message: InboxMessage, payloads: Sequence[dict[str, Any] | None]) -> None:
        """See `Cards.offer`."""
        if self.cards:
            self.cards.offer(message, payloads)

    def show_typing(self, citizen: str) -> None:
        """Show a citizen that an answer is being written; nothing waits for it or depends on it."""
        if self.courier is None or len(self._typing) >= TYPING_AT_ONCE:
            return
        task = asyncio.create_task(self._show_typing(citizen))
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)

    async def _show_typing(self, citizen: str) -> None:
        try:
            await self._api.show_typing(citizen)
        except ApiError as error:
            logger.info("not shown: %s", error)
