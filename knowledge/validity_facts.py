"""Which documents are in force on a day, worked out from the facts of one release's documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Literal
from weakref import WeakKeyDictionary

from knowledge.index.release import ReleaseIndex
from knowledge.index.segment import ItemFacts
from knowledge.index.tokens import bigram_set
from knowledge.source import Source
from knowledge.text import normalise

Lapse = Literal["repealed", "superseded", "expired", "not_yet"]
REPEALED, AMENDED = "已废止", "已修改"

# 澜政规〔2017〕6号 with any brackets or none: 澜政规[2017]第6号, 澜政规2017年6号.
_NUMBER = re.compile(
    r"([一-鿿]{1,20}?)\s*[\[(|〔【〈<]?\s*((?:19|20)\d{2})\s*年?\s*[\])|〕】〉>]?\s*第?\s*(\d{1,5})\s*号"
)
_TITLE = re.compile(r"《([^《》]+)》")
_EDITION = re.compile(
    r"[(（][^()（）]*\d{4}[^()（）]*[)）]$"
)  # 办法（2017年）: the year is no part of the name


@dataclass(frozen=True)
class DocumentFacts:
    """What a document says of itself; dates are ISO, ``None`` where open."""

    id: str
    title: str
    doc_number: str
    effective_from: str | None
    effective_to: str | None
    status: str
    supersedes: tuple[str, ...]
    superseded_by: str
    url: str
    department: str

    @property
    def years(self) -> frozenset[str]:
        """The years by which people call it: of its number, its title and its first day."""
        named = re.findall(r"(?:19|20)\d{2}", f"{self.doc_number} {self.title}")
        return frozenset([*named, *([self.effective_from[:4]] if self.effective_from else [])])


@dataclass(frozen=True)
class Standing:
    """How a document stands on a day. ``lapse`` is ``None`` while it is in force.

    ``since`` is its first day (``not_yet``), its last day (``expired``), or else the first day on which it no longer
    held, ``None`` where no fact tells. ``successors`` are what holds in its place, or, where nothing does any more,
    what replaced it last.
    """

    document: DocumentFacts
    lapse: Lapse | None
    since: str | None = None
    successors: tuple[DocumentFacts, ...] = ()
    amended: bool = False


@lru_cache(maxsize=65536)
def number_key(text: str) -> str:
    """A document number in one spelling, ``""`` where ``text`` holds none."""
    found = _NUMBER.search(normalise(text))
    return f"{found[1]}|{found[2]}|{int(found[3])}" if found else ""


@lru_cache(maxsize=65536)
def title_key(title: str) -> str:
    """A title without quotes, spaces and its year in brackets."""
    return _EDITION.sub("", re.sub(r"[《》\s]", "", normalise(title)))


class ValidityFacts:
    """The documents of one release and what replaces what; ``regions`` are left out where titles are compared."""

    def __init__(self, documents: Iterable[DocumentFacts], regions: Iterable[str] = ()) -> None:
        self._places = frozenset(regions) | {"中华人民共和国"}
        self.standing = lru_cache(maxsize=65536)(self._standing)
        """How a document (by id) stands on a day (ISO), kept: every question asks it of all its candidates' documents.

        Raises KeyError for a document that is not here."""
        self.documents = {document.id: document for document in documents}
        self._numbered: dict[str, list[DocumentFacts]] = {}
        self._titled: dict[str, list[DocumentFacts]] = {}
        for document in self.documents.values():
            if key := number_key(document.doc_number):
                self._numbered.setdefault(key, []).append(document)
            self._titled.setdefault(title_key(document.title), []).append(document)

    def _standing(self, document_id: str, today: str) -> Standing:
        """Work out how a document stands.

        What starts later is not in force yet; what was repealed, has run out or is replaced by something that has
        begun is not in force any more. A successor that this release does not hold counts as begun.
        """
        document = self.documents[document_id]
        direct = self._successors.get(document_id, [])
        begun = [each for each in direct if _begun(each, today)]
        if document.status != REPEALED and not _begun(document, today):
            return Standing(document, "not_yet", document.effective_from)
        unknown = self._unknown_successor(document)
        ended = document.effective_to if document.effective_to and document.effective_to < today else None
        since = _first_day(begun or direct) or (_day_after(ended) if ended else None)
        lapse: Lapse
        if document.status == REPEALED:
            lapse = "repealed"
        elif ended and not begun:
            lapse, since = "expired", ended
        elif begun or unknown:
            lapse = "superseded"
        else:
            return Standing(document, None, amended=document.status == AMENDED)
        return Standing(document, lapse, since, tuple(self._in_place_of(document, today)) or unknown)

    def standing_of_number(self, key: str, today: str) -> Standing | None:
        """How the document with this number stands, also one that is only known as replaced by another."""
        held = self.by_key(key)
        if held:
            # Of several with one number the one that holds, else the newest.
            all_of_them = [self.standing(each.id, today) for each in held]
            return max(all_of_them, key=lambda each: (each.lapse is None, each.document.effective_from or ""))
        successors = self.replacing(key)
        if not successors:
            return None
        agency, year, number = key.split("|")
        gone = _unheld(f"{agency}〔{year}〕{number}号")
        begun = [each for each in successors if _begun(each, today)]
        if not begun:
            return Standing(gone, None)
        return Standing(gone, "superseded", _first_day(begun), tuple(self._holding(begun, today)))

    def _unknown_successor(self, document: DocumentFacts) -> tuple[DocumentFacts, ...]:
        """What is said to replace a document and is not in this release: only its name is known."""
        name = document.superseded_by
        return (_unheld(name),) if name and not self._named(name, document) else ()

    def numbered(self, number: str) -> list[DocumentFacts]:
        """The documents with this number, in any spelling."""
        key = number_key(number)
        return self._numbered.get(key, []) if key else []

    def numbers_in(self, text: str) -> list[tuple[str, str]]:
        """The document numbers that ``text`` names: as written there (normalised), and their key.

        What stands before a number runs into it (请问澜政规…), so the longest ending that a document of this release
        has, or names as replaced, is taken; of an unknown number everything.
        """
        found: list[tuple[str, str]] = []
        for match in _NUMBER.finditer(normalise(text)):
            if match[2] + match[3] in match[0]:
                continue  # 20176号 is a house, not the sixth of 2017
            agency, rest = match[1], f"|{match[2]}|{int(match[3])}"
            written = match[0]
            for start in range(len(agency)):
                if (key := agency[start:] + rest) in self._known_numbers:
                    found.append((written[start:], key))
                    break
            else:
                found.append((written, agency + rest))
        return found

    @cached_property
    def titles(self) -> dict[frozenset[str], list[DocumentFacts]]:
        """The documents by the character pairs of their titles, without place and edition."""
        found: dict[frozenset[str], list[DocumentFacts]] = {}
        for document in self.documents.values():
            if pairs := _title_pairs(document.title, self._places):
                found.setdefault(pairs, []).append(document)
        return found

    def by_key(self, key: str) -> list[DocumentFacts]:
        """The documents whose number has this key."""
        return self._numbered.get(key, [])

    def replacing(self, key: str) -> list[DocumentFacts]:
        """The documents that name the number with this key as one that they replace."""
        return self._replacing.get(key, [])

    def clause_about(self, clauses: Sequence[Source], *words: str) -> Source | None:
        """The last of ``clauses`` in which one of ``words`` stands, the first word first; else the first clause."""
        for word in filter(None, words):
            wanted = number_key(word) or "".join(normalise(word).split())
            for clause in reversed(clauses):
                said = normalise(clause.text)
                has = wanted in "".join(said.split()) or any(
                    key == wanted for _, key in self.numbers_in(said)
                )
                if has:
                    return clause
        return clauses[0] if clauses else None

    @cached_property
    def _replacing(self) -> dict[str, list[DocumentFacts]]:
        found: dict[str, list[DocumentFacts]] = {}
        for document in self.documents.values():
            for key in filter(None, map(number_key, document.supersedes)):
                found.setdefault(key, []).append(document)
        return found

    @cached_property
    def _known_numbers(self) -> frozenset[str]:
        return frozenset(self._numbered) | frozenset(self._replacing)

    @cached_property
    def _successors(self) -> dict[str, list[DocumentFacts]]:
        """By document id: the documents that replace it, whichever of the two says so."""
        found: dict[str, list[DocumentFacts]] = {}

        def add(old: DocumentFacts, new: DocumentFacts) -> None:
            known = found.setdefault(old.id, [])
            # An older document cannot replace a newer one: one of the two facts is a mistake.
            older = new.effective_from and old.effective_from and new.effective_from < old.effective_from
            if new.id != old.id and not older and new not in known:
                known.append(new)

        for document in self.documents.values():
            for named in document.supersedes:
                for old in self._named(named, document):
                    add(old, document)
            if document.status == AMENDED:
                for new in self._titled[title_key(document.title)]:
                    if (new.effective_from or "") > (document.effective_from or ""):
                        add(document, new)
            if document.superseded_by:
                for new in self._named(document.superseded_by, document):
                    add(document, new)
        return found

    def _named(self, name: str, by: DocumentFacts) -> list[DocumentFacts]:
        """The documents meant by an entry of ``supersedes`` or ``superseded_by``: a number, an id or a title."""
        if number_key(name):
            return self.numbered(name)
        if name in self.documents:
            return [self.documents[name]]
        titles = _TITLE.findall(name) or [name]
        return [
            each for title in titles for each in self._titled.get(title_key(title), []) if each.id != by.id
        ]

    def _in_place_of(self, document: DocumentFacts, today: str) -> list[DocumentFacts]:
        """What holds instead of a document at the ends of its chains, or else what ended them last."""
        return self._holding(self._successors.get(document.id, []), today, seen={document.id})

    def _holding(
        self, documents: list[DocumentFacts], today: str, seen: set[str] | None = None
    ) -> list[DocumentFacts]:
        seen = set(seen or ())  # each document once: facts that go round in a circle come to an end
        todo = list(documents)
        holding: list[DocumentFacts] = []
        ended: list[DocumentFacts] = []
        while todo:
            current = todo.pop(0)
            if current.id in seen:
                continue
            seen.add(current.id)
            following = self._successors.get(current.id, [])
            if _in_force(current, today) and not any(_begun(each, today) for each in following):
                holding.append(current)
            elif following:
                todo.extend(following)
            else:
                ended.append(current)
        return holding or ended


def document_facts(item: ItemFacts) -> DocumentFacts:
    """What an index knows of a document."""
    return DocumentFacts(
        id=item.id,
        title=item.title,
        doc_number=item.doc_number,
        effective_from=item.effective_from,
        effective_to=item.effective_to,
        status=item.status,
        supersedes=item.supersedes,
        superseded_by=item.superseded_by,
        url=item.url,
        department=item.department,
    )


@lru_cache(maxsize=65536)
def _title_pairs(title: str, places: frozenset[str]) -> frozenset[str]:
    return bigram_set(_any_of(places).sub("", title_key(title)))


@lru_cache(maxsize=16)
def _any_of(places: frozenset[str]) -> re.Pattern[str]:
    # The longest first, so that nothing of a place is left behind whose name begins with another's.
    return re.compile("|".join(map(re.escape, sorted(places, key=lambda name: (-len(name), name)))))


def _begun(document: DocumentFacts, today: str) -> bool:
    return not document.effective_from or document.effective_from <= today


def _in_force(document: DocumentFacts, today: str) -> bool:
    ended = document.effective_to is not None and document.effective_to < today
    return document.status != REPEALED and _begun(document, today) and not ended


def _first_day(successors: list[DocumentFacts]) -> str | None:
    begins = [each.effective_from for each in successors if each.effective_from]
    return min(begins) if begins else None


def _day_after(iso: str) -> str:
    return (date.fromisoformat(iso) + timedelta(days=1)).isoformat()


def _unheld(name: str) -> DocumentFacts:
    """A document that is known by its number or title only."""
    number = name if number_key(name) and "《" not in name else ""
    title = "" if number else name.strip("《》")
    return DocumentFacts("", title, number, None, None, "", (), "", "", "")


_CACHE: WeakKeyDictionary[ReleaseIndex, ValidityFacts] = WeakKeyDictionary()


def facts_of(index: ReleaseIndex) -> ValidityFacts:
    """The facts of an index's documents, worked out once for each index."""
    facts = _CACHE.get(index)
    if facts is None:
        facts = _CACHE[index] = ValidityFacts(map(document_facts, index.documents), index.regions)
    return facts
