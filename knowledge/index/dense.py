"""Search by meaning: exact over few vectors, approximate with exact re-scoring over many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from knowledge.index.approximate import Approximate

VECTORS = "vectors.npy"


class DenseIndex:
    """The vectors of one group of pieces, in parts that follow one another; rows marked ``dead`` are never found.

    Parameters: ``parts`` are arrays of vectors of length 1, ``approximate`` searches the first of them where that is
    large, ``dead`` has one flag for each row of all parts (none is marked where it is not given).
    """

    def __init__(
        self,
        parts: Sequence[np.ndarray],
        approximate: Approximate | None = None,
        dead: np.ndarray | None = None,
    ) -> None:
        if dead is None:
            dead = np.zeros(sum(len(part) for part in parts), dtype=bool)
        self._parts = parts
        self._starts = np.cumsum([0, *(len(part) for part in parts)])
        self._approximate = approximate
        self._alive = len(dead) - int(np.count_nonzero(dead))
        self.dead = dead

    def __len__(self) -> int:
        return self._alive

    def without(self, dead: np.ndarray) -> DenseIndex:
        """The same index with more rows marked."""
        return DenseIndex(self._parts, self._approximate, self.dead | dead)

    def cosines(self, rows: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Exact cosines of these rows with the nearest of ``vectors``, of shape (dimension) or (n, dimension)."""
        found = np.zeros(len(rows), dtype=np.float32)
        readings = np.atleast_2d(vectors)
        for part, start in zip(self._parts, self._starts, strict=False):
            inside = (rows >= start) & (rows < start + len(part))
            if inside.any():
                found[inside] = _products(part[rows[inside] - start], readings).max(axis=1)
        return found

    def search(self, vector: np.ndarray, depth: int) -> np.ndarray:
        """The ``depth`` rows nearest to ``vector``, in no particular order."""
        found, cosines = [], []
        for part, start in zip(self._parts, self._starts, strict=False):
            if not len(part):
                continue
            dead = self.dead[start : start + len(part)]
            if start == 0 and self._approximate is not None:
                rows = self._approximate.candidates(vector, depth, dead)
                near = _products(part[rows], vector)
            else:
                rows = np.flatnonzero(~dead)
                near = _products(part, vector)[rows]
            found.append(rows + start)
            cosines.append(near)
        if not found:
            return np.zeros(0, dtype=np.int64)
        all_rows, all_near = np.concatenate(found), np.concatenate(cosines)
        if len(all_rows) <= depth:
            return all_rows
        return all_rows[np.argpartition(-all_near, depth - 1)[:depth]]


def load_vectors(path: Path) -> np.ndarray:
    """Vectors in a file, mapped into memory: processes share them, and only what is searched is read."""
    return np.asarray(np.load(path, mmap_mode="r"))  # as a plain array: memmap's own class is slow to index


def save_vectors(path: Path, parts: Sequence[np.ndarray]) -> None:
    """Write vectors, one row each, of the type that they have (nothing has none: an empty array of float32)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    filled = [part for part in parts if len(part)]
    if not filled:
        np.save(path, np.zeros((0, 0), dtype=np.float32))
        return
    shape = (sum(len(part) for part in filled), filled[0].shape[1])
    target = np.lib.format.open_memmap(path, mode="w+", dtype=filled[0].dtype, shape=shape)
    place = 0
    for part in filled:
        target[place : place + len(part)] = part
        place += len(part)
    target.flush()


def _products(rows: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Inner products of ``rows`` with one vector, or with each of several (one column for each)."""
    # Not with @: for so few rows BLAS's threads cost more than they bring, above all where the cores are busy.
    products: np.ndarray = np.einsum("ij,j->i" if vectors.ndim == 1 else "ij,kj->ik", rows, vectors)
    return products
