"""The stand-in keeps to WeCom's rules, whatever the channel does."""

from typing import Any

import httpx
import pytest

from bot.gateway.wechat.api import ApiError, Connection, Unreachable
from bot.gateway.wecom.simulator import KfServer
from bot.gateway.wecom.simulator.standing import ASSISTANT, ENDED, NEW, PERSON, POOL, WINDOW

from ..support import Now
from .kf_world import CITIZEN, CORPID, OPEN_KFID, SECRET, make_server


class Caller:
    """Calls the server API by hand."""

    def __init__(self, server: KfServer) -> None:
        self.server = server
        self._connection = Connection("http://wecom", httpx.ASGITransport(server.app))
        self.token = ""

    async def get_token(self, corpid: str = CORPID, secret: str = SECRET) -> str:
        answer = await self._connection.get("/cgi-bin/gettoken", {"corpid": corpid, "corpsecret": secret})
        self.token = answer["access_token"]
        return self.token

    async def call(self, name: str, **body: Any) -> dict[str, Any]:
        self.token = self.token or await self.get_token()
        return await self._connection.call(f"/cgi-bin/kf/{name}", body, {"access_token": self.token})

    async def say(self, msgid: str = "m", text: str = "你好") -> None:
        content = {"msgtype": "text", "text": {"content": text}}
        await self.call("send_msg", touser=CITIZEN, open_kfid=OPEN_KFID, msgid=msgid, **content)

    async def refused(self, name: str, **body: Any) -> int:
        with pytest.raises(ApiError) as caught:
            await self.call(name, **body)
        return caught.value.code


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture
def caller(clock: Now) -> Caller:
    caller = Caller(make_server(clock, page=2))
    caller.server.standing(CITIZEN).heard(clock())
    return caller


async def code_of(work: Any) -> int:
    with pytest.raises(ApiError) as caught:
        await work
    return caught.value.code


async def test_the_same_token_is_given_out_until_its_end(caller: Caller, clock: Now) -> None:
    first = await caller.get_token()
    clock.offset = 7000.0
    assert await caller.get_token() == first
    clock.offset = 7201.0
    assert await caller.refused("sync_msg", open_kfid=OPEN_KFID) in (40014, 42001)
    assert await caller.get_token() != first


async def test_only_the_tenants_application_gets_one(caller: Caller) -> None:
    assert await code_of(caller.get_token(corpid="wwOther")) == 40013
    assert await code_of(caller.get_token(secret="wrong")) == 40001


async def test_five_messages_within_48_hours(caller: Caller, clock: Now) -> None:
    for number in range(5):
        await caller.say(f"a{number}")
    assert await code_of(caller.say("a5")) == 95001
    caller.server.standing(CITIZEN).heard(clock())
    await caller.say("a6")
    clock.offset = WINDOW
    await caller.get_token()
    assert await code_of(caller.say("a7")) == 95002


@pytest.mark.parametrize("state", [POOL, PERSON, ENDED])
async def test_only_in_two_states(caller: Caller, state: int) -> None:
    caller.server.standing(CITIZEN).state = state
    assert await code_of(caller.say()) == 95018


async def test_a_msgid_is_taken_once_and_has_a_form(caller: Caller) -> None:
    await caller.say("one")
    assert await code_of(caller.say("one")) == caller.server.known_message
    assert await code_of(caller.say(msgid="m" * 33)) == 40058
    assert await code_of(caller.say(msgid="不行")) == 40058
    assert len(caller.server.sent) == 1


async def test_a_refused_message_leaves_its_msgid_free(caller: Caller) -> None:
    caller.server.standing(CITIZEN).state = PERSON
    assert await code_of(caller.say(msgid="one")) == 95018
    caller.server.standing(CITIZEN).state = ASSISTANT
    await caller.say(msgid="one")


async def test_an_answer_that_gets_lost_is_none(caller: Caller) -> None:
    caller.server.lost = 1
    with pytest.raises(Unreachable):
        await caller.say()
    assert len(caller.server.sent) == 1


async def test_texts_and_menus_have_their_sizes(caller: Caller) -> None:
    assert await code_of(caller.say("a", "长" * 683)) == 45002
    assert await code_of(caller.say("b", "")) == 44004
    whom = {"touser": CITIZEN, "open_kfid": OPEN_KFID, "msgtype": "msgmenu"}
    item = {"type": "click", "click": {"id": "1", "content": "长" * 43}}
    menu = {"head_content": "头", "list": [item], "tail_content": "尾"}
    assert await caller.refused("send_msg", **whom, msgmenu=menu) == 40058
    item["click"] = {"id": "1", "content": "长" * 42}
    await caller.call("send_msg", **whom, msgmenu=menu)
    assert await caller.refused("send_msg", **whom, msgmenu={**menu, "head_content": "长" * 342}) == 40058
    assert caller.server.transcript.last_options(CITIZEN)[0].id == "1"


async def test_strangers_are_sent_nothing(caller: Caller) -> None:
    content = {"msgtype": "text", "text": {"content": "你好"}}
    assert await caller.refused("send_msg", touser="wmNobody", open_kfid=OPEN_KFID, **content) == 40096
    assert await caller.refused("send_msg", touser=CITIZEN, open_kfid="wkOther", **content) == 95000


async def test_pages_follow_each_other_and_end(caller: Caller, clock: Now) -> None:
    for number in range(5):
        caller.server.add({"n": number})
    found, cursor, more = [], "", 1
    while more:
        at = {"cursor": cursor} if cursor else {}
        answer = await caller.call("sync_msg", open_kfid=OPEN_KFID, limit=1000, **at)
        cursor, more = answer["next_cursor"], answer["has_more"]
        found += [entry["n"] for entry in answer["msg_list"]]
    assert found == list(range(5))
    clock.offset = 3 * 24 * 3600.0 + 1
    caller.token = await caller.get_token()
    answer = await caller.call("sync_msg", open_kfid=OPEN_KFID)
    assert answer["msg_list"] == [], "three days are kept"


async def test_a_pull_token_lasts_ten_minutes(caller: Caller, clock: Now) -> None:
    token = caller.server.pull_token()
    await caller.call("sync_msg", open_kfid=OPEN_KFID, token=token)
    clock.offset = 600.0
    assert await caller.refused("sync_msg", open_kfid=OPEN_KFID, token=token) == 95007
    assert await caller.refused("sync_msg", open_kfid=OPEN_KFID, token="made-up") == 95007


async def test_a_welcome_code_is_good_once_and_for_a_moment(caller: Caller, clock: Now) -> None:
    standing = caller.server.standing("wmNew")
    content = {"msgtype": "text", "text": {"content": "您好"}}
    code = standing.entered(clock())
    clock.offset = 20.0
    assert await caller.refused("send_msg_on_event", code=code, msgid="a", **content) == 40029
    code = standing.entered(clock())
    await caller.call("send_msg_on_event", code=code, msgid="b", **content)
    assert await caller.refused("send_msg_on_event", code=code, msgid="c", **content) == 40029
    assert standing.entered(clock()) == "", "once in 48 hours"
    assert caller.server.standing(CITIZEN).entered(clock()) == "", "who wrote is not welcomed"


async def test_states_follow_each_other_only_as_they_may(caller: Caller, clock: Now) -> None:
    whose = {"open_kfid": OPEN_KFID, "external_userid": CITIZEN}
    assert (await caller.call("service_state/get", **whose))["service_state"] == NEW
    await caller.call("service_state/trans", **whose, service_state=ASSISTANT)
    assert await caller.refused("service_state/trans", **whose, service_state=NEW) == 95016
    await caller.call("service_state/trans", **whose, service_state=PERSON)
    assert await caller.refused("service_state/trans", **whose, service_state=ASSISTANT) == 95016
    await caller.call("service_state/trans", **whose, service_state=ENDED)
    caller.server.standing(CITIZEN).heard(clock())
    assert (await caller.call("service_state/get", **whose))["service_state"] == NEW
