"""Calendars from the file that comes with the product and from small ones of a test's own."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from desk.calendar import WorkingCalendar

MakeCalendar = Callable[..., WorkingCalendar]
SMALL = """\
zone: {zone}
hours:
  周一至周五: 09:00-12:00, 13:30-17:00
{rest}
"""


def moment(text: str, zone: str = "Asia/Shanghai") -> float:
    """`2026-02-14 09:00` in a zone as epoch seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def wall(at: float, zone: str = "Asia/Shanghai") -> str:
    """The reverse."""
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):%Y-%m-%d %H:%M}"


@pytest.fixture(scope="session")
def national() -> WorkingCalendar:
    """The file that comes with the product."""
    return WorkingCalendar.load()


@pytest.fixture
def make(tmp_path: Path) -> MakeCalendar:
    """A calendar with the default hours 9-12 and 13:30-17 and whatever else a test writes."""

    def made(rest: str = "", zone: str = "Asia/Shanghai") -> WorkingCalendar:
        path = tmp_path / "calendar.yml"
        path.write_text(SMALL.format(zone=zone, rest=rest), encoding="utf-8")
        return WorkingCalendar.load(path)

    return made
