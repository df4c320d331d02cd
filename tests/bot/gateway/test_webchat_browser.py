"""The citizens' page in a real browser."""

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.browser import ARGUMENTS, CHROMIUM, MARKS, OVERLAPS

from .support import FakeRasa, World, world

PATIENCE = 15_000  # ms

pytestmark = MARKS

CLARIFY = {"status": "clarify", "text": "哪一种？", "options": [{"label": "首次申领"}, {"label": "续签"}]}
ANSWER = {
    "status": "answered",
    "text": "带身份证办理。<b>不是标签</b>",
    "sources": [{"kind": "clause", "title": "居住证办法", "article": "第三条", "quote": "原文一句"}],
}


GUIDE = {
    "kind": "faq",
    "title": "怎么办理居住证",
    "quote": "带身份证。",
    "url": "https://www.example.gov.cn/apply",
}
RULE = {"kind": "clause", "title": "居住证办法", "article": "第三条", "quote": "原文一句"}


def answer(_sender: str, text: str) -> list[dict[str, Any]]:
    payload = CLARIFY if text == "居住证" else ANSWER
    return [{"text": payload["text"], "custom": payload}]


@asynccontextmanager
async def chat(path: Path, width: int = 390) -> AsyncIterator[tuple[World, Any]]:
    from playwright.async_api import async_playwright

    rasa = FakeRasa()
    rasa.answer = answer
    async with world(path, rasa=rasa, pictures=path) as w:
        app = w.client._transport.app  # type: ignore[attr-defined]
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
                page = await browser.new_page(viewport={"width": width, "height": 844})
                page.set_default_timeout(PATIENCE)
                problems: list[str] = []
                page.on("pageerror", lambda error: problems.append(str(error)))
                await page.goto(f"http://127.0.0.1:{listener.getsockname()[1]}/")
                yield w, page
                assert problems == []
                await browser.close()
            server.should_exit = True
            await serving


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 32, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress((b"\0" + b"\x0b\x3d\x66" * 64) * 32))
    + _chunk(b"IEND", b"")
)


LOADED = "document.querySelector('.card img').naturalWidth === 64"


async def ask(page: Any, text: str) -> None:
    await page.fill("#text", text)
    await page.press("#text", "Enter")


async def test_options_are_buttons_sources_are_shown_and_answers_can_be_rated(tmp_path: Path) -> None:
    async with chat(tmp_path) as (w, page):
        await ask(page, "居住证")
        await page.get_by_role("button", name="续签").click()
        source = page.locator(".source")
        await source.wait_for()
        assert "《居住证办法》 第三条" in await source.inner_text()
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
        await page.locator(".source").wait_for()
        assert w.heard() == ["断网时的问题"]
        await page.locator("#status").wait_for(state="hidden")
        await page.reload()
        await page.locator(".source").wait_for()
        assert await page.locator(".message.citizen").count() == 1
        assert w.heard() == ["断网时的问题"]


async def test_the_large_type_is_kept(tmp_path: Path) -> None:
    async with chat(tmp_path) as (_w, page):
        size = "parseFloat(getComputedStyle(document.querySelector('.bubble')).fontSize)"
        assert await page.evaluate(size) >= 18
        await page.click("#large")
        await page.reload()
        assert await page.evaluate(size) >= 24


@pytest.mark.parametrize("width", [390, 1280])
async def test_a_service_guide_is_a_card_with_its_picture_and_link(tmp_path: Path, width: int) -> None:
    (tmp_path / "permit.png").write_bytes(PNG)
    async with chat(tmp_path, width) as (w, page):
        picture = page.url + "pictures/permit.png"
        w.rasa.answer = lambda _sender, _text: [
            {"text": "带身份证办理。", "custom": ANSWER | {"sources": [GUIDE | {"picture": picture}, RULE]}}
        ]
        await ask(page, "居住证")
        image = page.locator(".card img")
        await image.wait_for()
        assert await image.get_attribute("alt") == "“怎么办理居住证”的配图"
        assert await image.get_attribute("loading") == "lazy"
        await page.wait_for_function(LOADED)
        assert "怎么办理居住证" in await page.locator(".card").inner_text()
        assert await page.get_by_role("link", name="在线办理").get_attribute("href") == GUIDE["url"]
        assert await page.get_by_role("link").count() == 1
        assert "《居住证办法》 第三条" in await page.locator(".source").inner_text()
        assert await page.evaluate("document.documentElement.scrollWidth") == width
        assert await page.evaluate(OVERLAPS, ".card > *, .source, .rate, .bubble") == []


async def test_a_card_whose_picture_is_missing_or_of_another_host_goes_without(tmp_path: Path) -> None:
    async with chat(tmp_path) as (w, page):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        pictures = ("https://pictures.example/permit.png", page.url + "pictures/gone.png")
        w.rasa.answer = lambda _sender, text: [
            {"text": text, "custom": ANSWER | {"sources": [GUIDE | {"picture": pictures[int(text)]}]}}
        ]
        for number in range(2):
            await ask(page, str(number))
            await page.locator(".card").nth(number).wait_for()
        await page.wait_for_function("!document.querySelector('.card img')")
        assert await page.get_by_role("link", name="在线办理").count() == 2
        assert await page.locator(".source a").count() == 0, "the address stands once"
        assert [address for address in asked if "gone.png" in address]
        assert not [address for address in asked if "pictures.example" in address]
