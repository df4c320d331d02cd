"""The parts of WeCom's customer service, put together."""

from __future__ import annotations

import time

import httpx
from fastapi import APIRouter
from sqlalchemy.engine import Engine

from bot.gateway.outbox import Outbox
from bot.gateway.settings import Clock, WeComSettings
from bot.gateway.texts import Texts
from bot.gateway.wechat.api import Connection
from bot.gateway.wechat.budget import Ledger
from bot.gateway.wecom.api import ERRORS, KfApi
from bot.gateway.wecom.callback import Callback
from bot.gateway.wecom.cursors import Cursors
from bot.gateway.wecom.door import Door
from bot.gateway.wecom.pulling import Puller
from bot.gateway.wecom.reception import Reception, TakeIn
from bot.gateway.wecom.sending import KfSender
from bot.gateway.wecom.tokens import CorpToken


class KfChannel:
    """One customer service account.

    Args:
        engine: the database, with `tables.metadata` in it.
        settings: the account.
        take_in: the gateway's: what is pulled goes in there.
        outbox, ledger: its tables, for what comes back about messages that were sent.
        texts: the gateway's texts.
        transport: instead of the network, in tests.
        clock: the present as epoch seconds.

    Raises:
        KeyInvalid: the EncodingAESKey is not one.
    """

    def __init__(
        self,
        engine: Engine,
        settings: WeComSettings,
        take_in: TakeIn,
        outbox: Outbox,
        ledger: Ledger,
        texts: Texts,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = time.time,
    ) -> None:
        platform = Connection(settings.api_base, transport, ERRORS)
        tokens = CorpToken(engine, platform, settings.corpid, settings.secret, clock)
        self._api = KfApi(platform, tokens, settings.open_kfid)
        reception = Reception(self._api, settings, take_in, outbox, ledger, texts, clock)
        self.puller = Puller(self._api, settings, Cursors(engine, clock), reception.receive)
        self._callback = Callback(Door(settings, clock), self.puller.notice, texts)

    def sender(self, key: str, again: bool) -> KfSender:
        """What sends one attempt of the courier."""
        return KfSender(self._api, key, again)

    def router(self) -> APIRouter:
        """`/wecom`."""
        return self._callback.router()

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()


def unconnected(texts: Texts) -> APIRouter:
    """`/wecom` where no account is set up: it says so."""
    return Callback(Door(None), lambda _notice: None, texts).router()
