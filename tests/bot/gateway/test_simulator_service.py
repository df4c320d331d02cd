"""The stand-in's customer service: who waits, who has whom, what the callback is told, and when it ends by itself."""

from typing import Any

import httpx
import pytest

from bot.gateway.wechat.messages import render
from bot.gateway.wechat.simulator import Platform, PlatformApi
from bot.gateway.wechat.simulator.answers import Refused
from bot.gateway.wechat.simulator.platform import ACCOUNT

from .support import CITIZEN, TOKEN

LI, WANG = "li@gh", "wang@gh"


class Account:
    """An account that transfers everything, and notes the events it is told of."""

    def __init__(self, reply_to_events: str = "success") -> None:
        self.now = 1_700_000_000.0
        self.events: list[str] = []
        self.reply_to_events = reply_to_events
        self.api = PlatformApi(clock=lambda: self.now)
        self.service = self.api.service
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._callback), base_url="http://city")
        self.platform = Platform(client, TOKEN, api=self.api, pause=0.0)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.api.app), base_url="http://platform"
        )

    def _callback(self, request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        if "<MsgType><![CDATA[event]]>" in body:
            self.events.append(body)
            return httpx.Response(200, text=self.reply_to_events)
        fields: dict[str, Any] = {"ToUserName": CITIZEN, "FromUserName": ACCOUNT, "CreateTime": 1}
        return httpx.Response(200, text=render(fields | {"MsgType": "transfer_customer_service"}, False))

    async def ask(self, path: str, **params: str) -> Any:
        token = (await self.client.post("/cgi-bin/stable_token", json={})).json()["access_token"]
        query = {"access_token": token, **params}
        return (await self.client.get(f"/customservice/kfsession/{path}", params=query)).json()

    async def order(self, path: str, agent: str, openid: str = CITIZEN) -> int:
        token = (await self.client.post("/cgi-bin/stable_token", json={})).json()["access_token"]
        body = {"kf_account": agent, "openid": openid}
        url = f"/customservice/kfsession/{path}"
        reply = await self.client.post(url, params={"access_token": token}, json=body)
        return int(reply.json()["errcode"])

    def seen(self) -> list[tuple[str, str, str]]:
        return [(each.side, each.kind, each.text) for each in self.api.transcript.of(CITIZEN)]


async def test_a_citizen_waits_until_an_agent_accepts_and_the_callback_goes_on_getting_messages() -> None:
    account = Account()
    account.service.set_online(LI, True)
    account.service.accepts = False
    await account.platform.say(CITIZEN, "人工")
    assert (await account.platform.say(CITIZEN, "在吗")).tries == 1
    waiting = await account.ask("getwaitcase")
    assert waiting == {"count": 1, "waitcaselist": [{"latest_time": int(account.now), "openid": CITIZEN}]}
    assert await account.ask("getsession", openid=CITIZEN) == {"createtime": 0, "kf_account": ""}
    account.service.accept(CITIZEN)
    assert await account.ask("getwaitcase") == {"count": 0, "waitcaselist": []}
    session = await account.ask("getsession", openid=CITIZEN)
    assert session == {"createtime": int(account.now), "kf_account": LI}
    assert (await account.platform.say(CITIZEN, "你好")).tries == 0
    account.service.say(CITIZEN, "请说")
    assert account.seen()[-3:] == [
        ("citizen", "text", "你好"),
        ("platform", "forwarded", LI),
        ("account", "text", "请说"),
    ]


async def test_the_callback_is_told_of_accepting_passing_on_and_ending() -> None:
    account = Account()
    account.service.set_online(LI, True)
    account.service.set_online(WANG, True)
    await account.platform.say(CITIZEN, "人工")
    account.service.switch(CITIZEN, WANG)
    account.service.close(CITIZEN)
    assert [each.statuses for each in await account.platform.deliver_events()] == [[200]] * 3
    create, switch, close = account.events
    assert "<Event><![CDATA[kf_create_session]]></Event><KfAccount><![CDATA[li@gh]]>" in create
    assert "<FromKfAccount><![CDATA[li@gh]]></FromKfAccount><ToKfAccount><![CDATA[wang@gh]]>" in switch
    assert "<Event><![CDATA[kf_close_session]]></Event><KfAccount><![CDATA[wang@gh]]>" in close
    assert await account.platform.deliver_events() == []
    assert (await account.platform.say(CITIZEN, "谢谢")).tries == 1


async def test_a_text_in_answer_to_such_an_event_is_a_mistake() -> None:
    text = {"ToUserName": CITIZEN, "FromUserName": ACCOUNT, "CreateTime": 1, "MsgType": "text"}
    account = Account(render({**text, "Content": "您好"}, False))
    account.service.set_online(LI, True)
    await account.platform.say(CITIZEN, "人工")
    with pytest.raises(ValueError, match="kf_create_session is answered"):
        await account.platform.deliver_events()


async def test_half_an_hour_without_a_word_ends_it_and_nobody_is_told() -> None:
    account = Account()
    account.service.set_online(LI, True)
    await account.platform.say(CITIZEN, "人工")
    await account.platform.deliver_events()
    account.now += 1799
    assert (await account.platform.say(CITIZEN, "还在")).tries == 0
    account.now += 1799
    account.service.say(CITIZEN, "在的")
    account.now += 1800
    assert account.service.session(CITIZEN) is None
    assert await account.platform.deliver_events() == []
    assert (await account.platform.say(CITIZEN, "你好")).tries == 1


async def test_a_conversation_is_closed_only_by_the_name_of_who_has_it() -> None:
    account = Account()
    account.service.set_online(LI, True)
    assert await account.order("close", LI) == 40003
    await account.platform.event(CITIZEN, "subscribe")
    assert await account.order("close", LI) == 65413
    await account.platform.say(CITIZEN, "人工")
    assert await account.order("close", WANG) == 65414
    assert await account.order("create", LI) == 0
    assert await account.order("close", LI) == 0
    assert account.service.session(CITIZEN) is None


async def test_who_is_online_is_told_with_how_many_they_have() -> None:
    account = Account()
    account.service.set_online(LI, True)
    account.service.set_online(WANG, False)
    await account.platform.say(CITIZEN, "人工")
    assert account.service.online() == [
        {"kf_account": LI, "kf_id": 1001, "status": 1, "accepted_case": 1},
    ]


async def test_an_agent_can_do_only_what_is_possible() -> None:
    account = Account()
    service = account.service
    service.set_online(LI, True)
    for act in (
        lambda: service.accept(CITIZEN),
        lambda: service.say(CITIZEN, "您好"),
        lambda: service.switch(CITIZEN, LI),
        lambda: service.close(CITIZEN),
    ):
        with pytest.raises(Refused):
            act()
    await account.platform.say(CITIZEN, "人工")
    with pytest.raises(Refused):
        service.switch(CITIZEN, WANG)
    assert service.session(CITIZEN)


async def test_of_many_who_wait_a_hundred_are_named() -> None:
    account = Account()
    for number in range(101):
        account.service.transfer(f"o{number}")
    waiting = await account.ask("getwaitcase")
    assert (waiting["count"], len(waiting["waitcaselist"])) == (101, 100)
    assert waiting["waitcaselist"][0]["openid"] == "o0"
