"""The real processes in a home of their own, for the stack tests and the benchmarks."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from bot.gateway.wechat.simulator import Exchange, Platform
from wenzheng.settings import PROJECT_ROOT, Settings, load_settings

TOKEN = "stack-token"
APPID = "wx0123456789abcdef"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
READY_WITHIN = 240.0
WENZHENG = str(PROJECT_ROOT / ".venv" / "bin" / "wenzheng")
# Made once and shared by all homes: nothing of a city is in them.
SHARED_FOLDERS = ("models", "rasa-models", "cache")


def free_port() -> int:
    """A loopback port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningStack:
    """``wenzheng up`` on free ports; a context manager that stops it.

    ``home`` is new; the folders of models and vectors are those of ``shared_home``. The WeChat account is in
    compatible mode, so that plain and encrypted messages are taken. ``settings`` are further ones, or other ones.
    """

    def __init__(self, home: Path, shared_home: Path, *arguments: str, **settings: object) -> None:
        self.home = home
        self._own: dict[str, object] = {
            "port": free_port(),
            "rasa_port": free_port(),
            "actions_port": free_port(),
            "wechat_token": TOKEN,
            "wechat_appid": APPID,
            "wechat_aes_key": AES_KEY,
            "wechat_mode": "compatible",
            "calendar": PROJECT_ROOT / "tests" / "data" / "always_open.yml",
            **settings,
        }
        self.settings: Settings = load_settings(home=home, **self._own)
        self._arguments = arguments
        home.mkdir(parents=True, exist_ok=True)
        for name in SHARED_FOLDERS:
            (shared_home / name).mkdir(parents=True, exist_ok=True)
            if not (home / name).exists():
                (home / name).symlink_to((shared_home / name).resolve())
        self.process: subprocess.Popen[bytes] | None = None
        self.seconds_to_ready = 0.0

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to work on this stack."""
        own = {f"WENZHENG_{name.upper()}": str(value) for name, value in self._own.items()}
        return {**os.environ, **own, "WENZHENG_HOME": str(self.home), "WENZHENG_HOST": "127.0.0.1"}

    def __enter__(self) -> RunningStack:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until a question can be answered."""
        started = time.monotonic()
        log = (self.home / "up.log").open("ab")
        command = [WENZHENG, "up", *self._arguments]
        self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        log.close()
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() - started > READY_WITHIN:
                raise AssertionError(f"the stack did not start:\n{self.logs()}")
            time.sleep(0.1)
        self.seconds_to_ready = time.monotonic() - started

    def stop(self) -> None:
        """Stop as Ctrl-C does."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def is_ready(self) -> bool:
        """What /health says."""
        try:
            return (
                httpx.get(f"{self.settings.base_url}/health", timeout=5, trust_env=False).status_code == 200
            )
        except httpx.HTTPError:
            return False

    def logs(self) -> str:
        """The ends of all logs."""
        paths = [self.home / "up.log", *sorted((self.home / "logs").glob("*.log"))]
        texts = [
            f"== {path.name}\n{path.read_text(errors='replace')[-1500:]}" for path in paths if path.exists()
        ]
        return "\n".join(texts)

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a ``wenzheng`` command on this stack, in a process of its own."""
        return subprocess.run(
            [WENZHENG, *arguments],
            check=False,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
        )

    def say(self, openid: str, text: str, *, encrypted: bool = True, message_id: str = "") -> Exchange:
        """A citizen sends a text in WeChat, as the platform does it."""

        async def exchange() -> Exchange:
            async with httpx.AsyncClient(
                base_url=self.settings.base_url, timeout=10, trust_env=False
            ) as client:
                platform = Platform(client, TOKEN, APPID, AES_KEY if encrypted else "")
                return await platform.say(openid, text, message_id)

        return asyncio.run(exchange())

    def answer(self, question: str) -> dict[str, Any]:
        """Ask the knowledge service over HTTP."""
        reply = httpx.post(
            f"{self.settings.base_url}/api/answer", json={"question": question}, timeout=30, trust_env=False
        )
        reply.raise_for_status()
        return dict(reply.json())

    def pids(self) -> dict[str, int]:
        """Process ids by name: supervisor, web (the one that serves), rasa, actions, spare (the one that stands by)."""
        assert self.process is not None
        found = {"supervisor": self.process.pid}
        webs: list[int] = []
        marks = {"rasa": "rasa run", "actions": "rasa_sdk"}
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found.update({name: int(child) for name, mark in marks.items() if mark in command})
            webs += [int(child)] if "wenzheng.web" in command else []
        serving = int((self.home / "web.lock").read_text() or 0)
        found |= {"web" if pid == serving else "spare": pid for pid in webs}
        return found


def said(stack: RunningStack, openid: str, text: str, *, encrypted: bool = True) -> str:
    """What a citizen is told at once, within the platform's five seconds."""
    exchange = stack.say(openid, text, encrypted=encrypted)
    assert exchange.statuses == [200], stack.logs()
    assert exchange.seconds < 5
    assert exchange.text is not None
    return exchange.text
