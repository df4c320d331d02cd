"""The files of one release's index: a base that many releases share, a tail of what came since, what is no more in it.

    index.json                {"base": name of the base, "dead": numbers of the items that are no longer in it,
                               "rows": how many rows it has, "overhang": how many of them are dead or in the tail}
    base/, tail/              segments (knowledge.index.segment); tail/ is missing while there is none
    base/<group>/dense.json   how the base's vectors are searched, with the measured recall
    <group>/lexical/          tantivy
    whole/                    tantivy, of the items as a whole (knowledge.index.whole)

Items, sources and rows are numbered through both segments, the tail's behind the base's. Nothing in the folder is
changed once it is there: another release's folder shares its files as hard links.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import numpy as np

from knowledge.index.segment import GROUPS, Pack, Segment
from knowledge.source import Source

STATE, BASE, TAIL = "index.json", "base", "tail"


def write_state(folder: Path, base_name: str, dead: list[int], rows: int, overhang: int) -> None:
    """Write what makes ``folder`` a whole index."""
    state = {"base": base_name, "dead": dead, "rows": rows, "overhang": overhang}
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")


def share_of_overhang(folder: Path) -> float:
    """What part of an index's rows is dead or in the tail."""
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    return state["overhang"] / max(state["rows"], 1)


def is_complete(folder: Path) -> bool:
    """Whether ``folder`` holds a whole index."""
    return (folder / STATE).is_file()


class StoredIndex:
    """A release's index as it is stored. ``shared`` is another one, whose base is used where it is the same."""

    def __init__(self, folder: Path, shared: StoredIndex | None = None) -> None:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        self.folder = folder
        self.base_name: str = state["base"]
        same = shared is not None and shared.base_name == self.base_name
        self.base: Segment = shared.base if shared is not None and same else Segment(folder / BASE)
        self.tail = Segment(folder / TAIL) if (folder / TAIL).is_dir() else None
        self.segments = [self.base, self.tail] if self.tail else [self.base]
        self.items = [item for segment in self.segments for item in segment.items]
        self.dead = np.zeros(len(self.items), dtype=bool)
        self.dead[state["dead"]] = True

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Numbers of the items that are in it, by content hash."""
        return {item.hash: number for number, item in enumerate(self.items) if not self.dead[number]}

    @cached_property
    def counts(self) -> np.ndarray:
        """How many sources each item has."""
        return np.diff(self.starts)

    @cached_property
    def starts(self) -> np.ndarray:
        """Number of each item's first source; at the end, how many sources there are."""
        size = len(self.base.ids)
        return np.concatenate([self.base.starts, *([self.tail.starts[1:] + size] if self.tail else [])])

    @cached_property
    def owners(self) -> dict[str, np.ndarray]:
        """By group: the source that each row belongs to."""
        size = len(self.base.ids)
        return {
            name: np.concatenate(
                [self.base.owners[name], *([self.tail.owners[name] + size] if self.tail else [])]
            )
            for name in GROUPS
        }

    @cached_property
    def first_rows(self) -> dict[str, np.ndarray]:
        """By group: number of each source's first row; at the end, how many rows there are."""
        numbers = np.arange(int(self.starts[-1]) + 1)
        return {name: np.searchsorted(owners, numbers) for name, owners in self.owners.items()}

    @cached_property
    def items_of_passages(self) -> np.ndarray:
        """The number of the item that each row of ``passages`` belongs to."""
        owning: np.ndarray = np.repeat(np.arange(len(self.items)), self.counts)[self.owners["passages"]]
        return owning

    def sources_of(self, item: int) -> tuple[int, int]:
        """Number of an item's first source, and of the next item's."""
        return int(self.starts[item]), int(self.starts[item + 1])

    def id(self, number: int) -> str:
        """A source's id by its number."""
        size = len(self.base.ids)
        return self.base.ids[number] if number < size or self.tail is None else self.tail.ids[number - size]

    def number(self, identifier: str) -> int | None:
        """The number of the source that was written last with this id, which may be dead."""
        in_tail = self.tail.numbers.get(identifier) if self.tail else None
        return self.base.numbers.get(identifier) if in_tail is None else in_tail + len(self.base.ids)

    def source(self, number: int) -> Source:
        """A source by its number."""
        size = len(self.base.ids)
        if number < size or self.tail is None:
            return self.base.source(number)
        return self.tail.source(number - size)

    def pack(self, item: int, piece_length: int) -> Pack:
        """An item with all that belongs to it, read from disk."""
        size = len(self.base.items)
        if item < size or self.tail is None:
            return self.base.pack(item, piece_length)
        return self.tail.pack(item - size, piece_length)

    def token_vectors(self, passage: int) -> np.ndarray:
        """The vectors of a passage's tokens by its row, read from disk."""
        size = len(self.base.owners["passages"])
        if passage < size or self.tail is None:
            return self.base.token_vectors(passage)
        return self.tail.token_vectors(passage - size)

    def dead_rows(self, name: str, dead: np.ndarray) -> np.ndarray:
        """A group's rows, marked where they belong to an item that is marked in ``dead``."""
        rows: np.ndarray = np.repeat(dead, self.counts)[self.owners[name]]
        return rows

    def rows(self) -> int:
        """How many rows it has, dead ones among them."""
        return sum(len(owners) for owners in self.owners.values())

    def overhang(self, gone: list[int]) -> int:
        """How many rows are in the tail, or in the base and dead, once the items ``gone`` are too."""
        dead = self.dead.copy()
        dead[gone] = True
        total = 0
        for name in GROUPS:
            rows, size = self.dead_rows(name, dead), len(self.base.owners[name])
            total += int(rows[:size].sum()) + len(rows) - size
        return total
