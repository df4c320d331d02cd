"""``wenzheng wechat …``: try the WeChat bridge without the platform."""

from __future__ import annotations

import argparse
from typing import Any

from wenzheng.cli.console import Refused
from wenzheng.settings import Settings


def register(commands: Any) -> None:
    """Add ``wechat`` and its commands."""
    group = commands.add_parser("wechat", help="微信公众号：模拟平台")
    wechat = group.add_subparsers(title="命令", metavar="命令", required=True)
    parser = wechat.add_parser(
        "simulate", help="像微信平台一样签名、加密、发送消息，并显示市民会看到的回复（不给消息时逐行读取）"
    )
    parser.add_argument("messages", nargs="*", metavar="消息")
    parser.add_argument("--openid", default="o-simulated-citizen", metavar="OPENID", help="模拟的市民")
    parser.add_argument("--subscribe", action="store_true", help="先发送一个关注事件")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Send the messages one after another and print the replies."""
    if not settings.wechat_token:
        raise Refused("没有设置 WENZHENG_WECHAT_TOKEN。启动服务和运行本命令时请设置相同的值。")
    raise Refused("…")
