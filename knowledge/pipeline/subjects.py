"""Whether two sources are about the same subject, told from their topics or, without them, from their titles."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Context
from knowledge.source import Source, is_basis


def same_subject(left: Source, right: Source, context: Context) -> bool:
    """One topic in common; or where one has none, titles so alike (``residence.same_subject``) but for the place."""
    if is_basis(left, right):
        return True
    topics = [set(filter(None, each.topic.split("、"))) for each in (left, right)]
    if all(topics):
        return bool(topics[0] & topics[1])
    titles = [_without(each.title, context.index.regions) for each in (left, right)]
    return _dice(*titles) >= context.config.residence.same_subject


def same_wording(left: Source, right: Source, context: Context) -> bool:
    """Whether two questions, or two clauses, read alike but for the people they are for."""
    if left.kind != right.kind:
        return False
    words = [
        _without(each.title if each.kind == "faq" else each.text, (*left.audience, *right.audience))
        for each in (left, right)
    ]
    return _dice(*words) >= context.config.residence.same_subject


def _dice(left: str, right: str) -> float:
    """Dice's coefficient over character pairs."""
    pairs = bigram_set(left), bigram_set(right)
    size = len(pairs[0]) + len(pairs[1])
    return 2 * len(pairs[0] & pairs[1]) / size if size else 0.0


def _without(words: str, left_out: Iterable[str]) -> str:
    for each in left_out:
        words = words.replace(each, "")
    return words
