"""One searchable set of pieces: FAISS for meaning, tantivy for characters, fused."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.index.dense import VECTORS, DenseIndex, load_vectors, save_vectors
from knowledge.index.lexical import LexicalIndex, numbered

LEXICAL_FOLDER = "lexical"


class Hit(NamedTuple):
    """A piece that a search found: ``dense`` a cosine, ``lexical`` a BM25 score, ``fused`` 0…1 and a bonus."""

    row: int
    dense: float
    lexical: float
    fused: float


class HybridIndex:
    """Pieces known by row number.

    Parameters: ``folder`` holds the lexical index; ``dense`` are the vectors, those in ``folder`` where not given.
    """

    def __init__(
        self, folder: Path, config: RetrievalConfig, dense_weight: float, dense: DenseIndex | None = None
    ) -> None:
        self._depth = config.depth
        self._dense_weight = dense_weight
        self._synonym_weight = config.synonym_weight
        self.dense = dense if dense is not None else DenseIndex([load_vectors(folder / VECTORS)])
        self._lexical = LexicalIndex(folder / LEXICAL_FOLDER)

    @staticmethod
    def build(folder: Path, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Write the index of ``texts`` with their ``vectors`` (one row each, length 1) into ``folder``."""
        save_vectors(folder / VECTORS, [vectors])
        LexicalIndex.build(folder / LEXICAL_FOLDER, numbered(texts))

    def without(self, dead: np.ndarray) -> HybridIndex:
        """The same index, in which the rows that are marked are not found either."""
        remaining = copy.copy(self)
        remaining.dense = self.dense.without(dead)
        return remaining

    def __len__(self) -> int:
        return len(self.dense)

    def document_frequency(self, token: str) -> int:
        """In how many pieces a character pair or word stands."""
        return self._lexical.document_frequency(token)

    def search(
        self,
        query: str,
        vectors: np.ndarray,
        limit: int,
        timings: dict[str, float] | None = None,
        *,
        also: str = "",
        hidden: Collection[int] = (),
        bonus: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> list[Hit]:
        """The ``limit`` best pieces for ``query``, best first.

        ``vectors`` are those of its readings, of shape (dimension) or (n, dimension): a piece is as near as it is to
        the nearest. ``also`` are official words for its everyday ones, which characters are searched by as well. Rows
        that are ``hidden`` are not found. Both scores of the union of the searches are min-max scaled to 0…1 and
        added with the configured weights (Fox and Shaw's CombSUM, TREC-2 1994, on min-max scores); so is what ``bonus``
        says of the rows that it is given. ``timings`` receives milliseconds by step.
        """
        if not len(self):
            return []
        readings = np.atleast_2d(vectors)
        dense, depth = self._showing_less(hidden), min(self._depth, len(self))
        started = time.perf_counter()
        scored = self._lexical.search(query, depth + len(hidden), also, self._synonym_weight)
        lexical = dict([hit for hit in scored if not dense.dead[hit[0]]][:depth])
        searched = time.perf_counter()
        near = [dense.search(reading, depth) for reading in readings]
        ended = time.perf_counter()
        if timings is not None:
            timings["lexical"] = timings.get("lexical", 0.0) + (searched - started) * 1000
            timings["dense"] = timings.get("dense", 0.0) + (ended - searched) * 1000

        rows = np.unique(np.concatenate([*near, np.fromiter(lexical, np.int64)]))
        if not len(rows):
            return []
        cosines = self.dense.cosines(rows, readings)
        scores = np.zeros(len(rows))
        scores[np.searchsorted(rows, list(lexical))] = list(lexical.values())
        weight = self._dense_weight
        fused = weight * _min_max(cosines) + (1 - weight) * _min_max(scores)
        if bonus is not None:
            fused += bonus(rows)
        best = np.argsort(-fused, kind="stable")[:limit]
        columns = (rows, cosines, scores, fused)
        return list(map(Hit._make, zip(*(column[best].tolist() for column in columns), strict=True)))

    def _showing_less(self, hidden: Collection[int]) -> DenseIndex:
        if not hidden:
            return self.dense
        mask = np.zeros(len(self.dense.dead), dtype=bool)
        mask[list(hidden)] = True
        return self.dense.without(mask)


def _min_max(values: np.ndarray) -> np.ndarray:
    low, high = values.min(), values.max()
    return np.zeros_like(values) if high <= low else (values - low) / (high - low)
