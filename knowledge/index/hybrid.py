"""One searchable set of pieces: FAISS for meaning, tantivy for characters, fused."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.index.lexical import LexicalIndex

_DENSE_FILE = "dense.faiss"
_LEXICAL_FOLDER = "lexical"


@dataclass(frozen=True)
class Hit:
    """A piece that a search found. ``dense`` is a cosine, ``lexical`` a BM25 score, ``fused`` is within 0…1."""

    row: int
    dense: float
    lexical: float
    fused: float


class HybridIndex:
    """Pieces known by row number; loaded from a folder that :meth:`build` wrote."""

    def __init__(self, folder: Path, config: RetrievalConfig, dense_weight: float) -> None:
        self._depth = config.depth
        self._dense_weight = dense_weight
        self._dense = faiss.read_index(str(folder / _DENSE_FILE))
        self._lexical = LexicalIndex(
            folder / _LEXICAL_FOLDER,
            bigram_weight=config.bigram_weight,
            unigram_weight=config.unigram_weight,
        )
        # A view on the flat index's own storage: exact cosines for what only lexical search found, without a copy.
        size, dimension = self._dense.ntotal, self._dense.d
        raw = faiss.rev_swig_ptr(self._dense.get_xb(), size * dimension) if size else np.zeros(0, np.float32)
        self.vectors = raw.reshape(size, dimension)

    @staticmethod
    def build(folder: Path, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Write the index of ``texts`` with their ``vectors`` (one row each, length 1) into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        dense = faiss.IndexFlatIP(vectors.shape[1] or 1)
        if len(texts):
            dense.add(np.ascontiguousarray(vectors, dtype=np.float32))
        faiss.write_index(dense, str(folder / _DENSE_FILE))
        LexicalIndex.build(folder / _LEXICAL_FOLDER, texts)

    def __len__(self) -> int:
        return int(self._dense.ntotal)

    def document_frequency(self, bigram: str) -> int:
        """In how many pieces a character pair or word stands."""
        return self._lexical.document_frequency(bigram)

    def search(
        self, query: str, vector: np.ndarray, limit: int, timings: dict[str, float] | None = None
    ) -> list[Hit]:
        """The ``limit`` best pieces for ``query`` and its ``vector``, best first.

        Both scores of the union of the two searches are min-max scaled to 0…1 and added with the configured weights
        (Fox and Shaw's CombSUM, TREC-2 1994, on min-max scores). ``timings`` receives milliseconds by step.
        """
        if not len(self):
            return []
        depth = min(self._depth, len(self))
        started = time.perf_counter()
        lexical = dict(self._lexical.search(query, depth))
        searched = time.perf_counter()
        _, found = self._dense.search(vector.reshape(1, -1), depth)
        ended = time.perf_counter()
        if timings is not None:
            timings["lexical"] = timings.get("lexical", 0.0) + (searched - started) * 1000
            timings["dense"] = timings.get("dense", 0.0) + (ended - searched) * 1000

        rows = np.array(sorted({int(row) for row in found[0] if row >= 0} | set(lexical)))
        cosines = self.vectors[rows] @ vector.reshape(-1)
        scores = np.array([lexical.get(int(row), 0.0) for row in rows])
        weight = self._dense_weight
        fused = weight * _min_max(cosines) + (1 - weight) * _min_max(scores)
        best = np.argsort(-fused, kind="stable")[:limit]
        return [Hit(int(rows[i]), float(cosines[i]), float(scores[i]), float(fused[i])) for i in best]


def _min_max(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    return np.zeros_like(values) if high <= low else (values - low) / (high - low)
