"""Fit the evidence weights in ``knowledge/search.yml``; the golden questions are not looked at.

They are fitted to ``sample/development.csv``, questions in citizens' words that were written for this, asked with all
similar questions of the FAQs and once more with a random number of them hidden: other cities' FAQs have few, or some
more than others. Standard questions asked as they are count a little, too: otherwise all examples would differ from
their FAQ's questions, and being alike would speak of nothing. What the content itself holds out
(:mod:`knowledge.decision.examples`) is altered more than citizens alter, and made the fit worse; it is what thresholds
are learnt from. The conditional logit model of ``knowledge/pipeline/rank.py`` is learnt with a small penalty;
``--folds 5`` prints what it reaches on development questions that were left out.

``--harder 5`` prints how many of them are answered, and how many wrongly, at the thresholds that are learnt with one or
another ``decision.harder``.

    .venv/bin/python -m benchmarks.fit_weights [--folds 5 | --harder 5]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from benchmarks.sample_city import open_sample
from knowledge.config import SearchConfig
from knowledge.decision.evidence import BEHIND, OF_TEXT, QUESTIONS, WEIGHED
from knowledge.decision.examples import Example, example, examples, held_out, rows_of
from knowledge.decision.learn import learn, outcome
from knowledge.pipeline.evidence import relate
from knowledge.pipeline.retrieve import retrieve
from knowledge.pipeline.understand import normalise_question
from knowledge.pipeline.validity import why_not
from knowledge.service import KnowledgeService
from knowledge.source import Source, contains
from wenzheng.golden import GoldenQuestion, accepts, read_golden
from wenzheng.settings import PROJECT_ROOT

# Chosen by what left-out development questions then reach.
PENALTY = 0.5
EXACT = 0.05  # what standard questions as they are count together beside development questions
LEFT = (0, 1, 2, 3, 5, 8, 11)  # similar questions that an FAQ is left with
FAQS, CLAUSES = "faqs", "clauses"
HARDER = (0.3, 0.4, 0.5, 0.55, 0.6, 0.7)
ORDERS = 3  # in which folds are drawn: figures of one differ by chance
KINDS = (FAQS, CLAUSES, "")
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


def developed(service: KnowledgeService, faqs: Sequence[Source] = ()) -> list[Example]:
    """The development questions that stand by themselves, with all but some similar questions of ``faqs`` hidden."""
    found, chance = [], random.Random(0)
    for question in read_golden(DEVELOPMENT):
        if question.kind not in ("answerable", "unanswerable", "ambiguous"):
            continue
        context = service.context(question.question)
        hidden = (rows_of(context.index, each, _too_many(each, chance)) for each in faqs)
        context.hidden = frozenset().union(*hidden)
        normalise_question(context)
        retrieve(context)
        candidates = [each for each in context.candidates if why_not(each.source, context) is None]
        relate(candidates)
        right = [_is_right(question, each.source) for each in candidates]
        found.append(example(candidates, right, question.kind != "unanswerable"))
    return found


def _too_many(faq: Source, chance: random.Random) -> list[str]:
    """All similar questions but some."""
    similar = list(faq.questions[1:])
    chance.shuffle(similar)
    return similar[chance.choice(LEFT) :]


def as_they_are(service: KnowledgeService, faqs: Sequence[Source]) -> list[Example]:
    """Standard questions asked as they are."""
    found = []
    for faq in faqs:
        context = service.context(faq.title)
        normalise_question(context)
        retrieve(context)
        candidates = [each for each in context.candidates if why_not(each.source, context) is None]
        relate(candidates)
        found.append(example(candidates, [each.source.id == faq.id for each in candidates], True))
    return found


def _is_right(question: GoldenQuestion, source: Source) -> bool:
    """Whether a source is accepted, or has what is accepted inside: a part of a short section is found through it."""
    within = any("#" in each and contains(source.id, each) for each in question.accepted)
    return within or accepts(question.accepted, source.id)


def standardised(evidence: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The evidence with mean 0 and deviation 1 over the candidates that can have it, 0 for the others; and both.

    With the others in them, a cosine would differ most by whether there is one at all, and the penalty would keep what
    it says from being heard.
    """
    of_faqs = present & (evidence[..., WEIGHED.index("faq")] > 0)
    rows, centres, scales = np.zeros_like(evidence), np.zeros(len(WEIGHED)), np.ones(len(WEIGHED))
    for column, name in enumerate(WEIGHED):
        has = {FAQS: of_faqs, CLAUSES: present & ~of_faqs}.get(owners(name), present)
        values = evidence[..., column][has]
        centres[column], scales[column] = values.mean(), values.std() + 1e-9
        rows[..., column][has] = (values - centres[column]) / scales[column]
    return rows, centres, scales


def owners(name: str) -> str:
    """Which candidates have an evidence: those of one kind, or all."""
    name = name.removeprefix(BEHIND)
    if name in QUESTIONS or name in OF_TEXT["answer"].values():
        return FAQS
    return CLAUSES if name in OF_TEXT["clause"].values() else ""


def fit(data: Padded, weight: np.ndarray, penalty: float = PENALTY) -> dict[str, float]:
    """Maximum likelihood of what is right, with an L2 penalty on standardised weights.

    Neither BM25 nor likeness to an FAQ's question ever counts against a candidate. BM25 has no upper limit, and a long
    question in the words of a law has scores that no question here has.
    """
    rows, centres, scales = standardised(data.evidence, data.present)
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

    bounds = [
        (None, None),
        *((0.0 if "bm25" in name or name.endswith("question_match") else None, None) for name in WEIGHED),
    ]
    found = minimize(loss, np.zeros(1 + len(WEIGHED)), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[1:] / scales
    # What the means of one kind's evidence come to goes to what being of that kind counts.
    means = {
        kind: sum(m * w for name, m, w in zip(WEIGHED, centres, weights, strict=True) if owners(name) == kind)
        for kind in KINDS
    }
    weights[WEIGHED.index("faq")] += means[CLAUSES] - means[FAQS]
    none = found[0] + means[""] + means[CLAUSES]
    return {"none": float(none), **dict(zip(WEIGHED, weights.tolist(), strict=True))}


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


@dataclass(frozen=True)
class Examples:
    """Held-out questions to learn thresholds from; and what is fitted to: standard questions as they are, development
    questions, and these with fewer similar questions left."""

    own: list[Example]
    exact: list[Example]
    asked: list[Example]
    thinned: list[Example]

    def without(self, out: set[int]) -> Examples:
        """Without the development questions at these places."""
        asked, thinned = (
            [each for number, each in enumerate(some) if number not in out]
            for some in (self.asked, self.thinned)
        )
        return replace(self, asked=asked, thinned=thinned)

    def fitted(self) -> dict[str, float]:
        """The weights that fit best."""
        parts = ((self.exact, EXACT), (self.asked, 0.5), (self.thinned, 0.5))
        weight = [np.full(len(some), share * len(self.asked) / len(some)) for some, share in parts]
        return fit(Padded.of([each for some, _ in parts for each in some]), np.concatenate(weight))


def folds_of(given: Examples, folds: int) -> Iterator[tuple[list[int], dict[str, float]]]:
    """Development questions to leave out, by their places, and the weights that are fitted without them.

    Each question is left out once in each of the orders.
    """
    for order in range(ORDERS):
        chance = np.random.RandomState(order).permutation(len(given.asked))
        for fold in range(folds):
            out = chance[fold::folds].tolist()
            yield out, given.without(set(out)).fitted()


def left_out(given: Examples, folds: int) -> dict[str, float]:
    """What is reached on development questions that the weights were not fitted on."""
    results = []
    for out, weights in folds_of(given, folds):
        whole, fewer = (reach([some[each] for each in out], weights) for some in (given.asked, given.thinned))
        results.append(
            whole | {f"{name}, with fewer similar questions": value for name, value in fewer.items()}
        )
    return {name: float(np.mean([each[name] for each in results])) for name in results[0]}


def harder(given: Examples, config: SearchConfig, folds: int) -> Iterator[tuple[float, float, float]]:
    """By ``decision.harder``: how many development questions that were left out are answered, and how many wrongly.

    The mean of all orders.
    """
    parts = list(folds_of(given, folds))
    for factor in HARDER:
        answered, decision = [], replace(config.decision, harder=factor)
        for out, weights in parts:
            calibration = learn(given.own, weights, decision)
            results = (outcome(calibration, given.asked[each], weights) for each in out)
            answered += [right for confidence, _, right in results if confidence >= calibration.answer]
        yield factor, len(answered) / ORDERS, answered.count(False) / ORDERS


def main() -> None:
    """Print the block of ``search.yml``, or the figures of left-out development questions."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folds", type=int, default=0)
    parser.add_argument("--harder", type=int, default=0, metavar="FOLDS")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, open_sample(Path(home)) as service:
        faqs, config = service.answering_faqs(service.index()), service.config
        given = Examples(
            list(examples(held_out(faqs, config.decision.questions), service.context)),
            as_they_are(service, faqs),
            developed(service),
            developed(service, faqs),
        )
    if arguments.harder:
        for factor, answered, wrong in harder(given, config, arguments.harder):
            share = f"{answered:.1f} of {len(given.asked)} answered, {wrong:.1f} wrong"
            print(f"harder {factor:4.2f}: {share} ({wrong / max(answered, 1):.1%})", flush=True)
        return
    if arguments.folds:
        for name, value in left_out(given, arguments.folds).items():
            print(f"{value:.3f} {name}")
        return
    weights = given.fitted()
    print("weights:")
    for name, value in weights.items():
        print(f"  {name}: {value:.4f}")
    print(reach(given.own, weights), file=sys.stderr)


if __name__ == "__main__":
    main()
