"""Thresholds with a finite-sample guarantee: conformal risk control.

A. N. Angelopoulos, S. Bates, A. Fisch, L. Lei and T. Schuster, "Conformal Risk Control", ICLR 2024
(arXiv:2208.02814). With n exchangeable questions and a loss of at most 1 that falls as the threshold moves one way,
the least strict threshold at which n/(n+1) · mean loss + 1/(n+1) ≤ limit keeps the expected loss of the next question
within the limit. Questions may have weights (their share among what citizens ask); 1 is then the largest weight.
"""

from __future__ import annotations

import numpy as np

ABOVE_ALL = 1.01
"""A threshold that no probability reaches."""


def answer_threshold(confidence: np.ndarray, wrong: np.ndarray, weight: np.ndarray, limit: float) -> float:
    """The lowest confidence from which to answer, so that at most the share ``limit`` of answers given is wrong.

    ``confidence``, ``wrong`` and ``weight`` have one entry for each question: how sure its best candidate is, whether
    that candidate is wrong. The loss is weight · (wrong - limit) of an answer given: its mean is at most 0 when the
    share is within the limit. The next question is counted as wrong and answered, at the largest weight. This loss
    does not fall steadily, so that the guarantee of the paper holds but for right answers that the strictness added
    by that one question withholds: the threshold is never lower than the one that knows the next question, and where
    it is higher only answers that are right are lost against it.
    """
    order = np.argsort(-confidence, kind="stable")
    given = np.cumsum(weight[order])
    failed = np.cumsum(np.where(wrong[order], weight[order], 0.0))
    spare = weight.max(initial=0.0)
    fits = failed + spare <= limit * (given + spare)
    # Equal confidences are answered together or not at all.
    last = np.append(confidence[order][1:] != confidence[order][:-1], True) if len(order) else fits
    good = np.flatnonzero(fits & last)
    return float(confidence[order][good[-1]]) if len(good) else ABOVE_ALL


def keep_threshold(score: np.ndarray, weight: np.ndarray, limit: float) -> float:
    """The highest threshold under which at most the share ``limit`` of questions falls: the loss is falling below it.

    ``score`` and ``weight`` have one entry for each question that has an answer. 0 when there are too few.
    """
    order = np.argsort(score, kind="stable")
    lost = np.cumsum(weight[order])
    spare, total = weight.max(initial=0.0), weight.sum()
    may_fall = np.flatnonzero(lost + spare <= limit * (total + spare))
    if not len(may_fall):
        return 0.0
    return float(score[order][min(may_fall[-1] + 1, len(order) - 1)])
