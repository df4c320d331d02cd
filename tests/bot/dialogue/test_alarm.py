"""Danger is recognised outside Rasa as inside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bot.nlu.alarm import is_crisis
from wenzheng.settings import PROJECT_ROOT

MUST = yaml.safe_load((Path(__file__).parent / "must_be_right.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", MUST["crisis"])
def test_danger_is_seen(text: str) -> None:
    assert is_crisis(text)


@pytest.mark.parametrize("text", ["您好，我不想活了，謝謝", "我　想　自杀", "我家著火了！！"])
def test_the_spelling_does_not_hide_it(text: str) -> None:
    assert is_crisis(text)


@pytest.mark.parametrize(
    "text", [*MUST["ask_question"], *MUST["ask_human"], "", "？", "13800138000", "我等了半天了"]
)
def test_other_messages_are_no_alarm(text: str) -> None:
    assert not is_crisis(text)


def test_it_needs_neither_rasa_nor_tensorflow() -> None:
    code = (
        "import sys; from bot.nlu.alarm import is_crisis; assert is_crisis('救命');"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'rasa', 'tensorflow', 'sanic'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
