"""Fit the evidence weights in ``knowledge/search.yml``; the golden questions are not looked at.

Two sources of examples count alike: questions that the sample city's content itself holds out (as at each
publication, :mod:`knowledge.decision.examples`), and ``sample/development.csv``, questions in citizens' words that were
written for this and are never used to measure. The conditional logit model of ``knowledge/pipeline/rank.py`` is learnt
with a small penalty; ``--folds 5`` prints what it reaches on development questions that were left out.

``--harder`` prints how many times as often development questions are answered wrongly as held-out ones, at the
threshold that is learnt without this factor.

    .venv/bin/python -m benchmarks.fit_weights [--folds 5 | --harder]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.sample_city import open_sample
from knowledge.config import SearchConfig
from knowledge.decision.evidence import WEIGHED
from knowledge.decision.examples import Example, example, examples, held_out
from knowledge.decision.learn import learn, outcome
from knowledge.pipeline.evidence import relate
from knowledge.pipeline.retrieve import retrieve
from knowledge.pipeline.understand import normalise_question
from knowledge.pipeline.validity import why_not
from knowledge.service import KnowledgeService
from wenzheng.golden import GoldenQuestion, accepts, read_golden
from wenzheng.settings import PROJECT_ROOT

PENALTY = 3.0
DEVELOPMENT = PROJECT_ROOT / "sample" / "development.csv"


@dataclass(frozen=True)
class Padded:
    """Examples side by side: evidence (n, k, f), which places are candidates, which are right, which have none."""

    evidence: np.ndarray
    present: np.ndarray
    right: np.ndarray
    nothing: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Example]) -> Padded:
        size = max(len(each.right) for each in rows)
        evidence = np.zeros((len(rows), size, len(WEIGHED)))
        present, right = np.zeros((len(rows), size), bool), np.zeros((len(rows), size), bool)
        for number, each in enumerate(rows):
            evidence[number, : len(each.right)] = each.evidence
            present[number, : len(each.right)] = True
            right[number, : len(each.right)] = each.right
        return cls(evidence, present, right, np.array([not each.answerable for each in rows]))


def developed(service: KnowledgeService) -> list[tuple[GoldenQuestion, Example]]:
    """The development questions that stand by themselves, as examples."""
    found = []
    for question in read_golden(DEVELOPMENT):
        if question.kind not in ("answerable", "unanswerable", "ambiguous"):
            continue
        context = service.context(question.question)
        normalise_question(context)
        retrieve(context)
        candidates = [each for each in context.candidates if why_not(each.source, context) is None]
        relate(candidates)
        right = [accepts(question.accepted, each.source.id) for each in candidates]
        found.append((question, example(candidates, right, question.kind != "unanswerable")))
    return found


def fit(data: Padded, weight: np.ndarray, penalty: float = PENALTY) -> dict[str, float]:
    """Maximum likelihood of what is right, with an L2 penalty on standardised weights.

    BM25 never counts against a candidate: it has no upper limit, and a long question in the words of a law has scores
    that no question here has.
    """
    flat = data.evidence[data.present]
    centre, scale = flat.mean(axis=0), flat.std(axis=0) + 1e-9
    rows = (data.evidence - centre) / scale
    correct = np.concatenate([data.nothing[:, None], data.right], axis=1)
    known = correct.any(axis=1) * weight

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        scores = np.where(data.present, rows @ values[1:], -np.inf)
        scores = np.concatenate([np.full((len(scores), 1), values[0]), scores], axis=1)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        hit = (shares * correct).sum(axis=1, keepdims=True) + 1e-12
        gap = known[:, None] * (shares - shares * correct / hit)
        slope = np.append(gap[:, 0].sum(), np.einsum("nk,nkf->f", gap[:, 1:], rows))
        value = -float((known * np.log(hit[:, 0])).sum()) + 0.5 * penalty * float((values[1:] ** 2).sum())
        return value, slope + penalty * np.append(0.0, values[1:])

    bounds = [(None, None), *((0.0 if "bm25" in name else None, None) for name in WEIGHED)]
    found = minimize(loss, np.zeros(1 + len(WEIGHED)), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[1:] / scale
    return {"none": float(found[0] + centre @ weights), **dict(zip(WEIGHED, weights.tolist(), strict=True))}


def reach(rows: Sequence[Example], weights: dict[str, float]) -> dict[str, float]:
    """Shares of the answerable with the right one first, among the first four subjects, and found at all."""
    vector = np.array([weights[name] for name in WEIGHED])
    first = offered = found = 0
    rows = [each for each in rows if each.answerable]
    for each in rows:
        kept: list[int] = []
        for place in np.argsort(-(each.evidence @ vector)).tolist():
            if not any(each.subjects[place, other] for other in kept):
                kept.append(place)
        first += bool(each.right[kept[:1]].any())
        offered += bool(each.right[kept[:4]].any())
        found += bool(each.right.any())
    return {"first": first / len(rows), "first four": offered / len(rows), "found": found / len(rows)}


def harder(own: Sequence[Example], asked: Sequence[Example], config: SearchConfig) -> float:
    """The ratio of wrong among answered: development questions over held-out ones."""
    calibration = learn(own, config.weights, replace(config.decision, harder=1.0))
    assert calibration.expected is not None
    given = [outcome(calibration, row, config.weights) for row in asked]
    answered = [right for confidence, _, right in given if confidence >= calibration.answer]
    return float(1 - np.mean(answered)) / calibration.expected["wrong_among_answered"]


def main() -> None:
    """Print the block of ``search.yml``, or the figures of left-out development questions."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--harder", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, open_sample(Path(home)) as service:
        pairs = held_out(service.answering_faqs(service.index()), service.config.decision.questions)
        own = list(examples(pairs, service.context))
        asked = [each for _, each in developed(service)]
        config = service.config
    if arguments.harder:
        print(f"harder {harder(own, asked, config):.2f}")
        return
    both = [*own, *asked]
    weight = np.array([len(asked) / len(own)] * len(own) + [1.0] * len(asked))
    if arguments.folds:
        chance = np.random.RandomState(0).permutation(len(asked))
        results = []
        for fold in range(arguments.folds):
            out = set(chance[fold :: arguments.folds].tolist())
            kept = [number for number in range(len(both)) if number - len(own) not in out]
            weights = fit(Padded.of([both[number] for number in kept]), weight[kept])
            results.append(reach([asked[number] for number in sorted(out)], weights))
        for name in results[0]:
            print(f"{name:12} {np.mean([each[name] for each in results]):.3f}")
        return
    print("weights:")
    for name, value in fit(Padded.of(both), weight).items():
        print(f"  {name}: {value:.4f}")
    print(reach(own, fit(Padded.of(both), weight)), file=sys.stderr)


if __name__ == "__main__":
    main()
