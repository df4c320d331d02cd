"""Cut text into the tokens of lexical search: character bigrams of Chinese, whole words otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from knowledge.text import normalise

_RUN = re.compile(r"[㐀-䶿一-鿿]+|[a-z0-9]+(?:\.[0-9]+)?")


_CHINESE = re.compile(r"[㐀-䶿一-鿿]+")


def is_chinese(text: str) -> bool:
    """Whether ``text`` is nothing but Chinese characters."""
    return _CHINESE.fullmatch(text) is not None


def tokenise(text: str) -> list[str]:
    """Tokens of ``text`` after :func:`knowledge.text.normalise`, with repetitions, in order.

    Adjacent pairs of each run of Chinese characters; a lone character and a word in other letters stand whole.
    """
    tokens: list[str] = []
    for run in _RUN.findall(normalise(text).lower()):
        if len(run) == 1 or run[0] < "⿿":
            tokens.append(run)
        else:
            tokens.extend(run[i : i + 2] for i in range(len(run) - 1))
    return tokens


class Said:
    """What a text says, to look up a few tokens in: faster and smaller than the set of all its bigrams."""

    def __init__(self, text: str) -> None:
        self._text = normalise(text).lower()
        # A pair stands in the text where it stands among the bigrams; a lone character or a word need not.
        self._whole = frozenset(run for run in _RUN.findall(self._text) if len(run) == 1 or run[0] < "⿿")

    def of(self, bigrams: Iterable[str]) -> list[str]:
        """Those of ``bigrams`` that are among the text's."""
        return [
            each
            for each in bigrams
            if each in self._whole or (len(each) == 2 and each[0] > "⿿" and each in self._text)
        ]


@lru_cache(maxsize=8192)
def bigram_set(text: str) -> frozenset[str]:
    """The distinct bigrams of a short text, kept because candidates are compared again and again."""
    return frozenset(tokenise(text))
