"""The stand-in's server API: tokens, and the rules of customer messages on a clock that is moved."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.gateway.wechat.simulator import Platform, PlatformApi
from bot.gateway.wechat.simulator.transcript import Option, options_in

from .support import APPID, CITIZEN, PUSHING, TOKEN, until, world

HOUR = 3600.0
LIST = [{"id": "101", "content": "满意"}, {"id": "102", "content": "不满意"}]
ARTICLE = {"title": "居住证", "description": "怎么办", "url": "http://u", "picurl": "http://p"}


class Account:
    """An account that talks with the stand-in, and its citizens."""

    def __init__(self, attached: bool = True, **settings: Any) -> None:
        self.now = 1_700_000_000.0
        self.api = PlatformApi(clock=lambda: self.now, **settings)
        silent = httpx.MockTransport(lambda _request: httpx.Response(200, text="success"))
        client = httpx.AsyncClient(transport=silent, base_url="http://city")
        self.platform = Platform(client, TOKEN, api=self.api if attached else None)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.api.app), base_url="http://platform"
        )
        self.token = ""

    async def get_token(self, **body: Any) -> dict[str, Any]:
        answer = (await self._client.post("/cgi-bin/stable_token", json=body)).json()
        self.token = answer.get("access_token", self.token)
        return dict(answer)

    async def call(self, path: str, body: Any, token: str | None = None) -> int:
        if not self.token:
            await self.get_token()
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        params = {"access_token": self.token if token is None else token}
        reply = await self._client.post(path, params=params, content=content)
        assert reply.status_code == 200
        assert reply.json()["errmsg"]
        return int(reply.json()["errcode"])

    async def online(self) -> Any:
        await self.get_token()
        url = "/cgi-bin/customservice/getonlinekflist"
        return (await self._client.get(url, params={"access_token": self.token})).json()

    async def send(self, kind: str = "text", openid: str = CITIZEN, **content: Any) -> int:
        body = {"touser": openid, "msgtype": kind, kind: content or {"content": "您好"}}
        return await self.call("/cgi-bin/message/custom/send", body)

    async def sends(self, count: int) -> list[int]:
        return [await self.send() for _ in range(count)]

    async def typing(self, command: str = "Typing") -> int:
        return await self.call("/cgi-bin/message/custom/typing", {"touser": CITIZEN, "command": command})


# Tokens


async def test_a_token_stays_the_same_until_shortly_before_its_end() -> None:
    account = Account()
    assert await account.get_token() == {"access_token": "token-1", "expires_in": 7200}
    account.now += 6899
    assert await account.get_token() == {"access_token": "token-1", "expires_in": 301}
    account.now += 1
    assert (await account.get_token())["access_token"] == "token-2"
    await account.platform.say(CITIZEN, "你好")
    account.token = "token-1"
    assert await account.send() == 0
    account.now += 300
    assert await account.send() == 42001


async def test_a_forced_token_ends_the_one_before() -> None:
    account = Account(attached=False)
    await account.get_token()
    assert (await account.get_token(force_refresh=True))["access_token"] == "token-2"
    account.token = "token-1"
    assert await account.send() == 40001
    assert await account.call("/cgi-bin/message/custom/send", {}, token="") == 41001
    assert account.api.tokens == 2


@pytest.mark.parametrize(
    ("appid", "secret", "code"),
    [(APPID, "s", None), ("wxother", "s", 40013), (APPID, "wrong", 40125), ("", "", 40013)],
)
async def test_a_token_is_for_the_account_only(appid: str, secret: str, code: int | None) -> None:
    answer = await Account(appid=APPID, secret="s").get_token(appid=appid, secret=secret)
    assert answer.get("errcode") == code


# Who may be written to, and how often


async def test_alone_it_enforces_nothing() -> None:
    account = Account(attached=False)
    assert await account.sends(9) == [0] * 9
    assert await account.send(content="长" * 1000) == 0
    assert [openid for openid, _ in account.api.sent] == [CITIZEN] * 10


async def test_a_message_allows_five_in_48_hours() -> None:
    account = Account()
    await account.platform.say(CITIZEN, "你好")
    assert await account.sends(6) == [0] * 5 + [45047]
    await account.platform.say(CITIZEN, "再问")
    account.now += 48 * HOUR - 1
    await account.get_token()
    assert await account.send() == 0
    account.now += 1
    assert await account.send() == 45015
    assert len(account.api.sent) == 6


@pytest.mark.parametrize("event", ["subscribe", "SCAN", "CLICK"])
async def test_a_tap_a_scan_and_following_allow_three_in_a_minute(event: str) -> None:
    account = Account()
    await account.platform.event(CITIZEN, event, "K")
    assert await account.sends(4) == [0] * 3 + [45047]
    account.now += 60
    assert await account.send() == 45015


async def test_a_tap_on_an_option_counts_as_a_tap() -> None:
    account = Account()
    await account.platform.say(CITIZEN, "满意", option="101")
    assert await account.sends(4) == [0] * 3 + [45047]
    account.now += 60
    assert await account.send() == 45015


@pytest.mark.parametrize("event", ["VIEW", "LOCATION"])
async def test_other_events_allow_nothing(event: str) -> None:
    account = Account()
    await account.platform.event(CITIZEN, event, "http://u")
    assert await account.send() == 45015


async def test_windows_are_not_added_up() -> None:
    account = Account()
    await account.platform.say(CITIZEN, "你好")
    await account.platform.event(CITIZEN, "CLICK", "K")
    assert await account.sends(6) == [0] * 5 + [45047]
    await account.platform.event(CITIZEN, "CLICK", "K")
    assert await account.sends(4) == [0] * 3 + [45047]


async def test_who_was_never_heard_of_or_left_cannot_be_written_to() -> None:
    account = Account()
    assert await account.send() == 40003
    await account.platform.say(CITIZEN, "你好")
    await account.platform.event(CITIZEN, "unsubscribe")
    assert await account.send() == 45015
    await account.platform.event(CITIZEN, "subscribe")
    assert await account.send() == 0


async def test_an_account_without_the_permission_may_do_nothing() -> None:
    account = Account(verified=False)
    await account.platform.say(CITIZEN, "你好")
    assert await account.send() == 48001
    assert await account.typing() == 48001
    assert await account.call("/cgi-bin/menu/create", {"button": []}) == 48001
    assert (account.api.sent, account.api.menu) == ([], None)


async def test_the_gateways_late_answer_is_in_the_transcript_and_in_the_ledger(tmp_path: Path) -> None:
    async with world(tmp_path, replace(PUSHING, reply_within=0.15)) as w:
        platform = Platform(w.client, TOKEN, api=w.api)
        gate = w.rasa.hold("慢")
        assert (await platform.say(CITIZEN, "慢")).raw == "success"
        gate.set()
        await until(lambda: w.api.sent)
        story = [
            (each.side, each.by, each.text) for each in w.api.transcript.of(CITIZEN) if each.kind == "text"
        ]
        assert story == [("citizen", "", "慢"), ("account", "push", "答：慢")]
        standing = w.api.ledger.standing(CITIZEN)
        assert standing is not None
        assert standing.speaking.left == 4


# What may be sent


async def test_a_msgmenu_a_news_and_a_picture_are_shown_as_such() -> None:
    account = Account()
    await account.platform.say(CITIZEN, "你好")
    assert await account.send("msgmenu", head_content="满意吗？", list=LIST, tail_content="谢谢") == 0
    assert await account.send("news", articles=[ARTICLE]) == 0
    assert await account.send("image", media_id="M") == 0
    assert account.api.sent == [
        (CITIZEN, "满意吗？\n满意\n不满意\n谢谢"),
        (CITIZEN, "居住证\n怎么办"),
        (CITIZEN, "[image]"),
    ]
    menu, article, _picture = account.api.transcript.of(CITIZEN)[1:]
    assert (menu.kind, menu.by, menu.options) == (
        "msgmenu",
        "push",
        [Option("101", "满意"), Option("102", "不满意")],
    )
    assert [(each.title, each.url) for each in article.articles] == [("居住证", "http://u")]
    assert account.api.transcript.last_options(CITIZEN)[1].id == "102"


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("text", {"content": "长" * 683}, 45002),
        ("text", {"content": ""}, 44004),
        ("text", {"content": "长" * 682 + "ab"}, 0),
        ("msgmenu", {"head_content": "？", "list": [{"id": "a1", "content": "满意"}]}, 40035),
        ("msgmenu", {"head_content": "？", "list": [{"id": "1", "content": ""}]}, 40035),
        ("msgmenu", {"head_content": "？", "list": []}, 40035),
        ("msgmenu", {"head_content": "？"}, 47001),
        ("news", {"articles": [ARTICLE, ARTICLE]}, 45008),
        ("news", {"articles": ["x"]}, 47001),
        ("news", {"articles": [{"title": "长" * 32, "description": "长" * 128}]}, 0),
        ("news", {"articles": [{"title": "长" * 33}]}, 45003),
        ("news", {"articles": [{"title": "题", "description": "长" * 129}]}, 45004),
        ("news", {"articles": [{"title": "题", "url": "http://u/" + "长" * 339}]}, 45005),
        ("news", {"articles": [{"title": "题", "picurl": "http://u/" + "x" * 1016}]}, 45006),
        ("hologram", {"x": 1}, 40008),
    ],
)
async def test_what_the_platform_does_not_take_is_refused(
    kind: str, content: dict[str, Any], code: int
) -> None:
    account = Account()
    await account.platform.say(CITIZEN, "你好")
    assert await account.send(kind, **content) == code
    assert len(account.api.sent) == (code == 0)


async def test_an_account_may_be_without_msgmenu() -> None:
    account = Account(msgmenu=False)
    await account.platform.say(CITIZEN, "你好")
    assert await account.send("msgmenu", head_content="？", list=LIST) == 40200
    assert await account.sends(6) == [0] * 5 + [45047]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", 47001),
        (b"[]", 47001),
        (b"{}", 40008),
        (b'{"msgtype": "text", "text": {"content": "\\u4f60"}}', 40033),
    ],
)
async def test_a_bad_body_is_refused(body: bytes, code: int) -> None:
    assert await Account().call("/cgi-bin/message/custom/send", body) == code


async def test_injected_errors_come_first_and_stay_with_their_path() -> None:
    account = Account()
    await account.platform.say(CITIZEN, "你好")
    account.api.errors.append(45009)
    account.api.errors_at["/cgi-bin/message/custom/typing"].append(-1)
    assert await account.typing() == -1
    assert await account.sends(2) == [45009, 0]
    account.api.errors_at["/cgi-bin/stable_token"].append(40164)
    assert (await account.get_token())["errcode"] == 40164


# 正在输入


async def test_typing_is_shown_for_15_seconds_or_until_something_is_sent() -> None:
    account = Account()
    await account.platform.say(CITIZEN, "你好")
    assert [await account.typing(), await account.typing()] == [0, 45081]
    account.now += 15
    assert await account.typing() == 0
    await account.send()
    assert await account.typing() == 0
    assert await account.typing("CancelTyping") == 0
    assert await account.typing() == 0
    assert [each.kind for each in account.api.transcript.of(CITIZEN)].count("typing") == 4


async def test_typing_needs_a_message_shortly_before_and_a_known_command() -> None:
    account = Account()
    assert await account.typing() == 40003
    await account.platform.say(CITIZEN, "你好")
    assert await account.typing("Sleeping") == 45072
    account.now += 30.1
    assert await account.typing() == 45080
    await account.sends(5)
    assert await account.typing() == 45047


# The platform's own customer service


async def test_a_session_needs_an_agent_who_is_online() -> None:
    account = Account()
    account.api.service.agents += [
        {"kf_account": "li@gh", "status": 1, "kf_id": 1001, "accepted_case": 0},
        {"kf_account": "wang@gh", "status": 0, "kf_id": 1002, "accepted_case": 0},
    ]
    assert [each["kf_account"] for each in (await account.online())["kf_online_list"]] == ["li@gh"]
    path = "/customservice/kfsession/create"
    assert await account.call(path, {"kf_account": "li@gh", "openid": CITIZEN}) == 40003
    await account.platform.say(CITIZEN, "你好")
    assert await account.call(path, {"kf_account": "zhao@gh", "openid": CITIZEN}) == 65401
    assert await account.call(path, {"kf_account": "wang@gh", "openid": CITIZEN}) == 65415
    assert await account.call(path, {"kf_account": "li@gh", "openid": CITIZEN}) == 0
    assert (await account.platform.say(CITIZEN, "在吗")).tries == 0


# The transcript


async def test_a_transcript_tells_one_citizens_story_in_order() -> None:
    account = Account()
    await account.platform.event(CITIZEN, "subscribe")
    await account.platform.say("oOther", "别人")
    await account.platform.say(CITIZEN, "你好")
    await account.send(content="稍后")
    story = [(each.side, each.kind, each.text, each.tries) for each in account.api.transcript.of(CITIZEN)]
    assert story == [
        ("citizen", "event", "", 1),
        ("citizen", "text", "你好", 1),
        ("account", "text", "稍后", 0),
    ]
    version = account.api.transcript.version
    assert account.api.transcript.since(version) == []
    await account.send(content="又来")
    assert [each.text for each in account.api.transcript.since(version)] == ["又来"]
    await account.api.transcript.wait(version, 60)


def test_links_that_are_options_are_found_in_a_text() -> None:
    text = '请选 <a href="weixin://bizmsgmenu?msgmenucontent=%E6%BB%A1%E6%84%8F&amp;msgmenuid=7">满意</a> <a href="http://u">网页</a>'
    assert options_in(text) == [Option("7", "满意")]
