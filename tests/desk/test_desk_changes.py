"""Changes wakes who waits, at once and never too late, and wakes nobody else."""

import asyncio
import threading
from typing import Any

import pytest

from desk.changes import ANY_QUEUE, TOPICS_REMEMBERED, Changes, conversation_topic, staff_topic

LONG = 30.0  # seconds that no test takes: whoever waits them out was not woken


async def test_who_waits_is_woken_from_another_thread() -> None:
    changes = Changes()
    waiting = asyncio.create_task(changes.wait({"a", "b"}, changes.version(), LONG))
    await asyncio.sleep(0)
    await asyncio.to_thread(changes.bump, "b", "c")
    assert await asyncio.wait_for(waiting, 5)


async def test_another_topic_wakes_nobody() -> None:
    changes = Changes()
    waiting = asyncio.create_task(changes.wait({"a"}, changes.version(), 0.05))
    await asyncio.sleep(0)
    changes.bump("b")
    assert not await waiting


async def test_what_changed_before_waiting_is_told_at_once() -> None:
    changes = Changes()
    since = changes.version()
    changes.bump("a")
    assert await changes.wait({"a"}, since, LONG)
    assert not await changes.wait({"a"}, changes.version(), 0)


@pytest.mark.parametrize("since", ["", "nonsense", "-1", Changes().version()])
async def test_a_page_of_another_process_is_told_at_once(since: str) -> None:
    assert await Changes().wait({"a"}, since, LONG)


async def test_no_change_is_lost_between_looking_and_waiting() -> None:
    """A counter is bumped from threads; a reader that only reads when woken sees every last value."""
    changes, rounds, writers = Changes(), 300, 4
    counted = 0
    lock = threading.Lock()

    def write() -> None:
        nonlocal counted
        for _ in range(rounds):
            with lock:
                counted += 1
            changes.bump("count")

    async def read() -> int:
        while True:
            since = changes.version()
            with lock:
                seen = counted
            if seen == rounds * writers:
                return seen
            assert await changes.wait({"count"}, since, LONG)

    readers = [asyncio.create_task(read()) for _ in range(5)]
    await asyncio.gather(*(asyncio.to_thread(write) for _ in range(writers)))
    assert await asyncio.wait_for(asyncio.gather(*readers), 10) == [rounds * writers] * 5


async def test_nothing_is_kept_of_who_has_gone() -> None:
    changes = Changes()
    await changes.wait({"a"}, changes.version(), 0)
    cancelled = asyncio.create_task(changes.wait({"a"}, changes.version(), LONG))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    assert changes._waiting == {}


def test_a_page_that_is_far_behind_is_told_rather_than_forgotten() -> None:
    changes = Changes()
    since = changes.version()
    changes.bump("old")
    for number in range(TOPICS_REMEMBERED):
        changes.bump(f"topic {number}")
    assert changes.changed({"old"}, since)
    assert not changes.changed({"old"}, changes.version())


def test_who_waits_on_a_loop_that_has_ended_harms_nobody() -> None:
    changes = Changes()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(changes.wait({"a"}, changes.version(), LONG))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    changes.bump("a")
    del waiting


def test_news_is_told_after_the_commit_and_not_before(world: Any) -> None:
    desk = world.desk
    number = desk.open_handoff("web:a", "complex", None, "问").number
    member = world.staff("wang")
    desk.claim(number, member)
    since = desk.changes.version()
    with world.engine.begin() as connection:
        desk.receive("web:a", "在吗", connection)
        assert not desk.changes.changed({conversation_topic("web:a")}, since)
    assert desk.changes.changed({conversation_topic("web:a")}, since)


def test_each_step_is_told_to_whom_it_concerns(world: Any) -> None:
    desk, member = world.desk, world.staff("wang")
    mine = staff_topic(member.id)
    talk, other = conversation_topic("web:a"), conversation_topic("web:b")

    def told(step: Any) -> set[str]:
        since = desk.changes.version()
        step()
        watched = {mine, ANY_QUEUE, talk, other}
        return {topic for topic in watched if desk.changes.changed({topic}, since)}

    number = ""

    def enter() -> None:
        nonlocal number
        number = desk.open_handoff("web:a", "complex", "公安局", "问").number

    assert told(lambda: desk.record("web:a", ("citizen", "与坐席无关", None))) == set()
    assert told(enter) == {talk, ANY_QUEUE}
    assert told(lambda: desk.receive("web:a", "在吗")) == {talk}
    assert told(lambda: desk.claim(number, member)) == {talk, mine, ANY_QUEUE}
    assert told(lambda: desk.receive("web:a", "在吗")) == {talk, mine}
    assert told(lambda: desk.reply("web:a", member, "在")) == {talk, mine}
    assert told(lambda: desk.note("web:a", member, "查")) == {talk, mine}
    assert told(lambda: desk.resolve("web:a", member)) == {talk, mine, ANY_QUEUE}
    desk.open_handoff("web:b", "complex", None, "问")
    assert told(lambda: desk.receive("web:b", "返回")) == {other, ANY_QUEUE}
