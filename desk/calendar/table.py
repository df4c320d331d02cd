"""A calendar file, read and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from desk.calendar.errors import CalendarError
from desk.calendar.parsing import Interval, days_of, read_intervals, read_spans
from desk.calendar.source import Node, Problems, read_source
from desk.calendar.words import weekday_name, weekdays_of

DEFAULT_FILE = Path(__file__).with_name("calendar.yml")

Week = tuple[tuple[Interval, ...], ...]
"""Office hours of seven weekdays, from Monday."""
DAYS = 7
_YEAR = re.compile(r"(?:19|20|21)\d\d")
SATURDAY = 5


@dataclass(frozen=True)
class MakeUp:
    """A day to work in exchange for a holiday: whose, and after which weekday (0 is Monday; None: an ordinary one)."""

    holiday: str
    weekday: int | None


@dataclass(frozen=True)
class Table:
    """What a calendar file says."""

    zone: ZoneInfo
    week: Week
    weeks: Mapping[str, Week]
    """Departments with hours of their own."""
    holidays: Mapping[date, str]
    makeups: Mapping[date, MakeUp]
    closed: Mapping[str, Mapping[date, str]]
    """Reasons by department and day; the empty name is everybody."""
    years: frozenset[int]
    """Those whose public holidays the file knows."""


@dataclass(frozen=True)
class _Dated:
    """Where a day got its meaning, for telling about a second one."""

    name: str
    line: int


def read_table(path: Path) -> Table:
    """Read the file and check everything in it.

    Raises:
        CalendarError: with every problem of the file.
    """
    problems = Problems()
    root = read_source(path, problems)
    entries = problems.entries(root, ("zone", "hours"), ("departments", "closed", "holidays"))
    zone = _zone(entries.get("zone"), problems)
    week = _week(entries["hours"], problems) if "hours" in entries else ()
    departments = problems.mapping(entries["departments"]) if _filled(entries.get("departments")) else {}
    weeks = {name: _week(node, problems) for name, node in departments.items()}
    closed = _closed(entries.get("closed"), problems)
    holidays, makeups, years = _holidays(entries.get("holidays"), problems)
    if problems:
        raise CalendarError(path, problems.listed())
    assert zone is not None
    return Table(zone, week, weeks, holidays, makeups, closed, years)


def _filled(node: Node | None) -> bool:
    """An optional section may be there and empty."""
    return node is not None and bool(node.value)


def _zone(node: Node | None, problems: Problems) -> ZoneInfo | None:
    name = problems.text(node) if node else ""
    if node is None or not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # malformed, a folder of zones, unknown
        problems.add(node, "zone", zone=name)
        return None


def _week(node: Node, problems: Problems) -> Week:
    week: list[tuple[Interval, ...] | None] = [None] * DAYS
    mapping = problems.mapping(node)
    before = len(problems)
    for name, entry in mapping.items():
        weekdays = weekdays_of(name)
        if weekdays is None:
            problems.add(entry, "weekday", name=name)
            continue
        intervals = read_intervals(entry, problems)
        for weekday in weekdays:
            if week[weekday] is not None:
                problems.add(entry, "weekday_twice", name=weekday_name(weekday))
            week[weekday] = intervals
    if mapping and not any(week) and len(problems) == before:
        problems.add(node, "never_open")
    return tuple(intervals or () for intervals in week)


def _closed(node: Node | None, problems: Problems) -> dict[str, dict[date, str]]:
    closed: dict[str, dict[date, str]] = {}
    for item in problems.items(node) if node and _filled(node) else []:
        entries = problems.entries(item, ("days", "reason"), ("departments",))
        reason = problems.text(entries["reason"]) if "reason" in entries else ""
        spans = read_spans(entries["days"], None, problems) if "days" in entries else []
        whose = [""]
        if "departments" in entries:
            named = entries["departments"]
            whose = [
                problems.text(each) for each in (named.value if isinstance(named.value, list) else [named])
            ]
            if not whose:
                problems.add(named, "empty")
        for department in whose:
            for span, _ in spans:
                for day in days_of(span):
                    closed.setdefault(department, {}).setdefault(day, reason)
    return closed


class _Holidays:
    """Collects holidays and make-up days of all years and finds where they contradict one another."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.off: dict[date, _Dated] = {}
        self.work: dict[date, tuple[MakeUp, Node]] = {}

    def read(self, node: Node, year: int) -> None:
        """One holiday: its name, its days, the days to work for it."""
        entries = self._problems.entries(node, ("name", "days"), ("work",))
        name = self._problems.text(entries["name"]) if "name" in entries else ""
        for span, place in read_spans(entries["days"], year, self._problems) if "days" in entries else []:
            self._take_off(name, days_of(span), place)
        work = entries.get("work")
        if work is not None and _filled(work):
            items = work.value if isinstance(work.value, list) else [work]
            for item in items:
                self._take_work(name, item, year)

    def check(self) -> None:
        """No day may be both."""
        for day, (_, node) in self.work.items():
            if holiday := self.off.get(day):
                self._problems.add(node, "makeup_is_holiday", date=day, other=holiday.name, line=holiday.line)

    def _take_off(self, name: str, days: list[date], node: Node) -> None:
        # One problem for two spans that overlap, not one for each day.
        twice = next((day for day in days if day in self.off), None)
        if twice is not None:
            other = self.off[twice]
            self._problems.add(node, "holiday_twice", date=twice, other=other.name, line=other.line)
            return
        self.off.update({day: _Dated(name, node.line) for day in days})

    def _take_work(self, name: str, item: Node, year: int) -> None:
        weekday = None
        days = item
        if isinstance(item.value, dict):
            entries = self._problems.entries(item, ("day",), ("as",))
            if "as" in entries:
                weekday = self._weekday(entries["as"])
            if "day" not in entries:
                return
            days = entries["day"]
        for (first, last), place in read_spans(days, year, self._problems):
            if first != last:
                self._problems.add(place, "one_day", text=place.value)
            elif first.weekday() < SATURDAY:
                self._problems.add(
                    place, "makeup_on_weekday", date=first, weekday=weekday_name(first.weekday())
                )
            elif first in self.work:
                other, node = self.work[first]
                self._problems.add(place, "makeup_twice", date=first, other=other.holiday, line=node.line)
            else:
                self.work[first] = MakeUp(name, weekday), place

    def _weekday(self, node: Node) -> int | None:
        text = self._problems.text(node)
        named = weekdays_of(text) if text else None
        if text and (named is None or len(named) > 1):
            self._problems.add(node, "one_weekday", name=text)
        return named[0] if named else None


def _holidays(
    node: Node | None, problems: Problems
) -> tuple[dict[date, str], dict[date, MakeUp], frozenset[int]]:
    found = _Holidays(problems)
    years = set()
    for name, entry in problems.mapping(node).items() if node and _filled(node) else []:
        if not _YEAR.fullmatch(name):
            problems.add(entry, "year", name=name)
            continue
        years.add(int(name))
        for item in problems.items(entry):
            found.read(item, int(name))
    found.check()
    off = {day: dated.name for day, dated in found.off.items()}
    return off, {day: makeup for day, (makeup, _) in found.work.items()}, frozenset(years)
