"""What examples teach, and how it follows what the editor asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from knowledge_fakes import fake_config, weights

from knowledge.config import DecisionConfig
from knowledge.decision.conformal import ABOVE_ALL
from knowledge.decision.evidence import WEIGHED
from knowledge.decision.examples import Example
from knowledge.decision.learn import learn, outcome

WEIGHTS = weights(clause_coverage=1.0)
CONFIG: DecisionConfig = replace(fake_config().decision, wrong=0.1, harder=1.0, lost=0.05)


def asked(scores: list[float], right: int | None) -> Example:
    """A question whose candidates have these scores; number ``right`` of them is right."""
    evidence = np.zeros((len(scores), len(WEIGHED)))
    evidence[:, WEIGHED.index("clause_coverage")] = scores
    is_right = np.arange(len(scores)) == right
    return Example(evidence, is_right, np.eye(len(scores)), right is not None)


def questions(size: int, seed: int = 1) -> list[Example]:
    """Answerable ones, whose right candidate mostly scores higher, and as many that nothing answers."""
    chance = np.random.default_rng(seed)
    answerable = [asked([chance.normal(3, 1), chance.normal(0, 1)], 0) for _ in range(size)]
    return answerable + [asked([chance.normal(0, 1), chance.normal(0, 1)], None) for _ in range(size)]


LEARNT_FROM = questions(100)


def test_what_was_learnt_keeps_its_promises_for_other_questions_of_the_kind() -> None:
    """The promise is one about the mean: what is learnt from a few questions is now too strict, now too lax."""
    others = questions(1000, seed=1000)
    share = [CONFIG.unanswerable / 1000, (1 - CONFIG.unanswerable) / 1000]
    draws = 12
    given = wrong = lost = 0.0
    for seed in range(draws):
        learnt = learn(questions(100, seed), WEIGHTS, CONFIG)
        for each in others:
            confidence, total, right = outcome(learnt, each, WEIGHTS)
            weight = share[each.answerable] / draws
            given += weight * (confidence >= learnt.answer)
            wrong += weight * (confidence >= learnt.answer and not right)
            lost += weight * (each.answerable and total < learnt.clarify) / (1 - CONFIG.unanswerable)
    assert given > 0.5
    assert wrong / given <= CONFIG.wrong + 0.005
    assert lost <= CONFIG.lost + 0.005


def test_what_was_measured_is_told_with_it() -> None:
    learnt = learn(LEARNT_FROM, WEIGHTS, CONFIG)
    assert learnt.questions == len(LEARNT_FROM)
    assert learnt.expected is not None
    assert 0 < learnt.expected["wrong_among_answered"] <= CONFIG.wrong
    assert learnt.expected["answerable_declined"] <= CONFIG.lost
    assert learnt.clarify <= learnt.answer


@pytest.mark.parametrize("name", ["wrong", "harder"])
def test_who_accepts_less_that_is_wrong_is_answered_less_often(name: str) -> None:
    strict_last = {"wrong": (0.2, 0.1, 0.05, 0.02), "harder": (1.0, 2.0, 3.0, 10.0)}[name]
    learnt = [learn(LEARNT_FROM, WEIGHTS, replace(CONFIG, **{name: value})) for value in strict_last]
    thresholds = [each.answer for each in learnt]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


def test_the_more_may_be_lost_the_more_is_declined() -> None:
    learnt = [
        learn(LEARNT_FROM, WEIGHTS, replace(CONFIG, wrong=0.01, lost=value)) for value in (0.01, 0.05, 0.1)
    ]
    assert learnt[0].clarify < learnt[1].clarify < learnt[2].clarify


def test_scores_that_say_little_are_trusted_little() -> None:
    chance = np.random.default_rng(5)
    blind = [asked(list(chance.normal(0, 1, 2)), int(chance.integers(2))) for _ in range(100)]
    blind += [asked(list(chance.normal(0, 1, 2)), None) for _ in range(100)]
    assert learn(blind, WEIGHTS, CONFIG).scale < learn(LEARNT_FROM, WEIGHTS, CONFIG).scale
    assert learn(blind, WEIGHTS, CONFIG).answer == ABOVE_ALL


def test_a_question_that_finds_nothing_is_no_error() -> None:
    nothing = Example(np.zeros((0, len(WEIGHED))), np.zeros(0, dtype=bool), np.zeros((0, 0)), False)
    assert outcome(learn([*LEARNT_FROM, nothing], WEIGHTS, CONFIG), nothing, WEIGHTS) == (0.0, 0.0, False)
