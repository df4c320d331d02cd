"""A citizen in the terminal: what a line does, and what is shown of it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from wenzheng.cli.console import say

if TYPE_CHECKING:
    from bot.gateway.wechat.simulator import Exchange, Platform, PlatformApi
    from bot.gateway.wechat.simulator.wire import Article

NEWS_EVERY = 0.5  # seconds between looks for customer messages while the terminal waits
HELP = """
逐行输入消息，以“/”开头的是市民在微信里的其他操作：
  /图片  /视频  /小视频   发送图片、视频、小视频
  /语音 文字              发送语音；文字是微信识别的结果，不写表示没有听清
  /位置 名称              发送位置
  /链接 网址              发送链接
  /菜单 名称              点击公众号菜单里的一项；不写名称时列出菜单。菜单里没有时按菜单的 key 发送
  /选 序号                点选菜单消息（msgmenu）里的一项
  /关注 场景  /取消关注   关注（场景：扫码关注时二维码的场景值，可不写）、取消关注
  /扫码 场景              已关注的市民扫描公众号的二维码
  /上报位置               同意公众号获取位置后，微信自动上报

公众平台客服（WENZHENG_WECHAT_NATIVE_STAFF=true 时转人工给他们）：
  /客服上线 账号  /客服下线 账号   客服上线、下线；不写账号时是同一位
  /客服手动               此后转来的市民先排队，由客服接入
  /客服接入 账号          接入正在排队的市民
  /客服说 文字            客服回复市民
  /客服转接 账号          转给另一位在线的客服
  /客服结束               结束会话

加 --kf 时是企业微信的微信客服里的市民：/进入  /图片  /语音  /视频  /文件  /位置 名称  /选 序号

WENZHENG_WECHAT_API_BASE 是本机地址（带端口）时，在那里模拟平台的服务端接口：显示客服消息、菜单和“正在输入”，
并按平台的规则限制条数和时间。
"""
_COMMANDS = {
    "/图片": "image",
    "/视频": "video",
    "/小视频": "shortvideo",
    "/语音": "voice",
    "/位置": "location",
    "/链接": "link",
    "/上报位置": "whereabouts",
    "/取消关注": "leave",
    "/客服说": "agent-say",
}
"""What follows such a command is the act's text."""
_KEYED = {
    "/关注": "follow",
    "/扫码": "scan",
    "/客服上线": "agent-come",
    "/客服下线": "agent-go",
    "/客服手动": "agent-waits",
    "/客服接入": "agent-accept",
    "/客服转接": "agent-switch",
    "/客服结束": "agent-close",
}
"""What follows such a command is the act's key."""
Act = tuple[str, str, str]
"""Name, text and key of an act (`bot.gateway.wechat.simulator.acts`)."""


class Citizen:
    """One citizen in the terminal.

    Args:
        platform, api: the stand-in.
        openid: the citizen.
    """

    def __init__(self, platform: Platform, api: PlatformApi, openid: str) -> None:
        self._platform = platform
        self._api = api
        self._openid = openid
        self._shown = 0

    def meant(self, line: str) -> Act | None:
        """What a line asks to do; None where there is nothing to send, and why has been said."""
        command, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if command in _COMMANDS:
            return _COMMANDS[command], rest, ""
        if command in _KEYED:
            return _KEYED[command], "", rest
        if command == "/选":
            return self._option(rest)
        if command == "/菜单":
            return self._entry(rest)
        return "text", line, ""

    async def do(self, act: Act) -> bool:
        """Do it and show what comes of it; whether all was well."""
        from bot.gateway.wechat.simulator.acts import AGENT_ACTS
        from bot.gateway.wechat.simulator.acts import act as perform
        from bot.gateway.wechat.simulator.answers import Refused as NotPossible

        try:
            exchange = await perform(self._platform, self._openid, *act)
            await self._platform.deliver_events()
        except NotPossible as error:
            say(f"客服不能这样做：{error.answer['errmsg']}")
            return True
        except ValueError as error:
            self.show_news()
            say(f"回复不合平台的要求：{error}")
            return False
        self.show_news()
        if act[0] not in AGENT_ACTS:
            say(_how(exchange))
        return not exchange.unavailable

    async def hear(self) -> None:
        """Pass on what became of conversations with the platform's agents, and show the news."""
        try:
            await self._platform.deliver_events()
        except ValueError as error:
            say(f"回复不合平台的要求：{error}")
        self.show_news()

    def show_news(self) -> None:
        """Print what the citizen sees and was not printed yet."""
        for entry in self._api.transcript.of(self._openid):
            if entry.id <= self._shown:
                continue
            self._shown = entry.id
            if entry.kind == "typing":
                say("　　（对方正在输入……）")
            elif entry.kind == "transferred":
                say(f"　　（已转接到公众平台客服{' ' + entry.text if entry.text else '，等待接入'}）")
            elif entry.by == "agent":
                print(f"客服：{entry.text}\n", flush=True)
            elif entry.kind == "forwarded":
                say(f"　　（消息由公众平台客服 {entry.text} 接收）")
            elif entry.side != "citizen":
                articles = [_card(each) for each in entry.articles]
                print("公众号：" + "\n".join([entry.text] * bool(entry.text) + articles) + "\n", flush=True)
                for number, option in enumerate(entry.options, 1):
                    say(f"　　/选 {number}　{option.label}")

    def _option(self, number: str) -> Act | None:
        options = self._api.transcript.last_options(self._openid)
        if not (number.isdecimal() and 1 <= int(number) <= len(options)):
            say(f"没有第 {number} 个选项。" if options else "公众号还没有给出可以点选的选项。")
            return None
        option = options[int(number) - 1]
        return "tap", option.label, option.id

    def _entry(self, name: str) -> Act | None:
        top = (self._api.menu or {}).get("button", [])
        entries = [each for button in top for each in button.get("sub_button") or [button]]
        if not name:
            say("\n".join(f"　　/菜单 {each['name']}" for each in entries) or "公众号没有菜单。")
            return None
        entry = next((each for each in entries if each["name"] == name), {"key": name})
        return ("click", "", entry["key"]) if "key" in entry else ("view", "", entry["url"])


async def lines(messages: list[str], citizen: Citizen) -> AsyncIterator[str]:
    """The messages, or where there are none the lines of standard input; shows news of the citizen in between."""
    if messages:
        for message in messages:
            yield message
        return
    while True:
        reading = asyncio.create_task(asyncio.to_thread(read_line))
        while not reading.done():
            await asyncio.wait({reading}, timeout=NEWS_EVERY)
            await citizen.hear()
        line = reading.result()
        if line is None:
            return
        if line.strip():
            yield line


def read_line() -> str | None:
    """What is typed next; None at the end."""
    try:
        return input("市民：" if sys.stdin.isatty() else "")
    except EOFError:
        return None


def _card(article: Article) -> str:
    """A card (图文消息) in lines."""
    picture = f"（图片 {article.picurl}）" if article.picurl else ""
    parts = (f"［图文］{article.title}", article.description, article.url, picture)
    return "\n".join(part for part in parts if part)


def _how(exchange: Exchange) -> str:
    if not exchange.tries:
        return "　　（没有发到回调）"
    how = f"　　（{exchange.seconds * 1000:.0f} 毫秒，第 {exchange.tries} 次请求）"
    if bad := [status for status in exchange.statuses if status != 200]:
        reason = f"回调被拒绝（{bad[-1]}）：{exchange.raw}。"
        return f"{how}\n{reason}请检查令牌、模式和密钥是否与运行中的服务相同。"
    return how
