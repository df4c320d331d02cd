"""The supervisors' page over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

Visit = Callable[..., Any]
RANGE = {"first": "2026-11-23", "last": "2026-11-23"}


def test_the_page_has_numbers_before_any_script_runs(world: Any, visitor: Visit) -> None:
    world.desk.open_handoff("web:a", "complaint", "公安局", "路灯坏了")
    world.clock.now += 75
    page = visitor("lead", "supervisor").get("/console/supervision").text
    assert "1 分 15 秒" in page
    assert "投诉" in page
    assert "路灯" not in page
    assert "web:a" not in page


def test_an_empty_day_shows_dashes(visitor: Visit) -> None:
    page = visitor("lead", "supervisor").get("/console/supervision").text
    assert "今天还没有转人工" in page
    assert page.count("<dd>—</dd>") == 6
    assert "最长 —" in page


def test_the_part_that_changes_is_asked_for_alone(world: Any, visitor: Visit) -> None:
    visit = visitor("lead", "supervisor")
    assert "现在没有市民在等待" in visit.get("/console/supervision/state").text
    world.desk.open_handoff("web:a", "complaint", "公安局", "问")
    world.clock.now += 1
    part = visit.get("/console/supervision/state").text
    assert "现在没有市民在等待" not in part
    assert "<html" not in part


@pytest.mark.parametrize(
    ("role", "department", "sees"),
    [
        ("supervisor", "公安局", {"公安局"}),
        ("supervisor", "综合受理", {"公安局", "民政局"}),
        ("administrator", "信息中心", {"公安局", "民政局"}),
        ("auditor", "审计局", {"公安局", "民政局"}),
    ],
)
def test_a_supervisor_sees_and_downloads_their_departments_numbers(
    world: Any, visitor: Visit, role: str, department: str, sees: set[str]
) -> None:
    for one in ("公安局", "民政局"):
        world.desk.open_handoff(f"web:{one}", "complaint", one, "问")
    visit = visitor("lead", role, department=department)
    part = visit.get("/console/supervision/state").text
    table = visit.get("/console/supervision/handoffs.csv", **RANGE)
    for one in ("公安局", "民政局"):
        assert (one in part) == (one in sees)
        assert (one in table.text) == (one in sees)


def test_the_download_is_a_file_with_the_days_in_its_name(world: Any, visitor: Visit) -> None:
    number = world.desk.open_handoff("web:a", "complaint", "公安局", "问").number
    table = visitor("lead", "supervisor").get("/console/supervision/handoffs.csv", **RANGE)
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="handoffs-20261123-20261123.csv"' in table.headers["content-disposition"]
    assert table.content.startswith(b"\xef\xbb\xbf")
    assert number in table.text


@pytest.mark.parametrize(
    ("days", "field", "says"),
    [
        ({"first": "", "last": "2026-11-23"}, "first", "应为"),
        ({"first": "2026-11-23", "last": "2026-02-30"}, "last", "应为"),
        ({"first": "2026-11-23", "last": "2026-11-22"}, "last", "早于起始日期"),
        ({"first": "2025-11-22", "last": "2026-11-23"}, "last", "最多下载 366 天"),
    ],
)
def test_a_range_that_cannot_be_is_said_beside_the_field(
    visitor: Visit, days: dict[str, str], field: str, says: str
) -> None:
    answer = visitor("lead", "supervisor").get("/console/supervision/handoffs.csv", **days)
    assert answer.status_code == 422
    assert says in answer.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
