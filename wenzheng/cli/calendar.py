"""``wenzheng calendar``: how the coming days are understood, to see the effect of an edit of the calendar's file."""

from __future__ import annotations

import argparse
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from wenzheng.cli.console import say
from wenzheng.settings import Settings

if TYPE_CHECKING:
    from desk.calendar import Day, WorkingCalendar

DAYS_SHOWN = 14
_MOST_DAYS = 3660
_WEEKDAYS = "一二三四五六日"


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("calendar", help="查看工作日历：接下来每天的办公时间、节假日和调休")
    parser.add_argument("--department", default="", metavar="名称", help="看哪个部门的，默认看一般部门的")
    parser.add_argument("--from", dest="first", type=_date, metavar="日期", help="从哪天起，默认今天")
    parser.add_argument("--days", type=_days, default=DAYS_SHOWN, metavar="天数", help=f"默认 {DAYS_SHOWN}")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print one line for each day."""
    from wenzheng.parts import load_calendar

    calendar = load_calendar(settings)
    department = arguments.department
    today = datetime.now(calendar.zone).date()
    first = arguments.first or today
    days = [calendar.day(department, first + timedelta(number)) for number in range(arguments.days)]
    say(f"日历文件 {calendar.path}，时区 {calendar.zone.key}")
    if department and not calendar.names(department):
        say(f"日历中没有单独写“{department}”，按一般部门的时间。")
    for day in days:
        print(_line(day, today))
    _say_unknown(calendar, days)
    return 0


def _line(day: Day, today: date) -> str:
    weekday = f"周{_WEEKDAYS[day.date.weekday()]}"
    hours = "、".join(map(str, day.hours)) or "休息"
    note = day.name
    if day.kind == "closed":
        note = f"不办公：{day.name}"
    elif day.kind == "makeup" and day.weekday is not None:
        note = f"{day.name}调休上班，按周{_WEEKDAYS[day.weekday]}的时间"
    marks = [note, "今天" if day.date == today else ""]
    return "　".join([f"{day.date:%Y-%m-%d} {weekday}", hours, *filter(None, marks)])


def _say_unknown(calendar: WorkingCalendar, days: list[Day]) -> None:
    for year in sorted({day.date.year for day in days}):
        if not calendar.knows(year):
            say(f"注意：日历中没有 {year} 年的放假安排，这一年只按星期几推算，节假日和调休都没有算进去。")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}”不是日期，请写成 2026-02-14 的样子") from error


def _days(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= _MOST_DAYS):
        raise argparse.ArgumentTypeError(f"应是 1 到 {_MOST_DAYS} 之间的整数")
    return int(text)
