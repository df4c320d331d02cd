"""Weigh the evidence for each candidate and put the likeliest first."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields

from knowledge.config import EvidenceWeights
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Context
from knowledge.source import Source

EVIDENCE = tuple(field.name for field in fields(EvidenceWeights) if field.name != "none")
Weigh = Callable[[frozenset[str]], float]


def rank(context: Context) -> None:
    """Give every candidate its probability and confidence.

    A conditional logit model (McFadden, 1974) with the outside option "nothing answers": candidates compete with
    each other and with it, so that a question that fits many subjects alike is certain of none.
    """
    gather_evidence(context)
    weights = context.config.weights
    # Relative to nothing's score, which keeps the exponentials small.
    scores = [
        math.exp(sum(getattr(weights, name) * getattr(candidate, name) for name in EVIDENCE) - weights.none)
        for candidate in context.candidates
    ]
    total = sum(scores) + 1.0
    for candidate, score in zip(context.candidates, scores, strict=True):
        candidate.probability = score / total
    for candidate in context.candidates:
        candidate.confidence = sum(
            other.probability
            for other in context.candidates
            if other is candidate or is_basis(candidate.source, other.source)
        )
    context.candidates.sort(key=lambda each: each.probability, reverse=True)


def is_basis(left: Source, right: Source) -> bool:
    """Whether one of the two is an FAQ and the other a clause that the FAQ is based on (or an item of it)."""
    faq, clause = (left, right) if left.kind == "faq" else (right, left)
    if faq.kind == clause.kind:
        return False
    return any(clause.id.startswith(basis) or basis.startswith(clause.id) for basis in faq.basis)


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
        candidate.coverage = weigh(asked & has) / weigh(asked) if asked else 0.0
        candidate.question_match = max(
            (_dice(asked, bigram_set(question), weigh) for question in source.questions), default=0.0
        )


def _dice(left: frozenset[str], right: frozenset[str], weigh: Weigh) -> float:
    whole = weigh(left) + weigh(right)
    return 2 * weigh(left & right) / whole if whole else 0.0
