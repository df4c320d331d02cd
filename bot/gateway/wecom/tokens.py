"""The access token of an application in WeCom."""

import hashlib
import time
from typing import Any

from sqlalchemy.engine import Engine

from bot.gateway.settings import Clock
from bot.gateway.wechat.api import Connection
from bot.gateway.wechat.tokens import SharedToken


class CorpToken(SharedToken):
    """One application's; each has its own.

    Source: WeCom's page "获取access_token" (`gettoken`): valid for 7200 seconds; asked again within them WeCom gives
    the same one, so that nothing is gained by asking early, and too many calls are refused.

    Args:
        engine: the database, with `tables.metadata` in it.
        connection: WeCom.
        corpid, secret: the tenant and the application.
        clock: the present as epoch seconds.
    """

    def __init__(
        self, engine: Engine, connection: Connection, corpid: str, secret: str, clock: Clock = time.time
    ) -> None:
        application = hashlib.sha256(secret.encode()).hexdigest()[:16]
        super().__init__(engine, f"{corpid[:40]}:{application}", 0.0, clock)
        self._connection = connection
        self._account = {"corpid": corpid, "corpsecret": secret}

    async def _ask(self, force: bool) -> dict[str, Any]:
        # There is no way to force it: a token that was made invalid is replaced by the next one by itself.
        return await self._connection.get("/cgi-bin/gettoken", self._account)
