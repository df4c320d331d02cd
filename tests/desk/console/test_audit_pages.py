"""Reading the audit log in the browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from desk import audit

Visit = Callable[..., Any]
DAY = 24 * 3600


@pytest.fixture
def auditor(visitor: Visit) -> Any:
    return visitor("xu", "auditor", department="审计局")


def test_changes_are_told_in_words(world: Any, auditor: Any) -> None:
    boss = world.staff("boss", "周建国", role="administrator")
    world.staff("wang")
    world.accounts.change("wang", "王敏", "民政局", "supervisor", "5", boss)
    page = re.sub(r"<[^>]+>|\s+", " ", auditor.get("/console/audit").text)
    page = re.sub(r"\s+", " ", page)
    assert "周建国 boss 修改账号 wang" in page
    assert "角色 坐席 → 主管" in page
    assert "同时接待数 默认 → 5" in page
    assert "途径 命令行" in page


def test_a_person_an_action_and_a_day_of_the_city_can_be_chosen(world: Any, auditor: Any) -> None:
    member = world.staff("wang")
    with world.engine.begin() as connection:
        for hours in (-10, -1, 0, 10, 14, 15):  # 09:00 in Shanghai is the present
            at = world.clock.now + hours * 3600
            audit.write(connection, member, "password_reset", f"at{hours}", at=at)

    def subjects(**query: str) -> list[str]:
        return re.findall(r">(at-?\d+)<", auditor.get("/console/audit", **query).text)

    assert subjects(day="2026-11-23") == ["at14", "at10", "at0", "at-1"]
    assert subjects(day="2026-11-22") == ["at-10"]
    assert subjects(day="2026-11-24") == ["at15"]
    assert subjects(person="xu") == []
    assert len(subjects(person="wang", action="password_reset")) == 6
    assert subjects(action="sign_in") == []
    assert "没有符合条件的记录" in auditor.get("/console/audit", person="nobody").text


def test_a_day_that_is_none_is_said_beside_the_field(auditor: Any) -> None:
    for day in ("2026-13-01", "昨天", "0001-01-01", "9999-12-31"):
        answer = auditor.get("/console/audit", day=day)
        assert answer.status_code == 422
        assert day in answer.text.partition('id="day-error"')[2].partition("</p>")[0]


def test_the_pager_keeps_the_filter(world: Any, auditor: Any) -> None:
    member = world.staff("wang")
    with world.engine.begin() as connection:
        for n in range(audit.PAGE_SIZE + 3):
            audit.write(connection, member, "password_reset", f"at{n}", at=world.clock.now)
    first = auditor.get("/console/audit", action="password_reset").text
    [older] = re.findall(r'href="([^"]+)">更早', first)
    assert "较新" not in first
    second = auditor.get(older.replace("&amp;", "&")).text
    assert re.findall(r">(at\d+)<", second) == ["at2", "at1", "at0"]
    assert "更早" not in second
    [newer] = re.findall(r'href="([^"]+)">较新', second)
    assert len(re.findall(r">at\d+<", auditor.get(newer.replace("&amp;", "&")).text)) == audit.PAGE_SIZE
