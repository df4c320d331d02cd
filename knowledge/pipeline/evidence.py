"""What speaks for each candidate, in numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from knowledge.decision.evidence import BEHIND, EVIDENCE
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Candidate, Context, link
from knowledge.source import Source

_BEST = 3
_BEHIND = {name: BEHIND + name for name in EVIDENCE}
_OF_BASIS = {f"basis_{name}": name for name in ("question_cosine", "passage_cosine", "coverage")}


@dataclass
class Found:
    """A source that was found, with its best BM25 score by group."""

    source: Source
    bm25: dict[str, float] = field(default_factory=dict)


def gather_evidence(context: Context, found: dict[str, Found]) -> None:
    """Fill in every candidate's evidence, :data:`EVIDENCE` and its ``behind_`` forms, and ``faq``."""
    assert context.vectors is not None
    question = _Question(context)
    names = [each.source.id for each in context.candidates]
    for candidate, question_cosine, passage_cosine in zip(
        context.candidates,
        context.index.cosines("questions", names, context.vectors, context.hidden),
        context.index.cosines("passages", names, context.vectors),
        strict=True,
    ):
        bm25 = found[candidate.source.id].bm25
        match, coverage = question.likeness(_questions(candidate.source, context))
        candidate.evidence = {
            "faq": float(candidate.source.kind == "faq"),
            "question_bm25": bm25.get("questions", 0.0),
            "question_match": match,
            "question_coverage": coverage,
            "passage_bm25": bm25.get("passages", 0.0),
            "coverage": question.coverage(candidate.source),
            "question_cosine": question_cosine,
            "passage_cosine": passage_cosine,
        }
    relate(context.candidates)


def relate(candidates: list[Candidate]) -> None:
    """Fill in the evidence that comes of the others: of document and basis, and ``behind_``."""
    _neighbours(candidates)
    best = {name: max([each.evidence[name] for each in candidates], default=0.0) for name in EVIDENCE}
    for candidate in candidates:
        evidence = candidate.evidence
        evidence |= {behind: evidence[name] - best[name] for name, behind in _BEHIND.items()}


class _Question:
    """The character pairs that a question has, and those that only its official words have, weighed by rarity."""

    def __init__(self, context: Context) -> None:
        self._asked = bigram_set(context.text)
        self._official = bigram_set(" ".join(context.official)) - self._asked
        self._rarity = {token: context.index.rarity(token) for token in self._asked | self._official}
        self._whole = self._weigh(self._asked)

    def likeness(self, questions: Sequence[str]) -> tuple[float, float]:
        """``question_match`` and ``question_coverage``: the best among an FAQ's ``questions``."""
        match = coverage = 0.0
        for pairs in map(bigram_set, questions):
            same = pairs & self._asked
            if not same:
                continue
            shared, official = self._weigh(same), pairs & self._official
            # A pair that is in none of the two is weighed as a rare one without looking it up.
            theirs = shared + self._weigh(official) + len(pairs) - len(same) - len(official)
            match = max(match, 2 * shared / (self._whole + theirs))
            coverage = max(coverage, shared / self._whole)
        return match, coverage

    def coverage(self, source: Source) -> float:
        """``coverage`` by a source."""
        if not self._asked:
            return 0.0
        return self._weigh(source.says(self._rarity)) / self._whole

    def _weigh(self, pairs: Iterable[str]) -> float:
        return sum(map(self._rarity.__getitem__, pairs))


def _questions(source: Source, context: Context) -> Sequence[str]:
    """A source's questions that are not held out."""
    if not context.hidden:
        return source.questions
    rows = context.index.rows("questions", source.id)
    return [each for each, row in zip(source.questions, rows, strict=True) if row not in context.hidden]


def _neighbours(candidates: list[Candidate]) -> None:
    """What a candidate's document and basis say, as far as they are candidates too."""
    link(candidates)
    near: dict[frozenset[str], list[float]] = {}
    for documents in {each.source.documents for each in candidates}:
        beside = [each for each in candidates if not documents.isdisjoint(each.source.documents)]
        near[documents] = sorted((each.evidence["passage_cosine"] for each in beside), reverse=True)[:_BEST]
    for candidate in candidates:
        evidence, basis = candidate.evidence, candidate.linked or ()
        # Without a document there is nothing beside it.
        cosines = near[candidate.source.documents] or [evidence["passage_cosine"]]
        evidence["document_cosine"] = cosines[0]
        evidence["document_mean"] = sum(cosines) / len(cosines)
        for of_basis, name in _OF_BASIS.items():
            evidence[of_basis] = max([each.evidence[name] for each in basis], default=0.0)
