"""Which option a citizen means by "2", "第二个", "选3", "③" or "最后一个"."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LAST: Final = -1

_DIGITS = {"一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_DIGITS |= {"壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9}
_LAST = re.compile(r"最后|最後|末尾|最末|最下面")
_ARABIC = re.compile(r"\d+")
_ORDINAL = re.compile(r"第([一二两兩三四五六七八九十壹贰叁肆伍陆柒捌玖]+)")
_CHINESE = re.compile(r"[一二两兩三四五六七八九十壹贰叁肆伍陆柒捌玖]+")


def _chinese_number(text: str) -> int | None:
    """Numbers below a hundred: 三, 十二, 二十, 二十一."""
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS.get(text)
    if (tens and tens not in _DIGITS) or (ones and ones not in _DIGITS):
        return None
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)


def parse(text: str) -> int | None:
    """The number of the option, `LAST` for the last one, None when no single number is named.

    Example:
        >>> parse("我选第二个"), parse("③"), parse("最后一个"), parse("二十一")
        (2, 3, -1, 21)
    """
    plain = unicodedata.normalize("NFKC", text)
    if _LAST.search(plain):
        return LAST
    numbers = [int(match) for match in _ARABIC.findall(plain)]
    if not numbers:
        found = _ORDINAL.findall(plain) or _CHINESE.findall(plain)
        numbers = [number for number in map(_chinese_number, found) if number is not None]
    return numbers[0] if len(set(numbers)) == 1 else None
