"""Documents and FAQs as a whole, by their characters: a clause seldom says what its document is about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.index.lexical import Entry, LexicalIndex
from knowledge.index.pieces import titled
from knowledge.source import Source

FOLDER = "whole"
"""Where it lies in a release's index."""


def whole_text(sources: Sequence[Source]) -> str:
    """All that an item says, under its title; empty where it has no sources."""
    texts = "\n".join(each.search_text for each in sources if each.searched)
    return titled(sources[0].title, texts) if sources else ""


def whole_entries(items: Iterable[Sequence[Source]], first: int = 0) -> list[Entry]:
    """An entry for each item that has sources, known by its number from ``first`` on."""
    return [Entry(number, number, whole_text(each)) for number, each in enumerate(items, first) if each]


class WholeIndex:
    """Scores whole items, known by their numbers. The index in ``folder`` is one of :class:`LexicalIndex`."""

    def __init__(self, folder: Path, config: RetrievalConfig) -> None:
        self._weight = config.whole_weight
        self._depth = config.depth
        self._synonym_weight = config.synonym_weight
        self._lexical = LexicalIndex(folder)

    def bonus(
        self, query: str, also: str, dead: np.ndarray, items: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """What an item counts for each of its rows: a function of row numbers.

        ``items`` has the item of every row; for the other parameters see :meth:`scores`.
        """
        counts = self._weight * self.scores(query, also, dead)
        return lambda rows: counts[items[rows]]

    def scores(self, query: str, also: str, dead: np.ndarray) -> np.ndarray:
        """For each item its BM25 score as a share of the best; 0 for those marked in ``dead``, and beyond the depth.

        ``also`` are official words for everyday ones of ``query``.
        """
        found = np.zeros(len(dead), dtype=np.float32)
        for item, score in self._lexical.search(query, self._depth, also, self._synonym_weight):
            found[item] = 0.0 if dead[item] else score
        best = found.max(initial=0.0)
        return found / best if best > 0 else found
