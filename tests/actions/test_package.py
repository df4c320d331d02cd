"""What holds for the package: it registers, its texts are whole, a broken tracker is survived."""

from __future__ import annotations

import ast
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from actions_fakes import FakeBackend
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions import handoff_rules, texts
from actions.questions import ActionAnswer

PACKAGE = Path(texts.__file__).parent
RULES_ERRORS = {"where", "key", "keys", "name", "allowed", "pattern", "detail"}
REASONS = sorted(handoff_rules.REASONS | {handoff_rules.ERROR})


def _leaves(node: Any) -> list[str]:
    return [leaf for child in node.values() for leaf in _leaves(child)] if isinstance(node, dict) else [node]


def test_rasa_registers_the_actions_and_not_their_base() -> None:
    executor = ActionExecutor()
    executor.register_package("actions")
    own = {name for name, run in executor.actions.items() if run.__self__.__module__.startswith("actions.")}
    assert own == {
        "action_affirm",
        "action_answer",
        "action_check_ticket",
        "action_choose_option",
        "action_deny",
        "action_feedback",
        "action_full_text",
        "action_handoff",
        "action_reopen_ticket",
        "validate_reopen_form",
        "validate_ticket_form",
    }


@pytest.mark.parametrize("reason", REASONS)
def test_every_handoff_reason_has_words(reason: str) -> None:
    assert "R7" in texts.say(f"handoff_lead.{reason}", number="R7")


def test_texts_are_one_message_with_known_variables() -> None:
    for text in _leaves(yaml.safe_load(texts.TEXTS_PATH.read_text(encoding="utf-8"))):
        assert "\n\n" not in text
        variables = {name for _, name, _, _ in Formatter().parse(text) if name}
        known = {"number", "position", "count", "minutes", "department", "due", "opens", "until", "result"}
        assert variables <= known | {"kind", "subject", "details", "value"} | RULES_ERRORS


def test_no_chinese_for_citizens_stands_in_the_code() -> None:
    for path in PACKAGE.glob("*.py"):
        if path.name == "option_numbers.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        strings = {node for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in strings - docstrings:
            assert str(node.value).isascii(), (path.name, node.value)


@pytest.mark.parametrize(
    "state",
    [
        {"sender_id": "web:1"},
        {"sender_id": "web:1", "events": None, "latest_message": None},
        {"sender_id": "web:1", "events": [{"event": "bot"}, {"event": "user"}], "latest_message": {}},
        {"sender_id": "web:1", "events": [{"event": "user", "parse_data": None, "text": None}]},
        {"sender_id": "web:1", "events": ["nonsense"], "latest_message": {"intent": 3}},
    ],
)
async def test_a_strange_tracker_still_gets_a_reply(fake: FakeBackend, state: dict[str, Any]) -> None:
    dispatcher = CollectingDispatcher()
    await ActionAnswer(fake.client()).run(dispatcher, Tracker.from_dict(state), {})
    (message,) = dispatcher.messages
    assert message["custom"]["status"] in {"answered", "handoff", "no_answer"}
    assert message["text"]
