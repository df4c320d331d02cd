"""What the steps share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from knowledge.answer import Answer
from knowledge.config import SearchConfig
from knowledge.embedding import Embedder
from knowledge.index.release import ReleaseIndex
from knowledge.source import Source


@dataclass
class Candidate:
    """A source that may answer, with the evidence for it. Scores are within 0…1 except the cosines."""

    source: Source
    cosine: float = 0.0
    """Best cosine of the question with one of the source's pieces."""
    fused: float = 0.0
    """Best fused score in either index."""
    coverage: float = 0.0
    """Share of the question's characters, weighted by rarity, that the source has."""
    question_match: float = 0.0
    """Likeness of the question to the nearest question of an FAQ (Dice's coefficient over bigrams)."""
    confidence: float = 0.0


@dataclass(frozen=True)
class Rejection:
    """A candidate that may not answer, and why: ``repealed``, ``superseded``, ``expired``, ``not_yet``, ``region``."""

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
    region: str = ""
    vector: np.ndarray | None = None
    candidates: list[Candidate] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    answer: Answer | None = None
    timings: dict[str, float] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    def trace(self) -> dict[str, Any]:
        """What is stored beside the answer so that it can be explained."""

        def row(candidate: Candidate) -> dict[str, Any]:
            return {
                "id": candidate.source.id,
                "title": candidate.source.title,
                "cosine": round(candidate.cosine, 4),
                "fused": round(candidate.fused, 4),
                "coverage": round(candidate.coverage, 4),
                "question_match": round(candidate.question_match, 4),
                "confidence": round(candidate.confidence, 4),
            }

        return {
            "steps": self.steps,
            "text": self.text,
            "region": self.region,
            "candidates": [row(candidate) for candidate in self.candidates],
            "rejected": [{**row(item.candidate), "reason": item.reason} for item in self.rejected],
        }
