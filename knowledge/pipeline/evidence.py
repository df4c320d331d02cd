"""What speaks for each candidate, in numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from knowledge.decision.evidence import BEHIND, OF_TEXT, QUESTIONS, TEXTS
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Candidate, Context
from knowledge.source import Source

_BEST = 3


@dataclass
class Found:
    """A source that was found, with its best BM25 score by group."""

    source: Source
    bm25: dict[str, float] = field(default_factory=dict)


def gather_evidence(context: Context, found: dict[str, Found]) -> None:
    """Fill in every candidate's evidence: what :data:`knowledge.decision.evidence.WEIGHED` names and its kind has."""
    assert context.vectors is not None
    question = _Question(context)
    asked = {"length": math.log(1 + len(context.text)), "known": question.known()}
    names = [each.source.id for each in context.candidates]
    tokens = context.embedder.query_token_vectors(context.text)
    text_near = context.index.cosines("passages", names, context.vectors)
    for candidate, near, of_text, alike in zip(
        context.candidates,
        context.index.cosines("questions", names, context.vectors, context.hidden),
        text_near,
        context.index.max_sims(names, text_near, tokens),
        strict=True,
    ):
        source, bm25 = candidate.source, found[candidate.source.id].bm25
        is_faq = source.kind == "faq"
        asked_of = _questions(source, context)
        says = question.said_by(source, asked_of)
        candidate.evidence = {"faq": float(is_faq), **asked}
        if is_faq:
            candidate.evidence |= _of_cosines(near) | question.likeness(asked_of, says)
            candidate.evidence["question_bm25"] = bm25.get("questions", 0.0)
        own = OF_TEXT["answer" if is_faq else "clause"]
        candidate.evidence |= {
            own["cosine"]: max(of_text, default=0.0),
            own["max_sim"]: alike,
            own["bm25"]: bm25.get("passages", 0.0),
            own["coverage"]: question.coverage(says),
        }
    relate(context.candidates)


def relate(candidates: Sequence[Candidate]) -> None:
    """Fill in the evidence that comes of the others: how far each is ``behind_`` the best."""
    faqs = [each.evidence for each in candidates if each.evidence["faq"]]
    clauses = [each.evidence for each in candidates if not each.evidence["faq"]]
    for name in QUESTIONS:
        _compare(name, [each for each in faqs if name in each])
    for name in TEXTS:
        answer, clause = OF_TEXT["answer"][name], OF_TEXT["clause"][name]
        best = max((*(each[answer] for each in faqs), *(each[clause] for each in clauses)), default=0.0)
        _compare(answer, faqs, best)
        _compare(clause, clauses, best)


def _compare(name: str, evidence: Sequence[dict[str, float]], best: float | None = None) -> None:
    if best is None:
        best = max((each[name] for each in evidence), default=0.0)
    for each in evidence:
        each[BEHIND + name] = each[name] - best


def _of_cosines(near: Sequence[float]) -> dict[str, float]:
    """What the cosines with an FAQ's questions say together.

    Nothing that depends on how many questions it has: FAQs with one and with twelve stand side by side.
    """
    best = sorted(near, reverse=True)[:_BEST]
    return {"question_cosine": best[0], "question_best": sum(best) / len(best)} if best else {}


class _Question:
    """The character pairs that a question has, and those that only its official words have, weighed by rarity."""

    def __init__(self, context: Context) -> None:
        self._index = context.index
        self._asked = bigram_set(context.text)
        self._official = bigram_set(" ".join(context.official)) - self._asked
        self._rarity = {token: self._index.rarity(token) for token in self._asked | self._official}
        self._whole = self._weigh(self._asked)

    def known(self) -> float:
        """``known``: by what stands anywhere."""
        return self._share(filter(self._index.frequency, self._asked))

    def said_by(self, source: Source, questions: Sequence[str]) -> list[str]:
        """Those of the pairs that ``source`` has, in its text or in these ``questions`` of it."""
        if len(questions) == len(source.questions):
            return source.says(self._rarity)
        shown = replace(source, questions=tuple(questions))  # what is held out must not speak for it
        return shown.says(self._rarity)

    def coverage(self, said: Iterable[str]) -> float:
        """``coverage`` by a source that has said that."""
        return self._share(said)

    def likeness(self, questions: Sequence[str], said: Sequence[str]) -> dict[str, float]:
        """``question_match`` with the likest of an FAQ's ``questions``; ``question_beside`` by all that it has said."""
        match, in_questions = 0.0, set[str]()
        for pairs in map(bigram_set, questions):
            same = pairs & self._asked
            if not same:
                continue
            in_questions |= same
            shared, official = self._weigh(same), pairs & self._official
            # A pair that is in none of the two is weighed as a rare one without looking it up.
            theirs = shared + self._weigh(official) + len(pairs) - len(same) - len(official)
            match = max(match, 2 * shared / (self._whole + theirs))
        beside = self._share(pair for pair in said if pair in self._asked and pair not in in_questions)
        return {"question_match": match, "question_beside": beside}

    def _share(self, pairs: Iterable[str]) -> float:
        return self._weigh(pairs) / self._whole if self._whole else 0.0

    def _weigh(self, pairs: Iterable[str]) -> float:
        return sum(map(self._rarity.__getitem__, pairs))


def _questions(source: Source, context: Context) -> Sequence[str]:
    """A source's questions that are not held out."""
    if not context.hidden:
        return source.questions
    rows = context.index.rows("questions", source.id)
    return [each for each, row in zip(source.questions, rows, strict=True) if row not in context.hidden]
