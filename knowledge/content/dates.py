"""Dates as editors and documents write them."""

import re
from datetime import date

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


def iso_date(year: str | int, month: str | int, day: str | int) -> str | None:
    """The ISO date, or ``None`` when there is no such day."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
