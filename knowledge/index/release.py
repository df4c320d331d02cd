"""The searchable form of one release: a pure function of its content, the embedder and this code."""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.content import Document, Faq
from knowledge.embedding import EmbeddingCache
from knowledge.embedding.embedder import Progress
from knowledge.index.hybrid import Hit, HybridIndex
from knowledge.index.pieces import cut, titled
from knowledge.source import Source, sources_of

FORMAT = 1  # raise it when what is written changes: indexes of another format are built anew
_SOURCES = "sources.jsonl"
_ROWS = "rows.json"
_GROUPS = ("questions", "passages")


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
        # Document numbers that a document in this release replaces -> the documents that replace them.
        self.successors: dict[str, list[Source]] = {}
        seen: set[str] = set()
        for source in self.sources:
            if source.document_id and source.document_id not in seen:
                seen.add(source.document_id)
                for number in source.supersedes:
                    self.successors.setdefault(number, []).append(source)

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
    if (folder / _ROWS).is_file():
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
        os.replace(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
