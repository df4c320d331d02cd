"""Looking something up for staff: what citizens would be answered, and what else there is; nothing is kept of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from knowledge.answer import Citation
from knowledge.pipeline import run_pipeline
from knowledge.pipeline.compose import basis_of, cite

if TYPE_CHECKING:
    from knowledge.service import KnowledgeService


@dataclass(frozen=True)
class Found:
    """Something that may answer. ``answer``: citizens would be answered with it; ``basis``: what an FAQ rests on."""

    answer: bool
    text: str
    confidence: float
    source: Citation
    basis: tuple[Citation, ...]

    def to_dict(self) -> dict[str, Any]:
        """The fields of the source, and ``answer``, ``text``, ``confidence`` and ``basis`` beside them."""
        own = {"answer": self.answer, "text": self.text, "confidence": self.confidence}
        return {**asdict(self.source), **own, "basis": [asdict(each) for each in self.basis]}


def consult(service: KnowledgeService, question: str, limit: int = 8) -> list[Found]:
    """What the production path finds for a question, the best first, at most ``limit``.

    The path is that of :meth:`KnowledgeService.answer`, without a conversation; the answer is not stored.

    Raises:
        NothingPublished: there is nothing to look in.
    """
    context = service.context(question)
    answer = run_pipeline(context)
    found: dict[str, Found] = {}
    if answer.status == "answered" and answer.sources:
        first, *basis = answer.sources
        # What is too long for a citizen's answer is whole here.
        words = first.quote if answer.clipped else answer.text
        found[first.id] = Found(True, words, answer.confidence, first, tuple(basis))
    for candidate in context.candidates:
        source = candidate.source
        basis = [cite(each) for each in basis_of(source, context)]
        other = Found(False, source.text, round(candidate.confidence, 4), cite(source), tuple(basis))
        found.setdefault(source.id, other)
        if len(found) >= limit:
            break
    return list(found.values())
