"""An editor's question is altered the same way every time, and always still asks something."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from knowledge.decision.alterations import ALTERATIONS, keyworded, misheard, shortened
from knowledge.vocabulary.homophones import sound

QUESTIONS = (
    "外地人在这边办居住证要啥手续",
    "我租房住了大半年，能不能弄个居住证",
    "怎么办",
    "请问我可以吗",
    "吗",
    "WiFi?",
    "，，，",
)


@pytest.mark.parametrize("alter", ALTERATIONS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_it_is_deterministic_and_never_empty(
    alter: Callable[[str, random.Random], str], question: str
) -> None:
    altered = alter(question, random.Random(7))
    assert altered.strip()
    assert altered == alter(question, random.Random(7))


def test_of_several_parts_one_is_kept() -> None:
    parts = QUESTIONS[1].split("，")
    kept = {shortened(QUESTIONS[1], random.Random(seed)) for seed in range(20)}
    assert kept == set(parts)


def test_of_one_part_the_beginning_or_the_end_is_lost() -> None:
    for seed in range(10):
        kept = shortened(QUESTIONS[0], random.Random(seed))
        assert kept != QUESTIONS[0]
        assert QUESTIONS[0].startswith(kept) or QUESTIONS[0].endswith(kept)


def test_keywords_are_what_is_left_without_the_words_that_carry_little() -> None:
    assert keyworded("请问怎么办理居住证呢", random.Random(0)) == "办理居住证"


def test_one_character_is_misheard_for_one_that_sounds_like_it() -> None:
    heard = misheard("办理居住证", random.Random(1))
    changed = [(one, two) for one, two in zip("办理居住证", heard, strict=True) if one != two]
    assert len(changed) == 1
    assert sound(changed[0][0]) == sound(changed[0][1])
