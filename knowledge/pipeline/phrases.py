"""The patterns of ``phrases.yml``."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("phrases.yml")


@lru_cache(maxsize=1)
def _lists() -> dict[str, list[str]]:
    return dict(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


@lru_cache(maxsize=64)
def pattern(name: str, **words: str) -> re.Pattern[str]:
    """The alternatives called ``name`` as one pattern; ``words`` are put, as they stand, in place of ``{word}``.

    Raises KeyError for a name that the file does not have.
    """
    joined = "|".join(f"(?:{each})" for each in _lists()[name])
    for word, stands_for in words.items():
        joined = joined.replace(f"{{{word}}}", re.escape(stands_for))
    return re.compile(joined)
