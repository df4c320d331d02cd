"""The calendar's Chinese words: its texts, and the names of weekdays."""

import re
from pathlib import Path

from desk.texts import Texts

TEXTS = Texts(Path(__file__).with_name("texts.yml"))
_NAMES = [TEXTS.words(f"weekdays.{number}") for number in range(1, 8)]
_NUMBERS = {name: number for number, names in enumerate(_NAMES) for name in names}
_WEEKDAY = re.compile("|".join(_NUMBERS))
_WEEKDAYS = re.compile(rf"({_WEEKDAY.pattern})(?:\s*[至到~～—–-]\s*({_WEEKDAY.pattern}))?")
REST = frozenset(TEXTS.words("rest"))


def weekday_name(weekday: int) -> str:
    """The name of a weekday, 0 for Monday to 6 for Sunday."""
    return _NAMES[weekday][0]


def weekday_in(text: str) -> int | None:
    """The first weekday that is named in ``text``, or None."""
    found = _WEEKDAY.search(text)
    return None if found is None else _NUMBERS[found[0]]


def weekdays_of(text: str) -> range | None:
    """The weekdays that “周一” or “周一至周五” means; None for anything else, also for “周五至周一”."""
    found = _WEEKDAYS.fullmatch(text.strip())
    if found is None:
        return None
    first, last = _NUMBERS[found[1]], _NUMBERS[found[2] or found[1]]
    return range(first, last + 1) or None
