"""What an answer can cite: an FAQ or a clause, with the facts that decide whether it may be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from knowledge.content import Document, Faq, split_clauses
from knowledge.index.tokens import Said

Kind = Literal["faq", "clause"]


@dataclass(frozen=True)
class Source:
    """One citable unit of a release. ``text`` is verbatim: an FAQ's answer, or a clause for people to read.

    ``id`` is an FAQ's 编号 or ``document-id#anchor``. ``title`` is the standard question or the document's title.
    ``status``, ``supersedes`` and ``superseded_by`` are the document's; dates are ISO, ``None`` where open. What is not
    ``searched`` stands in another source, and is there to be cited.
    """

    kind: Kind
    id: str
    title: str
    text: str
    search_text: str
    document_id: str = ""
    doc_number: str = ""
    article: str = ""
    path: tuple[str, ...] = ()
    effective_from: str | None = None
    effective_to: str | None = None
    status: str = ""
    supersedes: tuple[str, ...] = ()
    superseded_by: str = ""
    url: str = ""
    region: str = ""
    audience: tuple[str, ...] = ()
    topic: str = ""
    department: str = ""
    questions: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    picture: str = ""
    searched: bool = True

    # Worked out once for each source: every question is compared with dozens of them.

    @cached_property
    def documents(self) -> frozenset[str]:
        """The documents that it is of, or rests on."""
        if self.kind == "clause":
            return frozenset([self.document_id])
        return frozenset(basis.partition("#")[0] for basis in self.basis)

    @cached_property
    def _said(self) -> Said:
        return Said("\n".join((self.title, self.search_text, *self.questions)))

    def says(self, pairs: Iterable[str]) -> list[str]:
        """Those of ``pairs`` (character pairs and words) that stand in what it says."""
        return self._said.of(pairs)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Source:
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
        }
        return cls(**values)


def faq_source(faq: Faq) -> Source:
    """The one source that an FAQ is."""
    return Source(
        kind="faq",
        id=faq.id,
        title=faq.standard_question,
        text=faq.answer,
        search_text=f"{faq.standard_question}\n{faq.answer}",
        effective_from=faq.effective_from,
        effective_to=faq.effective_to,
        url=faq.link,
        region=faq.region,
        audience=faq.audience,
        topic=faq.topic,
        department=faq.department,
        questions=(faq.standard_question, *faq.similar_questions),
        basis=faq.basis,
        picture=faq.picture,
    )


def clause_sources(document: Document) -> Iterator[Source]:
    """The clauses of a document that can answer something; headings alone cannot."""
    for clause in split_clauses(document):
        if clause.kind in ("heading", "toc", "preamble") or not clause.quote.strip():
            continue
        yield Source(
            kind="clause",
            id=f"{document.id}#{clause.anchor}",
            title=document.title,
            text=clause.quote,
            search_text=clause.retrieval_text,
            document_id=document.id,
            doc_number=document.doc_number,
            article=clause.anchor,
            path=clause.path,
            effective_from=document.effective_from,
            effective_to=document.effective_to,
            status=document.status,
            supersedes=document.supersedes,
            superseded_by=document.superseded_by,
            url=document.source_url,
            region=document.region,
            audience=document.audience,
            topic="、".join(document.topics),
            department=document.issuer,
            searched=not clause.part,
        )


def contains(whole: str, part: str) -> bool:
    """Whether the source or document ``whole`` is ``part`` or has it inside, told from their ids.

    ``d#第八条`` contains ``d#第八条第（二）项``, but not ``d#第八条之一``; ``d#6.1`` does not contain ``d#6.10``.
    """
    if not whole or not part.startswith(whole):
        return False
    rest = part[len(whole) :]
    if not rest or "#" not in whole:
        return not rest or rest[0] == "#"
    return rest[0] != "之" and not (whole[-1].isdigit() and (rest[0].isdigit() or rest[0] == "."))


def is_basis(left: Source, right: Source) -> bool:
    """Whether one of the two is an FAQ and the other a clause that the FAQ is based on (or an item of it)."""
    faq, clause = (left, right) if left.kind == "faq" else (right, left)
    if faq.kind == clause.kind:
        return False
    return any(contains(basis, clause.id) or contains(clause.id, basis) for basis in faq.basis)


def sources_of(items: Iterable[Document | Faq]) -> list[Source]:
    """All sources of a release's items, in their order."""
    sources: list[Source] = []
    for item in items:
        sources.extend([faq_source(item)] if isinstance(item, Faq) else clause_sources(item))
    return sources
