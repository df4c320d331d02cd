"""The web process over HTTP: what is sent to it, and what becomes of what it sends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from actions import backend as module
from actions.backend import Backend, BackendError, Conflict, NotFound, OutOfRange

ANSWER = {"status": "answered", "text": "带身份证。"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(handle: Handler) -> AsyncIterator[Backend]:
    """A server of ours in the web process's place, and a client of it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as running:
        backend = Backend(str(running.make_url("/")), "secret")
        try:
            yield backend
        finally:
            await backend.close()


def always(status: int, body: Any) -> Handler:
    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    return handle


async def test_every_call_shows_the_token_and_keeps_the_connection() -> None:
    heard: list[tuple[str, Any, Any]] = []

    async def handle(request: web.Request) -> web.Response:
        heard.append((request.headers["Authorization"], await request.json(), request.transport))
        return web.json_response(ANSWER)

    async with server(handle) as backend:
        assert await backend.answer("要带什么", "web:甲", message_id="7") == ANSWER
        await backend.answer("要带什么", "web:甲", choice=2)
    assert heard[0][:2] == (
        "Bearer secret",
        {"question": "要带什么", "conversation_id": "web:甲", "message_id": "7"},
    )
    assert heard[1][1]["choice"] == 2
    assert heard[0][2] is heard[1][2]


async def test_numbers_and_conversations_arrive_as_they_are() -> None:
    heard: list[tuple[str, str, dict[str, str]]] = []

    async def handle(request: web.Request) -> web.Response:
        heard.append((request.method, request.raw_path.partition("?")[0], dict(request.query)))
        return web.json_response({"number": "1", "tickets": []})

    async with server(handle) as backend:
        await backend.reopen_ticket("web:1", "甲/1?", "还没修好")
        await backend.tickets("web:甲&1", "GD 1")
    assert heard == [
        ("POST", "/api/tickets/%E7%94%B2%2F1%3F/reopen", {}),
        ("GET", "/api/tickets", {"conversation_id": "web:甲&1", "number": "GD 1"}),
    ]


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (409, Conflict), (422, OutOfRange), (500, BackendError)]
)
async def test_a_refusal_says_which_and_in_whose_words(status: int, kind: type[BackendError]) -> None:
    async with server(always(status, {"detail": "该工单不能重新办理。"})) as backend:
        with pytest.raises(BackendError) as caught:
            await backend.answer("问", "web:1")
    assert type(caught.value) is kind
    assert caught.value.detail == "该工单不能重新办理。"


@pytest.mark.parametrize(
    "body", [[], {"status": "unheard of", "text": "x"}, {"status": "answered", "text": ""}]
)
async def test_what_is_no_answer_is_an_error(body: Any) -> None:
    async with server(always(200, body)) as backend:
        with pytest.raises(BackendError):
            await backend.answer("问", "web:1")


async def test_late_broken_or_no_answers_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_TIMEOUT", 0.3)

    async def late(_request: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return web.json_response(ANSWER)

    async def break_off(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async def no_json(_request: web.Request) -> web.Response:
        return web.Response(body=b"\xff<html>")

    for handle in (late, break_off, no_json):
        async with server(handle) as backend:
            with pytest.raises(BackendError):
                await backend.answer("问", "web:1")


async def test_nobody_listening_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        backend = Backend(f"http://127.0.0.1:{free.getsockname()[1]}", "secret")
        with pytest.raises(BackendError):
            await backend.latest_handoff("web:1")
        await backend.close()
