"""Numbers of tickets and handoffs, in whatever shape a citizen types them."""

from __future__ import annotations

import re
import unicodedata

_DASH = r"\s*[-\u2010-\u2015\u2212_.]?\s*"
_NUMBER = re.compile(rf"(?<![0-9A-Za-z])(g?){_DASH}(20\d{{6}}){_DASH}(\d{{1,6}})(?!\d)", re.IGNORECASE)
_DIGITS = 4


def parse(text: str) -> str | None:
    """The first number in a text, as it is written in the desk; None where there is none.

    Example:
        >>> parse("ｇ20261125—7 怎么样了"), parse("20261125-0007"), parse("12345")
        ('G20261125-0007', '20261125-0007', None)
    """
    found = _NUMBER.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    letter, day, count = found.groups()
    return f"{letter.upper()}{day}-{count.zfill(_DIGITS)}"


def without(text: str) -> str:
    """The text without its first number."""
    plain = unicodedata.normalize("NFKC", text)
    return _NUMBER.sub("", plain, count=1).strip()
