"""Word how a document stands: repealed, replaced, run out, not begun, amended, and what holds in its place."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge.answer import Notice, NoticeKind, Replacement
from knowledge.source import Source
from knowledge.texts import text
from knowledge.validity_facts import DocumentFacts, Standing, ValidityFacts


def notice_of(standing: Standing, today: str) -> Notice:
    """The notice on a document, whatever its state.

    ``today`` is ISO: whether a successor already holds is said by it.
    """
    document = standing.document
    kind: NoticeKind = standing.lapse or ("amended" if standing.amended else "in_force")
    words = [_state("in_force", standing)] if kind == "amended" else []
    words.append(_state(kind, standing))
    if kind in ("repealed", "superseded", "expired"):
        words.append(_successors(standing.successors, today))
    return Notice(
        kind=kind,
        text="".join(words),
        id=document.id,
        title=document.title,
        doc_number=document.doc_number,
        date=document.effective_from if standing.lapse is None else standing.since,
        replaced_by=tuple(
            Replacement(each.id, each.title, each.doc_number, each.effective_from, each.url)
            for each in standing.successors
        ),
    )


def amendment(standing: Standing) -> Notice:
    """The notice that stands over an answer from an amended document."""
    document = standing.document
    return Notice(
        "amended",
        _state("amended", standing),
        document.id,
        document.title,
        document.doc_number,
        document.effective_from,
    )


def notice_of_faq(source: Source, lapse: NoticeKind) -> Notice:
    """The notice on an FAQ that has run out, or has not begun, by its own dates and rests on no document."""
    day = source.effective_from if lapse == "not_yet" else source.effective_to
    name = text("faq_name", title=source.title)
    words = text(f"notice_{lapse}", document=name, date=day_in_words(day or ""))
    return Notice(lapse, words, source.id, source.title, "", day)


def name_of(document: DocumentFacts) -> str:
    """A document's title and number, or what is known of them."""
    if not document.title:
        return text("document_name_untitled", number=document.doc_number)
    if not document.doc_number:
        return text("document_name_unnumbered", title=document.title)
    return text("document_name", title=document.title, number=document.doc_number)


def day_in_words(iso: str) -> str:
    """``2024-03-01`` as 2024年3月1日; anything else as it is."""
    parts = iso.split("-")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return iso
    year, month, day = (str(int(part)) for part in parts)
    return text("date", year=year, month=month, day=day)


def standing_of(source: Source, facts: ValidityFacts, today: str) -> Standing | None:
    """How the document stands that a source is of: a clause's own, an FAQ's first basis that is not in force.

    ``None`` for an FAQ whose basis is all in force, or is not held.
    """
    if source.kind == "clause":
        return facts.standing(source.document_id, today) if source.document_id in facts.documents else None
    for basis in source.basis:
        document = basis.partition("#")[0]
        if document in facts.documents and (found := facts.standing(document, today)).lapse:
            return found
    return None


def _state(kind: NoticeKind, standing: Standing) -> str:
    document = standing.document
    name = name_of(document)
    if kind == "in_force":
        start, end = document.effective_from, document.effective_to
        key = "notice_in_force" + ("_from" if start else "") + ("_to" if end else "")
        return text(key, document=name, date=day_in_words(start or ""), until=day_in_words(end or ""))
    if kind in ("repealed", "superseded") and standing.since is None:
        return text(f"notice_{kind}_undated", document=name)
    return text(f"notice_{kind}", document=name, date=day_in_words(standing.since or ""))


def _successors(successors: Sequence[DocumentFacts], today: str) -> str:
    if not successors:
        return text("replaced_by_nothing")
    name = text("join").join(map(name_of, successors))
    start = successors[0].effective_from
    if not successors[0].id:
        return text("replaced_by_unheld", successor=name)
    if start and start > today:
        return text("replaced_by_later", successor=name, date=day_in_words(start))
    if any(
        (each.effective_to and each.effective_to < today) or each.status == "已废止" for each in successors
    ):
        return text("replaced_by_ended", successor=name)
    if start and len(successors) == 1:
        return text("replaced_by_from", successor=name, date=day_in_words(start))
    return text("replaced_by", successor=name)
