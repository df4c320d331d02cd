"""Bring any way of writing to one: NFKC, Simplified Chinese, single spaces; and make any text storable."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_SPACES = re.compile(r"[ \t\u3000\u00a0]+")
_CONTROL = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\u0000\ud800-\udfff]")


@lru_cache(maxsize=1)
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def storable(text: str) -> str:
    """``text`` without what no database keeps: NUL and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text)


def normalise(text: str) -> str:
    """Full-width to half-width (NFKC), Traditional to Simplified, control characters out, spaces squeezed."""
    text = _CONTROL.sub("", unicodedata.normalize("NFKC", text))
    return _SPACES.sub(" ", _to_simplified().convert(text)).strip()
