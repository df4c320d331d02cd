"""Telephone numbers as citizens write them."""

from __future__ import annotations

import re
import unicodedata

_GAPS = re.compile(r"(?<=\d)[\s.\-\u2010-\u2015()]+(?=\d)")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86)?(1[3-9]\d{9})(?!\d)")
_AREA = re.compile(r"(?<!\d)(010|02\d|0[3-9]\d{2})[\s.\-\u2010-\u2015()]*([2-9]\d{6,7})(?!\d)")
_LOCAL = re.compile(r"(?<!\d)([2-9]\d{6,7})(?!\d)")


def parse(text: str) -> str | None:
    """The first mobile or landline number in a text, in half-width digits; None where there is no whole one.

    Example:
        >>> parse("打１３８ ０００１ ２３４５"), parse("0571-8765 4321"), parse("1380001")
        ('13800012345', '0571-87654321', None)
    """
    plain = _GAPS.sub("", unicodedata.normalize("NFKC", text))
    if found := _MOBILE.search(plain):
        return found[1]
    if found := _AREA.search(plain):
        return f"{found[1]}-{found[2]}"
    if found := _LOCAL.search(plain):
        return found[1]
    return None
