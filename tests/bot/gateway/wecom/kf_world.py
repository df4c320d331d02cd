"""A running gateway with WeCom's stand-in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.gateway.settings import WeComSettings
from bot.gateway.tables import kf_cursors
from bot.gateway.wecom.simulator import KfPlatform, KfServer

from ..support import AES_KEY, World, world

CORPID = "wwcity0000000000001"
SECRET = "kf-secret"
TOKEN = "kfToken"
OPEN_KFID = "wkCityAccount"
CITIZEN = "wmCitizenOne"
CONVERSATION = f"kf:{CITIZEN}"

ACCOUNT = WeComSettings(
    corpid=CORPID,
    secret=SECRET,
    token=TOKEN,
    aes_key=AES_KEY,
    open_kfid=OPEN_KFID,
    api_base="http://wecom",
    pull_every=60.0,
    pull_again_after=0.02,
)


@dataclass
class KfWorld:
    w: World
    server: KfServer
    wecom: KfPlatform

    def said(self, citizen: str = CITIZEN) -> list[str]:
        """What a citizen was sent."""
        return [text for who, text in self.server.sent if who == citizen]

    def statuses(self) -> list[str]:
        return [row.status for row in self.w.rows()]

    def texts(self) -> list[str]:
        """What was taken into the inbox."""
        return [row.text for row in self.w.inbox()]

    def cursor(self) -> str:
        """Up to which entry everything is stored."""
        with self.w.engine.connect() as connection:
            stored = connection.execute(select(kf_cursors.c.cursor)).scalar() or ""
        return stored.rpartition("-")[2]

    def calls(self, name: str) -> int:
        return self.server.calls.count(name)


def make_server(clock: Callable[[], float] | None = None, **more: Any) -> KfServer:
    return KfServer(CORPID, SECRET, OPEN_KFID, **more, **({"clock": clock} if clock else {}))


@asynccontextmanager
async def kf_world(
    path: Path, server: KfServer | None = None, account: WeComSettings = ACCOUNT, **settings: Any
) -> AsyncIterator[KfWorld]:
    """Entered again with the same folder and server, it is the next process."""
    server = server or make_server(settings.get("clock"))
    chosen = {"wechat": None, **settings}
    async with world(path, servers={"wecom": server.app}, wecom=account, **chosen) as w:
        platform = KfPlatform(w.client, server, CORPID, TOKEN, AES_KEY)
        yield KfWorld(w, server, platform)


def account(**changes: Any) -> WeComSettings:
    return replace(ACCOUNT, **changes)
