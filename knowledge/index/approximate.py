"""An approximate index of vectors too many to compare one by one, kept only if it finds what exact search does."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np

from knowledge.config import RetrievalConfig

_INDEX, _CHOICE = "approximate.faiss", "dense.json"
_PROBES = 16  # rows asked for measuring at first …
_SAMPLE = 300  # rows that stand for questions when recall is measured
_SURPLUS = 2  # candidates for each row wanted: 8-bit codes bring near ones in a slightly different order
_TRAINING = 40  # rows a cell that clustering sees: FAISS asks for 39
_ROUNDS = 8  # of clustering
_SEED = 1234


@dataclass(frozen=True)
class Choice:
    """How vectors are searched: ``kind`` is ``exact`` or ``ivf-sq8``; ``recall`` is the measured share of exact's."""

    kind: str
    rows: int
    cells: int = 0
    probes: int = 0
    recall: float = 1.0


class Approximate:
    """FAISS's inverted file of 8-bit vectors (IVF, SQ8): of some 2√n cells only the nearest are looked into."""

    def __init__(self, folder: Path, choice: Choice) -> None:
        self._index = faiss.read_index(str(folder / _INDEX))
        self._probes = choice.probes

    def search(self, vector: np.ndarray, count: int, selector: faiss.IDSelector | None) -> np.ndarray:
        """At least ``count`` rows near ``vector`` (fewer where the cells hold fewer), for re-scoring."""
        parameters = faiss.SearchParametersIVF(nprobe=self._probes, sel=selector)
        return _candidates(self._index, vector, count, parameters)


def _candidates(
    index: faiss.IndexIVF, vector: np.ndarray, count: int, parameters: faiss.SearchParametersIVF
) -> np.ndarray:
    _, found = index.search(vector.reshape(1, -1), _SURPLUS * count, params=parameters)
    return np.sort(found[0][found[0] >= 0])


def living_rows(dead: np.ndarray) -> faiss.IDSelector | None:
    """FAISS's form of "only rows that are not ``dead``"; ``None`` for all."""
    return faiss.IDSelectorBitmap(np.packbits(~dead, bitorder="little")) if dead.any() else None


def open_approximate(folder: Path) -> Approximate | None:
    """What :func:`choose` wrote to ``folder``; ``None`` where search is exact."""
    choice = read_choice(folder)
    return None if choice.kind == "exact" else Approximate(folder, choice)


def read_choice(folder: Path) -> Choice:
    """How the vectors of ``folder`` are searched."""
    return Choice(**json.loads((folder / _CHOICE).read_text(encoding="utf-8")))


def choose(folder: Path, vectors: np.ndarray, config: RetrievalConfig) -> Choice:
    """Write to ``folder`` how ``vectors`` are to be searched, and the index for it.

    Up to ``config.exact_rows`` vectors are searched exactly. More are clustered, and as few cells are looked into as
    bring ``config.recall`` of the ``config.depth`` nearest rows, measured on rows drawn from the vectors with
    themselves left out; where that takes more than a quarter of the cells, search stays exact.
    """
    choice, index = _fit(vectors, config) if len(vectors) > config.exact_rows else (None, None)
    choice = choice or Choice("exact", len(vectors))
    if choice.kind != "exact":
        faiss.write_index(index, str(folder / _INDEX))
    (folder / _CHOICE).write_text(json.dumps(asdict(choice)), encoding="utf-8")
    return choice


def _fit(vectors: np.ndarray, config: RetrievalConfig) -> tuple[Choice | None, faiss.IndexIVF]:
    size, dimension = vectors.shape
    cells = max(1, int(2 * math.sqrt(size)))
    random = np.random.default_rng(_SEED)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension),
        dimension,
        cells,
        faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
    )
    index.cp.niter, index.cp.seed = _ROUNDS, _SEED
    index.train(vectors[np.sort(random.choice(size, min(size, _TRAINING * cells), replace=False))])
    index.add(np.ascontiguousarray(vectors))

    asked = np.sort(random.choice(size, min(size, _SAMPLE), replace=False))
    nearest = _nearest(vectors, asked, config.depth)
    probes = _PROBES
    while probes <= cells // 4:
        found = [
            _recall(index, vectors, row, wanted, probes) for row, wanted in zip(asked, nearest, strict=True)
        ]
        recall = float(np.mean(found))
        if recall >= config.recall:
            return Choice("ivf-sq8", size, cells, probes, round(recall, 4)), index
        probes = probes * 3 // 2
    return None, index


def _nearest(vectors: np.ndarray, asked: np.ndarray, depth: int) -> list[set[int]]:
    exact = faiss.IndexFlatIP(vectors.shape[1])
    exact.add(np.ascontiguousarray(vectors))
    _, found = exact.search(np.ascontiguousarray(vectors[asked]), depth + 1)
    return [set(map(int, rows)) - {int(row)} for row, rows in zip(asked, found, strict=True)]


def _recall(index: faiss.IndexIVF, vectors: np.ndarray, row: int, nearest: set[int], probes: int) -> float:
    parameters = faiss.SearchParametersIVF(nprobe=probes)
    found = _candidates(index, np.asarray(vectors[row]), len(nearest) + 1, parameters)
    found = found[found != row]
    scores = vectors[found] @ vectors[row]
    best = found[np.argsort(-scores)[: len(nearest)]]
    return len(nearest & set(map(int, best))) / len(nearest)
