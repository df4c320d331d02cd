"""The domain, the rules and the configuration agree."""

from __future__ import annotations

from pathlib import Path

import yaml
from rasa.shared.utils.io import read_config_file

ROOT = Path(__file__).resolve().parents[3]


def _yaml(path: str) -> dict:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


RULES = _yaml("bot/data/rules.yml")["rules"]
DOMAIN = _yaml("domain.yml")


def in_form(rule: dict) -> str | None:
    """The form that must be open for a rule to hold."""
    return next((each["active_loop"] for each in rule.get("condition", ())), None)


def about(intent: str) -> list[dict]:
    """The rules that begin with an intent."""
    return [rule for rule in RULES if rule["steps"][0].get("intent") == intent]


def test_every_intent_and_the_fallback_has_exactly_one_rule() -> None:
    ruled = [rule["steps"][0]["intent"] for rule in RULES if in_form(rule) is None]
    assert sorted(ruled) == sorted(DOMAIN["intents"])
    assert "nlu_fallback" in ruled


def test_every_action_of_a_rule_is_one_of_the_action_server() -> None:
    from rasa_sdk.executor import ActionExecutor

    executor = ActionExecutor()
    executor.register_package("actions")
    asked = {step["action"] for rule in RULES for step in rule["steps"] if "action" in step}
    custom = {name for name in asked if name.startswith("action_")} - {
        "action_listen",
        "action_deactivate_loop",
    }
    assert custom | {f"validate_{form}" for form in DOMAIN["forms"]} == set(DOMAIN["actions"])
    assert set(DOMAIN["actions"]) <= set(executor.actions)


def test_every_form_ends_is_left_for_a_person_and_left_in_danger() -> None:
    for form in DOMAIN["forms"]:
        first = [rule["steps"][0] for rule in RULES if in_form(rule) == form]
        assert {"action": form} in first
        assert {"intent": "ask_human"} in first
        assert {"intent": "crisis"} in first


def test_what_a_form_holds_is_in_the_slots_that_are_cleared() -> None:
    from actions.ticket import SLOTS

    asked = {slot for form in DOMAIN["forms"].values() for slot in form["required_slots"]}
    assert asked <= set(SLOTS) == set(DOMAIN["slots"])
    assert not any(slot["influence_conversation"] for slot in DOMAIN["slots"].values())


def test_danger_is_answered_from_the_domain_before_any_other_process_is_asked() -> None:
    rules = about("crisis")
    assert len(rules) == 1 + len(DOMAIN["forms"])
    assert all(rule["steps"][1]["action"] == "utter_crisis" for rule in rules)
    (response,) = DOMAIN["responses"]["utter_crisis"]
    assert all(number in response["text"] for number in ("110", "119", "120", "12356", "12355"))
    assert response["custom"] == {"status": "handoff", "reason": "crisis"}


def test_responses_are_one_message_each_with_a_status() -> None:
    for variants in DOMAIN["responses"].values():
        (response,) = variants
        assert "\n\n" not in response["text"]
        assert response["custom"]["status"] in {"small_talk", "handoff"}


def test_the_environment_is_filled_into_the_endpoints(monkeypatch) -> None:
    monkeypatch.setenv("WENZHENG_ACTIONS_PORT", "5999")
    monkeypatch.setenv("WENZHENG_HOME", "/some/home")
    endpoints = read_config_file(ROOT / "endpoints.yml")
    assert endpoints["action_endpoint"]["url"] == "http://127.0.0.1:5999/webhook"
    assert endpoints["action_endpoint"]["enable_selective_domain"] is True
    assert endpoints["tracker_store"]["db"] == "/some/home/rasa-tracker.db"
