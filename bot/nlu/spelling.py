"""One spelling for every message, and no courtesies around it. Imports nothing of Rasa."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from opencc import OpenCC

from bot.nlu import lexicon

_SUBSTANCE = re.compile(r"[^\W_]")


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """NFKC, Simplified Chinese, lower case, no runs of spaces.

    Example:
        >>> normalise("我要轉人工！")
        '我要转人工!'
    """
    return " ".join(_simplifier().convert(unicodedata.normalize("NFKC", text)).lower().split())


def strip_courtesies(text: str) -> str:
    """What is left of a normalised message without greeting, "may I ask" and thanks around it.

    A message that is nothing but courtesy is returned whole, because then the courtesy is what it says.
    """
    words = lexicon.load()
    rest = words.courtesy_before.sub("", text)
    rest = words.courtesy_after.sub("", rest)
    return rest if _SUBSTANCE.search(rest) else text
