"""What the gateway's tests share: a real database file and application, a desk and a Rasa of paper."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import insert, select, update
from sqlalchemy.engine import Connection, Engine

from bot.gateway.ports import Line, Owner, Recipient
from bot.gateway.rasa_client import RasaClient
from bot.gateway.service import Gateway
from bot.gateway.settings import GatewaySettings, WeChatSettings
from bot.gateway.tables import citizens, inbox, metadata, outbox
from bot.gateway.texts import Texts, load_texts
from bot.gateway.wechat.api import Connection as PlatformConnection
from bot.gateway.wechat.api import WeChatApi
from bot.gateway.wechat.simulator import Platform, PlatformApi
from bot.gateway.wechat.tokens import StableToken
from wenzheng.database import open_engine as open_database

TOKEN = "AAAAA"
APPID = "wxba5fad812f8e6fb9"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CITIZEN = "oCitizenOne"
TEXTS = load_texts(city="测试市")

PLAIN = WeChatSettings(
    token=TOKEN,
    appid=APPID,
    secret="s",
    mode="plain",
    reply_within=3.0,
    hold_for=4.0,
    timestamp_window=300,
    starting=0.0,
)
SECURE = replace(PLAIN, mode="secure", aes_key=AES_KEY)
# For tests of answers that come late: everybody else has time enough, also on a busy machine.
IMPATIENT = replace(PLAIN, reply_within=0.15, hold_for=0.6)
PUSHING = replace(PLAIN, customer_messages=True, api_base="http://platform")


def open_engine(path: Path) -> Engine:
    engine = open_database(f"sqlite:///{path}")
    metadata.create_all(engine)
    return engine


@dataclass
class FakeDesk:
    """Owners are set by the test; everything else is noted."""

    owners: dict[str, Owner] = field(default_factory=dict)
    log: list[tuple[str, str, str]] = field(default_factory=list)
    received: list[tuple[str, str]] = field(default_factory=list)
    tells: list[str] = field(default_factory=list)
    handoffs: list[tuple[str, str, str]] = field(default_factory=list)

    drops: list[tuple[str, str]] = field(default_factory=list)
    takes: bool = True  # False: the bot has got each conversation back just now
    ticket: Any = None
    """What handoffs become."""
    rating: str | None = None
    """A text that is for the desk although the bot owns the conversation."""

    def recipient(self, conversation_id: str, text: str) -> Recipient:
        return "bot" if self.owner(conversation_id) == "bot" and text != self.rating else "desk"

    def owner(self, conversation_id: str, connection: Connection | None = None) -> Owner:
        return self.owners.get(conversation_id, "bot")

    def dropped(self, connection: Connection, conversation_id: str, text: str) -> None:
        assert connection is not None
        self.drops.append((conversation_id, text))

    def record(self, conversation_id: str, *said: Line, connection: Connection | None = None) -> None:
        assert connection is not None
        self.log += [(conversation_id, author, text) for author, text, _ in said]

    def receive(
        self, conversation_id: str, text: str, connection: Connection | None = None
    ) -> list[str] | None:
        assert connection is not None
        if not self.takes:
            return None
        self.received.append((conversation_id, text))
        return list(self.tells)

    def open_handoff(
        self,
        conversation_id: str,
        reason: Any,
        department: str | None,
        question: str,
        answer_id: str | None = None,
    ) -> Any:
        self.handoffs.append((conversation_id, reason, question))
        if self.ticket is None:
            self.owners[conversation_id] = "queue"
        return SimpleNamespace(ticket=self.ticket)


Answerer = Callable[[str, str], list[dict[str, Any]]]


class FakeRasa:
    """Rasa's REST channel: echoes, unless told otherwise. `gates` hold single messages back."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []
        self.metadata: list[dict[str, Any]] = []
        self.restarted: list[str] = []
        self.away = False
        self.answer: Answerer = lambda _sender, text: [{"text": f"答：{text}"}]
        self.gates: dict[str, asyncio.Event] = {}
        self.running: dict[str, int] = {}
        self.most_at_once: dict[str, int] = {}

    def hold(self, text: str) -> asyncio.Event:
        return self.gates.setdefault(text, asyncio.Event())

    async def post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        if self.away:
            raise ConnectionRefusedError("refused")
        sender, text = body["sender"], body["message"]
        self.running[sender] = self.running.get(sender, 0) + 1
        self.most_at_once[sender] = max(self.most_at_once.get(sender, 0), self.running[sender])
        try:
            self.heard.append((sender, text))
            self.metadata.append(body["metadata"])
            if text in self.gates:
                await self.gates[text].wait()
            return 200, json.dumps(self.answer(sender, text)).encode()
        finally:
            self.running[sender] -= 1

    def handle_sync(self, request: httpx.Request) -> httpx.Response:
        self.restarted.append(str(request.url))
        return httpx.Response(503 if self.away else 200, json={})

    def client(self) -> RasaClient:
        return RasaClient(
            "http://rasa", "t", post=self.post, sync_transport=httpx.MockTransport(self.handle_sync)
        )


def open_api(platform: PlatformApi, path: Path) -> WeChatApi:
    """The client of the platform's server API, with its token in a database in this folder."""
    connection = PlatformConnection("http://platform", httpx.ASGITransport(platform.app))
    return WeChatApi(connection, StableToken(open_engine(path / "tokens.db"), connection, APPID, "s"))


@dataclass
class World:
    engine: Engine
    desk: FakeDesk
    rasa: FakeRasa
    gateway: Gateway
    client: httpx.AsyncClient
    platform: Platform
    api: PlatformApi
    texts: Texts
    moved: list[str]

    def heard(self) -> list[str]:
        return [text for _, text in self.rasa.heard]

    def rows(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(outbox).order_by(outbox.c.id)))

    def inbox(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(inbox).order_by(inbox.c.id)))


def push(w: "World", text: str, citizen: str = CITIZEN, window_at: float | None = None) -> None:
    """Staff reply to a citizen who wrote just now, or at `window_at`."""
    at = time.time() if window_at is None else window_at
    known = {"conversation_id": f"wechat:{citizen}"}
    with w.engine.begin() as connection:
        seen = update(citizens).where(citizens.c.conversation_id == known["conversation_id"])
        if not connection.execute(seen.values(last_seen=at)).rowcount:
            row = {"channel": "wechat", "citizen": citizen, "first_seen": at, "last_seen": at}
            connection.execute(insert(citizens).values(**known, **row, message_window_at=at))
        w.gateway.deliver(connection, known["conversation_id"], "staff", text)


class Now:
    """A clock that tests can move."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset


class ByHost(httpx.AsyncBaseTransport):
    """Each platform's server at its own host."""

    def __init__(self, **apps: Any) -> None:
        self._transports = {host: httpx.ASGITransport(app) for host, app in apps.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transports[request.url.host].handle_async_request(request)


@asynccontextmanager
async def world(
    path: Path,
    wechat: WeChatSettings | None = PLAIN,
    desk: FakeDesk | None = None,
    rasa: FakeRasa | None = None,
    clock: Callable[[], float] | None = None,
    enforce: bool = False,
    is_crisis: Callable[[str], bool] = lambda _text: False,
    expect: Callable[[str], None] = lambda _text: None,
    servers: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """A running gateway on the database in this folder; entered again, it is the next process.

    ``enforce``: the platform keeps the account to the windows and numbers of customer messages. ``servers``: other
    platforms, by host.
    """
    engine = open_engine(path / "gateway.db")
    desk, rasa, api = (
        desk or FakeDesk(),
        rasa or FakeRasa(),
        PlatformApi(**({"clock": clock} if clock else {})),
    )
    moved: list[str] = []
    chosen = {"backoff": 0.01, "backoff_max": 0.02, "poll_every": 0.02, "send_after_error": 0.01, **settings}
    gateway = Gateway(
        engine,
        desk,
        rasa.client(),
        lambda _conversation, place, _message: {"status": "small_talk", "text": f"已记下：{place}"},
        GatewaySettings(city="测试市", wechat=wechat, **chosen),
        TEXTS,
        transport=ByHost(platform=api.app, **(servers or {})),
        moved=moved.append,
        is_crisis=is_crisis,
        expect=expect,
        **({"clock": clock} if clock else {}),
    )
    app = FastAPI()
    for router in gateway.routers():
        app.include_router(router)
    await gateway.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://city") as client:
        key = wechat.aes_key if wechat and wechat.mode == "secure" else ""
        # The platform hangs up before a request that is held is let go.
        drop_after = wechat.hold_for * 2 / 3 if wechat else 5.0
        platform = Platform(
            client, TOKEN, APPID, key, drop_after=drop_after, pause=0.05, api=api if enforce else None
        )
        try:
            yield World(engine, desk, rasa, gateway, client, platform, api, TEXTS, moved)
        finally:
            await gateway.stop()
            engine.dispose()


async def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until it holds; fail if it never does."""
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")
