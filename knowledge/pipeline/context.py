"""What the steps share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import numpy as np

from knowledge.answer import Answer, Notice
from knowledge.config import SearchConfig
from knowledge.decision.calibration import Calibration
from knowledge.embedding import Embedder
from knowledge.index.release import ReleaseIndex
from knowledge.pipeline.residence import Residence
from knowledge.source import Source, is_basis
from knowledge.vocabulary import Vocabulary


@dataclass
class Candidate:
    """A source that may answer. ``evidence`` is what :mod:`knowledge.pipeline.evidence` gathers, by name."""

    source: Source
    evidence: dict[str, float] = field(default_factory=dict)
    score: float = 0.0
    """The evidence weighed, relative to that nothing answers; the log of a ratio before it is calibrated."""
    probability: float = 0.0
    """How likely this very source is the right one, among all candidates and nothing."""
    confidence: float = 0.0
    """The same for its subject: an FAQ together with the clauses that it is based on."""
    linked: list[Candidate] | None = field(default=None, repr=False, compare=False)
    """The candidates that it is based on, or that are based on it; ``None`` until :func:`link` has looked."""


def link(candidates: list[Candidate]) -> None:
    """Find each candidate's basis among the others, or what is based on it."""
    for candidate in candidates:
        candidate.linked = []
    clauses = [(each, each.source.document_id) for each in candidates if each.source.kind == "clause"]
    for faq in candidates:
        if faq.source.kind != "faq" or not faq.source.basis:
            continue
        documents = faq.source.documents
        for clause, document in clauses:
            # Most clauses are of other documents, which is told faster.
            if document in documents and is_basis(faq.source, clause.source):
                faq.linked.append(clause)  # type: ignore[union-attr]
                clause.linked.append(faq)  # type: ignore[union-attr]


@dataclass(frozen=True)
class Previous:
    """What the conversation was about just before: the question as it was searched, and the sources given for it."""

    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Rejection:
    """A candidate that may not answer, and why.

    ``repealed``, ``superseded``, ``expired``, ``not_yet``: not in force. ``region``: another region's. ``local``: the
    citizen's own region has a rule of its own. ``audience``: there is a rule for the citizen's own group.
    """

    candidate: Candidate
    reason: str


@dataclass
class Context:
    """One run of the pipeline. A step ends the run by setting ``answer``."""

    question: str
    today: date
    index: ReleaseIndex
    embedder: Embedder
    config: SearchConfig
    text: str = ""
    """The question as it is searched with: normalised, cut to the configured length, homophones mended."""
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    calibration: Calibration = field(default_factory=Calibration)
    previous: Previous | None = None
    official: tuple[str, ...] = ()
    """Official words for the everyday ones of the question."""
    follows: bool = False
    """Whether the question was understood as one about the previous subject; ``text`` then holds both."""
    known: Residence = field(default_factory=Residence)
    """What the conversation knows of the citizen."""
    region: str = ""
    """The region that is asked about: the one named, or else the citizen's own."""
    region_named: bool = False
    audience: str = ""
    notice: Notice | None = None
    """What the citizen has to be told of a rule that is not in force, or was amended."""
    vectors: np.ndarray | None = None
    """One row for each reading of the question."""
    hidden: frozenset[int] = frozenset()
    """Rows of the index's ``questions`` that count as not there: a question of an FAQ that is held out."""
    candidates: list[Candidate] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    answer: Answer | None = None
    timings: dict[str, float] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def thresholds(self) -> dict[str, float]:
        """What decides about the answer: the configured limits, and those that were learnt in place of theirs."""
        learnt = {"decision.answer": self.calibration.answer, "decision.clarify": self.calibration.clarify}
        return self.config.thresholds() | learnt

    def trace(self) -> dict[str, Any]:
        """What is stored beside the answer so that it can be explained."""

        return {
            "question": self.question,
            "today": self.today.isoformat(),
            "steps": self.steps,
            "text": self.text,
            "official": list(self.official),
            "previous": asdict(self.previous) if self.previous else None,
            "follows": self.follows,
            "calibration": self.calibration.to_dict(),
            "region": self.region,
            "region_named": self.region_named,
            "audience": self.audience,
            "known": self.known.to_dict(),
            "thresholds": self.thresholds(),
            "candidates": _rows(self.candidates),
            "rejected": [
                {**row, "reason": item.reason}
                for item, row in zip(
                    self.rejected, _rows([each.candidate for each in self.rejected]), strict=True
                )
            ],
        }


def _rows(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Candidates with all their numbers, as the trace has them."""
    rows: list[dict[str, float]] = [
        {
            "score": each.score,
            "probability": each.probability,
            "confidence": each.confidence,
            **each.evidence,
        }
        for each in candidates
    ]
    # Rounded together: they are more than a thousand, and round() by itself takes a millisecond for so many.
    rounded = iter(np.array([value for row in rows for value in row.values()]).round(4).tolist())
    return [
        {"id": each.source.id, "title": each.source.title, **dict(zip(row, rounded, strict=False))}
        for each, row in zip(candidates, rows, strict=True)
    ]
