"""The supervisor restarts what dies and leaves nothing behind."""

from __future__ import annotations

import os
import signal
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
    supervisor = Supervisor(load_settings(home=tmp_path), told.append)
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


def test_a_token_that_begins_with_a_dash_is_no_option(tmp_path: Path) -> None:
    command = run_command(load_settings(home=tmp_path, internal_token="-secret"))
    assert "--auth-token=-secret" in command
    assert "-secret" not in command
