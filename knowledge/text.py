"""Bring any way of writing to one: NFKC, Simplified Chinese, single spaces."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_SPACES = re.compile(r"[ \t\u3000\u00a0]+")
_CONTROL = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u2028-\u202e\ufeff]")


@lru_cache(maxsize=1)
def _to_simplified() -> OpenCC:
    return OpenCC("t2s")


def normalise(text: str) -> str:
    """Full-width to half-width (NFKC), Traditional to Simplified, control characters out, spaces squeezed."""
    text = _CONTROL.sub("", unicodedata.normalize("NFKC", text))
    return _SPACES.sub(" ", _to_simplified().convert(text)).strip()
