"""The stand-in's page: its API, and the page itself in a real browser at a phone's and a desk's width."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from bot.gateway.wechat.simulator import Platform, PlatformApi
from bot.gateway.wechat.simulator.page import PhonePage
from bot.gateway.wechat.simulator.transcript import UNAVAILABLE, Option
from bot.gateway.wechat.simulator.wire import Article
from tests.browser import ARGUMENTS, CHROMIUM, MARKS

from .support import CITIZEN, TOKEN, until, world

PATIENCE = 15_000  # ms
OTHER = "oCitizenTwo"
MENU = {
    "button": [
        {
            "name": "办证件",
            "sub_button": [
                {"name": "居住证", "type": "click", "key": "ask:怎么办理居住证"},
                {"name": "护照", "type": "click", "key": "ask:怎么办理护照"},
            ],
        },
        {"name": "转人工", "type": "click", "key": "ask:转人工"},
    ]
}


def page_of(client: httpx.AsyncClient) -> tuple[PhonePage, PlatformApi]:
    api = PlatformApi()
    platform = Platform(client, TOKEN, api=api, pause=0.01)
    return PhonePage(platform, api, {CITIZEN: "市民甲", OTHER: "市民乙"}, [("消息格式", "XML")]), api


@asynccontextmanager
async def asking(status: int = 200) -> AsyncIterator[tuple[httpx.AsyncClient, PlatformApi]]:
    """The page's API before a callback of paper."""
    account = httpx.MockTransport(lambda _request: httpx.Response(status, text="success"))
    async with httpx.AsyncClient(transport=account, base_url="http://city") as city:
        page, api = page_of(city)
        transport = httpx.ASGITransport(page.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield client, api


async def test_what_a_citizen_does_is_news() -> None:
    async with asking() as (client, api):
        news = (await client.get("/phone/news", params={"after": -1})).json()
        assert [one["name"] for one in news["citizens"]] == ["市民甲", "市民乙"]
        assert (news["entries"], news["menu"]) == ([], None)
        assert news["citizens"][0]["standing"] == {"follows": False}
        asked = {"openid": CITIZEN, "act": "text", "text": "你好"}
        assert (await client.post("/phone/act", json=asked)).status_code == 202
        await until(lambda: api.transcript.of(CITIZEN) and api.transcript.of(CITIZEN)[0].seconds)
        news = (await client.get("/phone/news", params={"after": news["version"]})).json()
        assert [(each["text"], each["tries"], each["statuses"]) for each in news["entries"]] == [
            ("你好", 1, [200])
        ]
        assert news["citizens"][0]["standing"]["speaking"]["left"] == 5
        news = (await client.get("/phone/news", params={"after": news["version"], "wait": 0})).json()
        assert news["entries"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ('{"openid": "oCitizenOne"}', 400),
        ('{"openid": "oCitizenOne", "act": "text", "text": 7}', 400),
        ('{"openid": "oCitizenOne", "act": "text", "text": "' + "长" * 20_001 + '"}', 400),
        ('{"openid": "oCitizenOne", "act": "dance"}', 404),
        ('{"openid": "oSomebody", "act": "text"}', 404),
    ],
)
async def test_a_bad_request_is_explained_and_nothing_is_sent(body: str, status: int) -> None:
    async with asking() as (client, api):
        headers = {"Content-Type": "application/json"}
        reply = await client.post("/phone/act", content=body.encode(), headers=headers)
        assert reply.status_code == status
        assert reply.json()["message"]
        assert api.transcript.version == 0


async def test_an_agent_talks_with_a_citizen() -> None:
    async with asking() as (client, api):

        async def does(act: str, text: str = "", key: str = "") -> None:
            asked = {"openid": CITIZEN, "act": act, "text": text, "key": key}
            assert (await client.post("/phone/act", json=asked)).status_code == 202

        async def news() -> Any:
            return (await client.get("/phone/news", params={"after": -1})).json()

        await does("agent-say", "太早了")
        await does("agent-come", key="li@gh")
        await until(api.service.online)
        assert [each["kf_account"] for each in (await news())["agents"]] == ["li@gh"]
        api.service.accepts = False
        api.service.transfer(CITIZEN)
        await does("text", "你好")
        await until(lambda: api.transcript.of(CITIZEN)[-1].seconds)
        assert (await news())["citizens"][0]["standing"]["waits"] is True
        await does("agent-accept")
        await until(lambda: api.service.session(CITIZEN) and not api.service.events)
        await does("agent-say", "请讲")
        await until(lambda: api.transcript.of(CITIZEN)[-1].by == "agent")
        standing = (await news())["citizens"][0]["standing"]
        assert (standing["agent"], standing["waits"]) == ("li@gh", False)
        await does("agent-close")
        await until(lambda: api.service.session(CITIZEN) is None)
        assert [each.text for each in api.transcript.of(CITIZEN) if each.by == "agent"] == ["请讲"]


async def test_only_its_own_page_may_use_it() -> None:
    async with asking() as (client, _api):
        reply = await client.post("/phone/act", data={"openid": CITIZEN, "act": "text"})
        assert reply.status_code == 415
        assert (await client.get("/", headers={"Host": "evil.example"})).status_code == 400
        page = await client.get("/")
        assert "script-src" not in page.headers["content-security-policy"]
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "http://" not in page.text
        assert (await client.get("/phone/..%2fpage.py")).status_code == 404


async def test_the_server_api_is_there_too() -> None:
    async with asking() as (client, _api):
        assert (await client.post("/cgi-bin/stable_token", json={})).json()["access_token"] == "token-1"


# In the browser


@asynccontextmanager
async def phone(path: Path, width: int) -> AsyncIterator[tuple[Any, PlatformApi, Any]]:
    """The page before a real gateway."""
    from playwright.async_api import async_playwright

    async with world(path) as w:
        page, api = page_of(w.client)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            config = uvicorn.Config(page.app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                tab = await browser.new_page(viewport={"width": width, "height": 844})
                tab.set_default_timeout(PATIENCE)
                problems: list[str] = []
                tab.on("pageerror", lambda error: problems.append(str(error)))
                await tab.goto(f"http://127.0.0.1:{listener.getsockname()[1]}/")
                yield tab, api, w
                assert await tab.evaluate("document.documentElement.scrollWidth") == width
                assert problems == []
                await browser.close()
            page.close()
            server.should_exit = True
            await serving


async def say(tab: Any, text: str) -> None:
    await tab.fill("#text", text)
    await tab.press("#text", "Enter")


@pytest.mark.browser
@MARKS[1]
async def test_a_citizen_follows_asks_taps_and_leaves_on_a_phone(tmp_path: Path) -> None:
    async with phone(tmp_path, 390) as (tab, api, w):
        await tab.get_by_text("还没有关注").wait_for()
        assert not await tab.locator("#composer").is_visible()
        await tab.click("#follow")
        await tab.locator(".message.account").wait_for()
        await say(tab, "医保 <b>断缴</b>")
        answer = tab.locator(".message.account").nth(1)
        await answer.wait_for()
        assert await answer.inner_text() == "政\n答：医保 <b>断缴</b>"
        left, right = await answer.bounding_box(), await tab.locator(".message.citizen").bounding_box()
        assert left["y"] > right["y"]
        assert await tab.locator("aside").is_hidden()

        api.transcript.add(CITIZEN, "account", "msgmenu", "满意吗？\n满意", options=[Option("7", "满意")])
        await tab.get_by_role("button", name="满意", exact=True).click()
        await until(lambda: "满意" in w.heard())

        api.menu = MENU
        api.transcript.changed()
        await tab.locator("#menu").wait_for()
        await tab.get_by_role("button", name="切换到键盘").click()
        await tab.get_by_role("button", name="切换到菜单").click()
        assert not await tab.get_by_role("button", name="居住证").is_visible()
        await tab.get_by_role("button", name="办证件").click()
        await tab.get_by_role("button", name="居住证").click()
        await tab.get_by_text("点击菜单：居住证").wait_for()
        await until(lambda: "怎么办理居住证" in w.heard())

        await tab.click("#unfollow")
        await tab.locator("#follow").wait_for()
        assert [each.event for each in api.transcript.of(CITIZEN) if each.event] == [
            "subscribe",
            "CLICK",
            "unsubscribe",
        ]


@pytest.mark.browser
@MARKS[1]
async def test_links_are_links_and_nothing_else_of_an_account_is_markup(tmp_path: Path) -> None:
    async with phone(tmp_path, 390) as (tab, api, w):
        await tab.click("#follow")
        await tab.locator(".message.account").wait_for()
        text = (
            '<a href="https://a.example/?x=1&amp;y=2">大厅</a> <a href="javascript:alert(1)">坏</a> '
            '<img src=x onerror="document.title=1"> https://b.example/c。'
            '<a href="weixin://bizmsgmenu?msgmenucontent=再问&msgmenuid=3">再问一次</a>'
        )
        api.transcript.add(CITIZEN, "account", "text", text)
        article = Article("<i>指南</i>", "说明", "", "https://c.example/")
        api.transcript.add(CITIZEN, "account", "news", articles=[article])
        await tab.locator("a.card").wait_for()
        addresses = await tab.locator("#log a").evaluate_all("links => links.map((link) => link.href)")
        assert addresses == ["https://a.example/?x=1&y=2", "https://b.example/c", "https://c.example/"]
        assert await tab.locator("#log img, #log i").count() == 0
        assert "<img src=x" in await tab.locator(".message.account").nth(1).inner_text()
        await tab.get_by_role("button", name="再问一次").click()
        await until(lambda: "再问" in w.heard())


@pytest.mark.browser
@MARKS[1]
async def test_pictures_voice_and_places_are_sent_from_the_panel(tmp_path: Path) -> None:
    async with phone(tmp_path, 390) as (tab, api, w):
        await tab.click("#follow")
        await tab.click("#more")
        await tab.get_by_role("button", name="图片").click()
        await tab.locator(".picture").wait_for()
        await tab.click("#more")
        await tab.get_by_role("button", name="位置", exact=True).click()
        await tab.press("#dialog-input", "Enter")
        await tab.click("#voice")
        await tab.fill("#dialog-input", "医保断缴")
        await tab.locator("#dialog [value=ok]").click()
        await until(lambda: "医保断缴" in w.heard())
        await tab.click("#voice")
        await tab.get_by_role("button", name="取消", exact=True).click()
        kinds = [each.kind for each in api.transcript.of(CITIZEN) if each.side == "citizen"]
        assert sorted(kinds) == ["event", "image", "location", "voice"]


@pytest.mark.browser
@MARKS[1]
async def test_the_desk_shows_tries_times_windows_and_a_second_citizen(tmp_path: Path) -> None:
    async with phone(tmp_path, 1280) as (tab, api, w):
        await tab.click("#follow")
        await say(tab, "医保")
        row = tab.locator("#requests li").filter(has_text="文字：医保").filter(has_text="毫秒")
        await row.wait_for()
        assert "1 次 · " in await row.inner_text()
        assert "还可发 5 条，47 小时 59 分后关闭" in await tab.locator("#quota").inner_text()
        box = await tab.locator(".phone").bounding_box()
        assert box["width"] == 410  # 390 and its frame

        await tab.get_by_role("button", name="市民乙").click()
        assert await tab.locator(".message").count() == 0
        api.transcript.add(CITIZEN, "account", "text", "给甲的话")
        await tab.locator(".citizens .news").wait_for()
        await tab.click("#follow")
        await tab.locator(".message.account").wait_for()
        await tab.get_by_role("button", name="市民甲").click()
        await tab.get_by_text("给甲的话").wait_for()
        assert w.heard() == ["医保"]


@pytest.mark.browser
@MARKS[1]
async def test_the_desk_plays_the_agent_of_the_platforms_customer_service(tmp_path: Path) -> None:
    async with phone(tmp_path, 1280) as (tab, api, _w):
        await tab.click("#follow")
        await tab.get_by_role("button", name="客服上线").click()
        await tab.get_by_role("button", name="改为手动接入").click()
        await until(lambda: not api.service.accepts)
        api.service.transfer(CITIZEN)
        await tab.get_by_text("已转接到公众平台客服，等待接入").wait_for()
        await tab.get_by_role("button", name="接入", exact=True).click()
        await tab.get_by_role("button", name="客服回复").click()
        await tab.fill("#dialog-input", "请讲")
        await tab.locator("#dialog [value=ok]").click()
        said = tab.locator(".message.account").last
        await tab.get_by_text("请讲").wait_for()
        assert await said.inner_text() == "客\n请讲"
        await say(tab, "你好")
        await tab.get_by_text("消息由公众平台客服（kf2001@gh_simulator）接收").wait_for()
        await tab.get_by_role("button", name="结束会话").click()
        await until(lambda: api.service.session(CITIZEN) is None)
        await tab.get_by_role("button", name="客服回复").wait_for(state="hidden")
        assert await tab.get_by_role("button", name="客服下线").is_visible()


@pytest.mark.browser
@MARKS[1]
async def test_an_account_that_is_away_is_shown_as_wechat_shows_it(tmp_path: Path) -> None:
    async with phone(tmp_path, 1280) as (tab, _api, w):
        await tab.click("#follow")
        await tab.locator(".message.account").wait_for()
        w.client._transport = httpx.MockTransport(lambda _request: httpx.Response(502))
        await say(tab, "医保")
        await tab.get_by_text(UNAVAILABLE).wait_for()
        row = tab.locator("#requests li").filter(has_text="文字：医保").filter(has_text="毫秒")
        assert "3 次 · " in await row.inner_text()
        assert "回调的状态：502、502、502" in await row.inner_text()
