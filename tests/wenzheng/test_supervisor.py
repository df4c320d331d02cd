"""The supervisor restarts what dies and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from wenzheng.dialogue import run_command
from wenzheng.settings import load_settings
from wenzheng.supervisor import Child, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def watched(tmp_path: Path) -> tuple[Supervisor, list[str]]:
    told: list[str] = []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    supervisor = Supervisor(load_settings(home=tmp_path, host="127.0.0.1", port=port), told.append)
    supervisor.children = [Child("sleeper", "睡眠者", SLEEPER), Child("other", "另一个", SLEEPER)]
    return supervisor, told


def pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_that_dies_is_started_again_and_people_are_told(
    watched: tuple[Supervisor, list[str]],
) -> None:
    supervisor, told = watched
    supervisor.start()
    running = threading.Thread(target=supervisor.run)
    running.start()
    try:
        victim, other = pid(supervisor.children[0]), pid(supervisor.children[1])
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            process = supervisor.children[0].process
            if process is not None and process.pid != victim:
                break
            time.sleep(0.05)
        assert alive(pid(supervisor.children[0]))
        assert pid(supervisor.children[1]) == other
        assert "睡眠者意外退出" in told[0]
    finally:
        supervisor.stop()
        running.join(20)
    assert not alive(pid(supervisor.children[0]))
    assert not alive(other)


def test_the_pause_grows_with_every_death_in_a_row(watched: tuple[Supervisor, list[str]]) -> None:
    supervisor, told = watched
    child = supervisor.children[0]
    supervisor.children = [child]
    child.command = [sys.executable, "-c", "raise SystemExit(3)"]
    supervisor.start()
    pauses: list[float] = []
    while len(pauses) < 3:
        assert child.process is not None
        child.process.wait()
        supervisor.look()
        pauses.append(round(child.restart_at - time.monotonic()))
        child.restart_at = 0.0
        supervisor.look()
    assert pauses == [0, 1, 3]
    assert "退出码 3" in told[0]
    supervisor.stop()
    supervisor.run()


SERVER = """
import os, socket, sys
listening = socket.socket(fileno=int(os.environ["WENZHENG_LISTEN_FD"]))
print("up", flush=True)
while True:
    connection, _ = listening.accept()
    connection.recv(100)
    connection.sendall(str(os.getpid()).encode())
    connection.close()
"""


def test_who_connects_while_the_web_process_is_started_again_waits_and_is_served(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    supervisor = Supervisor(load_settings(home=tmp_path, host="127.0.0.1", port=port), lambda _text: None)
    child = Child("web", "网页", [sys.executable, "-c", SERVER], listens=True)
    supervisor.children = [child]
    supervisor.start()

    def served_by() -> int:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"?")
            return int(connection.recv(100))

    try:
        first = served_by()
        assert child.process is not None
        child.process.kill()
        child.process.wait()
        answers: list[int] = []
        waiting = threading.Thread(target=lambda: answers.append(served_by()))
        waiting.start()
        time.sleep(0.2)
        assert answers == [], "nobody serves now"
        supervisor.look()
        supervisor.look()
        waiting.join(20)
        assert answers == [pid(child)]
        assert answers != [first]
    finally:
        supervisor.stop()
        supervisor.run()


def test_a_port_that_cannot_be_listened_on_is_an_error_at_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = load_settings(home=tmp_path, host="127.0.0.1", port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            Supervisor(settings, lambda _text: None).start()


def test_a_token_that_begins_with_a_dash_is_no_option(tmp_path: Path) -> None:
    command = run_command(load_settings(home=tmp_path, internal_token="-secret"))
    assert "--auth-token=-secret" in command
    assert "-secret" not in command
