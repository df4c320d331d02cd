"""What speaks for each candidate, in numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from knowledge.decision.evidence import BEHIND, EVIDENCE
from knowledge.index.tokens import bigram_set
from knowledge.pipeline.context import Candidate, Context, link
from knowledge.source import Source

_BEST = 3
Weigh = Callable[[frozenset[str]], float]


@dataclass
class Found:
    """A source that was found, with its best BM25 score by group."""

    source: Source
    bm25: dict[str, float] = field(default_factory=dict)


def gather_evidence(context: Context, found: dict[str, Found]) -> None:
    """Fill in every candidate's evidence, :data:`EVIDENCE` and its ``behind_`` forms, and ``faq``."""
    asked = bigram_set(context.text)
    official = bigram_set(" ".join(context.official)) - asked
    rarity = {token: context.index.rarity(token) for token in asked | official}

    def weigh(tokens: frozenset[str]) -> float:
        # A pair that the question does not have is weighed as a rare one without looking it up.
        known = tokens & rarity.keys()
        return len(tokens) - len(known) + sum(map(rarity.__getitem__, known))

    assert context.vectors is not None
    names = [each.source.id for each in context.candidates]
    for candidate, question_cosine, passage_cosine in zip(
        context.candidates,
        context.index.cosines("questions", names, context.vectors, context.hidden),
        context.index.cosines("passages", names, context.vectors),
        strict=True,
    ):
        _own(candidate, context, found[candidate.source.id].bm25, asked, official, weigh)
        candidate.evidence |= {"question_cosine": question_cosine, "passage_cosine": passage_cosine}
    relate(context.candidates)


def relate(candidates: list[Candidate]) -> None:
    """Fill in the evidence that comes of the others: of document and basis, and ``behind_``."""
    _neighbours(candidates)
    for name in EVIDENCE:
        best = max((each.evidence[name] for each in candidates), default=0.0)
        for candidate in candidates:
            candidate.evidence[BEHIND + name] = candidate.evidence[name] - best


def _own(
    candidate: Candidate,
    context: Context,
    bm25: dict[str, float],
    asked: frozenset[str],
    official: frozenset[str],
    weigh: Weigh,
) -> None:
    source = candidate.source
    has = bigram_set("\n".join((source.title, source.search_text, *source.questions)))
    held_out = {
        place for place, row in enumerate(context.index.rows("questions", source.id)) if row in context.hidden
    }
    questions = [bigram_set(each) for place, each in enumerate(source.questions) if place not in held_out]
    candidate.evidence = {
        "faq": float(source.kind == "faq"),
        "question_bm25": bm25.get("questions", 0.0),
        "question_match": max((_dice(asked, each, weigh) for each in questions), default=0.0),
        "question_coverage": max((_share(asked, each, asked, weigh) for each in questions), default=0.0),
        "passage_bm25": bm25.get("passages", 0.0),
        "coverage": _share(asked | official, has, asked, weigh),
    }


def _neighbours(candidates: list[Candidate]) -> None:
    """What a candidate's document and basis say, as far as they are candidates too."""
    link(candidates)
    documents = [_documents(each.source) for each in candidates]
    for candidate, own in zip(candidates, documents, strict=True):
        cosines = sorted(
            (
                other.evidence["passage_cosine"]
                for other, theirs in zip(candidates, documents, strict=True)
                if other is candidate or own & theirs
            ),
            reverse=True,
        )[:_BEST]
        basis = candidate.linked or []
        candidate.evidence |= {
            "document_cosine": cosines[0],
            "document_mean": sum(cosines) / len(cosines),
            **{
                f"basis_{name}": max((each.evidence[name] for each in basis), default=0.0)
                for name in ("question_cosine", "passage_cosine", "coverage")
            },
        }


def _documents(source: Source) -> frozenset[str]:
    if source.kind == "clause":
        return frozenset([source.document_id])
    return frozenset(basis.partition("#")[0] for basis in source.basis)


def _share(wanted: frozenset[str], has: frozenset[str], asked: frozenset[str], weigh: Weigh) -> float:
    return weigh(wanted & has) / weigh(asked) if asked else 0.0


def _dice(left: frozenset[str], right: frozenset[str], weigh: Weigh) -> float:
    whole = weigh(left) + weigh(right)
    return 2 * weigh(left & right) / whole if whole else 0.0
