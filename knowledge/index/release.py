"""The searchable form of one release: a function of its content, the embedder and this code (ADR 3 and 13)."""

from __future__ import annotations

import copy
import itertools
import math
import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.content import normalize_anchor
from knowledge.embedding.token_vectors import max_sim
from knowledge.index.build import build_release_index
from knowledge.index.dense import DenseIndex
from knowledge.index.hybrid import Hit, HybridIndex
from knowledge.index.question_words import asked_about
from knowledge.index.segment import GROUPS, ItemFacts
from knowledge.index.stored import StoredIndex, is_complete
from knowledge.index.whole import FOLDER as WHOLE
from knowledge.index.whole import WholeIndex
from knowledge.source import Source, contains

__all__ = ["FORMAT", "ReleaseIndex", "build_release_index", "is_complete"]

# FAISS and tantivy let other threads run. Kept: starting a thread takes as long as a small search.
_BESIDE = ThreadPoolExecutor(len(os.sched_getaffinity(0)), "search")
FORMAT = 7  # raise it when what is written changes, also what the tokens are: indexes of another format are built anew


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
        self._whole = WholeIndex(folder / WHOLE, config)
        self._compared = config.compared

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
        return _Sources(self.stored, np.repeat(self._dead, self.stored.counts))

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

        A passage is searched without the question's question words, and counts more where its document, or FAQ, as a
        whole has the others too.

        For the other parameters see :meth:`knowledge.index.hybrid.HybridIndex.search`.
        """
        found: dict[int, Hit] = {}
        owners = self.stored.owners[group]
        bonus = None
        if group == "passages":
            query = asked_about(query)
            bonus = self._whole.bonus(query, also, self._dead, self.stored.items_of_passages)
        hits = self._indexes[group].search(
            query, vectors, 4 * limit, timings, also=also, hidden=hidden, bonus=bonus
        )
        for owner, hit in zip(owners[[hit.row for hit in hits]].tolist(), hits, strict=True):
            found.setdefault(owner, hit)
        return [(self.stored.source(owner), hit) for owner, hit in list(found.items())[:limit]]

    def search_groups(
        self,
        query: str,
        vectors: np.ndarray,
        limit: int,
        timings: dict[str, float] | None = None,
        *,
        also: str = "",
        hidden: Collection[int] = (),
    ) -> dict[str, list[tuple[Source, Hit]]]:
        """By group, what :meth:`search` finds; ``hidden`` are rows of ``questions``.

        The groups are searched side by side, so that their ``timings`` together can be more than the time that passes.
        """
        own: dict[str, float] = {}
        questions = _BESIDE.submit(
            self.search, "questions", query, vectors, limit, own, also=also, hidden=hidden
        )
        passages = self.search("passages", query, vectors, limit, timings, also=also)
        found = {"questions": questions.result(), "passages": passages}
        if timings is not None:
            timings.update({name: timings.get(name, 0.0) + taken for name, taken in own.items()})
        return found

    def cosines(
        self, group: str, source_ids: Sequence[str], vectors: np.ndarray, hidden: Collection[int] = ()
    ) -> list[list[float]]:
        """By source, the exact cosines of its rows in ``group``, each with the nearest of ``vectors``.

        ``hidden`` rows count as not there.
        """
        rows: list[Sequence[int]] = [self.rows(group, each) for each in source_ids]
        if hidden:
            rows = [[row for row in own if row not in hidden] for own in rows]
        flat = np.array([row for own in rows for row in own], dtype=np.int64)
        near = self._indexes[group].dense.cosines(flat, vectors).tolist() if len(flat) else []
        ends = itertools.accumulate(map(len, rows))
        return [near[end - len(own) : end] for own, end in zip(rows, ends, strict=True)]

    def max_sims(
        self, source_ids: Sequence[str], near: Sequence[Sequence[float]], question: np.ndarray
    ) -> list[float]:
        """By source, how alike its likest passage is to the tokens of a ``question``; 0 where it has none.

        Of each source the passages that are nearest by what :meth:`cosines` says (``near``) are compared: a long
        table is one source with hundreds. See :func:`knowledge.embedding.token_vectors.max_sim`.
        """
        rows = []
        for each, cosines in zip(source_ids, near, strict=True):
            own = self.rows("passages", each)
            nearest = sorted(range(len(own)), key=cosines.__getitem__, reverse=True)
            rows.append([own[place] for place in nearest[: self._compared]])
        alike = max_sim(question, [self.stored.token_vectors(row) for own in rows for row in own]).tolist()
        ends = itertools.accumulate(map(len, rows))
        return [max(alike[end - len(own) : end], default=0.0) for own, end in zip(rows, ends, strict=True)]

    def rows(self, group: str, source_id: str) -> range:
        """The rows of a source in ``group``, in the order of its questions or pieces."""
        number = self.by_id.number(source_id)
        if number is None:
            return range(0)
        first_rows = self.stored.first_rows[group]
        return range(int(first_rows[number]), int(first_rows[number + 1]))

    def find(self, identifier: str) -> Source | None:
        """The source with this id, or the smallest clause that has it inside: a short section is one clause."""
        for end in range(len(identifier), identifier.find("#") + 1, -1):
            whole = identifier[:end]
            if whole in self.by_id and contains(whole, identifier):
                return self.by_id[whole]
        return None

    @cached_property
    def _documents(self) -> dict[str, ItemFacts]:
        """The documents that can answer something, by their ids in order."""
        documents = {item.id: item for item in self._items if item.kind == "document" and item.sources}
        return dict(sorted(documents.items()))

    @cached_property
    def _items(self) -> list[ItemFacts]:
        return [item for item, dead in zip(self.stored.items, self._dead.tolist(), strict=True) if not dead]

    @property
    def documents(self) -> Iterable[ItemFacts]:
        """The facts of the documents that can answer something, by their ids in order."""
        return self._documents.values()

    def clauses_of(self, document_id: str) -> list[Source]:
        """A document's clauses that can answer, in their order, read from disk; none for one that is not here."""
        return [self.stored.source(number) for number in self._numbers_of(document_id)]

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
        anchors: dict[str, int] = {}
        for number in self._numbers_of(document_id):
            anchors.setdefault(normalize_anchor(self.stored.id(number).partition("#")[2]), number)
        return anchors

    def _numbers_of(self, document_id: str) -> range:
        """The source numbers of a document."""
        document = self._documents.get(document_id)
        return range(*self.stored.sources_of(self.stored.numbers[document.hash])) if document else range(0)

    @cached_property
    def regions(self) -> frozenset[str]:
        """The regions that the content names."""
        return frozenset(item.region for item in self._items if item.region and item.sources)

    @cached_property
    def audiences(self) -> frozenset[str]:
        """The groups of people that the content names."""
        return frozenset(audience for item in self._items if item.sources for audience in item.audience)

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
    """Sources by id, read when asked for, without those that are marked in ``dead``."""

    def __init__(self, stored: StoredIndex, dead: np.ndarray) -> None:
        self.stored = stored
        self._dead = dead

    def number(self, identifier: str) -> int | None:
        """A source's number."""
        number = self.stored.number(identifier)
        return None if number is None or self._dead[number] else number

    def __getitem__(self, identifier: str) -> Source:
        number = self.number(identifier)
        if number is None:
            raise KeyError(identifier)
        return self.stored.source(number)

    def __contains__(self, identifier: object) -> bool:
        return isinstance(identifier, str) and self.number(identifier) is not None

    def __iter__(self) -> Iterator[str]:
        return (self.stored.id(number) for number in np.flatnonzero(~self._dead).tolist())

    def __len__(self) -> int:
        return int(np.count_nonzero(~self._dead))
