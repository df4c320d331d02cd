"""Weigh the evidence for each candidate and put the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping

from knowledge.pipeline.context import Candidate, Context, link


def rank(context: Context) -> None:
    """Give every candidate its score, probability and confidence.

    A conditional logit model (McFadden, 1974) with the outside option "nothing answers": candidates compete with
    each other and with it, so that a question that fits many subjects alike is certain of none.
    """
    for candidate in context.candidates:
        candidate.score = weigh(candidate.evidence, context.config.weights)
    probabilities = context.calibration.probabilities([each.score for each in context.candidates])
    for candidate, probability in zip(context.candidates, probabilities, strict=True):
        candidate.probability = probability
    add_up_subjects(context.candidates)
    context.candidates.sort(key=lambda each: each.probability, reverse=True)


def weigh(evidence: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The weighed sum of a candidate's evidence, less that of nothing."""
    return sum(weights[name] * value for name, value in evidence.items()) - weights["none"]


def add_up_subjects(candidates: list[Candidate]) -> None:
    """Give every candidate the confidence that its probability and those of its basis add up to."""
    if any(each.linked is None for each in candidates):
        link(candidates)
    present = set(map(id, candidates))
    for candidate in candidates:
        linked = (each.probability for each in candidate.linked or () if id(each) in present)
        candidate.confidence = candidate.probability + sum(linked)
