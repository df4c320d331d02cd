"""Whether two sources are about the same subject, told from their topics or, without them, from their titles."""

from __future__ import annotations

from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Context
from knowledge.pipeline.rank import is_basis
from knowledge.source import Source


def same_subject(left: Source, right: Source, context: Context) -> bool:
    """One topic in common; or where one has none, titles so alike (``residence.same_subject``) but for the place."""
    if is_basis(left, right):
        return True
    topics = [set(filter(None, each.topic.split("、"))) for each in (left, right)]
    if all(topics):
        return bool(topics[0] & topics[1])
    pairs = [bigram_set(_without_places(each.title, context)) for each in (left, right)]
    size = len(pairs[0]) + len(pairs[1])
    return size > 0 and 2 * len(pairs[0] & pairs[1]) / size >= context.config.residence.same_subject


def _without_places(title: str, context: Context) -> str:
    for region in context.index.regions:
        title = title.replace(region, "")
    return title
