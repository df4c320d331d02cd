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


def test_every_intent_and_the_fallback_has_exactly_one_rule() -> None:
    ruled = [rule["steps"][0]["intent"] for rule in RULES]
    assert sorted(ruled) == sorted(DOMAIN["intents"])
    assert "nlu_fallback" in ruled


def test_every_action_of_a_rule_is_one_of_the_action_server() -> None:
    from rasa_sdk.executor import ActionExecutor

    executor = ActionExecutor()
    executor.register_package("actions")
    asked = {step["action"] for rule in RULES for step in rule["steps"] if "action" in step}
    custom = {name for name in asked if name.startswith("action_")}
    assert custom == set(DOMAIN["actions"])
    assert custom <= set(executor.actions)


def test_danger_is_answered_from_the_domain_before_any_other_process_is_asked() -> None:
    (rule,) = [rule for rule in RULES if rule["steps"][0]["intent"] == "crisis"]
    assert rule["steps"][1]["action"] == "utter_crisis"
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
