"""The searchable form of one release: a function of its content, the embedder and this code (ADR 3 and 13)."""

from __future__ import annotations

import copy
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.content import normalize_anchor
from knowledge.index.build import build_release_index
from knowledge.index.dense import DenseIndex
from knowledge.index.hybrid import Hit, HybridIndex
from knowledge.index.segment import GROUPS, ItemFacts
from knowledge.index.stored import StoredIndex, is_complete
from knowledge.index.tokens import bigram_set
from knowledge.source import Source, contains
from knowledge.text import normalise

__all__ = ["FORMAT", "ReleaseIndex", "build_release_index", "is_complete"]

FORMAT = 3  # raise it when what is written changes, also its tokens: indexes of another format are built anew
_BRACKETS = re.compile(r"[〔〕\[\]()【】〈〉]")


class ReleaseIndex:
    """Two hybrid indexes, of the questions citizens may ask and of the passages that answer, and their sources.

    Parameters: ``folder`` was written by :mod:`knowledge.index.build`; ``shared`` is another release's index, whose
    base is used where it is the same, so that loading takes time for what differs only.
    """

    def __init__(
        self, folder: Path, release_id: int, config: RetrievalConfig, shared: ReleaseIndex | None = None
    ) -> None:
        self.release_id = release_id
        stored = StoredIndex(folder, shared.stored if shared else None)
        self.stored: StoredIndex = stored
        self._dead = stored.dead
        weights = {"questions": config.question_dense_weight, "passages": config.passage_dense_weight}
        self._indexes = {
            name: HybridIndex(
                folder / name,
                config,
                weights[name],
                DenseIndex(
                    [segment.vectors[name] for segment in stored.segments],
                    stored.base.approximate[name],
                    stored.dead_rows(name, stored.dead),
                ),
            )
            for name in GROUPS
        }

    def without(self, hashes: Collection[str]) -> ReleaseIndex:
        """The same index, in which the items with these content hashes are not found in any way."""
        remaining = copy.copy(self)
        for name in [name for name, value in vars(type(self)).items() if isinstance(value, cached_property)]:
            remaining.__dict__.pop(name, None)
        gone = self._dead.copy()
        gone[[self.stored.numbers[each] for each in hashes if each in self.stored.numbers]] = True
        remaining._dead = gone
        remaining._indexes = {
            name: index.without(self.stored.dead_rows(name, gone)) for name, index in self._indexes.items()
        }
        return remaining

    @property
    def sources(self) -> list[Source]:
        """All sources, by kind and id of their items: read from disk at every call."""
        stored = self.stored
        items = [number for number, dead in enumerate(self._dead.tolist()) if not dead]
        items.sort(key=lambda number: (stored.items[number].kind, stored.items[number].id))
        return [stored.source(number) for item in items for number in range(*stored.sources_of(item))]

    @cached_property
    def by_id(self) -> _Sources:
        """The sources by their ids, read from disk when they are asked for."""
        stored = self.stored
        numbers = dict(stored.base.numbers)
        size = len(stored.base.ids)
        dead = np.repeat(self._dead, stored.counts)
        for number in np.flatnonzero(dead[:size]).tolist():
            numbers.pop(stored.base.ids[number], None)
        for number, identifier in enumerate(stored.tail.ids if stored.tail else (), size):
            if not dead[number]:
                numbers[identifier] = number
        return _Sources(stored, numbers)

    def search(
        self,
        group: str,
        query: str,
        vectors: np.ndarray,
        limit: int,
        timings: dict[str, float] | None = None,
        *,
        also: str = "",
        hidden: Collection[int] = (),
    ) -> list[tuple[Source, Hit]]:
        """Sources found through ``group`` (``questions`` or ``passages``), each with its best piece, best first.

        For the other parameters see :meth:`knowledge.index.hybrid.HybridIndex.search`.
        """
        found: dict[int, Hit] = {}
        owners = self.stored.owners[group]
        hits = self._indexes[group].search(query, vectors, 4 * limit, timings, also=also, hidden=hidden)
        for hit in hits:
            found.setdefault(int(owners[hit.row]), hit)
        return [(self.stored.source(owner), hit) for owner, hit in list(found.items())[:limit]]

    def cosine(self, group: str, source_id: str, vectors: np.ndarray, hidden: Collection[int] = ()) -> float:
        """The exact cosine of the nearest of ``vectors`` with the nearest piece of a source; 0 where it has none.

        ``hidden`` rows count as not there.
        """
        rows = [row for row in self.rows(group, source_id) if row not in hidden]
        return float(self._indexes[group].dense.cosines(np.array(rows), vectors).max()) if rows else 0.0

    def question_rows(self, source_id: str, question: str) -> frozenset[int]:
        """The rows of ``questions`` in which an FAQ has this very question."""
        rows = self.rows("questions", source_id)
        asked = self.by_id[source_id].questions if rows else ()
        return frozenset(row for row, each in zip(rows, asked, strict=True) if each == question)

    def rows(self, group: str, source_id: str) -> range:
        """The rows of a source in ``group``, in the order of its questions or pieces."""
        number = self.by_id.number(source_id)
        if number is None:
            return range(0)
        return range(*np.searchsorted(self.stored.owners[group], (number, number + 1)).tolist())

    def find(self, identifier: str) -> Source | None:
        """The source with this id, or the smallest clause that has it inside: a short section is one clause."""
        for end in range(len(identifier), identifier.find("#") + 1, -1):
            whole = identifier[:end]
            if whole in self.by_id and contains(whole, identifier):
                return self.by_id[whole]
        return None

    def is_superseded(self, source: Source, today: str) -> bool:
        """Whether another document that is in force on ``today`` (ISO) replaces a clause's document.

        Either of the two documents may say so; a successor that this release does not hold counts as in force.
        """
        successors = self._successors.get(_number(source.doc_number), []) if source.doc_number else []
        if source.superseded_by:
            named = self._numbered.get(_number(source.superseded_by))
            if named is None:
                return True
            successors = [*successors, *named]
        return any(
            each.id != source.document_id and (not each.effective_from or each.effective_from <= today)
            for each in successors
        )

    @cached_property
    def _numbered(self) -> dict[str, list[ItemFacts]]:
        """By document number: the documents that have it."""
        found: dict[str, list[ItemFacts]] = {}
        for document in self._documents.values():
            if document.doc_number:
                found.setdefault(_number(document.doc_number), []).append(document)
        return found

    @cached_property
    def _successors(self) -> dict[str, list[ItemFacts]]:
        """By document number: the documents that say that they replace it."""
        found: dict[str, list[ItemFacts]] = {}
        for document in self._documents.values():
            for replaced in document.supersedes:
                found.setdefault(_number(replaced), []).append(document)
        return found

    @cached_property
    def _documents(self) -> dict[str, ItemFacts]:
        """The documents that can answer something, by their ids in order."""
        documents = {item.id: item for item in self._items if item.kind == "document" and item.sources}
        return dict(sorted(documents.items()))

    @cached_property
    def _items(self) -> list[ItemFacts]:
        return [item for item, dead in zip(self.stored.items, self._dead.tolist(), strict=True) if not dead]

    @cached_property
    def titles(self) -> dict[frozenset[str], list[str]]:
        """Document ids by the character pairs of their titles, without the place that issued them."""
        places = (*sorted(self.regions), "中华人民共和国")
        found: dict[frozenset[str], list[str]] = {}
        for document in self._documents.values():
            pairs = _title_pairs(document.title, places)
            if pairs:
                found.setdefault(pairs, []).append(document.id)
        return found

    def clause(self, document_id: str, anchor: str) -> Source | None:
        """A document's clause by its anchor in the spelling of :func:`knowledge.content.normalize_anchor`."""
        if document_id not in self._anchors:
            self._anchors[document_id] = self._anchors_of(document_id)
        number = self._anchors[document_id].get(anchor)
        return None if number is None else self.stored.source(number)

    @cached_property
    def _anchors(self) -> dict[str, dict[str, int]]:
        """By document, as far as it has been asked for: source numbers by normalised anchor."""
        return {}

    def _anchors_of(self, document_id: str) -> dict[str, int]:
        document = self._documents.get(document_id)
        if document is None:
            return {}
        first, last = self.stored.sources_of(self.stored.numbers[document.hash])
        anchors: dict[str, int] = {}
        for number in range(first, last):
            anchors.setdefault(normalize_anchor(self.stored.id(number).partition("#")[2]), number)
        return anchors

    @cached_property
    def regions(self) -> frozenset[str]:
        """The regions that the content names."""
        return frozenset(item.region for item in self._items if item.region and item.sources)

    @cached_property
    def city(self) -> str:
        """The region that most clauses are for: its rules hold in every district."""
        counts: Counter[str] = Counter()
        for document in self._documents.values():
            if document.region:
                counts[document.region] += document.sources
        return counts.most_common(1)[0][0] if counts else ""

    def rarity(self, token: str) -> float:
        """How telling a character pair is: inverse document frequency over the sources, 0…1 for known pairs."""
        passages = self._indexes["passages"]
        size = len(passages)
        return math.log((size + 1) / (passages.document_frequency(token) + 0.5)) / math.log(2 * size + 2)

    def frequency(self, token: str) -> int:
        """In how many pieces, of questions and passages, a character pair stands."""
        return sum(index.document_frequency(token) for index in self._indexes.values())

    @cached_property
    def phrases(self) -> list[str]:
        """The titles of documents and the standard questions of FAQs."""
        return sorted({item.title for item in self._items if item.sources})

    def pieces(self) -> int:
        """How many pieces are searched."""
        return sum(len(index) for index in self._indexes.values())


class _Sources(Mapping[str, Source]):
    """Sources by id, read when asked for."""

    def __init__(self, stored: StoredIndex, numbers: dict[str, int]) -> None:
        self.stored = stored
        self._numbers = numbers

    def number(self, identifier: str) -> int | None:
        """A source's number."""
        return self._numbers.get(identifier)

    def __getitem__(self, identifier: str) -> Source:
        return self.stored.source(self._numbers[identifier])

    def __contains__(self, identifier: object) -> bool:
        return identifier in self._numbers

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


@lru_cache(maxsize=65536)
def _title_pairs(title: str, places: tuple[str, ...]) -> frozenset[str]:
    for place in places:
        title = title.replace(place, "")
    return bigram_set(title)


@lru_cache(maxsize=65536)
def _number(doc_number: str) -> str:
    """A document number with its brackets and spaces in one form: 澜政规〔2024〕2号 is written in many ways."""
    return _BRACKETS.sub("|", "".join(normalise(doc_number).split()))
