"""The rules that editors write: what the shipped ones decide, and what a broken file says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml

from actions import handoff_rules
from actions.handoff_rules import RULES_PATH, RulesError, Situation, load, read
from bot.nlu.spelling import normalise, strip_courtesies
from desk.records import Reason

ROOT = Path(__file__).resolve().parents[2]
CASES = yaml.safe_load((Path(__file__).parent / "appeal_cases.yml").read_text(encoding="utf-8"))
RULE = "rules: [{name: 甲, when: {intent: [ask_human]}, reason: asked_for_human, then: handoff}]"


def decided(text: str, intent: str = "ask_question") -> str | None:
    rule = load().decide(Situation(intent, strip_courtesies(normalise(text))))
    return rule and rule.reason


@pytest.mark.parametrize("text", CASES["for_a_person"])
def test_what_needs_a_look_at_the_file_is_for_a_person(text: str) -> None:
    assert decided(text) == "appeal"


@pytest.mark.parametrize("text", CASES["for_the_knowledge"])
def test_a_question_about_the_rules_is_none(text: str) -> None:
    assert decided(text) is None


def test_both_sides_have_enough_cases() -> None:
    assert min(len(cases) for cases in CASES.values()) >= 25


@pytest.mark.parametrize(
    "text",
    {
        example.removeprefix("- ")
        for entry in yaml.safe_load((ROOT / "bot/data/nlu/questions.yml").read_text(encoding="utf-8"))["nlu"]
        for example in entry["examples"].splitlines()
    },
)
def test_no_question_of_the_training_data_is_taken_for_an_appeal(text: str) -> None:
    assert decided(text) is None


@pytest.mark.parametrize(
    "text", ["我的工单怎么还没结果", "我的留言怎么还没人回复", "我反映的事怎么还没处理", "我的建议怎么没结果"]
)
def test_who_asks_for_their_own_ticket_is_no_appeal(text: str) -> None:
    assert decided(text, "check_ticket") is None


def test_a_broken_file_ends_the_action_server_at_its_start(tmp_path: Path) -> None:
    broken = tmp_path / "handoff_rules.yml"
    broken.write_text(RULE.replace("then: handoff", "then: call"), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from actions import handoff_rules;"
        "handoff_rules.RULES_PATH = Path(sys.argv[1]); import actions.questions"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(broken)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0
    assert "RulesError" in ran.stderr
    assert "第 1 条“甲”" in ran.stderr


def test_the_reasons_are_the_desks() -> None:
    assert handoff_rules.REASONS | {handoff_rules.ERROR} == set(get_args(Reason))


def test_every_reason_is_given_by_some_rule() -> None:
    assert {rule.reason for rule in load().rules} == handoff_rules.REASONS


def test_the_acts_are_the_dialogues() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    assert set(domain["intents"]) >= handoff_rules.INTENTS


def test_the_first_rule_that_holds_decides() -> None:
    later = RULE.replace("[{", "[{name: 乙, when: {words: [投诉]}, reason: complaint, then: ticket}, {")
    rules = read(later)
    assert rules.decide(Situation("ask_human", "投诉")).reason == "complaint"
    assert rules.decide(Situation("ask_human", "人工")).reason == "asked_for_human"
    assert rules.decide(Situation("ask_question", "人工")) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rules: [", "YAML"),
        ("", "没有规则"),
        ("rules: []", "没有规则"),
        (RULE + "\nthreshold: 3", "threshold"),
        (RULE.replace("name: 甲, ", ""), "第 1 条"),
        (RULE.replace("{intent: [ask_human]}", "3"), "不完整"),
        (RULE.replace("{intent: [ask_human]}", "{}"), "没有条件"),
        (RULE.replace("{intent: [ask_human]}", "{unless: [甲]}"), "没有条件"),
        (RULE.replace("intent", "intents"), "intents"),
        (RULE.replace("then: handoff", "then: call"), "handoff、offer、ticket"),
        (RULE.replace("reason: asked_for_human", "reason: error"), "declined_twice"),
        (RULE.replace("reason: asked_for_human, ", ""), "reason"),
        (RULE.replace("[ask_human]", "ask_human"), "列表"),
        (RULE.replace("[ask_human]", "[ask_humans]"), "ask_humans"),
        (RULE.replace("intent: [ask_human]", "words: ['(甲']"), "(甲"),
        (RULE.replace("intent: [ask_human]", "words: 甲"), "列表"),
        (RULE.replace("intent: [ask_human]", "answer: {status: [unknown]}"), "unknown"),
        (RULE.replace("intent: [ask_human]", "answer: low_confidence"), "answer"),
        (RULE.replace("intent: [ask_human]", "misses: 0"), "misses"),
        (RULE.replace("intent: [ask_human]", "misses: two"), "misses"),
        (RULE.replace("intent: [ask_human]", "ticket: [appeal]"), "appeal"),
        (RULE.replace("asked_for_human, then: handoff", "crisis, then: offer"), "crisis"),
        (RULE + "\nmiss_reasons: low_confidence", "miss_reasons"),
    ],
)
def test_a_broken_file_says_where_and_what(text: str, says: str) -> None:
    with pytest.raises(RulesError) as told:
        read(text)
    assert says in str(told.value)
    assert RULES_PATH.name in str(told.value)
