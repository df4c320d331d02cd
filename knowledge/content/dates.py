"""Dates as editors and documents write them."""

import re
from datetime import date

from knowledge.content.numerals import parse_numeral

# A day in running text, in three groups: 2024年1月19日, 二〇二四年一月十九日 (the zero is typed in many ways).
DAY = (
    r"(\d{4}|[〇○Ｏ零一二三四五六七八九O0]{4})\s{0,2}年\s{0,2}(\d{1,2}|[一二三四五六七八九十]{1,2})\s{0,2}月\s{0,2}"
    r"(\d{1,2}|[一二三四五六七八九十廿]{1,3})\s{0,2}日"
)
_ZEROS = str.maketrans("○ＯO", "〇〇〇")

_DATE = re.compile(
    r"\s*(\d{4})(?:\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?|([-/.．／－])(\d{1,2})\4(\d{1,2}))"
    r"(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?\s*\Z"
)


def parse_date(text: str) -> str | None:
    """``2024-01-31``, ``2024/1/31``, ``2024.1.31`` and ``2024年1月31日`` (a time of day is dropped) as ISO.

    ``None`` when it is no date of the calendar.
    """
    match = _DATE.match(text)
    if match is None:
        return None
    return iso_date(match[1], match[2] or match[5], match[3] or match[6])


def day_of(year: str, month: str, day: str) -> str | None:
    """The ISO date of ``DAY``'s three groups, or ``None`` when there is no such day."""
    numbers = [parse_numeral(text.translate(_ZEROS).replace("廿", "二十")) for text in (year, month, day)]
    return iso_date(*(number or 0 for number in numbers))


def iso_date(year: str | int, month: str | int, day: str | int) -> str | None:
    """The ISO date, or ``None`` when there is no such day."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
