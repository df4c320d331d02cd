"""Tell whether a message leans on what was talked about just before, and if so, read it together with that."""

from __future__ import annotations

from dataclasses import replace

from knowledge.pipeline.context import Context
from knowledge.pipeline.phrases import pattern
from knowledge.pipeline.rank import rank
from knowledge.pipeline.residence import short_name
from knowledge.pipeline.retrieve import retrieve
from knowledge.text import normalise


def follow(context: Context) -> None:
    """Read an elliptic message (那要带什么材料, 临港区的呢, 要多久) together with the question before it.

    A message that by itself is sure of its answer begins a new subject, however it is worded; but not one that only
    names another case (个体户的呢).
    """
    if context.previous is None or not leans(context.text, context.index.regions):
        return
    if not pattern("another_case").search(context.text) and _sure_alone(context):
        return
    context.follows = True
    context.text = f"{context.previous.text} {context.text}"
    context.official = tuple(context.vocabulary.synonyms.official_words(context.text))


def _sure_alone(context: Context) -> bool:
    alone = replace(context, candidates=[], timings={})
    retrieve(alone)
    rank(alone)
    return bool(alone.candidates) and alone.candidates[0].confidence >= context.calibration.answer


def leans(text: str, regions: frozenset[str]) -> bool:
    """Whether ``text`` (normalised) begins or ends as a follow-up does, or names nothing that it could be about."""
    if pattern("leaning_opening").match(text) or pattern("leaning_ending").search(text):
        return True
    left = text
    for region in regions:
        left = left.replace(normalise(region), "").replace(short_name(region), "")
    return sum(sign.isalnum() for sign in pattern("aspect").sub("", left)) <= 1
