"""Questions with known answers, made of the content itself.

Each similar question of an FAQ is held out in turn and asked as a citizen's, altered in some way; and the same once
more with the FAQ and what it rests on taken away, so that nothing answers it. The index stays as it is: what is held
out is hidden from the search.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from knowledge.decision.alterations import ALTERATIONS
from knowledge.decision.evidence import WEIGHED
from knowledge.index.release import ReleaseIndex
from knowledge.pipeline.context import Candidate, Context
from knowledge.pipeline.evidence import relate
from knowledge.pipeline.retrieve import retrieve
from knowledge.pipeline.understand import normalise_question
from knowledge.pipeline.validity import why_not
from knowledge.source import Source, contains, is_basis

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Example:
    """The candidates of one question: evidence (n, len(WEIGHED)), which are right, and which add up to a subject.

    ``subjects`` (n, n) has 1 where a candidate's probability counts for another's confidence. ``answerable`` tells
    whether the content has an answer, found or not.
    """

    evidence: np.ndarray
    right: np.ndarray
    subjects: np.ndarray
    answerable: bool


def example(candidates: Sequence[Candidate], right: Sequence[bool], answerable: bool) -> Example:
    """The candidates of a question as numbers."""
    size = len(candidates)
    evidence = np.array([[each.evidence.get(name, 0.0) for name in WEIGHED] for each in candidates])
    subjects = np.array(
        [[one is two or is_basis(one.source, two.source) for two in candidates] for one in candidates],
        dtype=float,
    )
    return Example(
        evidence.reshape(size, len(WEIGHED)),
        np.array(right, dtype=bool),
        subjects.reshape(size, size),
        answerable,
    )


def held_out(faqs: Sequence[Source], most: int) -> list[tuple[Source, str]]:
    """At most ``most`` pairs of an FAQ and a similar question of it, evenly spread; the same for the same content."""
    queues = [(each, list(each.questions[1:])) for each in sorted(faqs, key=lambda each: each.id)]
    for faq, questions in queues:
        random.Random(_seed(faq.id)).shuffle(questions)
    pairs: list[tuple[Source, str]] = []
    while len(pairs) < most and any(questions for _, questions in queues):
        pairs += [(faq, questions.pop()) for faq, questions in queues if questions]
    return pairs[:most]


def examples(
    pairs: Sequence[tuple[Source, str]],
    context_for: Callable[[str], Context],
    progress: Progress | None = None,
) -> Iterator[Example]:
    """Two examples for each pair: with the FAQ, and without it and its basis."""
    for done, (faq, question) in enumerate(pairs, 1):
        alter = ALTERATIONS[_seed(question) % len(ALTERATIONS)]
        context = context_for(alter(question, faq.title, random.Random(_seed(question))))
        context.hidden = rows_of(context.index, faq, [question])
        normalise_question(context)
        retrieve(context)
        candidates = [each for each in context.candidates if why_not(each.source, context) is None]
        relate(candidates)
        yield example(candidates, [_answers(each.source, faq) for each in candidates], answerable=True)
        others = [
            replace(each, evidence=dict(each.evidence))
            for each in candidates
            if not _answers(each.source, faq)
        ]
        relate(others)
        yield example(others, [False] * len(others), answerable=False)
        if progress:
            progress(done, len(pairs))


def rows_of(index: ReleaseIndex, faq: Source, questions: Collection[str]) -> frozenset[int]:
    """The rows in which an FAQ has these questions."""
    rows = index.rows("questions", faq.id)
    return frozenset(row for row, each in zip(rows, faq.questions, strict=True) if each in questions)


def _answers(source: Source, faq: Source) -> bool:
    """Whether ``source`` is the FAQ or something that it rests on."""
    if source.kind == "faq":
        return source.id == faq.id
    return any(contains(basis, source.id) or contains(source.id, basis) for basis in faq.basis)


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
