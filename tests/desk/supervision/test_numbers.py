"""The numbers of now and of today."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, update

from desk.supervision import numbers
from desk.tables import staff

GOOD = "correct horse battery"
MIDNIGHT = 1795363200.0  # 2026-11-23 00:00 in Shanghai, 2026-11-22 16:00 UTC
DAY = 24 * 3600
Add = Callable[..., str]


def fresh(world: Any, department: str | None = None) -> numbers.Overview:
    world.clock.now += numbers.KEEP_SECONDS
    return world.desk.numbers.overview(department)


def test_a_day_without_anything_has_no_numbers_and_no_error(world: Any) -> None:
    overview = fresh(world)
    assert overview.day == date(2026, 11, 23)
    assert overview.waiting == numbers.Waiting("", 0, None)
    assert (overview.serving, overview.present, overview.by_department, overview.by_reason) == (0, [], [], [])
    today = overview.today
    assert (today.handoffs, today.answered, today.left, today.tickets) == (0, 0, 0, 0)
    for measured in (today.wait, today.first_response, today.handling):
        assert (measured.median, measured.p90, measured.share, measured.is_kept) == (None,) * 4


def test_who_waits_is_told_by_department_and_reason_the_longest_wait_too(world: Any, add: Add) -> None:
    now = world.clock.now
    add(now - 300, department="公安局", reason="complaint")
    add(now - 100, department="公安局")
    add(now - 200, department="民政局")
    add(now - 900, claimed=10, department="民政局")
    overview = fresh(world)
    assert overview.waiting == numbers.Waiting("", 3, 301)
    assert overview.waiting_by_department == [
        numbers.Waiting("公安局", 2, 301),
        numbers.Waiting("民政局", 1, 201),
    ]
    assert overview.waiting_by_reason == [
        numbers.Waiting("complex", 2, 201),
        numbers.Waiting("complaint", 1, 301),
    ]
    assert overview.serving == 1


def test_the_day_is_counted_and_measured(world: Any, add: Add) -> None:
    now = world.clock.now
    add(now - 4000, claimed=10, replied=40, ended=310)
    add(now - 4000, claimed=20, replied=50, ended=620, outcome="ticket")
    add(now - 4000, claimed=100, replied=400, ended=2000, reason="complaint")
    add(now - 4000, ended=15, outcome="cancelled")  # left before any limit: nobody's fault
    add(now - 4000, ended=50, outcome="cancelled")  # left after the 30 seconds, before the 60
    add(now - 50)  # waits longer than 30 seconds already, not yet 60
    today = fresh(world).today
    assert (today.handoffs, today.answered, today.left, today.tickets) == (6, 3, 2, 1)
    assert (today.wait.median, today.wait.p90, today.wait.done) == (20, 100, 3)
    assert (today.wait.kept, today.wait.judged) == (2, 5)
    assert (today.first_response.median, today.first_response.p90) == (50, 400)
    assert (today.first_response.kept, today.first_response.judged) == (2, 3)
    assert (today.handling.median, today.handling.p90) == (600, 1900)
    assert (today.handling.kept, today.handling.judged) == (2, 3)


def test_departments_and_reasons_are_measured_by_themselves(world: Any, add: Add) -> None:
    now = world.clock.now
    add(now - 4000, claimed=10, replied=20, ended=100, department="公安局")
    add(now - 4000, claimed=90, replied=95, ended=100, department="民政局", reason="complaint")
    add(now - 4000, claimed=20, replied=70, ended=100, department="公安局")
    overview = fresh(world)
    police, civil = overview.by_department
    assert (police.of, police.handoffs, police.wait.median, police.wait.is_kept) == ("公安局", 2, 15, True)
    assert (civil.of, civil.handoffs, civil.wait.median, civil.wait.is_kept) == ("民政局", 1, 90, False)
    assert [(row.of, row.handoffs) for row in overview.by_reason] == [("complex", 2), ("complaint", 1)]
    assert police.first_response.share == 0.5


@pytest.mark.parametrize(("at", "today"), [(MIDNIGHT - 1, 22), (MIDNIGHT, 23), (MIDNIGHT + DAY - 2, 23)])
def test_the_day_changes_at_the_citys_midnight(world: Any, add: Add, at: float, today: int) -> None:
    add(MIDNIGHT - 2, claimed=1, replied=5, ended=9)
    add(MIDNIGHT, claimed=1, replied=5, ended=9)
    add(MIDNIGHT + DAY - 3)
    world.clock.now = at
    overview = world.desk.numbers.overview()
    assert overview.day == date(2026, 11, today)
    assert overview.today.handoffs == (1 if today == 22 else 2)


def test_what_waits_since_yesterday_waits_today_and_counts_for_yesterday(world: Any, add: Add) -> None:
    add(MIDNIGHT - 600)
    add(MIDNIGHT - 60, claimed=120, replied=150, ended=300)
    world.clock.now = MIDNIGHT + 600
    overview = world.desk.numbers.overview()
    assert overview.waiting == numbers.Waiting("", 1, 1200)
    assert overview.today.handoffs == 0


def test_who_is_present_and_what_they_do(world: Any, add: Add) -> None:
    busy = world.staff("wang", "王敏", department="公安局")
    away = world.staff("li", "李强", department="公安局")
    world.staff("zhao", "赵磊", department="民政局", role="supervisor")
    world.staff("boss", role="administrator")
    world.staff("gone", "吴刚")
    world.accounts.sign_in("gone", GOOD)
    world.clock.now += 600
    since = world.clock.now
    for username in ("wang", "li", "zhao", "boss"):
        world.accounts.sign_in(username, GOOD)
    world.clock.now += 60
    world.accounts.sign_in("wang", GOOD)  # a second browser: present once, since the first
    with world.engine.begin() as connection:
        connection.execute(update(staff).values(available=True, available_since=None))
        gone = {"available": False, "available_since": since + 30}
        connection.execute(update(staff).where(staff.c.id == away.id).values(**gone))
    add(since, claimed=5, by=busy.id, department="民政局")
    add(since, claimed=5, by=busy.id, department="公安局")
    present = {person.name: person for person in fresh(world).present}
    assert {name: (person.state, person.serving) for name, person in present.items()} == {
        "王敏": ("busy", 2),
        "李强": ("away", 0),
        "赵磊": ("idle", 0),
    }
    assert present["王敏"].since.timestamp() == since
    assert present["李强"].since.timestamp() == since + 30
    [own] = [person for person in fresh(world, "公安局").present if person.state == "busy"]
    assert own.serving == 2  # those of other departments keep her busy, too


def test_a_department_sees_its_own_numbers_only(world: Any, add: Add) -> None:
    now = world.clock.now
    add(now - 500, department="公安局")
    add(now - 100, claimed=1, replied=2, ended=3, department="公安局")
    add(now - 900, department="民政局", reason="complaint")
    overview = fresh(world, "公安局")
    assert overview.waiting.count == 1
    assert overview.today.handoffs == 2
    assert [row.of for row in overview.by_department] == ["公安局"]
    assert [row.of for row in overview.by_reason] == ["complex"]
    assert fresh(world, "无此部门").today.handoffs == 0


def test_all_viewers_share_one_reading_for_a_second(world: Any, add: Add) -> None:
    asked: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    world.desk.numbers.overview()
    for department in (None, "公安局", "民政局", None):
        world.desk.numbers.overview(department)
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2
    add(world.clock.now)
    assert world.desk.numbers.overview().waiting.count == 0
    world.clock.now += numbers.KEEP_SECONDS
    assert world.desk.numbers.overview().waiting.count == 1
    world.clock.now -= 3600  # the clock is put back: nothing old is shown for an hour
    add(world.clock.now)
    assert world.desk.numbers.overview().waiting.count == 2


def test_no_reading_goes_through_all_handoffs(world: Any) -> None:
    asked: list[tuple[str, Any]] = []
    event.listen(world.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
    world.desk.numbers.overview()
    handoffs_read = next(call for call in asked if "FROM handoffs" in call[0])
    with world.engine.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + handoffs_read[0], handoffs_read[1]).all()
    assert "SCAN handoffs" not in str(plan)


def test_satisfaction_is_the_share_of_those_who_rated(world: Any, add: Add) -> None:
    assert world.desk.numbers.overview().today.satisfied is None
    for score in (5, 4, 3, 1, None):
        add(world.clock.now, claimed=5, replied=9, ended=20, score=score)
    add(world.clock.now, claimed=5, replied=9, ended=20, score=2, department="民政局")
    overview = fresh(world)
    assert (overview.today.rated, overview.today.satisfied) == (5, 0.4)
    shares = {tally.of: tally.satisfied for tally in overview.by_department}
    assert shares == {"公安局": 0.5, "民政局": 0.0}
