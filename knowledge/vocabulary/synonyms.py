"""Everyday words and the official ones that content uses for them, applied to a question when it is asked."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from knowledge.text import normalise

COMMON_FILE = Path(__file__).with_name("common.csv")
SEPARATOR = "；"


class SynonymTable:
    """Everyday words, each with one or more official ones. Longer words win over shorter ones inside them.

    Parameters: ``entries`` maps a word, as citizens write it, to the official words for it.
    """

    def __init__(self, entries: Mapping[str, Iterable[str]]) -> None:
        self._official: dict[str, tuple[str, ...]] = {}
        for word, official in entries.items():
            self._official[normalise(word)] = tuple(normalise(each) for each in official)
        self._official.pop("", None)
        self._longest = max(map(len, self._official), default=0)

    def __len__(self) -> int:
        return len(self._official)

    def extended(self, entries: Mapping[str, Iterable[str]]) -> SynonymTable:
        """This table with ``entries`` in place of its own where both have a word."""
        return SynonymTable({**self._official, **{normalise(word): words for word, words in entries.items()}})

    def found(self, text: str) -> list[tuple[str, tuple[str, ...]]]:
        """The words of the table that stand in ``text`` (normalised), from left to right, with their official ones."""
        found: list[tuple[str, tuple[str, ...]]] = []
        at = 0
        while at < len(text):
            for length in range(min(self._longest, len(text) - at), 0, -1):
                official = self._official.get(text[at : at + length])
                if official is not None:
                    found.append((text[at : at + length], official))
                    at += length
                    break
            else:
                at += 1
        return found

    def official_words(self, text: str) -> list[str]:
        """Official words for what ``text`` (normalised) says in everyday ones, those left out that it has itself."""
        words = [word for _, official in self.found(text) for word in official]
        return [word for word in dict.fromkeys(words) if word not in text]

    def rewritten(self, text: str) -> str:
        """``text`` (normalised) with each everyday word replaced by its first official one."""
        for word, official in self.found(text):
            if official[0] not in text:
                text = text.replace(word, official[0])
        return text


@lru_cache(maxsize=1)
def common_synonyms() -> SynonymTable:
    """What is said alike in every city; an editor's own table extends it."""
    with COMMON_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return SynonymTable({word: official.split(SEPARATOR) for word, official in rows})
