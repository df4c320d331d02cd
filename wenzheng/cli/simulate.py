"""``wenzheng wechat simulate``: be a citizen in WeChat without the platform, in the terminal or on a page."""

from __future__ import annotations

import argparse
import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from wenzheng.cli import simulate_kf
from wenzheng.cli.citizen import HELP, Citizen, lines
from wenzheng.cli.console import Refused, say
from wenzheng.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from bot.gateway.wechat.simulator import Platform, PlatformApi

PORT = 8100


def register(commands: Any) -> None:
    """Add ``simulate``."""
    parser = commands.add_parser(
        "simulate",
        help="像微信平台一样签名、加密、发送和重试，并显示市民会看到的回复（不给消息时逐行读取；--web 打开网页）",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("messages", nargs="*", metavar="消息")
    parser.add_argument("--openid", default="o-simulated-citizen", metavar="OPENID", help="模拟的市民")
    parser.add_argument("--subscribe", action="store_true", help="先发送一个关注事件")
    parser.add_argument("--menu", type=Path, metavar="文件", help="公众号菜单的 YAML 文件，写法见 README")
    parser.add_argument("--body", choices=("xml", "json"), default="xml", help="推送消息的格式，默认 xml")
    parser.add_argument("--web", action="store_true", help="在浏览器里像手机微信一样试用，只在本机可用")
    parser.add_argument("--kf", action="store_true", help="模拟企业微信的微信客服，而不是公众号")
    parser.add_argument("--port", type=int, default=PORT, help=f"网页的端口，默认 {PORT}")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Send the messages one after another, print what the citizen sees; exit status 1 when a reply was no good.

    With ``--web`` serve the page until Ctrl-C.
    """
    from bot.gateway.wechat.menu import MenuError, read_menu
    from bot.gateway.wechat.simulator import PlatformApi

    if arguments.kf:
        port, server = simulate_kf.api_port(settings), simulate_kf.make_server(settings)
        with _served(server.app, port):
            return asyncio.run(simulate_kf.talk(arguments.messages, arguments.openid, settings, server))
    if not settings.wechat_token:
        raise Refused(
            "没有设置 WENZHENG_WECHAT_TOKEN。启动服务和运行本命令时请设置相同的值，例如 demo-token。"
        )
    if settings.wechat_mode != "plain" and not settings.wechat_aes_key:
        raise Refused(
            f"{settings.wechat_mode} 模式需要 WENZHENG_WECHAT_AES_KEY；明文请设置 WENZHENG_WECHAT_MODE=plain。"
        )
    api = PlatformApi(settings.wechat_appid, settings.wechat_secret)
    if arguments.menu:
        try:
            api.menu = read_menu(arguments.menu)
        except MenuError as error:
            raise Refused("\n".join(error.problems)) from error
    page_port = arguments.port if arguments.web else None
    with _served_api(api, settings, page_port):
        if not arguments.web:
            return asyncio.run(_terminal(arguments, settings, api))
        with suppress(KeyboardInterrupt):
            asyncio.run(_web(arguments, settings, api))
        return 0


async def _web(arguments: argparse.Namespace, settings: Settings, api: PlatformApi) -> None:
    import uvicorn

    from bot.gateway.wechat.simulator.page import PhonePage

    with _bound(arguments.port) as listener:
        async with _client(settings) as client:
            if not await _reachable(client):
                say(f"连不上 {settings.base_url}：在服务启动之前，市民会看到公众号暂时无法提供服务。")
            citizens = {arguments.openid: "市民甲", f"{arguments.openid}-2": "市民乙"}
            facts = [
                ("回调地址", f"{settings.base_url}/wechat"),
                (
                    "消息加解密",
                    {"plain": "明文", "compatible": "兼容", "secure": "安全"}[settings.wechat_mode],
                ),
                ("消息格式", arguments.body.upper()),
                ("客服消息", _api_address(settings) or "未接入：WENZHENG_WECHAT_API_BASE 不是本机地址"),
            ]
            page = PhonePage(_platform(arguments, settings, api, client), api, citizens, facts)

            class Server(uvicorn.Server):
                def handle_exit(self, sig: int, frame: FrameType | None) -> None:
                    page.close()
                    super().handle_exit(sig, frame)

            config = uvicorn.Config(page.app, log_level="warning", ws="none", timeout_graceful_shutdown=3)
            say(f"请在浏览器打开 http://127.0.0.1:{arguments.port}/ （Ctrl-C 结束）")
            await Server(config).serve(sockets=[listener])


async def _terminal(arguments: argparse.Namespace, settings: Settings, api: PlatformApi) -> int:
    async with _client(settings) as client:
        if not await _reachable(client):
            raise Refused(f"连不上 {settings.base_url}。请先启动：make run（或 wenzheng up）")
        citizen = Citizen(_platform(arguments, settings, api, client), api, arguments.openid)
        good = True
        if arguments.subscribe:
            good &= await citizen.do(("follow", "", ""))
        async for line in lines(arguments.messages, citizen):
            if arguments.messages:
                print(f"市民：{line}")
            if (act := citizen.meant(line)) is not None:
                good &= await citizen.do(act)
    return 0 if good else 1


def _client(settings: Settings) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=settings.base_url, trust_env=False, timeout=10)


async def _reachable(client: httpx.AsyncClient) -> bool:
    try:
        await client.get("/health")
    except httpx.ConnectError:
        return False
    except httpx.HTTPError:
        return True
    return True


def _platform(
    arguments: argparse.Namespace, settings: Settings, api: PlatformApi, client: httpx.AsyncClient
) -> Platform:
    from bot.gateway.wechat.simulator import Platform

    return Platform(
        client,
        settings.wechat_token,
        settings.wechat_appid,
        settings.wechat_aes_key,
        mode=settings.wechat_mode,
        as_json=arguments.body == "json",
        api=api,
    )


def _api_address(settings: Settings) -> str:
    """The platform's server API as it is configured, if that is this machine's; else empty."""
    address = urlsplit(settings.wechat_api_base)
    ours = address.hostname in ("127.0.0.1", "localhost") and address.port
    return settings.wechat_api_base if ours else ""


@contextmanager
def _served_api(api: PlatformApi, settings: Settings, page_port: int | None) -> Iterator[None]:
    """The server API on the configured address, if that is this machine's and not the page's, which answers for it."""
    port = urlsplit(_api_address(settings)).port
    if not port or port == page_port:
        yield
        return
    with _served(api.app, port):
        yield


@contextmanager
def _served(app: FastAPI, port: int) -> Iterator[None]:
    import uvicorn

    with _bound(port) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none", lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(5)


@contextmanager
def _bound(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise Refused(
                f"端口 {port} 不能使用，可能已被占用（例如另一个模拟器）：请先结束它，或换一个端口。"
            ) from error
        yield listener
