"""The citizens' page and its API."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from .support import FakeRasa, until, world

ANSWER = {
    "status": "answered",
    "text": "可以补缴。",
    "sources": [{"kind": "clause", "title": "医保办法", "article": "第八条"}],
    "options": [],
}


def answering() -> FakeRasa:
    rasa = FakeRasa()
    rasa.answer = lambda _sender, _text: [{"text": ANSWER["text"], "custom": ANSWER}]
    return rasa


async def say(w: Any, text: str, message_id: str, **kwargs: Any) -> httpx.Response:
    reply: httpx.Response = await w.client.post(
        "/api/chat/messages", json={"text": text, "message_id": message_id}, **kwargs
    )
    return reply


async def news(w: Any, after: str = "", **kwargs: Any) -> dict[str, Any]:
    reply = await w.client.get("/api/chat/messages", params={"after": after}, **kwargs)
    assert reply.status_code == 200
    content: dict[str, Any] = reply.json()
    return content


async def settled(w: Any) -> dict[str, Any]:
    for _ in range(500):
        content = await news(w)
        if content["items"] and not content["state"]["busy"]:
            return content
        await asyncio.sleep(0.01)
    raise AssertionError("never answered")


async def test_the_page_names_the_city_and_remembers_the_visitor(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        page = await w.client.get("/")
        assert "测试市政务问答" in page.text
        assert 'role="log"' in page.text
        cookie = page.headers["set-cookie"].lower()
        assert "wz_citizen=" in cookie
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "set-cookie" not in (await w.client.get("/")).headers
        for name in ("chat.css", "chat.js"):
            assert (await w.client.get(f"/chat-static/{name}")).status_code == 200
        assert (await w.client.get("/chat-static/..%2Ftexts.yml")).status_code == 404


async def test_a_message_and_its_answer_are_history(tmp_path: Path) -> None:
    async with world(tmp_path, rasa=answering()) as w:
        await w.client.get("/")
        assert (await say(w, "断缴了", "m1")).status_code == 202
        items = (await settled(w))["items"]
        assert [(item["author"], item["text"]) for item in items] == [
            ("citizen", "断缴了"),
            ("bot", "可以补缴。"),
        ]
        assert items[0]["message_id"] == "m1"
        assert items[1]["payload"]["status"] == "answered"
        assert "来源：《医保办法》第八条" in items[1]["rendered"]
        assert (await news(w, items[0]["id"]))["items"] == items[1:]
        assert (await news(w, items[1]["id"]))["items"] == []


async def test_a_message_sent_again_is_not_doubled(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.client.get("/")
        for _ in range(3):
            assert (await say(w, "医保", "same")).status_code == 202
        assert len((await settled(w))["items"]) == 2
        assert w.heard() == ["医保"]


async def test_visitors_do_not_see_each_other_even_with_the_same_message_id(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.client.get("/")
        await say(w, "我的", "m1")
        await settled(w)
        w.client.cookies.clear()
        await w.client.get("/")
        assert (await news(w))["items"] == []
        await say(w, "别人的", "m1")
        assert [item["text"] for item in (await settled(w))["items"]] == ["别人的", "答：别人的"]


async def test_the_terminal_is_a_channel_of_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.client.get("/")
        await say(w, "你好", "m1", headers={"X-Wenzheng-Channel": "terminal"})
        await until(lambda: w.rasa.heard)
        assert w.rasa.heard[0][0].startswith("terminal:")
        assert (await news(w))["items"] == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"text": 1, "message_id": "m"}', "application/json"),
        (b'{"text": "x", "message_id": "a:b"}', "application/json"),
        (b'{"text": "x", "message_id": ""}', "application/json"),
        (b'{"text": "x", "message_id": "m"}', "text/plain"),
        (b'{"text": "' + b"x" * 70_000 + b'", "message_id": "m"}', "application/json"),
    ],
    ids=["broken", "list", "number", "bad-id", "empty-id", "not-json", "huge"],
)
async def test_a_bad_request_is_explained(tmp_path: Path, content: bytes, kind: str) -> None:
    async with world(tmp_path) as w:
        reply = await w.client.post("/api/chat/messages", content=content, headers={"Content-Type": kind})
        assert reply.status_code == 400
        assert reply.json()["message"]
        for after in ("x", "1", "-", "1-", "²-1"):
            assert (await w.client.get("/api/chat/messages", params={"after": after})).status_code == 400
        assert w.inbox() == []


async def test_a_visitor_with_too_many_open_questions_is_asked_to_wait(tmp_path: Path) -> None:
    async with world(tmp_path, max_waiting=2) as w:
        gate = w.rasa.hold("一")
        await w.client.get("/")
        for number, text in enumerate(["一", "二"]):
            assert (await say(w, text, f"m{number}")).status_code == 202
        assert (await say(w, "三", "m3")).status_code == 429
        gate.set()


async def test_events_bring_history_then_news_of_staff_as_they_happen(tmp_path: Path) -> None:
    async with world(tmp_path, rasa=answering()) as w:
        await w.client.get("/")
        await say(w, "断缴了", "m1")
        await settled(w)
        conversation = w.rasa.heard[0][0]
        heard: list[tuple[str, Any]] = []

        async def listen(after: str = "") -> None:
            request = w.client.build_request("GET", "/api/chat/events", params={"after": after})
            async for name, data in events(w, request):
                heard.append((name, data))

        listening = asyncio.create_task(listen())
        await until(lambda: any(name == "state" for name, _ in heard))
        assert [data["text"] for name, data in heard if name == "item"] == ["断缴了", "可以补缴。"]
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, conversation, "staff", "我是工作人员")
        await until(lambda: any(name == "item" and data["author"] == "staff" for name, data in heard))
        assert len([1 for name, _ in heard if name == "item"]) == 3
        w.gateway.stopping = True
        w.gateway.bell.ring_all()
        await asyncio.wait_for(listening, 5)


async def events(w: Any, request: httpx.Request) -> Any:
    """Read the stream straight from the application: httpx's ASGI transport waits for its end."""
    app = w.client._transport.app
    chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": request.url.path,
        "raw_path": request.url.raw_path,
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": ("city", 80),
        "client": ("citizen", 1),
        "scheme": "http",
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await chunks.put(message.get("body", b"") or None)

    running = asyncio.create_task(app(scope, receive, send))
    buffer = ""
    while (chunk := await chunks.get()) is not None:
        buffer += chunk.decode()
        while "\n\n" in buffer:
            block, _, buffer = buffer.partition("\n\n")
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "event" in fields:
                yield fields["event"], json.loads(fields["data"])
    await running


async def test_the_page_loads_nothing_from_other_hosts(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        policy = (await w.client.get("/")).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "img-src 'self' data:;" in policy
