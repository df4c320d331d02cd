"""``wenzheng chat``: a citizen's conversation in the terminal, with the running assistant."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from typing import Any

import httpx

from wenzheng.cli.console import Refused, say
from wenzheng.settings import Settings

POLL = 0.15
ANSWER_WITHIN = (
    60.0  # seconds to wait for an answer before the prompt comes back; it is shown when it arrives
)


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("chat", help="在终端里与正在运行的助手对话")
    parser.set_defaults(run=run)


class TerminalChat:
    """One conversation over the web chat's API, under the terminal's own channel."""

    def __init__(self, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(
            base_url=base_url,
            headers={"X-Wenzheng-Channel": "terminal"},
            trust_env=False,
            timeout=30,
            transport=transport,
        )
        self._cursor = ""

    def news(self) -> tuple[list[str], bool]:
        """What the assistant or staff have said since the last call, and whether an answer is still due."""
        reply = self._client.get("/api/chat/messages", params={"after": self._cursor})
        reply.raise_for_status()
        data = reply.json()
        if data["items"]:
            self._cursor = data["items"][-1]["id"]
        texts = [item["rendered"] for item in data["items"] if item["author"] != "citizen"]
        return texts, bool(data["state"]["busy"])

    def say(self, text: str) -> None:
        """Say something. Raises Refused with the assistant's words when it does not take it."""
        reply = self._client.post(
            "/api/chat/messages", json={"text": text, "message_id": secrets.token_hex(8)}
        )
        if reply.is_client_error:
            raise Refused(str(reply.json().get("message", reply.text)))
        reply.raise_for_status()

    def answers(self) -> list[str]:
        """Wait until nothing is due any more and return what was said."""
        deadline = time.monotonic() + ANSWER_WITHIN
        heard: list[str] = []
        while time.monotonic() < deadline:
            texts, busy = self.news()
            heard.extend(texts)
            if not busy:
                break
            time.sleep(POLL)
        return heard


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Read lines, show answers, until 再见 by Ctrl-D."""
    chat = TerminalChat(settings.base_url)
    interactive = sys.stdin.isatty()
    try:
        chat.news()
        if interactive:
            say(f"{settings.city}政务问答助手。直接输入问题；按 Ctrl-D 结束；直接按回车查看新消息。")
        while True:
            line = _read(interactive)
            if line is None:
                return 0
            if line.strip():
                chat.say(line)
            for text in chat.answers():
                print(text, end="\n\n", flush=True)
    except httpx.ConnectError as error:
        raise Refused(f"连不上 {settings.base_url}。请先启动：make run（或 wenzheng up）") from error


def _read(interactive: bool) -> str | None:
    try:
        return input("您：" if interactive else "")
    except EOFError:
        return None
