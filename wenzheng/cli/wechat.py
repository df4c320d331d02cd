"""``wenzheng wechat …``: the account's menu; the platform's stand-in (:mod:`wenzheng.cli.simulate`)."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from wenzheng.cli import simulate
from wenzheng.cli.console import Refused, say
from wenzheng.settings import Settings

_HINTS = {
    -1: "连不上微信平台，或平台繁忙。请检查网络和 WENZHENG_WECHAT_API_BASE，稍后再试。",
    40001: "AppSecret 不对：请检查 WENZHENG_WECHAT_SECRET（40001）。",
    40013: "AppID 不对：请检查 WENZHENG_WECHAT_APPID（40013）。",
    40125: "AppSecret 不对：请检查 WENZHENG_WECHAT_SECRET（40125）。",
    40164: "本机的出口地址不在公众号的 IP 白名单里，请在微信公众平台加上（40164）。",
    48001: "这个公众号没有自定义菜单接口的权限：需要认证，或在微信公众平台手工设置菜单（48001）。",
}
"""What to do about the platform's codes."""


def register(commands: Any) -> None:
    """Add ``wechat`` and its commands."""
    group = commands.add_parser("wechat", help="微信公众号：菜单、模拟平台")
    wechat = group.add_subparsers(title="命令", metavar="命令", required=True)
    simulate.register(wechat)
    menu = wechat.add_parser("menu", help="公众号菜单")
    actions = menu.add_subparsers(title="命令", metavar="命令", required=True)
    push = actions.add_parser("push", help="检查菜单文件并发布到公众号，代替原有菜单")
    push.add_argument("file", type=Path, metavar="文件", help="YAML 文件，写法见 README")
    push.add_argument("--check", action="store_true", help="只检查，不发布")
    push.set_defaults(run=run_push)


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
    from bot.gateway.wechat.api import Connection, WeChatApi
    from bot.gateway.wechat.tokens import StableToken
    from wenzheng.database import migrate, open_engine

    engine = open_engine(settings.database)
    migrate(engine)
    platform = Connection(settings.wechat_api_base)
    api = WeChatApi(platform, StableToken(engine, platform, settings.wechat_appid, settings.wechat_secret))
    try:
        await api.create_menu(menu)
    finally:
        await api.close()
