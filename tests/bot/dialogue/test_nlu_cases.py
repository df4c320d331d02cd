"""The trained model against citizens' words it has not seen."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from wenzheng.settings import PROJECT_ROOT

HERE = Path(__file__).parent
TRAINING = HERE.parents[2] / "bot" / "data" / "nlu"
QUESTION = "ask_question"

IntentOf = Callable[[str], str]


def examples(path: Path) -> list[tuple[str, str]]:
    """(intent, text) of a Rasa NLU file."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
    return [
        (entry["intent"], line.removeprefix("- ").strip())
        for entry in entries
        for line in entry["examples"].splitlines()
        if line.strip()
    ]


CASES = examples(HERE / "nlu_cases.yml")
MUST = yaml.safe_load((HERE / "must_be_right.yml").read_text(encoding="utf-8"))


def test_the_cases_are_many_and_not_in_the_training_data() -> None:
    trained = {text for path in TRAINING.glob("*.yml") for _, text in examples(path)}
    held_out = [(intent, text) for intent, text in CASES if text not in trained]
    assert len(held_out) >= 400
    # Numbers of options are few; everything else must be new to the model.
    assert {intent for intent, text in CASES if text in trained} <= {"choose_option"}


def test_acts_and_questions_are_told_apart(intent_of: IntentOf) -> None:
    wrong = [
        (text, intent) for intent, text in CASES if (intent_of(text) == QUESTION) != (intent == QUESTION)
    ]
    assert 1 - len(wrong) / len(CASES) >= 0.97, wrong


def test_the_right_act_is_seen(intent_of: IntentOf) -> None:
    seen = [(text, intent, intent_of(text)) for intent, text in CASES]
    wrong = [case for case in seen if case[1] != case[2]]
    assert 1 - len(wrong) / len(CASES) >= 0.95, wrong


def test_the_sample_citys_questions_are_questions(intent_of: IntentOf) -> None:
    asked = {
        text.strip()
        for path in (PROJECT_ROOT / "sample").glob("*.csv")
        for row in csv.DictReader(path.open(encoding="utf-8-sig"))
        for column in ("question", "标准问题", "相似问法")
        for text in (row.get(column) or "").splitlines()
        if text.strip()
    }
    assert len(asked) >= 500
    wrong = [(text, intent_of(text)) for text in sorted(asked) if intent_of(text) != QUESTION]
    assert 1 - len(wrong) / len(asked) >= 0.995, wrong


@pytest.mark.parametrize(("intent", "text"), [(intent, text) for intent in MUST for text in MUST[intent]])
def test_must_be_right(intent_of: IntentOf, intent: str, text: str) -> None:
    assert intent_of(text) == intent


@pytest.mark.parametrize("prefix", ["你好，", "您好！请问", "麻烦问一下，", "早上好，我想咨询一下"])
@pytest.mark.parametrize("suffix", ["", "，谢谢", "谢谢了！", "，麻烦您了"])
def test_courtesies_do_not_hide_a_question(intent_of: IntentOf, prefix: str, suffix: str) -> None:
    assert intent_of(f"{prefix}居住证怎么办理{suffix}") == QUESTION


@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "\u200b", "\u3000", "？？？", "。", "😀", "a" * 3000, "我不知道" * 500]
)
def test_odd_messages_do_not_break_the_pipeline(intent_of: IntentOf, text: str) -> None:
    assert intent_of(text) != "crisis"
