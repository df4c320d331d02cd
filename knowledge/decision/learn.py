"""Learn from examples how far scores can be trusted, and from where on to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize

from knowledge.config import DecisionConfig
from knowledge.decision.calibration import Calibration
from knowledge.decision.conformal import answer_threshold, keep_threshold
from knowledge.decision.evidence import WEIGHED
from knowledge.decision.examples import Example

ENOUGH = 50  # held-out questions: fewer say nothing about two wrong answers in a hundred


def learn(examples: Sequence[Example], weights: Mapping[str, float], config: DecisionConfig) -> Calibration:
    """The calibration that these examples teach.

    Scale and nothing by maximum likelihood (Platt's scaling, 1999, of the conditional logit); then the thresholds of
    :mod:`knowledge.decision.conformal`: at most ``config.wrong`` of the answers given wrong, at most ``config.lost``
    of the answerable questions declined. Examples that nothing answers weigh ``config.unanswerable`` of the whole.
    The guarantee is for questions like these. Citizens' are harder, so that wrong answers to these may be only
    1/``config.harder`` of what is acceptable.
    """
    scores = [_score(each, weights) for each in examples]
    weight = _weigh(examples, config.unanswerable)
    scale, nothing = _fit(scores, examples, weight)
    calibration = Calibration(scale=scale, nothing=nothing)
    outcomes = [outcome(calibration, each, weights) for each in examples]
    confidence, total, right = (np.array(column) for column in zip(*outcomes, strict=True))
    answerable = np.array([each.answerable for each in examples])
    answer = answer_threshold(confidence, ~right.astype(bool), weight, config.wrong / config.harder)
    clarify = keep_threshold(total[answerable], weight[answerable], config.lost)
    given = confidence >= answer
    return Calibration(
        scale=scale,
        nothing=nothing,
        answer=round(answer, 6),
        clarify=round(min(clarify, answer), 6),
        questions=len(examples),
        expected={
            "answered": _share(given & answerable, answerable, weight),
            "wrong_among_answered": _share(given & ~right.astype(bool), given, weight),
            "unanswerable_answered": _share(given & ~answerable, ~answerable, weight),
            "unanswerable_declined": _share(~given & (total < clarify) & ~answerable, ~answerable, weight),
            "answerable_declined": _share(~given & (total < clarify) & answerable, answerable, weight),
        },
    )


def _weigh(examples: Sequence[Example], unanswerable: float) -> np.ndarray:
    answerable = np.array([each.answerable for each in examples])
    counts = {True: max(int(answerable.sum()), 1), False: max(int((~answerable).sum()), 1)}
    return np.where(answerable, (1 - unanswerable) / counts[True], unanswerable / counts[False])


def _fit(
    scores: Sequence[np.ndarray], examples: Sequence[Example], weight: np.ndarray
) -> tuple[float, float]:
    """Scale and nothing under which what is right was likeliest; a question whose answer was not found is left out."""

    known = [
        number
        for number, each in enumerate(examples)
        if len(each.right) and (each.right.any() or not each.answerable)
    ]
    if not known:
        return 1.0, 0.0
    flat = np.concatenate([scores[number] for number in known])
    right = np.concatenate([examples[number].right for number in known])
    sizes = np.array([len(scores[number]) for number in known])
    starts, owner = np.cumsum(sizes) - sizes, np.repeat(np.arange(len(known)), sizes)
    answerable = np.array([examples[number].answerable for number in known])
    share = weight[known]

    def loss(values: np.ndarray) -> float:
        sums = np.exp(values[0]) * flat
        # Relative to the highest of each question, so that no exponential is too large.
        highest = np.maximum(np.maximum.reduceat(sums, starts), values[1])
        parts, nothing = np.exp(sums - highest[owner]), np.exp(values[1] - highest)
        hit = np.where(answerable, np.add.reduceat(parts * right, starts), nothing)
        return float(
            (share * (np.log(np.add.reduceat(parts, starts) + nothing) - np.log(hit + 1e-300))).sum()
        )

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6}).x
    return float(np.exp(found[0])), float(found[1])


def outcome(
    calibration: Calibration, each: Example, weights: Mapping[str, float]
) -> tuple[float, float, bool]:
    """The best candidate's confidence, the sum of all probabilities, and whether the best is right."""
    score = _score(each, weights)
    if not len(score):
        return 0.0, 0.0, False
    probability = np.array(calibration.probabilities(score.tolist()))
    best = int(np.argmax(probability))
    confidence = each.subjects @ probability
    return float(confidence[best]), float(probability.sum()), bool(each.right[best])


def _score(each: Example, weights: Mapping[str, float]) -> np.ndarray:
    return each.evidence @ np.array([weights[name] for name in WEIGHED]) - weights["none"]


def _share(part: np.ndarray, whole: np.ndarray, weight: np.ndarray) -> float:
    total = float(weight[whole].sum())
    return round(float(weight[part].sum()) / total, 4) if total else 0.0
