"""Thresholds keep what they promise, on average over many draws of exchangeable questions."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge.decision.conformal import ABOVE_ALL, answer_threshold, keep_threshold

DRAWS, LIMIT = 300, 0.1


def drawn(chance: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Questions whose best candidate is wrong the more often the less sure it is, with two sorts of weight."""
    confidence = chance.random(size)
    wrong = chance.random(size) > confidence
    return confidence, wrong, chance.choice([0.5, 1.0], size)


def test_among_answers_given_the_share_of_wrong_ones_stays_within_the_limit() -> None:
    chance = np.random.default_rng(1)
    failed = given = 0.0
    for _ in range(DRAWS):
        threshold = answer_threshold(*drawn(chance, 200), LIMIT)
        confidence, wrong, weight = drawn(chance, 500)  # the questions that come next
        answered = confidence >= threshold
        failed += weight[answered & wrong].sum()
        given += weight[answered].sum()
    assert given > 0
    assert failed / given <= LIMIT + 0.01


def test_of_the_answerable_questions_that_come_next_few_are_lost() -> None:
    chance = np.random.default_rng(2)
    lost = []
    for _ in range(DRAWS):
        threshold = keep_threshold(chance.random(99), np.ones(99), LIMIT)
        lost.append(np.mean(chance.random(500) < threshold))
    assert LIMIT - 0.02 <= np.mean(lost) <= LIMIT + 0.01


def test_as_many_may_fall_as_the_limit_allows_the_next_question_among_them() -> None:
    score = np.arange(1, 20) / 20
    # 0.2 of 20 questions are 4: three of the 19 known ones, and the next.
    threshold = keep_threshold(score, np.ones(19), 0.2)
    assert np.count_nonzero(score < threshold) == 3


def test_too_few_questions_lose_nothing() -> None:
    assert keep_threshold(np.array([0.3, 0.7]), np.ones(2), LIMIT) == 0.0
    assert keep_threshold(np.array([]), np.array([]), LIMIT) == 0.0


@pytest.mark.parametrize(
    ("confidence", "wrong"),
    [
        ([], []),
        ([0.9] * 5, [False] * 5),  # right every time, and too few to promise that
        ([0.99] * 50 + [0.5] * 50, [True] * 50 + [False] * 50),
    ],
)
def test_nothing_is_answered_where_nothing_can_be_promised(
    confidence: list[float], wrong: list[bool]
) -> None:
    values = np.array(confidence), np.array(wrong, dtype=bool), np.ones(len(wrong))
    assert answer_threshold(*values, LIMIT) == ABOVE_ALL


def test_equal_confidences_are_answered_together_or_not_at_all() -> None:
    confidence = np.array([0.9] * 40 + [0.5] * 40)
    weight = np.ones(80)
    few, many = np.zeros(80, dtype=bool), np.zeros(80, dtype=bool)
    few[40:43], many[40:60] = True, True
    assert answer_threshold(confidence, few, weight, LIMIT) == 0.5
    # The first of the equal ones would do, were they not wrong as often as the last.
    assert answer_threshold(confidence, np.roll(many, 20), weight, LIMIT) == 0.9


def test_the_order_of_the_questions_does_not_matter() -> None:
    chance = np.random.default_rng(3)
    values = drawn(chance, 300)
    order = chance.permutation(300)
    assert answer_threshold(*values, LIMIT) == answer_threshold(*(each[order] for each in values), LIMIT)
