"""The searchable form of one release: a pure function of its content, the embedder and this code."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.content import Document, Faq, normalize_anchor
from knowledge.embedding import EmbeddingCache
from knowledge.embedding.embedder import Progress
from knowledge.index.hybrid import Hit, HybridIndex
from knowledge.index.pieces import cut, titled
from knowledge.index.tokens import bigram_set
from knowledge.source import Source, contains, sources_of
from knowledge.text import normalise

FORMAT = 1  # raise it when what is written changes: indexes of another format are built anew
_SOURCES = "sources.jsonl"
_ROWS = "rows.json"
_GROUPS = ("questions", "passages")
_BRACKETS = re.compile(r"[〔〕\[\]()【】〈〉]")


class ReleaseIndex:
    """Two hybrid indexes, of the questions citizens may ask and of the passages that answer, and their sources."""

    def __init__(self, folder: Path, release_id: int, config: RetrievalConfig) -> None:
        self.release_id = release_id
        with (folder / _SOURCES).open(encoding="utf-8") as file:
            self.sources = [Source.from_dict(json.loads(line)) for line in file]
        self.by_id = {source.id: source for source in self.sources}
        rows = json.loads((folder / _ROWS).read_text(encoding="utf-8"))
        self._owners: dict[str, list[int]] = {name: rows[name] for name in _GROUPS}
        weights = {"questions": config.question_dense_weight, "passages": config.passage_dense_weight}
        self._indexes = {name: HybridIndex(folder / name, config, weights[name]) for name in _GROUPS}
        # By document number: the documents that have it, and the documents that replace it.
        self._numbered: dict[str, list[Source]] = {}
        self._successors: dict[str, list[Source]] = {}
        for source in {each.document_id: each for each in self.sources if each.document_id}.values():
            if source.doc_number:
                self._numbered.setdefault(_number(source.doc_number), []).append(source)
            for replaced in source.supersedes:
                self._successors.setdefault(_number(replaced), []).append(source)

    def search(
        self, group: str, query: str, vector: np.ndarray, limit: int, timings: dict[str, float] | None = None
    ) -> list[tuple[Source, Hit]]:
        """Sources found through ``group`` (``questions`` or ``passages``), each with its best piece, best first."""
        found: dict[int, Hit] = {}
        for hit in self._indexes[group].search(query, vector, 4 * limit, timings):
            found.setdefault(self._owners[group][hit.row], hit)
        return [(self.sources[owner], hit) for owner, hit in list(found.items())[:limit]]

    def cosine(self, group: str, source_id: str, vector: np.ndarray) -> float:
        """The exact cosine of ``vector`` with the nearest piece of a source in ``group``; 0 where it has none."""
        rows = self._rows[group].get(source_id)
        return float((self._indexes[group].vectors[rows] @ vector).max()) if rows else 0.0

    @cached_property
    def _rows(self) -> dict[str, dict[str, list[int]]]:
        rows: dict[str, dict[str, list[int]]] = {name: {} for name in _GROUPS}
        for name, owners in self._owners.items():
            for row, owner in enumerate(owners):
                rows[name].setdefault(self.sources[owner].id, []).append(row)
        return rows

    def find(self, identifier: str) -> Source | None:
        """The source with this id, or the smallest clause that has it inside: a short section is one clause."""
        for end in range(len(identifier), identifier.find("#") + 1, -1):
            source = self.by_id.get(identifier[:end])
            if source is not None and contains(source.id, identifier):
                return source
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
            each.document_id != source.document_id
            and (not each.effective_from or each.effective_from <= today)
            for each in successors
        )

    @cached_property
    def titles(self) -> dict[frozenset[str], list[str]]:
        """Document ids by the character pairs of their titles, without the place that issued them."""
        found: dict[frozenset[str], list[str]] = {}
        for source in {each.document_id: each for each in self.sources if each.document_id}.values():
            title = source.title
            for place in (*self.regions, "中华人民共和国"):
                title = title.replace(place, "")
            pairs = bigram_set(title)
            if pairs:
                found.setdefault(pairs, []).append(source.document_id)
        return found

    def clause(self, document_id: str, anchor: str) -> Source | None:
        """A document's clause by its anchor in the spelling of :func:`knowledge.content.normalize_anchor`."""
        return self._clauses.get((document_id, anchor))

    @cached_property
    def _clauses(self) -> dict[tuple[str, str], Source]:
        return {
            (source.document_id, normalize_anchor(source.article)): source
            for source in reversed(self.sources)
            if source.kind == "clause"
        }

    @cached_property
    def regions(self) -> frozenset[str]:
        """The regions that the content names."""
        return frozenset(source.region for source in self.sources if source.region)

    @cached_property
    def city(self) -> str:
        """The region that most documents are for: its rules hold in every district."""
        counts = Counter(
            source.region for source in self.sources if source.region and source.kind == "clause"
        )
        return counts.most_common(1)[0][0] if counts else ""

    def rarity(self, token: str) -> float:
        """How telling a character pair is: inverse document frequency over the sources, 0…1 for known pairs."""
        passages = self._indexes["passages"]
        size = len(passages)
        return math.log((size + 1) / (passages.document_frequency(token) + 0.5)) / math.log(2 * size + 2)

    def pieces(self) -> int:
        """How many pieces are searched."""
        return sum(len(index) for index in self._indexes.values())


def is_complete(folder: Path) -> bool:
    """Whether ``folder`` holds a whole index."""
    return (folder / _ROWS).is_file()


def _number(doc_number: str) -> str:
    """A document number with its brackets and spaces in one form: 澜政规〔2024〕2号 is written in many ways."""
    return _BRACKETS.sub("|", "".join(normalise(doc_number).split()))


def build_release_index(
    folder: Path,
    items: Sequence[Document | Faq],
    cache: EmbeddingCache,
    config: RetrievalConfig,
    progress: Progress | None = None,
) -> None:
    """Write the index of ``items`` to ``folder``, whole or not at all; an index that is there is kept.

    ``progress(done, total)`` counts the pieces that have to be embedded.
    """
    if is_complete(folder):
        return
    sources = sources_of(items)
    texts: dict[str, list[str]] = {name: [] for name in _GROUPS}
    owners: dict[str, list[int]] = {name: [] for name in _GROUPS}
    for position, source in enumerate(sources):
        for question in source.questions:
            texts["questions"].append(question)
            owners["questions"].append(position)
        for piece in cut(source.search_text, config.piece_length):
            texts["passages"].append(titled(source.title, piece))
            owners["passages"].append(position)

    vectors = cache.passages([*texts["questions"], *texts["passages"]], progress)
    split = len(texts["questions"])
    parts = {"questions": vectors[:split], "passages": vectors[split:]}

    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".building-"))
    try:
        for name in _GROUPS:
            HybridIndex.build(work / name, texts[name], parts[name])
        with (work / _SOURCES).open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(source.to_dict(), ensure_ascii=False) + "\n" for source in sources)
        (work / _ROWS).write_text(json.dumps(owners), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)  # what is there is not complete
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
