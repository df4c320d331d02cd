"""What a citizen's words mean where a form or an offer has just asked; the words are in words.yml."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import yaml

WORDS_PATH = Path(__file__).with_name("words.yml")
_MARKS = re.compile(r"^\W+|\W+$")
_SUBSTANCE = re.compile(r"[^\W_]")


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    loaded: dict[str, str] = yaml.safe_load(WORDS_PATH.read_text(encoding="utf-8"))
    return {key: re.compile(pattern) for key, pattern in loaded.items()}


def is_said(key: str, plain: str) -> bool:
    """Whether the whole message, but for punctuation and particles, is one of these words.

    Args:
        key: an entry of words.yml.
        plain: the normalised message.
    """
    bare = _MARKS.sub("", plain)
    spoken = _patterns()["particles"].sub("", bare)
    return any(_patterns()[key].fullmatch(text) is not None for text in (bare, spoken))


def contains(key: str, plain: str) -> bool:
    """Whether one of these words is in the message."""
    return _patterns()[key].search(plain) is not None


def substance(plain: str) -> int:
    """How many letters a message has besides courtesies and the words that only name its act."""
    return len(_SUBSTANCE.findall(_patterns()["opening"].sub("", plain)))


def letters(text: str) -> int:
    """How many letters, digits and characters a text has."""
    return len(_SUBSTANCE.findall(text))


def beside(key: str, text: str) -> str:
    """What is left of a text without what matches, trimmed."""
    return _patterns()[key].sub("", text, count=1).strip()
