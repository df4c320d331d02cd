"""What the steps share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from knowledge.answer import Answer, Notice
from knowledge.config import SearchConfig
from knowledge.embedding import Embedder
from knowledge.index.release import ReleaseIndex
from knowledge.pipeline.residence import Residence
from knowledge.source import Source


@dataclass
class Candidate:
    """A source that may answer, with the evidence for it."""

    source: Source
    question_cosine: float = 0.0
    """Cosine of the question with the nearest question of an FAQ."""
    question_fused: float = 0.0
    """Best fused score among FAQ questions, 0…1."""
    question_match: float = 0.0
    """Likeness to an FAQ's nearest question: Dice's coefficient over bigrams, weighted by rarity."""
    question_coverage: float = 0.0
    """Share of the question's bigrams, weighted by rarity, that one question of an FAQ has."""
    passage_cosine: float = 0.0
    """Cosine of the question with the nearest piece of the answer or clause."""
    passage_fused: float = 0.0
    """Best fused score among passages, 0…1."""
    passage_bm25: float = 0.0
    """Best BM25 score of such a piece."""
    coverage: float = 0.0
    """Share of the question's bigrams, weighted by rarity, that the source has."""
    probability: float = 0.0
    """How likely this very source is the right one, among all candidates and nothing."""
    confidence: float = 0.0
    """The same for its subject: an FAQ together with the clauses that it is based on."""

    @property
    def faq(self) -> float:
        """1 for an FAQ, 0 for a clause."""
        return float(self.source.kind == "faq")


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
    """The question as it is searched with: normalised, cut to the configured length."""
    known: Residence = field(default_factory=Residence)
    """What the conversation knows of the citizen."""
    region: str = ""
    """The region that is asked about: the one named, or else the citizen's own."""
    region_named: bool = False
    audience: str = ""
    notice: Notice | None = None
    """What the citizen has to be told of a rule that is not in force, or was amended."""
    vector: np.ndarray | None = None
    candidates: list[Candidate] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    answer: Answer | None = None
    timings: dict[str, float] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def trace(self) -> dict[str, Any]:
        """What is stored beside the answer so that it can be explained."""

        def row(candidate: Candidate) -> dict[str, Any]:
            evidence = {
                name: round(value, 4) for name, value in vars(candidate).items() if isinstance(value, float)
            }
            return {"id": candidate.source.id, "title": candidate.source.title, **evidence}

        return {
            "question": self.question,
            "today": self.today.isoformat(),
            "steps": self.steps,
            "text": self.text,
            "region": self.region,
            "region_named": self.region_named,
            "audience": self.audience,
            "known": self.known.to_dict(),
            "thresholds": self.config.thresholds(),
            "candidates": [row(candidate) for candidate in self.candidates],
            "rejected": [{**row(item.candidate), "reason": item.reason} for item in self.rejected],
        }
