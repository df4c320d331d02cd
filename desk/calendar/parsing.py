"""What people write in a calendar file: times of day, dates, and spans of days.

Dates may be copied from the State Council's notice as they stand: ``2月15日（农历腊月二十八、周日）至23日（周一）``.
A weekday in brackets is checked, so that a mistyped date is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from desk.calendar.source import Node, Problems
from desk.calendar.words import REST, weekday_in, weekday_name

MINUTES_A_DAY = 24 * 60
LONGEST_SPAN = 366
"""Days that one entry may cover; more is a wrong year."""

_TO = r"\s*[至到~～—–-]\s*"
_HOURS = re.compile(rf"(\d{{1,2}})[:：](\d{{2}}){_TO}(\d{{1,2}})[:：](\d{{2}})")
_NOTE = r"(?:\s*[（(]([^（）()]*)[）)])?"
_DATE = rf"(?:(?:(\d{{4}})年)?(?:(\d{{1,2}})月)?(\d{{1,2}})日|(?:(\d{{4}})-)?(\d{{1,2}})-(\d{{1,2}})){_NOTE}"
_SPAN = re.compile(rf"{_DATE}(?:{_TO}{_DATE})?")
_BETWEEN = re.compile(r"[\s,，、;；]+")
_FIELDS = 7  # groups of _DATE


@dataclass(frozen=True, order=True)
class Interval:
    """Office hours of one day: minutes from midnight, the end not included; at most 0 to 1440."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


Span = tuple[date, date]


def read_intervals(node: Node, problems: Problems) -> tuple[Interval, ...]:
    """The intervals of one weekday in order, those that touch joined; none for a day of rest."""
    parts = node.value if isinstance(node.value, list) else [node]
    read = [interval for part in parts for interval in _intervals(part, problems)]
    joined: list[Interval] = []
    for interval in sorted(read):
        last = joined[-1] if joined else None
        if last and interval.start < last.end:
            problems.add(node, "hours_overlap", first=last, second=interval)
        elif last and interval.start == last.end:
            joined[-1] = Interval(last.start, interval.end)
        else:
            joined.append(interval)
    return tuple(joined)


def read_spans(node: Node, year: int | None, problems: Problems) -> list[tuple[Span, Node]]:
    """All spans of days in a text or a list of texts, each with its place.

    Args:
        year: the year of dates that name none, which others may leave by a month; None where each has to name its own.
    """
    parts = node.value if isinstance(node.value, list) else [node]
    return [(span, part) for part in parts for span in _spans(part, year, problems)]


def _intervals(node: Node, problems: Problems) -> Iterator[Interval]:
    text = problems.text(node)
    if not text or text in REST:
        return
    found = _all(_HOURS, text)
    if found is None:
        problems.add(node, "hours", text=text)
        return
    for match in found:
        hours = [int(each) for each in match.groups()]
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        impossible = [
            f"{hour}:{minute:02}"
            for hour, minute in (hours[:2], hours[2:])
            if minute > 59 or hour * 60 + minute > MINUTES_A_DAY
        ]
        for time in impossible:
            problems.add(node, "time", time=time)
        if impossible:
            continue
        if end <= start:
            problems.add(node, "hours_order", interval=match[0])
            continue
        yield Interval(start, end)


def _spans(node: Node, year: int | None, problems: Problems) -> Iterator[Span]:
    text = problems.text(node)
    if not text:
        return
    found = _all(_SPAN, text)
    if found is None:
        problems.add(node, "date", text=text)
        return
    for match in found:
        groups = match.groups()
        first = last = _date(match[0], groups[:_FIELDS], year, None, node, problems)
        if first and any(groups[_FIELDS:]):
            last = _date(match[0], groups[_FIELDS:], year, first, node, problems)
        if first is None or last is None:
            continue
        length = (last - first).days + 1
        if length < 1:
            problems.add(node, "date_order", first=first, last=last)
        elif length > LONGEST_SPAN:
            problems.add(node, "span_long", first=first, last=last, length=length, limit=LONGEST_SPAN)
        else:
            yield first, last


def _date(
    text: str,
    groups: tuple[str | None, ...],
    year: int | None,
    before: date | None,
    node: Node,
    problems: Problems,
) -> date | None:
    """One date; what it leaves out it takes from the date ``before`` it, or from ``year``."""
    pairs = zip(groups[:3], groups[3:6], strict=True)  # 2026年2月14日, 2026-02-14
    written_year, month, day = (int(one or other or 0) for one, other in pairs)
    own_year = written_year or (before.year if before else year)
    month = month or (before.month if before else 0)
    if not month:
        problems.add(node, "date", text=text)
        return None
    if own_year is None:
        problems.add(node, "date_without_year", text=text)
        return None
    try:
        found = date(own_year, month, day)
    except ValueError:
        problems.add(node, "no_such_date", year=own_year, month=month, day=day)
        return None
    if year is not None and not date(year - 1, 12, 1) <= found <= date(year + 1, 1, 31):
        problems.add(node, "other_year", date=found, year=year)
        return None
    said = weekday_in(groups[6] or "")
    if said is not None and said != found.weekday():
        right, wrong = weekday_name(found.weekday()), weekday_name(said)
        problems.add(node, "weekday_wrong", date=found, right=right, wrong=wrong)
        return None
    return found


def days_of(span: Span) -> list[date]:
    """Every day of a span, its last one included."""
    first, last = span
    return [first + timedelta(days) for days in range((last - first).days + 1)]


def _all(pattern: re.Pattern[str], text: str) -> list[re.Match[str]] | None:
    """The matches that ``text`` consists of, with separators between; None where anything else stands in it."""
    found: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            return None
        found.append(match)
        at = match.end()
        if between := _BETWEEN.match(text, at):
            at = between.end()
        elif at < len(text):
            return None
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
