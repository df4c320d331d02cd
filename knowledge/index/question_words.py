"""What a question asks about, without the words that make it a question."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from knowledge.patterns import Patterns

_PATTERNS = Patterns(Path(__file__).with_name("question_words.yml"))


@lru_cache(maxsize=64)
def asked_about(question: str) -> str:
    """A normalised ``question`` without its question words, each of which leaves a space."""
    return _PATTERNS.pattern("question_words").sub(" ", question)
