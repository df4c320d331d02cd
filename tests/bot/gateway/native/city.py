"""A gateway, a real desk and the platform's stand-in on one database, wired as the product wires them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.engine import Connection, Engine

from bot.gateway.service import Gateway
from bot.gateway.settings import GatewaySettings, WeChatSettings
from bot.gateway.tables import inbox, outbox
from bot.gateway.tables import metadata as gateway_tables
from bot.gateway.wechat.simulator import Platform, PlatformApi
from desk import Accounts, Desk, StaffMember
from desk.accounts.passwords import Cost
from desk.ports import OutsideTool, Passing
from desk.tables import metadata as desk_tables
from wenzheng.database import open_engine

from ..support import PLAIN, TEXTS, TOKEN, FakeRasa, Now

NATIVE = replace(
    *(PLAIN,),
    native_staff=True,
    api_base="http://platform",
    agents_known_for=0.0,
    agents_asked_within=5.0,
    # Tests look by themselves.
    look_every=3600.0,
    close_every=3600.0,
)
PASSWORD = "correct horse battery"
DANGER = "我不想活了"


class Dialogue(FakeRasa):
    """Opens a handoff where a citizen asks for a person, as the actions do; else echoes."""

    desk: Desk
    after: asyncio.Event | None = None
    """Once a handoff is open, nothing is said before this."""

    async def post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        response = await super().post(body)
        sender, text = self.heard[-1]
        reason = {"转人工": "asked_for_human", DANGER: "crisis"}.get(text)
        if reason is None:
            return response
        await asyncio.to_thread(self.desk.open_handoff, sender, reason, None, "", None, text)
        if self.after:
            await self.after.wait()
        said = {
            "text": "请打 110。已为您转人工。",
            "custom": {"status": "handoff", "text": "", "reason": reason},
        }
        return 200, json.dumps([said]).encode()


@dataclass
class City:
    engine: Engine
    desk: Desk
    accounts: Accounts
    gateway: Gateway
    rasa: Dialogue
    client: httpx.AsyncClient
    api: PlatformApi
    platform: Platform
    clock: Now
    log: list[str] = field(default_factory=list)

    def rows(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(outbox).order_by(outbox.c.id)))

    def inbox(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(inbox).order_by(inbox.c.id)))

    def owner(self, conversation_id: str) -> tuple[str, str | None]:
        """Who owns it, and the name of who has it."""
        conversation = self.desk.conversation(conversation_id)
        assert conversation
        who = conversation.handoff.claimed_by if conversation.handoff else None
        return conversation.owner, who.display_name if who and conversation.owner == "staff" else None

    def said(self, conversation_id: str, author: str) -> list[str]:
        conversation = self.desk.conversation(conversation_id)
        return [each.text for each in conversation.messages if each.author == author] if conversation else []

    def staff(self, username: str, name: str, role: Any = "staff") -> StaffMember:
        return self.accounts.create(username, PASSWORD, name, "综合受理", role)

    def at_the_desk(self, member: StaffMember) -> None:
        self.accounts.sign_in(member.username, PASSWORD)
        self.desk.arrive(member)

    async def look(self) -> None:
        """What the gateway does now and then: ask the platform how conversations go on."""
        assert self.gateway._wechat.sessions
        await self.gateway._wechat.sessions.look()

    async def close(self) -> None:
        """What it does for conversations that somebody at the desk took over."""
        assert self.gateway._wechat.sessions
        await self.gateway._wechat.sessions.close()


@asynccontextmanager
async def city(
    path: Path,
    wechat: WeChatSettings = NATIVE,
    api: PlatformApi | None = None,
    as_json: bool = False,
    clock: Now | None = None,
    **desk_values: Any,
) -> AsyncIterator[City]:
    """A running city on the database in this folder; entered again, it is the next process."""
    engine = open_engine(f"sqlite:///{path / 'city.db'}")
    gateway_tables.create_all(engine)
    desk_tables.create_all(engine)
    clock, rasa = clock or Now(), Dialogue()
    api = api or PlatformApi(clock=clock)

    def deliver(connection: Connection, *said: Any) -> int | None:
        return gateway.deliver(connection, *said)

    def passing(connection: Connection, conversation_id: str) -> Passing:
        return gateway.passing(connection, conversation_id)

    dialogue = rasa.client()

    def look(conversation_id: str) -> None:
        gateway.look_outside(conversation_id)

    def told(connection: Connection, outbox_id: int) -> bool:
        return gateway.told(connection, outbox_id)

    tool = OutsideTool("公众平台客服", look, passing)
    desk = Desk(
        *(engine, None, deliver, dialogue.restart),
        clock=clock,
        is_crisis=lambda text: text == DANGER,
        told=told,
        outside=tool if wechat.native_staff else None,
        **desk_values,
    )
    rasa.desk = desk
    gateway = Gateway(
        *(engine, desk, dialogue, lambda *_: {"status": "small_talk", "text": "已记下"}),
        GatewaySettings(
            "测试市", wechat, backoff=0.01, backoff_max=0.02, poll_every=0.02, send_after_error=0.01
        ),
        TEXTS,
        transport=httpx.ASGITransport(api.app),
        clock=clock,
        is_crisis=lambda text: text == DANGER,
        outside=desk.outside,
    )
    app = FastAPI()
    for router in gateway.routers():
        app.include_router(router)
    await gateway.start()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://city") as client:
        key = "" if wechat.mode == "plain" else wechat.aes_key
        platform = Platform(
            *(client, TOKEN, wechat.appid, key),
            drop_after=wechat.hold_for * 2 / 3,
            pause=0.05,
            mode=wechat.mode,
            as_json=as_json,
            api=api,
        )
        accounts = Accounts(engine, clock=clock, cost=Cost(n=2**4, r=8, p=1))
        try:
            yield City(engine, desk, accounts, gateway, rasa, client, api, platform, clock)
        finally:
            await gateway.stop()
            engine.dispose()
