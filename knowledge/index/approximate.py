"""An approximate index of vectors too many to compare one by one, kept only if it finds what exact search does."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np

from knowledge.config import RetrievalConfig

_INDEX, _CHOICE = "approximate.faiss", "dense.json"
_SURPLUS = (4, 8, 16, 32)  # candidates that are compared exactly, for each row wanted
_SAMPLE = 200  # rows that stand for questions when recall is measured
_TRAINING = 8192  # rows that the codes' steps are learnt from: 16 of them a dimension
_LEAST = 1000  # vectors that can teach the codes anything
_SEED = 1234


@dataclass(frozen=True)
class Choice:
    """How vectors are searched: ``kind`` is ``exact`` or ``pq4``; ``recall`` is the measured share of exact's."""

    kind: str
    rows: int
    surplus: int = 0
    recall: float = 1.0


class Approximate:
    """FAISS's fast scan over product-quantised vectors, 4 bits for every dimension: an eighth of the memory to read.

    Comparing codes is how candidates are found; they are for the caller to compare exactly. (André, Kermarrec and Le
    Scouarnec, "Cache locality is not enough", VLDB 2015; FAISS's IndexPQFastScan.)
    """

    def __init__(self, index: faiss.IndexPQFastScan, surplus: int) -> None:
        self._index = index
        self._surplus = surplus

    def candidates(self, vector: np.ndarray, count: int, dead: np.ndarray) -> np.ndarray:
        """Rows not marked ``dead`` among which the ``count`` nearest to ``vector`` are, all but certainly."""
        size, wanted = len(dead), self._surplus * count
        asked = wanted + min(wanted, int(np.count_nonzero(dead)))
        while True:
            _, found = self._index.search(vector.reshape(1, -1), min(asked, size))
            rows = found[0][found[0] >= 0]
            rows = rows[~dead[rows]]
            if len(rows) >= wanted or asked >= size:
                return np.sort(rows)
            asked *= 4  # many dead rows stand near: a document with hundreds of clauses was taken out


def open_approximate(folder: Path) -> Approximate | None:
    """What :func:`choose` wrote to ``folder``; ``None`` where search is exact."""
    choice = read_choice(folder)
    if choice.kind == "exact":
        return None
    return Approximate(faiss.read_index(str(folder / _INDEX)), choice.surplus)


def read_choice(folder: Path) -> Choice:
    """How the vectors of ``folder`` are searched."""
    return Choice(**json.loads((folder / _CHOICE).read_text(encoding="utf-8")))


def choose(folder: Path, vectors: np.ndarray, config: RetrievalConfig) -> Choice:
    """Write to ``folder`` how ``vectors`` are to be searched, and the index for it.

    Up to ``config.exact_rows`` vectors are searched exactly. More are searched approximately, with as many candidates
    as bring ``config.recall`` of the ``config.depth`` nearest rows, measured on rows drawn from the vectors, themselves
    left out; where even many do not, search stays exact.
    """
    choice = Choice("exact", len(vectors))
    if len(vectors) > max(config.exact_rows, _LEAST):
        index = _trained(vectors)
        found = _measured(index, vectors, config)
        if found is not None:
            surplus, recall = found
            choice = Choice("pq4", len(vectors), surplus, round(recall, 4))
            faiss.write_index(index, str(folder / _INDEX))
    (folder / _CHOICE).write_text(json.dumps(asdict(choice)), encoding="utf-8")
    return choice


def _drawn(size: int, count: int) -> np.ndarray:
    chosen = np.random.default_rng(_SEED).choice(size, min(size, count), replace=False)
    return np.asarray(np.sort(chosen))


def _trained(vectors: np.ndarray) -> faiss.IndexPQFastScan:
    size, dimension = vectors.shape
    index = faiss.IndexPQFastScan(dimension, dimension, 4, faiss.METRIC_INNER_PRODUCT)
    index.train(np.ascontiguousarray(vectors[_drawn(size, _TRAINING)]))
    index.add(np.ascontiguousarray(vectors))
    return index


def _measured(
    index: faiss.IndexPQFastScan, vectors: np.ndarray, config: RetrievalConfig
) -> tuple[int, float] | None:
    """The least surplus that reaches the configured recall, and that recall; ``None`` where none does."""
    asked = _drawn(len(vectors), _SAMPLE)
    depth = min(config.depth, len(vectors) - 1)
    cosines = vectors @ vectors[asked].T
    cosines[asked, np.arange(len(asked))] = -np.inf
    nearest = np.argpartition(-cosines, depth - 1, axis=0)[:depth].T
    none = np.zeros(len(vectors), dtype=bool)
    for surplus in _SURPLUS:
        search = Approximate(index, surplus)
        # What is among the candidates is found, because these are compared exactly; one more for the row itself.
        shares = [
            np.isin(wanted, search.candidates(vectors[row], depth + 1, none)).mean()
            for row, wanted in zip(asked, nearest, strict=True)
        ]
        if (recall := float(np.mean(shares))) >= config.recall:
            return surplus, recall
    return None
