"""Weigh the evidence for each candidate and put the likeliest first."""

from __future__ import annotations

import math

from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Candidate, Context


def rank(context: Context) -> None:
    """Give every candidate its confidence: a logistic function of the evidence, weights in ``search.yml``."""
    asked = bigram_set(context.text)
    rarity = {token: context.index.rarity(token) for token in asked}
    for candidate in context.candidates:
        candidate.coverage = _coverage(candidate, rarity)
        candidate.question_match = max(
            (_dice(asked, bigram_set(question)) for question in candidate.source.questions), default=0.0
        )
        candidate.confidence = _confidence(candidate, context)
    context.candidates.sort(key=lambda each: (each.confidence, each.fused), reverse=True)


def _coverage(candidate: Candidate, rarity: dict[str, float]) -> float:
    total = sum(rarity.values())
    if not total:
        return 0.0
    source = candidate.source
    has = bigram_set("\n".join((source.title, source.search_text, *source.questions)))
    return sum(weight for token, weight in rarity.items() if token in has) / total


def _dice(left: frozenset[str], right: frozenset[str]) -> float:
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0


def _confidence(candidate: Candidate, context: Context) -> float:
    weights = context.config.decision
    value = (
        weights.bias
        + weights.cosine * candidate.cosine
        + weights.coverage * candidate.coverage
        + weights.question_match * candidate.question_match
        + (weights.clause if candidate.source.kind == "clause" else 0.0)
    )
    return 1 / (1 + math.exp(-value))
