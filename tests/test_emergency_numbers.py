"""Whoever tells a citizen in danger whom to call, names the same numbers in the same words."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from wenzheng.settings import PROJECT_ROOT

NUMBERS = ("120", "110", "119", "12356", "12355")


def _text(file: str, *keys: Any) -> str:
    found = yaml.safe_load((PROJECT_ROOT / file).read_text(encoding="utf-8"))
    for key in keys:
        found = found[key]
    return str(found)


def _calls(text: str) -> list[str]:
    """The lines that name a number."""
    return [line.strip() for line in text.splitlines() if any(number in line for number in NUMBERS)]


@pytest.mark.parametrize(
    "place",
    [
        ("desk/texts.yml", "citizen", "crisis"),
        ("bot/gateway/texts.yml", "replies", "gave_up_crisis"),
        ("bot/gateway/texts.yml", "replies", "gave_up_crisis_alone"),
    ],
)
def test_every_part_names_the_same_numbers_in_the_same_words(place: tuple[str, ...]) -> None:
    dialogue = _calls(_text("domain.yml", "responses", "utter_crisis", 0, "text"))
    assert all(number in "".join(dialogue) for number in NUMBERS)
    assert _calls(_text(*place)) == dialogue
