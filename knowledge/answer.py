"""The answer that travels to every channel, and its closed vocabulary of statuses and reasons."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["answered", "clarify", "no_answer", "handoff", "small_talk", "safety"]
Reason = Literal[
    "low_confidence",
    "empty",
    "not_a_question",
    "no_subject",
    "not_ready",
    "error",
    "repealed",
    "superseded",
    "expired",
    "not_yet",
]
NoticeKind = Literal["repealed", "superseded", "expired", "not_yet", "amended", "in_force"]


@dataclass(frozen=True)
class Citation:
    """A source as the citizen sees it. ``quote`` is verbatim; dates are ISO.

    An FAQ's ``url`` is where to get it done; ``picture`` goes with it on a card, or is empty.
    """

    kind: str
    id: str
    title: str
    doc_number: str
    article: str
    quote: str
    effective_from: str | None
    effective_to: str | None
    url: str
    picture: str


@dataclass(frozen=True)
class Replacement:
    """A document that holds in another's place. ``id`` is empty where only its number or title is known."""

    id: str
    title: str
    doc_number: str
    effective_from: str | None
    url: str


@dataclass(frozen=True)
class Notice:
    """How a document stands, where the citizen has to know: it has ended, or has not begun, or was amended.

    ``date`` is its first day (``not_yet``, ``in_force``), its last (``expired``), or the first on which it no longer
    held; ``text`` says all this in words and stands at the beginning of the answer's text.
    """

    kind: NoticeKind
    text: str
    id: str
    title: str
    doc_number: str
    date: str | None
    replaced_by: tuple[Replacement, ...] = ()


@dataclass(frozen=True)
class Option:
    """One choice of a ``clarify`` answer: the source it leads to, and the question it stands for.

    ``region`` is set where regions are asked for: a region, or ``""`` for none of the others offered; ``audience``
    where groups of people are.
    """

    id: str
    label: str
    region: str | None = None
    audience: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """See docs/architecture.md, "Answer". ``confidence`` is within 0…1; ``text`` is plain, without source lines.

    ``clipped`` says that the text leaves something of its source out, which "全文" shows.
    """

    status: Status
    text: str
    confidence: float = 0.0
    sources: tuple[Citation, ...] = ()
    options: tuple[Option, ...] = ()
    reason: Reason | None = None
    notice: Notice | None = None
    department: str | None = None
    release: str | None = None
    clipped: bool = False
    timings_ms: dict[str, float] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of the contract."""
        return asdict(self)
