"""Who wants a person gets one, by the trained model; who only uses the words does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from talking import Citizen

from actions import handoff_rules

HERE = Path(__file__).parent
CASES = yaml.safe_load((HERE / "human_cases.yml").read_text(encoding="utf-8"))
APPEALS = yaml.safe_load((HERE.parents[1] / "actions" / "appeal_cases.yml").read_text(encoding="utf-8"))

IntentOf = Callable[[str], str]


def test_both_sides_have_enough_cases() -> None:
    assert min(len(cases) for cases in CASES.values()) >= 40


@pytest.mark.parametrize("text", CASES["wants_a_person"])
def test_who_wants_a_person_is_understood(intent_of: IntentOf, text: str) -> None:
    assert intent_of(text) == "ask_human"


@pytest.mark.parametrize("text", CASES["only_the_words"])
def test_who_only_uses_the_words_is_not(intent_of: IntentOf, text: str) -> None:
    assert intent_of(text) != "ask_human"


@pytest.mark.parametrize("text", APPEALS["for_a_person"])
def test_an_appeal_comes_to_an_action_that_asks_the_rules(intent_of: IntentOf, text: str) -> None:
    rules = [rule for rule in handoff_rules.load().rules if rule.reason == "appeal"]
    assert all(intent_of(text) in rule.intents for rule in rules)


async def test_an_appeal_is_handed_over(agent: Any) -> None:
    said = await Citizen(agent).says("我家的補貼怎麼還沒發")
    assert (said["status"], said["reason"]) == ("handoff", "appeal")


async def test_once_unanswered_offers_a_person_and_twice_calls_one(agent: Any) -> None:
    citizen = Citizen(agent)
    said = await citizen.says("这个你不知道")
    assert (said["status"], said["reason"]) == ("no_answer", "low_confidence")
    assert "回复“人工”" in said["text"]
    assert citizen.handoff is None
    said = await citizen.says("那个你也不知道")
    assert (said["status"], said["reason"]) == ("handoff", "declined_twice")


async def test_an_answer_that_is_blamed_and_then_none_calls_a_person(agent: Any) -> None:
    citizen = Citizen(agent)
    await citizen.says("居住证怎么办")
    assert (await citizen.says("答非所问"))["status"] == "small_talk"
    assert (await citizen.says("这个你不知道"))["reason"] == "declined_twice"


async def test_a_good_answer_in_between_begins_anew(agent: Any) -> None:
    citizen = Citizen(agent)
    await citizen.says("这个你不知道")
    await citizen.says("居住证怎么办")
    assert (await citizen.says("那个你也不知道"))["status"] == "no_answer"


@pytest.mark.parametrize("yes", ["好的", "是的", "要", "转吧", "要的，转一下", "行，麻烦转一下"])
async def test_yes_to_the_offer_calls_a_person(agent: Any, yes: str) -> None:
    citizen = Citizen(agent)
    await citizen.says("这个你不知道")
    said = await citizen.says(yes)
    assert said["status"] == "handoff"
    assert citizen.handoff is not None
    assert citizen.handoff["question"].startswith("这个你不知道")


@pytest.mark.parametrize("no", ["不用了", "算了", "先不用"])
async def test_no_to_the_offer_calls_nobody(agent: Any, no: str) -> None:
    citizen = Citizen(agent)
    await citizen.says("这个你不知道")
    assert (await citizen.says(no))["status"] == "small_talk"
    assert citizen.handoff is None
