"""``wenzheng wechat …``: the account's menu; try the WeChat bridge without the platform."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from wenzheng.cli.console import Refused, say
from wenzheng.settings import Settings

if TYPE_CHECKING:
    from bot.gateway.wechat.simulator import Platform

_HINTS = {
    -1: "连不上微信平台，或平台繁忙。请检查网络和 WENZHENG_WECHAT_API_BASE，稍后再试。",
    40001: "AppSecret 不对：请检查 WENZHENG_WECHAT_SECRET（40001）。",
    40013: "AppID 不对：请检查 WENZHENG_WECHAT_APPID（40013）。",
    40125: "AppSecret 不对：请检查 WENZHENG_WECHAT_SECRET（40125）。",
    40164: "本机的出口地址不在公众号的 IP 白名单里，请在微信公众平台加上（40164）。",
    48001: "这个公众号没有自定义菜单接口的权限：需要认证，或在微信公众平台手工设置菜单（48001）。",
}
"""What to do about the platform's codes."""
NEWS_EVERY = 0.5  # seconds between looks for customer messages while the terminal waits


def register(commands: Any) -> None:
    """Add ``wechat`` and its commands."""
    group = commands.add_parser("wechat", help="微信公众号：菜单、模拟平台")
    wechat = group.add_subparsers(title="命令", metavar="命令", required=True)
    parser = wechat.add_parser(
        "simulate", help="像微信平台一样签名、加密、发送和重试，并显示市民会看到的回复（不给消息时逐行读取）"
    )
    parser.add_argument("messages", nargs="*", metavar="消息")
    parser.add_argument("--openid", default="o-simulated-citizen", metavar="OPENID", help="模拟的市民")
    parser.add_argument("--subscribe", action="store_true", help="先发送一个关注事件")
    parser.set_defaults(run=run)
    menu = wechat.add_parser("menu", help="公众号菜单")
    actions = menu.add_subparsers(title="命令", metavar="命令", required=True)
    push = actions.add_parser("push", help="检查菜单文件并发布到公众号，代替原有菜单")
    push.add_argument("file", type=Path, metavar="文件", help="YAML 文件，写法见 README")
    push.add_argument("--check", action="store_true", help="只检查，不发布")
    push.set_defaults(run=run_push)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Send the messages one after another, print what the citizen sees; exit status 1 when a reply was no good.

    Where WENZHENG_WECHAT_API_BASE is an address of this machine, the platform's server API is stood in for there, so
    that customer messages are shown too.
    """
    if not settings.wechat_token:
        raise Refused(
            "没有设置 WENZHENG_WECHAT_TOKEN。启动服务和运行本命令时请设置相同的值，例如 demo-token。"
        )
    with _server_api(settings) as sent:
        return asyncio.run(_converse(arguments, settings, sent))


def run_push(arguments: argparse.Namespace, settings: Settings) -> int:
    """Check a menu file, show it, and put it in the place of the account's menu; exit status 1 when refused there."""
    from bot.gateway.wechat.api import ApiError
    from bot.gateway.wechat.menu import MenuError, asked_by, read_menu

    try:
        menu = read_menu(arguments.file)
    except MenuError as error:
        raise Refused(
            "菜单没有发布，请先修改：\n" + "\n".join(f"- {each}" for each in error.problems)
        ) from error
    for button in menu["button"]:
        for depth, each in [(0, button), *((1, below) for below in button.get("sub_button", ()))]:
            does = asked_by(each.get("key", "")) or each.get("url", "")
            print(f"{'　' * depth}{each['name']}{f' → {does}' if does else ''}")
    if arguments.check:
        say("菜单文件没有问题。")
        return 0
    if not (settings.wechat_appid and settings.wechat_secret):
        raise Refused(
            "发布菜单要先设置 WENZHENG_WECHAT_APPID 和 WENZHENG_WECHAT_SECRET。只检查文件请加 --check。"
        )
    try:
        asyncio.run(_push(menu, settings))
    except ApiError as error:
        say(f"菜单没有发布，原有菜单没有改变。{_HINTS.get(error.code, f'微信平台的答复：{error}')}")
        return 1
    say("菜单已发布。微信里约五分钟后更新；取消关注再关注，可以马上看到。")
    return 0


async def _push(menu: dict[str, Any], settings: Settings) -> None:
    from bot.gateway.wechat.api import WeChatApi

    api = WeChatApi(settings.wechat_appid, settings.wechat_secret, settings.wechat_api_base)
    try:
        await api.create_menu(menu)
    finally:
        await api.close()


async def _converse(arguments: argparse.Namespace, settings: Settings, sent: list[tuple[str, str]]) -> int:
    from bot.gateway.wechat.simulator import Platform

    key = settings.wechat_aes_key if settings.wechat_mode != "plain" else ""
    failed = False
    async with httpx.AsyncClient(base_url=settings.base_url, trust_env=False, timeout=10) as client:
        try:
            await client.get("/health")
        except httpx.ConnectError as error:
            raise Refused(f"连不上 {settings.base_url}。请先启动：make run（或 wenzheng up）") from error
        platform = Platform(client, settings.wechat_token, settings.wechat_appid, key)
        if arguments.subscribe:
            _show((await platform.event(arguments.openid, "subscribe")).text)
        async for line in _lines(arguments.messages, sent):
            failed |= not await _send(platform, arguments.openid, line, echo=bool(arguments.messages))
            _show_news(sent)
    return 1 if failed else 0


async def _send(platform: Platform, openid: str, text: str, *, echo: bool) -> bool:
    if echo:
        print(f"市民：{text}")
    try:
        exchange = await platform.say(openid, text)
    except ValueError as error:
        say(f"回复不合平台的要求：{error}")
        return False
    if exchange.unavailable:
        print("公众号：该公众号暂时无法提供服务，请稍后再试\n")
    elif set(exchange.statuses) != {200}:
        say(
            f"回调被拒绝（{exchange.statuses[-1]}）：{exchange.raw}。请检查令牌、模式和密钥是否与运行中的服务相同。"
        )
    else:
        _show(exchange.text)
        say(f"　　（{exchange.seconds * 1000:.0f} 毫秒，第 {exchange.tries} 次请求）")
        return True
    return False


async def _lines(messages: list[str], sent: list[tuple[str, str]]) -> Any:
    if messages:
        for message in messages:
            yield message
        return
    while True:
        reading = asyncio.create_task(asyncio.to_thread(_read))
        while not reading.done():
            await asyncio.wait({reading}, timeout=NEWS_EVERY)
            _show_news(sent)
        line = reading.result()
        if line is None:
            return
        if line.strip():
            yield line


def _read() -> str | None:
    try:
        return input("市民：" if sys.stdin.isatty() else "")
    except EOFError:
        return None


def _show(text: str | None) -> None:
    if text is not None:
        print(f"公众号：{text}\n", flush=True)


def _show_news(sent: list[tuple[str, str]]) -> None:
    while sent:
        _show(sent.pop(0)[1])


@contextmanager
def _server_api(settings: Settings) -> Iterator[list[tuple[str, str]]]:
    """The platform's server API on the configured address, if that is this machine's; yields what it is sent."""
    import uvicorn

    from bot.gateway.wechat.simulator import PlatformApi

    address = urlsplit(settings.wechat_api_base)
    if address.hostname not in ("127.0.0.1", "localhost") or not address.port:
        yield []
        return
    api = PlatformApi()
    config = uvicorn.Config(api.app, "127.0.0.1", address.port, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield api.sent
    finally:
        server.should_exit = True
        thread.join(5)
