"""Named patterns kept in YAML files, so that words stand beside each other and not in the code."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml


class Patterns:
    """The entries of a YAML file, which is read when the first is asked for. An entry is an alternative or several."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, frozenset[tuple[str, str]]], re.Pattern[str]] = {}

    @cached_property
    def entries(self) -> dict[str, Any]:
        """The file as it stands."""
        return dict(yaml.safe_load(self._path.read_text(encoding="utf-8")))

    def pattern(self, name: str, **words: str) -> re.Pattern[str]:
        """The alternatives called ``name`` as one pattern; ``words`` are patterns that stand in place of ``{word}``,
        never what people type.

        Raises KeyError for a name that the file does not have.
        """
        key = (name, frozenset(words.items()))
        if key not in self._known:
            entry = self.entries[name]
            joined = "|".join(f"(?:{each})" for each in ([entry] if isinstance(entry, str) else entry))
            for word, stands_for in words.items():
                joined = joined.replace(f"{{{word}}}", stands_for)
            self._known[key] = re.compile(joined)
        return self._known[key]
