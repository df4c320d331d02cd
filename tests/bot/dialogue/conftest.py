"""What the trained dialogue model understands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


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
