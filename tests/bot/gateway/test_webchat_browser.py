"""The citizens' page in a real browser."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from tests.browser import ARGUMENTS, CHROMIUM, MARKS

from .support import FakeRasa, World, world

PATIENCE = 15_000  # ms

pytestmark = MARKS

CLARIFY = {"status": "clarify", "text": "哪一种？", "options": [{"label": "首次申领"}, {"label": "续签"}]}
ANSWER = {
    "status": "answered",
    "text": "带身份证办理。<b>不是标签</b>",
    "sources": [{"kind": "clause", "title": "居住证办法", "article": "第三条", "quote": "原文一句"}],
}


def answer(_sender: str, text: str) -> list[dict[str, Any]]:
    payload = CLARIFY if text == "居住证" else ANSWER
    return [{"text": payload["text"], "custom": payload}]


@asynccontextmanager
async def chat(path: Path) -> AsyncIterator[tuple[World, Any]]:
    from playwright.async_api import async_playwright

    rasa = FakeRasa()
    rasa.answer = answer
    async with world(path, rasa=rasa) as w:
        app = w.client._transport.app  # type: ignore[attr-defined]
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                page = await browser.new_page(viewport={"width": 390, "height": 844})
                page.set_default_timeout(PATIENCE)
                problems: list[str] = []
                page.on("pageerror", lambda error: problems.append(str(error)))
                await page.goto(f"http://127.0.0.1:{listener.getsockname()[1]}/")
                yield w, page
                assert problems == []
                await browser.close()
            server.should_exit = True
            await serving


async def ask(page: Any, text: str) -> None:
    await page.fill("#text", text)
    await page.press("#text", "Enter")


async def test_options_are_buttons_sources_are_cards_and_answers_can_be_rated(tmp_path: Path) -> None:
    async with chat(tmp_path) as (w, page):
        await ask(page, "居住证")
        await page.get_by_role("button", name="续签").click()
        card = page.locator(".card")
        await card.wait_for()
        assert "《居住证办法》 第三条" in await card.inner_text()
        assert "<b>不是标签</b>" in await page.locator(".message.bot").last.inner_text()
        await page.get_by_role("button", name="没帮助").click()
        await page.locator(".message.citizen", has_text="没帮助").wait_for()
        await page.locator(".message.bot").nth(3).wait_for()
        assert w.heard() == ["居住证", "2", "没帮助"]
        assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_options_stay_while_a_form_goes_on_and_go_once_a_person_speaks(tmp_path: Path) -> None:
    async with chat(tmp_path) as (w, page):
        go_on = {"status": "small_talk", "text": "方便留个电话吗？", "options": []}
        w.rasa.answer = lambda _sender, _text: [
            {"text": said["text"], "custom": said} for said in (CLARIFY, go_on)
        ]
        await ask(page, "居住证")
        await page.get_by_text("方便留个电话吗？").wait_for()
        assert await page.get_by_role("button", name="续签").is_enabled()
        conversation = w.inbox()[0].conversation_id
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, conversation, "system", "工作人员已接入")
        await page.get_by_text("工作人员已接入").wait_for()
        assert await page.get_by_role("button", name="续签").count() == 0


async def test_what_is_typed_without_a_connection_arrives_once_when_it_is_back(tmp_path: Path) -> None:
    async with chat(tmp_path) as (w, page):
        await page.context.set_offline(True)
        await page.locator("#status.bad").wait_for()
        await ask(page, "断网时的问题")
        await page.locator(".note.bad").wait_for()
        assert w.heard() == []
        await page.context.set_offline(False)
        await page.locator(".card").wait_for()
        assert w.heard() == ["断网时的问题"]
        await page.locator("#status").wait_for(state="hidden")
        await page.reload()
        await page.locator(".card").wait_for()
        assert await page.locator(".message.citizen").count() == 1
        assert w.heard() == ["断网时的问题"]


async def test_the_large_type_is_kept(tmp_path: Path) -> None:
    async with chat(tmp_path) as (_w, page):
        size = "parseFloat(getComputedStyle(document.querySelector('.bubble')).fontSize)"
        assert await page.evaluate(size) >= 18
        await page.click("#large")
        await page.reload()
        assert await page.evaluate(size) >= 24
