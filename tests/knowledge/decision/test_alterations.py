"""An editor's question is altered the same way every time, and always still asks something."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from knowledge.decision.alterations import ALTERATIONS, keyworded, misheard, shortened
from knowledge.vocabulary.homophones import sound

STANDARD = "居住证怎么办理"
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
    alter: Callable[[str, str, random.Random], str], question: str
) -> None:
    altered = alter(question, STANDARD, random.Random(7))
    assert altered.strip()
    assert altered == alter(question, STANDARD, random.Random(7))


def kept_of(question: str, standard: str) -> set[str]:
    return {shortened(question, standard, random.Random(seed)) for seed in range(20)}


def test_of_several_parts_one_is_kept() -> None:
    assert kept_of(QUESTIONS[1], "租房大半年能办居住证吗") == set(QUESTIONS[1].split("，"))


def test_a_part_that_does_not_speak_of_the_subject_is_not_kept() -> None:
    assert kept_of("没有本地户口，能给新车上牌吗", "新车上牌需要什么材料") == {"能给新车上牌吗"}
    assert kept_of(QUESTIONS[1], STANDARD) == {"能不能弄个居住证"}
    assert kept_of("怎么交钱，扣多少", "社保怎么交多少") == {"怎么交钱，扣多少"}, (
        "words that carry little are no subject"
    )


def test_of_one_part_the_beginning_or_the_end_is_lost() -> None:
    kept = kept_of(QUESTIONS[0], "外地人办居住证要带手续")
    assert kept == {"外地人在这边办居住证", "这边办居住证要啥手续"}
    assert kept_of(QUESTIONS[0], "补办的手续") == {"这边办居住证要啥手续"}


def test_a_question_none_of_whose_parts_speak_of_the_subject_stays_as_it_is() -> None:
    assert kept_of(QUESTIONS[0], "公积金提取") == {QUESTIONS[0]}


def test_keywords_are_what_is_left_without_the_words_that_carry_little() -> None:
    assert keyworded("请问怎么办理居住证呢", STANDARD, random.Random(0)) == "办理居住证"


def test_one_character_is_misheard_for_one_that_sounds_like_it() -> None:
    heard = misheard("办理居住证", STANDARD, random.Random(1))
    changed = [(one, two) for one, two in zip("办理居住证", heard, strict=True) if one != two]
    assert len(changed) == 1
    assert sound(changed[0][0]) == sound(changed[0][1])
