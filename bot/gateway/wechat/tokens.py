"""An account's access token: one for all processes, fetched by one of them, kept in the database."""

import asyncio
import time
from abc import ABC, abstractmethod
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Engine

from bot.gateway.settings import Clock
from bot.gateway.tables import access_tokens, insert_missing
from bot.gateway.wechat.api import Connection, Unreachable

_FETCH_WITHIN = 15.0
"""Seconds after which a process that was fetching is taken for dead."""
_LOOK_EVERY = 0.2


class SharedToken(ABC):
    """
    Args:
        engine: the database, with `tables.metadata` in it.
        name: of the account, at most 64 characters.
        early: seconds before its end from which a token is replaced.
        clock: the present as epoch seconds.
    """

    def __init__(self, engine: Engine, name: str, early: float, clock: Clock = time.time) -> None:
        self._engine = engine
        self._name = name
        self._early = early
        self._clock = clock

    @abstractmethod
    async def _ask(self, force: bool) -> dict[str, Any]:
        """The platform's answer with `access_token` and `expires_in` in seconds.

        Args:
            force: the platform no longer takes the present one.
        """

    async def get(self, instead_of: str = "") -> str:
        """A valid token.

        Args:
            instead_of: one that the platform refused; it is replaced, unless another process has done so.

        Raises:
            ApiError: the platform gave none.
        """
        deadline = time.monotonic() + _FETCH_WITHIN
        while True:
            row = await asyncio.to_thread(self._row)
            usable = row is not None and row.token not in ("", instead_of) and row.valid_until > self._clock()
            if usable and row.valid_until - self._early > self._clock():
                return str(row.token)
            if await asyncio.to_thread(self._claim, row.token if row else ""):
                return await self._fetch(force=bool(instead_of) and not usable)
            if usable:  # another process is at it, and the present one still holds
                return str(row.token)
            if time.monotonic() > deadline:
                raise Unreachable(-1, "no access token yet")
            await asyncio.sleep(_LOOK_EVERY)

    async def _fetch(self, force: bool) -> str:
        token, lasts = "", 0.0
        try:
            answer = await self._ask(force)
            token, lasts = str(answer["access_token"]), float(answer.get("expires_in", 7200))
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(-1, "the platform's answer holds no token") from error
        finally:
            await asyncio.to_thread(self._store, token, lasts)
        return token

    def _row(self) -> Any:
        query = select(access_tokens).where(access_tokens.c.appid == self._name)
        with self._engine.connect() as connection:
            return connection.execute(query).first()

    def _claim(self, seen: str) -> bool:
        """Become the one process that fetches, unless another has replaced the token that was seen."""
        now = self._clock()
        with self._engine.begin() as connection:
            row = {"appid": self._name, "token": "", "valid_until": 0.0, "fetching_until": 0.0}
            insert_missing(connection, access_tokens, row)
            mine = update(access_tokens).where(
                access_tokens.c.appid == self._name,
                access_tokens.c.token == seen,
                access_tokens.c.fetching_until <= now,
            )
            return bool(connection.execute(mine.values(fetching_until=now + _FETCH_WITHIN)).rowcount)

    def _store(self, token: str, lasts: float) -> None:
        """Keep what was fetched ("" where nothing was), and let others fetch again."""
        fresh = {"token": token, "valid_until": self._clock() + lasts} if token else {}
        with self._engine.begin() as connection:
            same = access_tokens.c.appid == self._name
            connection.execute(update(access_tokens).where(same).values(**fresh, fetching_until=0.0))


class StableToken(SharedToken):
    """An official account's.

    Source: the platform's page "获取稳定版接口调用凭据" (`stable_token`): valid for at most 7200 seconds, of which
    the last five minutes overlap with the next one; `force_refresh` makes the present one invalid.

    Args:
        engine: the database, with `tables.metadata` in it.
        connection: the platform.
        appid, secret: the account.
        clock: the present as epoch seconds.
    """

    def __init__(
        self, engine: Engine, connection: Connection, appid: str, secret: str, clock: Clock = time.time
    ) -> None:
        super().__init__(engine, appid, 300.0, clock)
        self._connection = connection
        self._appid = appid
        self._secret = secret

    async def _ask(self, force: bool) -> dict[str, Any]:
        body = {
            "grant_type": "client_credential",
            "appid": self._appid,
            "secret": self._secret,
            "force_refresh": force,
        }
        return await self._connection.call("/cgi-bin/stable_token", body)
