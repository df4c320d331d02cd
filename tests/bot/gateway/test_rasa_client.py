"""What the gateway understands of what Rasa answers."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.gateway.rasa_client import BotMessage, RasaAway, RasaClient, RasaSilent


@asynccontextmanager
async def server(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A server of ours in Rasa's place; its address."""
    app = web.Application()
    app.router.add_post("/webhooks/rest/webhook", handle)
    async with TestServer(app) as running:
        yield str(running.make_url("/"))


def client(status: int, body: Any) -> RasaClient:
    async def post(_body: dict[str, Any]) -> tuple[int, bytes]:
        return status, json.dumps(body).encode()

    return RasaClient("http://rasa", post=post)


async def test_each_entry_is_a_message_with_its_answer_and_what_is_none_is_left_out() -> None:
    answer = {"status": "answered", "text": "第一段\n\n第二段"}
    heard = [
        {"recipient_id": "web:x", "text": " 第一段\n\n第二段 ", "custom": answer},
        {"recipient_id": "web:x", "text": "尾"},
        {"recipient_id": "web:x", "text": ""},
        "not a message",
    ]
    assert await client(200, heard).say("web:x", "问", "1") == [
        BotMessage("第一段\n\n第二段", answer),
        BotMessage("尾"),
    ]


async def test_no_message_at_all_is_silence() -> None:
    with pytest.raises(RasaSilent):
        await client(200, []).say("web:x", "问", "1")


@pytest.mark.parametrize(("status", "body"), [(500, []), (200, {"text": "x"}), (401, [])])
async def test_anything_but_a_list_of_messages_means_that_rasa_is_away(status: int, body: Any) -> None:
    with pytest.raises(RasaAway):
        await client(status, body).say("web:x", "问", "1")


async def test_rasa_is_told_who_says_what_and_the_connection_is_kept() -> None:
    heard: list[tuple[Any, str, Any]] = []

    async def handle(request: web.Request) -> web.Response:
        heard.append((await request.json(), request.query["token"], request.transport))
        return web.json_response([{"text": "答"}])

    async with server(handle) as address:
        rasa = RasaClient(address, "t&1")
        for number in ("1", "2"):
            assert await rasa.say("web:甲", "问", number, again=number == "2") == [BotMessage("答")]
        await rasa.close()
    bodies, tokens, transports = zip(*heard, strict=True)
    assert bodies[1] == {
        "sender": "web:甲",
        "message": "问",
        "metadata": {"message_id": "2", "again": True},
    }
    assert tokens == ("t&1", "t&1")
    assert transports[0] is transports[1]


async def test_a_connection_that_breaks_off_or_an_answer_that_is_late_means_away() -> None:
    async def break_off(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async def late(_request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.json_response([])

    async def half(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Length": "100"})
        await reply.prepare(request)
        await reply.write(b'[{"text": ')
        assert request.transport is not None
        request.transport.close()
        return reply

    for handle in (break_off, late, half):
        async with server(handle) as address:
            rasa = RasaClient(address, timeout=0.3)
            with pytest.raises(RasaAway):
                await rasa.say("web:x", "问", "1")
            await rasa.close()


async def test_nobody_listening_means_away() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        rasa = RasaClient(f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(RasaAway):
            await rasa.say("web:x", "问", "1")
        await rasa.close()


async def test_restarts_share_one_client_until_the_end() -> None:
    class Transport(httpx.MockTransport):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    transport = Transport(lambda _request: httpx.Response(200, json={}))
    rasa = RasaClient("http://rasa", sync_transport=transport)
    rasa.restart("web:x")
    rasa.restart("web:y")
    assert transport.closed == 0
    await rasa.close()
    assert transport.closed == 1
