"""The file that comes with the product against the State Council's notices for 2025 and 2026, and plain counting.

The days below are typed from the notices of 12 November 2024 and 4 November 2025, not read from the file.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.calendar import WorkingCalendar
from tests.desk.calendar.conftest import moment, wall

OFF = {
    2025: "0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008",
    2026: "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007",
}
WORK = {2025: "0126 0208 0427 0928 1011", 2026: "0104 0214 0228 0509 0920 1010"}
FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)
CALENDAR = WorkingCalendar.load()
DEPARTMENTS = st.sampled_from(["市教育局", "市民政局", "市公安局", "综合受理"])
# Two months before the end, so that the longest term ends within the years that the table knows.
MOMENTS = st.integers(int(moment("2025-01-01 00:00")), int(moment("2026-10-31 23:59")))
TERMS = st.integers(0, 30)


def spans(text: str, year: int) -> Iterator[date]:
    for span in text.split():
        first, _, last = span.partition("-")
        day, end = (date(year, int(each[:2]), int(each[2:])) for each in (first, last or first))
        while day <= end:
            yield day
            day += timedelta(1)


def all_days() -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(1)


HOLIDAYS = {day for year, text in OFF.items() for day in spans(text, year)}
MAKEUPS = {day for year, text in WORK.items() for day in spans(text, year)}


def works(day: date, saturdays: bool = False) -> bool:
    """Whether a day is worked, by the notices."""
    last = 5 if saturdays else 4
    return day in MAKEUPS or (day not in HOLIDAYS and day.weekday() <= last)


@pytest.mark.parametrize(("department", "saturdays"), [("市教育局", False), ("市民政局", True)])
def test_every_day_of_both_years_is_what_the_notices_say(
    national: WorkingCalendar, department: str, saturdays: bool
) -> None:
    wrong = [
        day for day in all_days() if bool(national.day(department, day).openings) != works(day, saturdays)
    ]
    assert wrong == []


def test_holidays_and_makeup_days_have_their_names(national: WorkingCalendar) -> None:
    days = [national.day("", day) for day in all_days()]
    assert {day.date for day in days if day.kind == "holiday"} == HOLIDAYS
    assert {day.date for day in days if day.kind == "makeup"} == MAKEUPS
    assert national.day("", date(2026, 2, 17)).name == "春节"
    assert national.day("", date(2026, 2, 28)).name == "春节"
    assert national.day("", date(2025, 10, 6)).name == "国庆节、中秋节"


def test_248_days_are_worked_in_each_year(national: WorkingCalendar) -> None:
    for year in (2025, 2026):
        assert sum(bool(national.day("", day).openings) for day in all_days() if day.year == year) == 248


def test_a_year_that_is_not_in_the_file_has_plain_weeks_and_is_not_known(national: WorkingCalendar) -> None:
    assert national.knows(2025)
    assert national.knows(2026)
    assert not national.knows(2024)
    assert national.day("", date(2024, 10, 1)).kind == "ordinary"
    assert national.is_open("", moment("2024-10-01 10:00"))


@pytest.mark.parametrize(
    ("at", "next_open"),
    [
        ("2026-02-13 18:00", "2026-02-14 09:00"),  # a Saturday worked before the Spring Festival
        ("2026-02-14 12:00", "2026-02-14 13:30"),
        ("2026-02-14 17:00", "2026-02-24 09:00"),  # nine days off
        ("2026-02-23 23:59", "2026-02-24 09:00"),
        ("2026-02-27 17:30", "2026-02-28 09:00"),  # the other Saturday
        ("2026-02-28 17:00", "2026-03-02 09:00"),
        ("2026-09-18 17:00", "2026-09-20 09:00"),  # a Sunday worked before National Day
        ("2026-09-24 17:00", "2026-09-28 09:00"),  # Mid-autumn
        ("2026-09-30 17:00", "2026-10-08 09:00"),
        ("2026-10-09 17:00", "2026-10-10 09:00"),
        ("2025-12-31 17:00", "2026-01-04 09:00"),  # a year's end, and a Sunday worked
    ],
)
def test_the_next_opening_across_exchanged_weeks(national: WorkingCalendar, at: str, next_open: str) -> None:
    assert wall(national.opens_next("市教育局", moment(at))) == next_open


@pytest.mark.parametrize(
    ("at", "days", "due"),
    [
        ("2026-02-13 10:00", 1, "2026-02-14 17:00"),
        ("2026-02-13 10:00", 2, "2026-02-24 17:00"),
        ("2026-02-13 17:00", 1, "2026-02-24 17:00"),  # after closing: the Saturday is day 0
        ("2026-02-18 10:00", 0, "2026-02-24 17:00"),  # in the holidays: the day after them is day 0
        ("2026-02-18 10:00", 5, "2026-03-02 17:00"),
        ("2026-09-30 09:00", 3, "2026-10-10 17:00"),
        ("2026-09-18 09:00", 5, "2026-09-24 17:00"),
        ("2026-09-18 09:00", 6, "2026-09-28 17:00"),
        ("2025-12-30 09:00", 2, "2026-01-04 17:00"),
    ],
)
def test_terms_across_exchanged_weeks(national: WorkingCalendar, at: str, days: int, due: str) -> None:
    assert wall(national.due("市教育局", moment(at), days)) == due
    assert national.working_days_between("市教育局", moment(at), moment(due)) == days


@given(DEPARTMENTS, MOMENTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(department: str, at: int) -> None:
    opens = CALENDAR.opens_next(department, at)
    assert opens >= at
    assert CALENDAR.is_open(department, opens)
    assert CALENDAR.is_open(department, at) == (opens == at)
    # All hours of the file begin and end at half hours, so a look every ten minutes sees every one of them.
    assert not any(CALENDAR.is_open(department, before) for before in range(at, int(opens), 600))
    if opens > at:
        assert not CALENDAR.is_open(department, opens - 1)


@given(DEPARTMENTS, MOMENTS)
def test_the_end_of_the_hours_is_the_first_moment_that_is_not_open(department: str, at: int) -> None:
    closes = CALENDAR.closes(department, at)
    if closes is None:
        assert not CALENDAR.is_open(department, at)
        return
    assert not CALENDAR.is_open(department, closes)
    assert all(CALENDAR.is_open(department, between) for between in range(at, int(closes), 300))


@given(DEPARTMENTS, MOMENTS, TERMS)
def test_terms_end_as_counted_by_hand(department: str, at: int, working_days: int) -> None:
    saturdays = department != "市教育局"
    due = CALENDAR.due(department, at, working_days)
    there = datetime.fromtimestamp(at, CALENDAR.zone)
    day_zero = there.date()
    if not works(day_zero, saturdays) or there.timestamp() >= CALENDAR.due(
        department, moment(f"{day_zero} 00:00"), 0
    ):
        day_zero += timedelta(1)
        while not works(day_zero, saturdays):
            day_zero += timedelta(1)
    day = day_zero
    for _ in range(working_days):
        day += timedelta(1)
        while not works(day, saturdays):
            day += timedelta(1)
    assert datetime.fromtimestamp(due, CALENDAR.zone).date() == day
    assert due == CALENDAR.day(department, day).openings[-1][1]
    assert CALENDAR.working_days_between(department, at, due) == working_days


@given(DEPARTMENTS, MOMENTS, st.integers(0, 5 * 86400), TERMS)
def test_a_longer_term_and_a_later_beginning_never_end_earlier(
    department: str, at: int, later: int, working_days: int
) -> None:
    due = CALENDAR.due(department, at, working_days)
    assert due > at
    assert CALENDAR.due(department, at, working_days + 1) > due
    assert CALENDAR.due(department, at + later, working_days) >= due


@given(DEPARTMENTS, MOMENTS, st.integers(1, 30))
def test_a_day_before_the_end_of_a_term_is_the_working_day_before_it(
    department: str, at: int, working_days: int
) -> None:
    due = CALENDAR.due(department, at, working_days)
    before = CALENDAR.shift(department, due, -1)
    day = CALENDAR.day(department, datetime.fromtimestamp(before, CALENDAR.zone).date())
    assert day.openings[0][0] <= before <= day.openings[-1][1]
    shorter = CALENDAR.due(department, at, working_days - 1)
    assert day.date == datetime.fromtimestamp(shorter, CALENDAR.zone).date()
    assert before <= shorter


@given(DEPARTMENTS, MOMENTS, MOMENTS)
def test_days_between_change_their_sign_with_the_direction(department: str, start: int, end: int) -> None:
    there = CALENDAR.working_days_between(department, start, end)
    assert there == -CALENDAR.working_days_between(department, end, start)
    assert (there >= 0) if start <= end else (there <= 0)
