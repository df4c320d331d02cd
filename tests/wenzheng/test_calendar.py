"""`wenzheng calendar` shows what an edit of the calendar does; the doctor tells when a year is missing in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from desk.calendar import DEFAULT_FILE
from wenzheng.cli import main
from wenzheng.doctor import calendar_finding, examine
from wenzheng.parts import load_calendar
from wenzheng.settings import SettingsError, load_settings

OWN = """\
zone: Asia/Shanghai
hours:
  周一至周五: 09:00-12:00, 13:30-17:00
closed:
  - {days: 2026年3月2日, reason: 搬迁, departments: 窗口}
holidays:
  2026:
    - {name: 春节, days: 2月15日至23日, work: 2月28日（周六）}
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "own.yml"
    path.write_text(OWN, encoding="utf-8")
    monkeypatch.setenv("WENZHENG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WENZHENG_CALENDAR", str(path))
    return path


def test_the_days_are_printed_as_they_are_understood(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calendar", "--department", "窗口", "--from", "2026-02-23", "--days", "8"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert len(lines) == 8
    assert lines[0] == "2026-02-23 周一　休息　春节"
    assert lines[1] == "2026-02-24 周二　09:00-12:00、13:30-17:00"
    assert lines[5] == "2026-02-28 周六　09:00-12:00、13:30-17:00　春节调休上班，按周一的时间"
    assert lines[6] == "2026-03-01 周日　休息"
    assert lines[7] == "2026-03-02 周一　休息　不办公：搬迁"
    assert str(own) in shown.err.replace("\n", "")
    assert "注意" not in shown.err


def test_a_year_without_holidays_and_a_department_without_hours_are_said(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calendar", "--department", "别的", "--from", "2026-12-31", "--days", "2"]) == 0
    shown = capsys.readouterr()
    assert "没有单独写“别的”" in shown.err
    assert "没有 2027 年的放假安排" in shown.err
    assert "没有 2026 年的放假安排" not in shown.err
    assert shown.out.splitlines()[1] == "2027-01-01 周五　09:00-12:00、13:30-17:00"


def test_without_dates_it_begins_today(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calendar"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 14
    assert [number for number, line in enumerate(lines) if line.endswith("今天")] == [0]


@pytest.mark.parametrize("call", [["--from", "下周"], ["--days", "0"], ["--days", "一"], ["--days", "9999"]])
def test_a_wrong_call_is_refused(own: Path, call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["calendar", *call])
    assert ended.value.code == 2
    assert call[0] in capsys.readouterr().err


def test_a_bad_file_is_told_by_every_command_that_needs_it(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own.write_text(OWN.replace("17:00", "25:00"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"WENZHENG_CALENDAR=.*own\.yml"):
        load_calendar(load_settings())
    assert main(["calendar"]) == 2
    assert main(["up"]) == 2
    assert capsys.readouterr().err.count("第 3 行（hours › 周一至周五）：没有 25:00 这个时间") == 2
    [finding] = [each for each in examine(load_settings()) if each.subject == "日历"]
    assert finding.level == "error"
    assert "没有 25:00 这个时间" in finding.text


@pytest.mark.parametrize(
    ("today", "level", "said"),
    [
        (date(2026, 9, 30), "ok", "已有 2026 年的放假安排"),
        (date(2026, 10, 1), "warning", "没有 2027 年的放假安排，离 2027 年还有 92 天"),
        (date(2026, 12, 31), "warning", "还有 1 天"),
        (date(2027, 3, 1), "warning", "没有 2027 年的放假安排。"),
        (date(2027, 10, 1), "warning", "没有 2027 年、2028 年的放假安排。"),
        (date(2025, 12, 31), "warning", "没有 2025 年的放假安排。"),
    ],
)
def test_the_doctor_asks_for_next_years_holidays_from_october_on(
    own: Path, today: date, level: str, said: str
) -> None:
    finding = calendar_finding(load_calendar(load_settings()), today)
    assert finding.level == level
    assert said in finding.text
    assert str(own) in finding.text


def test_the_products_own_file_is_taken_where_none_is_named(
    own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WENZHENG_CALENDAR")
    assert load_calendar(load_settings()).path == DEFAULT_FILE
