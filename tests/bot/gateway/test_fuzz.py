"""Whatever is posted to the callback: never a server error, never a reply the platform cannot read, never too late."""

import asyncio
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from bot.gateway.wechat.messages import SUCCESS, parse_body
from bot.gateway.wechat.simulator import Platform

from .support import AES_KEY, APPID, SECURE, TOKEN, FakeRasa, World, world

BODIES = 10_000
AT_ONCE = 25
KINDS = ["text", "image", "voice", "video", "shortvideo", "location", "link", "event", "music", ""]
EVENTS = ["subscribe", "unsubscribe", "SCAN", "CLICK", "VIEW", "LOCATION", "kf_create_session", ""]
FIELDS = [
    "Content",
    "MsgId",
    "Recognition",
    "Label",
    "EventKey",
    "bizmsgmenuid",
    "Title",
    "CreateTime",
    "Encrypt",
]
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><xml><FromUserName>&b;</FromUserName></xml>'

ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz",
    "问政公积金怎么提取，。？",
    "<>&]![CDATA/\"'{}\\%",
    "\x00\x0b\x1f\x7f\x85\u200b\u2028\ufeff\ufffe\U0001f600\U000e0001",
    "\ud83d\udc00",
]
PIECES = ["ask:问", "qrscene_ask:问", "]]>", "0", "-1", "9" * 40, "/restart", "", "继续", "问" * 3000]
BODIES_OF_NOTHING = [b"", b"{", b"[]", b"<xml/>", b"{}" * 10, BOMB, b"[" * 5000, b"<a>" * 3000, b"x" * 70_000]
WAYS = ["plain"] * 4 + ["sealed"] * 4 + ["bad signature", "unsigned", "stale"]


class Fuzz(random.Random):
    """Makes bodies, from what the platform might send to nonsense."""

    def text(self) -> str:
        if self.random() < 0.3:
            return self.choice(PIECES)
        alphabet = self.choice(ALPHABETS)
        return "".join(self.choices(alphabet, k=self.randrange(40)))

    def value(self) -> Any:
        odd = self.choice([None, True, 0, -1, 10**30, 1.5, {"a": [1]}, []])
        return odd if self.random() < 0.2 else self.text()

    def fields(self) -> dict[str, Any]:
        """A message's fields, most of them as they should be."""
        found: dict[str, Any] = {
            "ToUserName": "gh_1",
            "FromUserName": f"o{self.randrange(50)}" if self.random() < 0.8 else self.text(),
            "CreateTime": int(time.time()),
            "MsgType": self.choice(KINDS) if self.random() < 0.9 else self.text(),
            "Event": self.choice(EVENTS) if self.random() < 0.9 else self.text(),
            "MsgId": self.randrange(10**9),
            "Content": self.text(),
        }
        for name in self.sample(FIELDS, self.randrange(4)):
            found[name] = self.value()
        for name in self.sample(list(found), self.choice([0, 0, 0, 1])):
            del found[name]
        return found

    def body(self) -> bytes:
        kind = self.random()
        if kind < 0.05:
            return self.choice(BODIES_OF_NOTHING)
        if kind < 0.1:
            return self.randbytes(self.randrange(200))
        made = xml(self.fields()) if kind < 0.6 else as_json(self.fields())
        return made[: self.randrange(len(made))] if self.random() < 0.15 else made


def xml(found: dict[str, Any]) -> bytes:
    lines = [f"<{name}><![CDATA[{value}]]></{name}>" for name, value in found.items()]
    return f"<xml>{''.join(lines)}</xml>".encode(errors="surrogatepass")


def as_json(found: dict[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=True).encode()


@dataclass
class Callback:
    """A gateway that lives as long as the module's tests, on a loop of its own."""

    loop: asyncio.AbstractEventLoop
    world: World
    sealing: Platform
    posted: int = 0

    async def post(self, body: bytes, way: str) -> tuple[httpx.Response, float]:
        text = body.decode("latin-1") if way == "plain" else body.decode(errors="replace")
        url, sealed = self.sealing.signed(text, int(time.time()) - (10_000 if way == "stale" else 0))
        content = body if way != "sealed" else sealed.encode(errors="replace")
        if way != "sealed":
            url = url.partition("&encrypt_type")[0]
        if way == "bad signature":
            url = url.replace("signature=", "signature=0")
        if way == "unsigned":
            url = "/wechat?timestamp=%F0&nonce="
        started = time.monotonic()
        reply = await self.world.client.post(url, content=content)
        self.posted += 1
        return reply, time.monotonic() - started


@pytest.fixture(scope="module")
def callback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callback]:
    loop = asyncio.new_event_loop()
    rasa = FakeRasa()
    rasa.answer = lambda _sender, text: [{"text": f"答：{text}"}]
    account = replace(SECURE, mode="compatible")
    entered = world(tmp_path_factory.mktemp("fuzz"), account, rasa=rasa)
    inside = loop.run_until_complete(entered.__aenter__())
    running = Callback(loop, inside, Platform(inside.client, TOKEN, APPID, AES_KEY))
    yield running
    loop.run_until_complete(entered.__aexit__(None, None, None))
    loop.close()


def check(callback: Callback, body: bytes, way: str, reply: httpx.Response, seconds: float) -> None:
    assert seconds < 5, body
    assert reply.status_code in (200, 400, 403, 413), (body, reply.text)
    if reply.status_code != 200:
        problem = reply.json()
        assert problem["error"]
        assert problem["message"]
        return
    assert way in ("plain", "sealed")
    if reply.text == SUCCESS:
        return
    said = parse_body(reply.content, 1 << 20).fields
    if way == "sealed":
        cipher = callback.sealing._cipher
        assert cipher is not None
        said = parse_body(cipher.decrypt(said["Encrypt"]).encode(), 1 << 20).fields
    assert said["MsgType"] == "text"
    assert said["FromUserName"] == "gh_1"
    assert 0 < len(said["Content"].encode()) <= 2048


def test_ten_thousand_bodies_each_get_a_valid_reply_in_time(callback: Callback) -> None:
    async def post_all(posted: list[tuple[bytes, str]]) -> list[tuple[httpx.Response, float]]:
        return await asyncio.gather(*(callback.post(body, way) for body, way in posted))

    fuzz = Fuzz(20261124)
    for _ in range(BODIES // AT_ONCE):
        posted = [(fuzz.body(), fuzz.choice(WAYS)) for _ in range(AT_ONCE)]
        replies = callback.loop.run_until_complete(post_all(posted))
        for (body, way), (reply, seconds) in zip(posted, replies, strict=True):
            check(callback, body, way, reply, seconds)
    assert callback.posted >= BODIES
    assert len(callback.world.inbox()) > BODIES / 10, "many of them were messages"


def test_the_callback_still_answers(callback: Callback) -> None:
    exchange = callback.loop.run_until_complete(callback.world.platform.say("oLast", "你好"))
    assert exchange.text == "答：你好"
