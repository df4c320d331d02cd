"""The gateway's own share of a WeChat turn: everything but the dialogue.

    .venv/bin/python -m benchmarks.gateway [--turns 500]

One process: signed and encrypted messages, each from another citizen, go through the callback, the inbox, the real
desk's questions of ownership and log, and the outbox, in a fresh database; the dialogue in between answers at once.
Measured is the application, without a network, until its reply is out (that it was handed over is noted after it). The
peer in the same run is an echo: wechatpy checks, opens, parses and seals the same requests in a FastAPI handler, and
stores nothing.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvloop
from fastapi import FastAPI, Request, Response
from wechatpy import create_reply, parse_message
from wechatpy.crypto import WeChatCrypto

from bot.gateway.rasa_client import RasaClient
from bot.gateway.service import Gateway
from bot.gateway.settings import GatewaySettings, WeChatSettings
from bot.gateway.texts import load_texts
from bot.gateway.wechat.simulator import Platform
from desk import Desk
from tests.stack.running import AES_KEY, APPID, TOKEN
from wenzheng.database import migrate, open_engine

ANSWER = {
    "status": "answered",
    "text": "在本市居住半年以上，符合有合法稳定就业、合法稳定住所、连续就读条件之一的，可以申领居住证。",
    "sources": [
        {
            "kind": "clause",
            "id": "residence-permit-2024#第八条",
            "title": "居住证管理办法",
            "article": "第八条",
        }
    ],
    "options": [],
}


class Timed:
    """An application that notes how long it takes from each request to the last byte of its response."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.milliseconds: list[float] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        started = time.perf_counter()

        async def noted(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.milliseconds.append((time.perf_counter() - started) * 1000)

        await self._app(scope, receive, noted)


def echo() -> FastAPI:
    """The peer."""
    app, crypto = FastAPI(), WeChatCrypto(TOKEN, AES_KEY, APPID)

    @app.post("/wechat")
    async def answer(request: Request) -> Response:
        query = request.query_params
        signed = (query["msg_signature"], query["timestamp"], query["nonce"])
        message = parse_message(crypto.decrypt_message(await request.body(), *signed))
        reply = create_reply(ANSWER["text"], message).render()
        return Response(crypto.encrypt_message(reply, query["nonce"]), media_type="application/xml")

    return app


def gateway(folder: Path) -> tuple[FastAPI, Gateway]:
    """The gateway with the real desk, and a dialogue that takes no time."""
    engine = open_engine(f"sqlite:///{folder / 'gateway.db'}")
    migrate(engine)
    reply = json.dumps([{"text": ANSWER["text"], "custom": ANSWER}]).encode()

    async def post(_body: dict[str, Any]) -> tuple[int, bytes]:
        return 200, reply

    made: list[Gateway] = []

    def deliver(*said: Any) -> int | None:
        return made[0].deliver(*said)

    desk = Desk(engine, None, deliver, lambda _conversation: None)
    account = WeChatSettings(TOKEN, APPID, aes_key=AES_KEY, mode="secure")
    made.append(
        Gateway(
            engine,
            desk,
            RasaClient("http://127.0.0.1", post=post),
            lambda *_place: {},
            GatewaySettings(city="澜川市", wechat=account),
            load_texts(),
        )
    )
    app = FastAPI()
    for router in made[0].routers():
        app.include_router(router)
    return app, made[0]


async def measure(app: FastAPI, turns: int) -> list[float]:
    """Milliseconds of each turn, after twenty to warm up."""
    timed = Timed(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(timed), base_url="http://city") as client:
        platform = Platform(client, TOKEN, APPID, AES_KEY)
        for number in range(turns + 20):
            exchange = await platform.say(f"o-{number}", "居住证怎么办理")
            assert exchange.text, exchange
    return timed.milliseconds[20:]


async def run(turns: int) -> dict[str, Any]:
    """Both, in turns, so that what else the machine does meets them alike."""
    ours: list[float] = []
    peers: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        app, served = gateway(Path(folder))
        await served.start()
        try:
            for _ in range(5):
                ours += await measure(app, turns // 5)
                peers += await measure(echo(), turns // 5)
        finally:
            await served.stop()
    figures = {
        name: {f"p{p}": round(float(np.percentile(spent, p)), 2) for p in (50, 95)}
        for name, spent in (("gateway_ms", ours), ("wechatpy_echo_ms", peers))
    }
    return figures | {"times": round(float(np.median(ours) / np.median(peers)), 1), "turns": len(ours)}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=500)
    # The loop that uvicorn serves on.
    print(json.dumps(uvloop.run(run(parser.parse_args().turns)), indent=2))


if __name__ == "__main__":
    main()
