"""Weigh the evidence for each candidate and put the likeliest first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields

from knowledge.config import EvidenceWeights
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Candidate, Context
from knowledge.source import Source, contains

EVIDENCE = tuple(field.name for field in fields(EvidenceWeights) if field.name != "none")
Weigh = Callable[[frozenset[str]], float]


def rank(context: Context) -> None:
    """Give every candidate its probability and confidence.

    A conditional logit model (McFadden, 1974) with the outside option "nothing answers": candidates compete with
    each other and with it, so that a question that fits many subjects alike is certain of none.
    """
    gather_evidence(context)
    weights = context.config.weights
    # Relative to nothing's score, and to the highest, so that no exponential is too large.
    sums = [
        sum(getattr(weights, name) * getattr(candidate, name) for name in EVIDENCE) - weights.none
        for candidate in context.candidates
    ]
    highest = max([0.0, *sums])
    scores = [math.exp(each - highest) for each in sums]
    total = sum(scores) + math.exp(-highest)
    for candidate, score in zip(context.candidates, scores, strict=True):
        candidate.probability = score / total
    add_up_subjects(context.candidates)
    context.candidates.sort(key=lambda each: each.probability, reverse=True)


def add_up_subjects(candidates: list[Candidate]) -> None:
    """Give every candidate the confidence that its probability and those of its basis add up to."""
    for candidate in candidates:
        candidate.confidence = sum(
            other.probability
            for other in candidates
            if other is candidate or is_basis(candidate.source, other.source)
        )


def is_basis(left: Source, right: Source) -> bool:
    """Whether one of the two is an FAQ and the other a clause that the FAQ is based on (or an item of it)."""
    faq, clause = (left, right) if left.kind == "faq" else (right, left)
    if faq.kind == clause.kind:
        return False
    return any(contains(basis, clause.id) or contains(clause.id, basis) for basis in faq.basis)


def gather_evidence(context: Context) -> None:
    """Fill in what comparing characters tells."""
    asked = bigram_set(context.text)
    rarity = {token: context.index.rarity(token) for token in asked}

    def weigh(tokens: frozenset[str]) -> float:
        # A pair that the question does not have is weighed as a rare one without looking it up.
        return sum(rarity.get(token, 1.0) for token in tokens)

    for candidate in context.candidates:
        source = candidate.source
        has = bigram_set("\n".join((source.title, source.search_text, *source.questions)))
        candidate.coverage = _share(asked, has, weigh)
        for question in map(bigram_set, source.questions):
            candidate.question_match = max(candidate.question_match, _dice(asked, question, weigh))
            candidate.question_coverage = max(candidate.question_coverage, _share(asked, question, weigh))


def _share(asked: frozenset[str], has: frozenset[str], weigh: Weigh) -> float:
    return weigh(asked & has) / weigh(asked) if asked else 0.0


def _dice(left: frozenset[str], right: frozenset[str], weigh: Weigh) -> float:
    whole = weigh(left) + weigh(right)
    return 2 * weigh(left & right) / whole if whole else 0.0
