"""Start the three processes, restart one that dies, stop them all together.

The supervisor itself listens on the web process's port and hands the socket down, so that nobody who connects is
refused while that process is started again. And because that takes seconds, of which the platform waits five, a second
web process stands by, with everything loaded: it serves as soon as the first is gone (`wenzheng/web.py`).
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from wenzheng import dialogue
from wenzheng.settings import PROJECT_ROOT, Settings

logger = logging.getLogger(__name__)
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOOK_EVERY = 0.5  # seconds between two looks at the processes
STEADY_AFTER = 20.0  # a process that ran this long is forgiven its earlier deaths
LONGEST_PAUSE = 30.0
BACKLOG = 2048  # connections that may wait for the web process
LISTEN_FD = "WENZHENG_LISTEN_FD"  # how the web process learns of its socket
STOP_WITHIN = 10.0
SPARE_AFTER = 20.0  # seconds until the process that stands by is started: first those that are needed at once


def _end_with_parent() -> None:
    """In a new child: be told to end when the supervisor dies, however it dies (Linux)."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


@dataclass
class Child:
    """One supervised process and how it fared."""

    name: str
    title: str
    command: list[str]
    listens: bool = False
    starts_after: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    log: BinaryIO | None = None
    started_at: float = 0.0
    deaths: int = 0
    restart_at: float = 0.0


class Supervisor:
    """Runs web, Rasa and the action server until told to stop.

    ``report(text)`` receives one Chinese line for people whenever something happens. Each process writes to
    ``logs/<name>.log`` under the home.
    """

    def __init__(self, settings: Settings, report: Callable[[str], None]) -> None:
        self._settings = settings
        self._report = report
        self._stopping = threading.Event()
        self._socket: socket.socket | None = None
        web = [sys.executable, "-m", "wenzheng.web"]
        self.children = [
            Child("web", "网页与网关", web, listens=True),
            Child("rasa", "对话服务", dialogue.run_command(settings)),
            Child("actions", "动作服务", dialogue.actions_command(settings)),
        ]
        if settings.spare:
            self.children.append(Child("web", "网页与网关", web, listens=True, starts_after=SPARE_AFTER))

    def start(self) -> None:
        """Start every process. Raises OSError when the web process's port cannot be listened on."""
        self._settings.logs.mkdir(parents=True, exist_ok=True)
        self._socket = _listen(self._settings.host, self._settings.port)
        for child in self.children:
            if child.starts_after:
                child.restart_at = time.monotonic() + child.starts_after
            else:
                self._spawn(child)
        (self._settings.home_dir / "supervisor.pid").write_text(str(os.getpid()), encoding="ascii")

    def run(self) -> None:
        """Watch until :meth:`stop` is called or a signal arrives, then stop every process."""
        try:
            while not self._stopping.wait(LOOK_EVERY):
                self.look()
        finally:
            self._stop_children()

    def stop(self, *_signal: object) -> None:
        """End :meth:`run`; usable as a signal handler."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether :meth:`stop` was called."""
        return self._stopping.is_set()

    def look(self) -> None:
        """Restart what has died, after a pause that doubles with every death in a row."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.restart_at:
                    self._spawn(child)
                continue
            code = child.process.poll()
            if code is None:
                continue
            child.deaths = 1 if now - child.started_at > STEADY_AFTER else child.deaths + 1
            pause = min(LONGEST_PAUSE, 2.0 ** (child.deaths - 1) - 1)
            child.process, child.restart_at = None, now + pause
            log = self._settings.logs / f"{child.name}.log"
            self._report(f"{child.title}意外退出（退出码 {code}），{pause:.0f} 秒后重新启动。日志：{log}")

    def _spawn(self, child: Child) -> None:
        if child.log is None:
            child.log = (self._settings.logs / f"{child.name}.log").open("ab")
        environment = dialogue.environment(self._settings)
        handed = [self._socket.fileno()] if child.listens and self._socket is not None else []
        if handed:
            environment[LISTEN_FD] = str(handed[0])
        child.process = subprocess.Popen(
            child.command,
            cwd=PROJECT_ROOT,
            env=environment,
            pass_fds=handed,
            stdin=subprocess.DEVNULL,
            stdout=child.log,
            stderr=subprocess.STDOUT,
            # Its own group: Ctrl-C reaches the supervisor alone, which stops the others in order.
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, and no thread runs yet
        )
        child.started_at = time.monotonic()
        logger.info("started %s as %s", child.name, child.process.pid)

    def _stop_children(self) -> None:
        running = [child for child in self.children if child.process and child.process.poll() is None]
        for child in running:
            assert child.process is not None
            child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_WITHIN
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
        for child in self.children:
            if child.log:
                child.log.close()
        if self._socket is not None:
            self._socket.close()
        (self._settings.home_dir / "supervisor.pid").unlink(missing_ok=True)
