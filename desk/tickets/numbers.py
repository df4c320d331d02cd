"""Ticket numbers: `G` and the city's day, a dash, the day's sequence: `G20261125-0007`."""

import re
import unicodedata
from datetime import datetime, tzinfo

# NFKC makes full-width digits, letters and hyphens plain; these dashes it leaves as they are.
_NUMBER = re.compile(r"G?(\d{8})[-‐‑‒–—−]*(\d{4,8})", re.ASCII)


def day_of(at: float, zone: tzinfo) -> str:
    """The city's calendar day of a moment, as numbers carry it."""
    return datetime.fromtimestamp(at, zone).strftime("%Y%m%d")


def compose(day: str, sequence: int) -> str:
    """The number of the day's ticket with this sequence."""
    return f"G{day}-{sequence:04d}"


def normalise(written: str) -> str | None:
    """A number as it is stored, from how a person wrote it; `None` when it is none.

    Any case, full-width characters, blanks, and a missing `G` or dash are accepted.
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", written)).upper()
    found = _NUMBER.fullmatch(plain)
    return f"G{found[1]}-{found[2]}" if found else None
