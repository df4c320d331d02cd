"""What the clock does: reminders, escalation, closing; and the lists and counts that go by it."""

import threading
from typing import Any

import pytest
from sqlalchemy import text
from ticket_world import CITIZEN

from desk.errors import NotAllowed
from desk.tickets import Counts, Filters
from desk.tickets.lists import PAGE


def numbers(listing: Any) -> list[str]:
    return [ticket.number for ticket in listing.tickets]


def test_reminder_and_escalation_come_by_working_days_across_a_weekend(desk: Any) -> None:
    desk.wait_until("2026-11-26")  # a Thursday: two working days end on Monday
    number = desk.open(kind="question").number
    assert desk.tickets.counts(desk.wang) == Counts(mine=0, department=1, due_soon=0, overdue=0)
    desk.wait_until("2026-11-27", "16:59")
    assert desk.tickets.tick() == 0
    desk.wait_until("2026-11-28", "12:00")  # the weekend: the reminder of Friday 17:00 is out, nothing more
    assert desk.tickets.tick() == 1
    assert desk.tickets.tick() == 0
    assert desk.events(number)[-1] == "reminded"
    assert desk.now(number).deadline == "due_soon"
    assert desk.tickets.counts(desk.wang) == Counts(mine=0, department=1, due_soon=1, overdue=0)
    desk.wait_until("2026-11-30", "16:59")
    assert desk.tickets.tick() == 0
    desk.wait_until("2026-11-30", "17:00")
    assert desk.tickets.tick() == 1
    assert desk.tickets.tick() == 0
    assert desk.events(number) == ["created", "reminded", "escalated"]
    assert desk.now(number).escalated_at.timestamp() == desk.world.clock.now
    for member in (desk.wang, desk.zhao):
        assert desk.tickets.counts(member).overdue == 1
        assert numbers(desk.tickets.listed(member, "due")) == [number]


def test_after_a_long_stop_it_is_escalated_without_a_reminder_that_comes_too_late(desk: Any) -> None:
    number = desk.open(kind="question").number
    desk.wait_until("2026-12-07")
    assert desk.tickets.tick() == 1
    assert desk.events(number) == ["created", "escalated"]


def test_what_is_answered_in_time_is_neither_reminded_of_nor_escalated(desk: Any) -> None:
    number = desk.open(kind="question").number
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "可以。")
    desk.wait_until("2026-11-26")
    assert desk.tickets.tick() == 0
    assert desk.tickets.counts(desk.wang) == Counts(0, 0, 0, 0)


def test_a_reopened_ticket_is_reminded_of_anew(desk: Any) -> None:
    number = desk.open(kind="question").number
    desk.wait_until("2026-11-25", "17:00")
    desk.tickets.tick()
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "可以。")
    desk.tickets.reopen(CITIZEN, number, "没说清楚")
    assert desk.now(number).escalated_at is None
    desk.wait_until("2026-11-26", "17:00")
    assert desk.tickets.tick() == 1
    assert desk.events(number)[-2:] == ["reopened", "reminded"]


def test_two_processes_do_it_once(desk: Any, make_tickets: Any) -> None:
    opened = [desk.open(kind="question").number for _ in range(8)]
    desk.wait_until("2026-11-24", "17:00")
    other = make_tickets(clock=desk.world.clock)
    start = threading.Barrier(2)
    done: list[int] = []

    def tick(tickets: Any) -> None:
        start.wait()
        done.append(tickets.tick())

    threads = [threading.Thread(target=tick, args=(tickets,)) for tickets in (desk.tickets, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == len(opened)
    assert all(desk.events(number) == ["created", "reminded"] for number in opened)


def test_one_that_fails_stays_due_and_keeps_back_no_other(
    desk: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = desk.open(kind="question").number, desk.open(kind="question").number
    desk.wait_until("2026-11-24", "17:00")
    describe = desk.tickets.calendar.describe
    calls = iter([True])

    def fails_first(at: float, now: float) -> str:
        if next(calls, False):
            raise ValueError("no calendar for this year")
        return describe(at, now)

    monkeypatch.setattr(desk.tickets.calendar, "describe", fails_first)
    assert desk.tickets.tick() == 1
    assert (desk.events(bad)[-1], desk.events(good)[-1]) == ("created", "reminded")
    assert "it stays due" in caplog.text
    assert desk.tickets.tick() == 1
    assert desk.events(bad)[-1] == "reminded"


def test_looking_at_the_clock_reads_an_index(desk: Any, engine: Any) -> None:
    statement = "EXPLAIN QUERY PLAN SELECT id FROM tickets WHERE next_at <= 1.0 ORDER BY next_at LIMIT 200"
    with engine.connect() as connection:
        plan = " ".join(row[3] for row in connection.execute(text(statement)))
    assert "ix_tickets_next" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_lists_show_the_most_urgent_first_and_the_ended_last(desk: Any) -> None:
    slow = desk.open(kind="suggestion").number
    quick = desk.open(kind="question").number
    ended = desk.open(kind="question").number
    desk.tickets.take(ended, desk.wang)
    desk.tickets.answer(ended, desk.wang, "好的。")
    assert numbers(desk.tickets.listed(desk.zhao, "all")) == [quick, slow, ended]
    assert numbers(desk.tickets.listed(desk.wang, "mine")) == []
    assert numbers(desk.tickets.listed(desk.wang, "mine", Filters(status="answered"))) == [ended]
    assert numbers(desk.tickets.listed(desk.zhao, "all", Filters(kind="suggestion"))) == [slow]
    with pytest.raises(NotAllowed):
        desk.tickets.listed(desk.wang, "all")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("G20261123-0001", True),
        ("２０２６１１２３ 0001", True),
        ("路灯", True),
        ("门口 三天", True),
        ("路灯 井盖", False),
        ("100%", False),
        ("_", False),
    ],
)
def test_search_goes_by_number_or_by_words_that_all_occur(desk: Any, words: str, found: bool) -> None:
    number = desk.open().number
    desk.open(subject="占道经营", details="早市")
    assert numbers(desk.tickets.listed(desk.wang, "mine", Filters(words=words))) == (
        [number] if found else []
    )


def test_long_lists_come_in_pages(desk: Any) -> None:
    for _ in range(PAGE + 3):
        desk.open()
    first, second, beyond = (desk.tickets.listed(desk.wang, "department", page=page) for page in (1, 2, 9))
    assert (len(first.tickets), len(second.tickets), first.total, first.pages) == (PAGE, 3, PAGE + 3, 2)
    assert beyond.page == 2
    assert not set(numbers(first)) & set(numbers(second))
