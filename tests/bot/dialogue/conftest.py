"""What the trained dialogue model understands, and the dialogue as it runs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_backend import Handler

from wenzheng.settings import PROJECT_ROOT

STARTS_WITHIN = 60.0


@pytest.fixture(scope="session")
def intent_of(model_path: Path) -> Callable[[str], str]:
    """The act that the trained model sees in a text; what it does not understand is a question."""
    import asyncio

    from rasa.core.agent import Agent

    agent = Agent.load(str(model_path))

    def parse(text: str) -> str:
        intent = str(asyncio.run(agent.parse_message(text))["intent"]["name"])
        return "ask_question" if intent == "nlu_fallback" else intent

    return parse


@pytest.fixture(scope="session")
def backend_address() -> Iterator[str]:
    """The stand-in for the web process."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def action_server(backend_address: str) -> Iterator[str]:
    """The real action server, on the stand-in."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "WENZHENG_BACKEND_URL": backend_address,
        "WENZHENG_INTERNAL_TOKEN": "t",
        "SANIC_HOST": "127.0.0.1",
    }
    command = [sys.executable, "-m", "rasa_sdk", "--actions", "actions", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None, "the action server ended"
        assert time.monotonic() < deadline, "the action server did not start"
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}/webhook"
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def agent_with(model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """The trained agent with the tracker store of endpoints.yml and an action server at an address."""
    from rasa.core.agent import Agent
    from rasa.utils.endpoints import EndpointConfig

    from bot.dialogue import speed
    from bot.dialogue.tracker_store import BoundedTrackerStore

    speed.install()
    settings = yaml.safe_load((PROJECT_ROOT / "endpoints.yml").read_text(encoding="utf-8"))["tracker_store"]

    def load(address: str) -> Any:
        agent = Agent.load(str(model_path), action_endpoint=EndpointConfig(address))
        database = tmp_path_factory.mktemp("tracker") / "tracker.db"
        agent.tracker_store = BoundedTrackerStore(
            agent.domain, dialect="sqlite", db=str(database), max_events=settings["max_events"]
        )
        agent.processor.tracker_store = agent.tracker_store
        return agent

    return load


@pytest.fixture(scope="session")
def agent(agent_with: Callable[[str], Any], action_server: str) -> Any:
    """The trained agent, whole."""
    return agent_with(action_server)
