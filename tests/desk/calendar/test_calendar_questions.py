"""Departments, closed days, make-up rules, clocks that change, and what citizens read."""

from dataclasses import FrozenInstanceError
from datetime import date, datetime, timedelta
from math import nextafter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from desk.calendar import WorkingCalendar
from tests.desk.calendar.conftest import MakeCalendar, moment, wall

WINDOW = """\
departments:
  窗口:
    周一至周五: 09:00-12:00, 13:30-17:00
    周六: 09:00-12:00
  展览馆:
    周二至周日: 10:00-18:00
"""


def test_a_department_of_its_own_is_open_on_saturday_morning_and_others_are_not(make: MakeCalendar) -> None:
    calendar = make(WINDOW)
    saturday = moment("2026-11-28 09:00")
    assert calendar.is_open("窗口", saturday)
    assert calendar.is_open(" 窗口 ", saturday)
    assert not calendar.is_open("没有写的部门", saturday)
    assert calendar.closes("窗口", saturday) == moment("2026-11-28 12:00")
    assert calendar.closes("没有写的部门", saturday) is None


def test_the_end_of_the_hours_is_not_open_any_more(make: MakeCalendar) -> None:
    calendar = make()
    noon = moment("2026-11-23 12:00")
    assert calendar.is_open("", noon - 0.001)
    assert not calendar.is_open("", noon)
    assert calendar.closes("", noon - 0.001) == noon


def test_saturday_counts_for_who_works_on_it(make: MakeCalendar) -> None:
    calendar = make(WINDOW)
    friday = moment("2026-11-27 10:00")
    assert wall(calendar.due("窗口", friday, 1)) == "2026-11-28 12:00"
    assert wall(calendar.due("别的", friday, 1)) == "2026-11-30 17:00"
    assert calendar.working_days_between("窗口", friday, moment("2026-11-30 09:00")) == 2
    assert calendar.working_days_between("别的", friday, moment("2026-11-30 09:00")) == 1


def test_who_asks_in_the_lunch_break_has_the_day_as_day_zero_and_at_closing_time_not(
    make: MakeCalendar,
) -> None:
    calendar = make()
    assert wall(calendar.due("", moment("2026-11-23 12:30"), 0)) == "2026-11-23 17:00"
    assert wall(calendar.due("", moment("2026-11-23 00:00"), 1)) == "2026-11-24 17:00"
    assert wall(calendar.due("", moment("2026-11-23 17:00"), 0)) == "2026-11-24 17:00"


def test_a_term_that_is_over_is_over_for_whole_days(make: MakeCalendar) -> None:
    calendar = make()
    ended = moment("2026-11-24 17:00")
    assert calendar.working_days_between("", moment("2026-11-25 10:00"), ended) == 0
    assert calendar.working_days_between("", moment("2026-11-26 10:00"), ended) == -1


@pytest.mark.parametrize("ask", [lambda c: c.due("", 0.0, -1), lambda c: c.shift("", 0.0, 1)])
def test_a_term_has_one_direction(make: MakeCalendar, ask: object) -> None:
    with pytest.raises(ValueError, match="working_days"):
        ask(make())  # type: ignore[operator]


@pytest.mark.parametrize(
    ("at", "days", "before"),
    [
        ("2026-12-01 17:00", -1, "2026-11-30 17:00"),
        ("2026-11-30 17:00", -1, "2026-11-28 12:00"),  # Saturday closes at noon
        ("2026-11-30 17:00", -2, "2026-11-27 17:00"),
        ("2026-11-30 07:00", -1, "2026-11-28 09:00"),
        ("2026-11-29 10:15", -1, "2026-11-28 10:15"),  # from a day off
        ("2026-11-30 10:15", 0, "2026-11-30 10:15"),
    ],
)
def test_some_days_before(make: MakeCalendar, at: str, days: int, before: str) -> None:
    assert wall(make(WINDOW).shift("窗口", moment(at), days)) == before


def test_closed_days_are_for_one_department_or_for_all(make: MakeCalendar) -> None:
    calendar = make(
        WINDOW
        + """\
closed:
  - days: 2026年11月24日至25日
    reason: 搬迁
    departments: [窗口, 档案馆]
  - {days: 2026-11-26, reason: 台风}
"""
    )
    kinds = {name: [calendar.day(name, date(2026, 11, day)) for day in (24, 25, 26)] for name in ("窗口", "")}
    assert [(day.kind, day.name) for day in kinds["窗口"]] == [("closed", "搬迁")] * 2 + [("closed", "台风")]
    assert [day.kind for day in kinds[""]] == ["ordinary", "ordinary", "closed"]
    tuesday = moment("2026-11-24 10:00")
    assert wall(calendar.opens_next("窗口", tuesday)) == "2026-11-27 09:00"
    assert wall(calendar.opens_next("档案馆", tuesday)) == "2026-11-27 09:00"
    assert calendar.opens_next("别的", tuesday) == tuesday
    assert wall(calendar.due("窗口", moment("2026-11-23 10:00"), 1)) == "2026-11-27 17:00"
    assert wall(calendar.due("别的", moment("2026-11-23 10:00"), 1)) == "2026-11-24 17:00"


def test_a_closed_day_wins_over_a_makeup_day(make: MakeCalendar) -> None:
    calendar = make(
        """\
closed: [{days: 2026年2月14日, reason: 停电}]
holidays:
  2026: [{name: 春节, days: 2月15日至23日, work: 2月14日}]
"""
    )
    assert calendar.day("", date(2026, 2, 14)).kind == "closed"


MAKEUP = """\
departments:
  分时:
    周一: 09:00-11:00
    周五: 14:00-16:00
    周六: 08:00-09:00
  展览馆:
    周二至周日: 10:00-18:00
holidays:
  2026:
    - name: 春节
      days: 2月15日至23日
      work:
        - 2月14日
        - {day: 2月28日（周六）, as: 周五}
"""


def test_a_makeup_day_has_mondays_hours_or_those_of_the_weekday_named(make: MakeCalendar) -> None:
    calendar = make(MAKEUP)
    shown = [[str(each) for each in calendar.day("分时", date(2026, 2, day)).hours] for day in (14, 21, 28)]
    assert shown == [["09:00-11:00"], [], ["14:00-16:00"]]
    assert calendar.day("分时", date(2026, 2, 28)).weekday == 4


def test_who_rests_on_mondays_has_the_first_worked_weekdays_hours_on_a_makeup_day(make: MakeCalendar) -> None:
    calendar = make(MAKEUP)
    assert calendar.day("展览馆", date(2026, 2, 14)).weekday == 1
    assert calendar.is_open("展览馆", moment("2026-02-14 10:00"))


def test_a_new_years_holiday_begins_in_december(make: MakeCalendar) -> None:
    calendar = make("holidays: {2028: [{name: 元旦, days: 2027年12月31日（周五）至2028年1月2日}]}")
    assert wall(calendar.opens_next("", moment("2027-12-30 17:00"))) == "2028-01-03 09:00"
    assert calendar.knows(2028)
    assert not calendar.knows(2027)


def test_hours_that_touch_are_one_and_may_last_until_midnight(make: MakeCalendar) -> None:
    calendar = make("departments: {热线: {周一至周日: 00:00-12:00，12：00至24:00}}")
    assert calendar.closes("热线", moment("2026-11-23 10:00")) == moment("2026-11-24 00:00")
    assert calendar.is_open("热线", moment("2026-11-24 00:00"))
    assert calendar.due("热线", moment("2026-11-23 10:00"), 0) == moment("2026-11-24 00:00")


def test_the_last_instant_before_midnight_belongs_to_the_day(make: MakeCalendar) -> None:
    calendar = make("departments: {夜班: {周一: 22:00-24:00}}")
    midnight = moment("2026-11-24 00:00")
    assert calendar.closes("夜班", nextafter(midnight, 0)) == midnight
    assert calendar.closes("夜班", midnight) is None


NIGHTS = "departments: {夜班: {周六至周日: '00:30-02:30, 02:45-05:00'}}"


def test_an_hour_that_the_clock_skips_is_no_office_hour(make: MakeCalendar) -> None:
    # In New York clocks went from 2:00 to 3:00 on Sunday, 8 March 2026.
    zone = "America/New_York"
    calendar = make(NIGHTS, zone)
    (first, noon), (again, end) = calendar.day("夜班", date(2026, 3, 8)).openings
    assert (wall(first, zone), wall(noon, zone)) == ("2026-03-08 00:30", "2026-03-08 03:00")
    assert noon - first == 1.5 * 3600
    assert (wall(again, zone), end - again) == ("2026-03-08 03:00", 2 * 3600)


def test_a_day_whose_hours_are_all_skipped_is_not_worked(make: MakeCalendar) -> None:
    zone = "America/New_York"
    calendar = make("departments: {夜班: {周日: 02:10-02:50}}", zone)
    assert calendar.day("夜班", date(2026, 3, 8)).openings == ()
    assert wall(calendar.due("夜班", moment("2026-03-01 02:20", zone), 1), zone) == "2026-03-15 02:50"


def test_an_hour_that_comes_twice_counts_the_first_time(make: MakeCalendar) -> None:
    zone = "America/New_York"
    calendar = make("departments: {夜班: {周日: 00:30-01:30}}", zone)
    [(start, end)] = calendar.day("夜班", date(2026, 11, 1)).openings
    assert end - start == 3600
    assert calendar.is_open("夜班", end - 1)
    assert not calendar.is_open("夜班", end + 3599)  # 1:29 again


def test_terms_end_by_the_clock_on_the_wall_in_summer_and_winter(make: MakeCalendar) -> None:
    zone = "Europe/Berlin"
    calendar = make(zone=zone)
    friday = moment("2026-03-27 10:00", zone)
    due = calendar.due("", friday, 1)
    assert wall(due, zone) == "2026-03-30 17:00"
    assert due - friday == 3 * 86400 + 6 * 3600  # and not 7: an hour was skipped on Sunday
    assert wall(calendar.shift("", due, -1), zone) == "2026-03-27 17:00"


def test_a_midnight_that_is_skipped_begins_later(make: MakeCalendar) -> None:
    # In Cairo clocks went from 0:00 to 1:00 on Friday, 24 April 2026.
    zone = "Africa/Cairo"
    calendar = make("departments: {热线: {周一至周日: 00:00-24:00}}", zone)
    [(_, end)] = calendar.day("热线", date(2026, 4, 23)).openings
    [(start, _)] = calendar.day("热线", date(2026, 4, 24)).openings
    assert wall(start, zone) == "2026-04-24 01:00"
    assert end == start


ZONES = ("America/New_York", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Shanghai")
ROUND_THE_CLOCK = """\
departments:
  夜班:
    周一至周日: 00:00-01:45, 02:00-02:15, 02:20-03:30, 22:30-24:00
"""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    zone=st.sampled_from(ZONES),
    at=st.integers(int(moment("2025-01-01 00:00")), int(moment("2028-01-01 00:00"))),
)
def test_hours_of_night_stay_in_order_wherever_clocks_change(make: MakeCalendar, zone: str, at: int) -> None:
    calendar = make(ROUND_THE_CLOCK, zone)
    day = datetime.fromtimestamp(at, calendar.zone).date()
    edges = [edge for opening in calendar.day("夜班", day).openings for edge in opening]
    assert edges == sorted(edges)
    assert edges[-1] <= calendar.day("夜班", day + timedelta(1)).openings[0][0]
    opens = calendar.opens_next("夜班", at)
    assert opens >= at
    assert calendar.is_open("夜班", opens)
    assert opens - at < 86400


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-27 13:30", "今天 13:30"),
        ("2026-11-27 00:00", "今天 00:00"),
        ("2026-11-28 09:00", "明天（周六）09:00"),
        ("2026-11-29 09:05", "后天（周日）09:05"),
        ("2026-12-01 17:00", "12月1日（周二）17:00"),
        ("2026-11-26 17:00", "昨天（周四）17:00"),
        ("2026-11-25 17:00", "11月25日（周三）17:00"),
        ("2027-01-04 09:00", "2027年1月4日（周一）09:00"),
        ("2025-12-31 09:00", "2025年12月31日（周三）09:00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(national: WorkingCalendar, at: str, words: str) -> None:
    assert national.describe(moment(at), moment("2026-11-27 10:00")) == words


def test_tomorrow_is_said_across_the_years_end(national: WorkingCalendar) -> None:
    assert national.describe(moment("2027-01-01 09:00"), moment("2026-12-31 23:59")) == "明天（周五）09:00"


def test_names_from_outside_do_not_fill_the_memory(national: WorkingCalendar) -> None:
    day = date(2026, 3, 2)
    assert national.day("市民政局x", day) is national.day("没有的部门", day)
    assert national.names("市民政局")
    assert not national.names("没有的部门")
    assert not national.names("")


def test_a_day_cannot_be_changed(national: WorkingCalendar) -> None:
    with pytest.raises(FrozenInstanceError):
        national.day("", date(2026, 3, 2)).name = "节"  # type: ignore[misc]
