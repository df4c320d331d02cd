"""The download of a day range."""

import csv
import io
from collections.abc import Callable
from datetime import date
from typing import Any

from desk.supervision.export import BOM, as_csv
from desk.texts import Texts

MIDNIGHT = 1795363200.0  # 2026-11-23 00:00 in Shanghai
DAY = 24 * 3600
Add = Callable[..., str]


def rows(world: Any, first: int, last: int, department: str | None = None) -> list[list[str]]:
    by = world.staff(f"boss{first}{last}{len(department or '')}", role="administrator")
    found = world.desk.numbers.export(by, date(2026, 11, first), date(2026, 11, last), department)
    table = as_csv(found, Texts(), world.clock.now)
    assert table.startswith(BOM)
    return list(csv.reader(io.StringIO(table.removeprefix(BOM))))


def test_each_handoff_is_a_row_without_anything_of_the_citizen(world: Any, add: Add) -> None:
    at = MIDNIGHT + 3600
    done = add(at, claimed=12.4, replied=30, ended=312.6, score=5)
    left = add(at, ended=80, outcome="cancelled", reason="complaint")
    ticket = add(at, claimed=5, replied=9, ended=65, outcome="ticket")
    waits = add(at)
    served = add(at, claimed=7)
    header, *body = rows(world, 23, 23)
    assert header == [
        "受理编号",
        "部门",
        "原因",
        "等待秒数",
        "首次响应秒数",
        "处理秒数",
        "结果",
        "评价（1–5）",
    ]
    assert body == [
        [done, "公安局", "事项复杂", "12", "30", "300", "已答复办结", "5"],
        [left, "公安局", "投诉", "", "", "", "排队中离开", ""],
        [ticket, "公安局", "事项复杂", "5", "9", "60", "转为工单", ""],
        [waits, "公安局", "事项复杂", "", "", "", "等待领取", ""],
        [served, "公安局", "事项复杂", "7", "", "", "接待中", ""],
    ]
    assert "web:" not in str(body)
    assert "市民写的" not in str(body)


def test_days_are_the_citys_and_both_ends_belong_to_the_range(world: Any, add: Add) -> None:
    numbers = [add(MIDNIGHT + after) for after in (-DAY - 1, -DAY, -1, 0, DAY - 1, DAY)]
    assert [row[0] for row in rows(world, 22, 23)[1:]] == numbers[1:5]
    assert [row[0] for row in rows(world, 23, 23)[1:]] == numbers[3:5]
    assert rows(world, 1, 2)[1:] == []


def test_a_department_downloads_its_own_rows(world: Any, add: Add) -> None:
    add(MIDNIGHT, department="民政局")
    mine = add(MIDNIGHT, department="公安局")
    assert [row[0] for row in rows(world, 23, 23, "公安局")[1:]] == [mine]


def test_a_department_that_looks_like_a_formula_stays_text(world: Any, add: Add) -> None:
    add(MIDNIGHT, department='=HYPERLINK("http://x")')
    assert rows(world, 23, 23)[1][1] == '\'=HYPERLINK("http://x")'


def test_a_download_is_written_to_the_audit_log(world: Any, add: Add) -> None:
    add(MIDNIGHT, department="公安局")
    rows(world, 22, 23, "公安局")
    entry = world.desk.audit_log.page(action="numbers_exported").entries[0]
    assert entry.subject == "公安局"
    assert entry.detail == {"first_day": "2026-11-22", "last_day": "2026-11-23", "handoffs": 1}
