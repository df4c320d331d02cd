"""The answer that travels to every channel, and its closed vocabulary of statuses and reasons."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["answered", "clarify", "no_answer", "handoff", "small_talk", "safety"]
Reason = Literal["low_confidence", "empty", "not_a_question", "not_ready", "error"]


@dataclass(frozen=True)
class Citation:
    """A source as the citizen sees it. ``quote`` is verbatim; dates are ISO."""

    kind: str
    id: str
    title: str
    doc_number: str
    article: str
    quote: str
    effective_from: str | None
    effective_to: str | None
    url: str


@dataclass(frozen=True)
class Option:
    """One choice of a ``clarify`` answer: the source it leads to, and the question it stands for."""

    id: str
    label: str


@dataclass(frozen=True)
class Answer:
    """See docs/architecture.md, "Answer". ``confidence`` is within 0…1; ``text`` is plain, without source lines."""

    status: Status
    text: str
    confidence: float = 0.0
    sources: tuple[Citation, ...] = ()
    options: tuple[Option, ...] = ()
    reason: Reason | None = None
    department: str | None = None
    release: str | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of the contract."""
        return asdict(self)
