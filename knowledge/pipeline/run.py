"""The whole answer policy, readable as one list."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from knowledge.answer import Answer
from knowledge.pipeline.compose import compose
from knowledge.pipeline.context import Context
from knowledge.pipeline.decide import decide
from knowledge.pipeline.follow import follow
from knowledge.pipeline.look_up import look_up
from knowledge.pipeline.rank import rank
from knowledge.pipeline.retrieve import retrieve
from knowledge.pipeline.tell import tell_notice
from knowledge.pipeline.understand import normalise_question, screen, understand
from knowledge.pipeline.validity import check_validity, note_lapse, prefer_own
from knowledge.pipeline.whom import ask_whom, recall

STEPS = (
    normalise_question,
    screen,
    understand,
    recall,
    look_up,
    follow,
    retrieve,
    rank,
    check_validity,
    note_lapse,
    prefer_own,
    decide,
    compose,
)
# These look at every answer, whichever step gave it.
LAST_STEPS = (
    tell_notice,
    ask_whom,
)


def run_pipeline(context: Context) -> Answer:
    """Run the steps until one gives the answer, which the last one always does; then those that look it over."""
    started = time.perf_counter()
    for step in STEPS:
        _run(step, context)
        if context.answer is not None:
            break
    for step in LAST_STEPS:
        _run(step, context)
    assert context.answer is not None
    context.timings["total"] = (time.perf_counter() - started) * 1000
    timings = {name: round(value, 2) for name, value in context.timings.items()}
    return replace(context.answer, timings_ms=timings, release=str(context.index.release_id))


def _run(step: Callable[[Context], None], context: Context) -> None:
    begun = time.perf_counter()
    step(context)
    context.steps.append(step.__name__)
    context.timings[step.__name__] = (time.perf_counter() - begun) * 1000
