"""Questions about working time. Moments are epoch seconds, days are the city's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import floor
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from desk.calendar.parsing import Interval
from desk.calendar.table import DAYS, DEFAULT_FILE, Table, read_table
from desk.calendar.words import TEXTS, weekday_name
from desk.calendar.zone import moment_at

DayKind = Literal["ordinary", "makeup", "holiday", "closed"]
DAYS_KEPT = 4096
"""Days worked out and kept: those of ten departments for a year."""
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """How one day is understood for one department.

    Attributes:
        hours: office hours as written; none: it does not work on this day.
        openings: the same as moments, in order and apart; the end not included.
        kind: why it has these hours: an ``ordinary`` weekday, a ``makeup`` day, a public ``holiday``, or ``closed``.
        name: the holiday that it is or is worked for, or the reason for being closed; empty on an ordinary day.
        weekday: the weekday whose hours it has, 0 for Monday; None where it has none because of ``kind``.
    """

    date: date
    hours: tuple[Interval, ...]
    openings: tuple[tuple[float, float], ...]
    kind: DayKind
    name: str
    weekday: int | None


class WorkingCalendar:
    """Immutable; made by :meth:`load`. A department that the file does not name has the default hours.

    Where daylight saving time repeats an hour, its first time counts; an hour that it skips is no office hour.
    In years that the file does not know (:meth:`knows`) there are only ordinary weekdays.
    """

    def __init__(self, table: Table, path: Path) -> None:
        self.path = path
        self._table = table
        self._named = {*table.weeks, *table.closed} - {""}
        self._day = lru_cache(maxsize=DAYS_KEPT)(self._work_out)

    @classmethod
    def load(cls, path: Path | None = None) -> WorkingCalendar:
        """Read the file at ``path``, or the one that comes with the product.

        Raises:
            CalendarError: with every problem of the file, where it is, and what to do.
        """
        path = path or DEFAULT_FILE
        return cls(read_table(path), path)

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return self._table.zone

    def knows(self, year: int) -> bool:
        """Whether the file has the public holidays of this year."""
        return year in self._table.years

    def names(self, department: str) -> bool:
        """Whether the file has hours or closed days of this department's own."""
        return department.strip() in self._named

    def day(self, department: str, day: date) -> Day:
        """How a day is understood for a department."""
        # Departments without anything of their own share the default's days: names come from outside.
        own = department.strip()
        return self._day(own if own in self._named else "", day)

    def is_open(self, department: str, at: float) -> bool:
        """Whether ``at`` lies within office hours."""
        return self.closes(department, at) is not None

    def closes(self, department: str, at: float) -> float | None:
        """The end of the office hours that ``at`` lies in, before the lunch break too; None outside of them."""
        openings = self.day(department, self._date(at)).openings
        return next((end for start, end in openings if start <= at < end), None)

    def opens_next(self, department: str, at: float) -> float:
        """The first moment from ``at`` on that lies within office hours: ``at`` itself if it does."""
        day = self._date(at)
        while True:
            for start, end in self.day(department, day).openings:
                if at < end:
                    return max(start, at)
            day += _ONE_DAY

    def due(self, department: str, at: float, working_days: int) -> float:
        """The end of business of the ``working_days``-th working day after the day of ``at``.

        A day counts if the department has office hours on it. The day of ``at`` is day 0 and does not count; if the
        department does not work on it, or has closed for the day by ``at``, the next working day is day 0.

        Args:
            working_days: 0 or more; 0 is the end of business of day 0.

        Raises:
            ValueError: ``working_days`` is negative.
        """
        if working_days < 0:
            raise ValueError(f"working_days is {working_days}: a term does not lie before its beginning")
        days = self._working_days(department, self._day_zero(department, at))
        for _ in range(working_days):
            next(days)
        return next(days).openings[-1][1]

    def shift(self, department: str, at: float, working_days: int) -> float:
        """The same time of day, to the second, so many working days before ``at``, such as a day before a deadline.

        Where that lies outside of the day's business (its first opening to its last closing), it is moved to the
        nearest moment of it: a day before Monday 17:00 is Saturday 12:00 for who closes then.

        Args:
            working_days: 0 or less; 0 gives ``at`` back.

        Raises:
            ValueError: ``working_days`` is positive; use :meth:`due`.
        """
        if working_days > 0:
            raise ValueError(f"working_days is {working_days}: shift only goes back")
        if working_days == 0:
            return at
        wall = self._wall(at)
        days = self._working_days(department, wall.date() - _ONE_DAY, -1)
        for _ in range(-working_days - 1):
            next(days)
        found = next(days)
        same_time = moment_at(found.date, wall.hour * 60 + wall.minute, self.zone) + wall.second
        return min(max(same_time, found.openings[0][0]), found.openings[-1][1])

    def working_days_between(self, department: str, start: float, end: float) -> int:
        """How many working days lie after day 0 of ``start`` (see :meth:`due`), up to that of ``end``, which counts.

        So it is ``n`` for ``end = due(department, start, n)``. Negative where ``end`` is the earlier: a term that
        ended yesterday evening has been over for no whole working day, 0, until tomorrow.
        """
        if end < start:
            return -self.working_days_between(department, end, start)
        last = self._date(end)
        count = -1  # day 0 itself
        for day in self._working_days(department, self._day_zero(department, start)):
            if day.date > last:
                break
            count += 1
        return max(count, 0)

    def describe(self, at: float, now: float) -> str:
        """A moment as citizens read it: “今天 13:30”, “明天（周六）09:00”, “12月1日（周二）17:00”."""
        wall, today = self._wall(at), self._date(now)
        near = {-1: "yesterday", 0: "today", 1: "tomorrow", 2: "day_after_tomorrow"}
        same_year = "this_year" if wall.year == today.year else "other_year"
        return TEXTS.say(
            f"moments.{near.get((wall.date() - today).days, same_year)}",
            year=wall.year,
            month=wall.month,
            day=wall.day,
            weekday=weekday_name(wall.weekday()),
            time=f"{wall:%H:%M}",
        )

    def _wall(self, at: float) -> datetime:
        # Whole seconds: a fraction would be rounded up, at midnight into the next day.
        return datetime.fromtimestamp(floor(at), self.zone)

    def _date(self, at: float) -> date:
        return self._wall(at).date()

    def _day_zero(self, department: str, at: float) -> date:
        today = self._date(at)
        openings = self.day(department, today).openings
        closed_for_today = bool(openings) and at >= openings[-1][1]
        return today + _ONE_DAY if closed_for_today else today

    def _working_days(self, department: str, first: date, step: int = 1) -> Iterator[Day]:
        """Without end: every week of the file has office hours, and the days off are finite."""
        date_ = first
        while True:
            day = self.day(department, date_)
            if day.openings:
                yield day
            date_ += step * _ONE_DAY

    def _work_out(self, department: str, day: date) -> Day:
        table = self._table
        week = table.weeks.get(department, table.week)
        own, everybody = table.closed.get(department, {}), table.closed.get("", {})
        makeup = table.makeups.get(day)
        kind: DayKind = "ordinary"
        name, weekday = "", day.weekday()
        if day in table.holidays:
            return Day(day, (), (), "holiday", table.holidays[day], None)
        if day in own or day in everybody:
            return Day(day, (), (), "closed", own.get(day) or everybody[day], None)
        if makeup is not None:
            # An ordinary weekday is a Monday, and for who rests on Mondays the first day worked after it.
            ordinary = next(number for number in range(DAYS) if week[number])
            kind, name = "makeup", makeup.holiday
            weekday = ordinary if makeup.weekday is None else makeup.weekday
        hours = week[weekday]
        moments = [
            (moment_at(day, each.start, self.zone), moment_at(day, each.end, self.zone)) for each in hours
        ]
        openings = tuple((start, end) for start, end in moments if start < end)
        return Day(day, hours, openings, kind, name, weekday)
