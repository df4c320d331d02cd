"""``wenzheng wechat simulate --kf``: be a citizen in WeCom's customer service without WeCom, in the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from wenzheng.cli.citizen import NEWS_EVERY, read_line
from wenzheng.cli.console import Refused, say
from wenzheng.settings import Settings

if TYPE_CHECKING:
    from bot.gateway.wecom.simulator import KfPlatform, KfServer

ANSWER_WITHIN = 15.0
"""Seconds that an answer to a message given on the command line is waited for."""
_MEDIA = {"/图片": "image", "/语音": "voice", "/视频": "video", "/文件": "file"}


def api_port(settings: Settings) -> int:
    """The port at which WeCom's server API is configured to be on this machine. Raises Refused where it is not."""
    if missing := settings.wecom_missing():
        raise Refused(f"没有设置 {'、'.join(missing)}。启动服务和运行本命令时请设置相同的值。")
    address = urlsplit(settings.wecom_api_base)
    if address.hostname not in ("127.0.0.1", "localhost") or not address.port:
        raise Refused(
            "请把 WENZHENG_WECOM_API_BASE 设为本机地址和端口，例如 http://127.0.0.1:8200，启动服务时也一样。"
        )
    return address.port


def make_server(settings: Settings) -> KfServer:
    """WeCom's server API, with the tenant of the settings."""
    from bot.gateway.wecom.simulator import KfServer

    return KfServer(settings.wecom_corpid, settings.wecom_secret, settings.wecom_open_kfid)


async def talk(messages: list[str], name: str, settings: Settings, server: KfServer) -> int:
    """Send the messages, or what is typed, and print what the citizen sees; exit status 1 when nothing came back."""
    from bot.gateway.wecom.simulator import KfPlatform

    async with httpx.AsyncClient(base_url=settings.base_url, trust_env=False, timeout=10) as client:
        account = (settings.wecom_corpid, settings.wecom_token, settings.wecom_aes_key)
        citizen = KfCitizen(KfPlatform(client, server, *account), server, name)
        good = True
        async for line in _lines(messages, citizen):
            if messages:
                print(f"市民：{line}")
            good &= await citizen.do(line, ANSWER_WITHIN if messages else 0.0)
    return 0 if good else 1


class KfCitizen:
    """One citizen in the terminal.

    Args:
        platform, server: the stand-in.
        name: the citizen's external_userid.
    """

    def __init__(self, platform: KfPlatform, server: KfServer, name: str) -> None:
        self._platform = platform
        self._server = server
        self._name = name
        self._shown = 0

    async def do(self, line: str, wait: float) -> bool:
        """Do what a line says, and wait at most this long for something to come back; whether all was well."""
        command, _, rest = line.strip().partition(" ")
        before = self._shown
        options = self._server.transcript.last_options(self._name)
        if command == "/选" and not (rest.strip().isdecimal() and 1 <= int(rest) <= len(options)):
            say(f"没有第 {rest.strip()} 个选项。" if options else "还没有给出可以点选的选项。")
            return False
        try:
            await self._act(command, rest.strip(), line)
        except httpx.ConnectError:
            say("连不上服务。请先启动：make run（或 wenzheng up）")
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                while self._shown == before:
                    await asyncio.sleep(NEWS_EVERY / 5)
                    self.show_news()
        self.show_news()
        if wait and self._shown == before:
            say("　　（没有回复。请检查两边的 WENZHENG_WECOM_ 设置是否相同）")
        return not wait or self._shown > before

    def show_news(self) -> None:
        """Print what the citizen was sent and was not printed yet."""
        sent = [entry for entry in self._server.transcript.of(self._name) if entry.side == "account"]
        for entry in sent[self._shown :]:
            print(f"微信客服：{entry.text}\n", flush=True)
            for number, option in enumerate(entry.options, 1):
                say(f"　　/选 {number}　{option.label}")
        self._shown = len(sent)

    async def _act(self, command: str, rest: str, line: str) -> None:
        if command == "/进入":
            await self._platform.enter(self._name)
        elif command in _MEDIA:
            await self._platform.send(self._name, _MEDIA[command], {"media_id": "media"})
        elif command == "/位置":
            await self._platform.send(self._name, "location", {"name": rest, "address": rest})
        elif command == "/选":
            chosen = self._server.transcript.last_options(self._name)[int(rest) - 1]
            await self._platform.say(self._name, chosen.label, chosen.id)
        else:
            await self._platform.say(self._name, line)


async def _lines(messages: list[str], citizen: KfCitizen) -> AsyncIterator[str]:
    for message in messages:
        yield message
    while not messages:
        reading = asyncio.create_task(asyncio.to_thread(read_line))
        while not reading.done():
            await asyncio.wait({reading}, timeout=NEWS_EVERY)
            citizen.show_news()
        line = reading.result()
        if line is None:
            return
        if line.strip():
            yield line
