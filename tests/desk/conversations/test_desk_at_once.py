"""Whatever happens at the same moment, on either database: one owner, nobody lost between two, nobody in the way."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import postgresql
import pytest
from desk_fakes import FakeHours, FakeTickets
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.engine import Engine

from desk.errors import DeskError
from desk.records import StaffMember
from desk.tables import conversations, handoffs, staff
from desk.tickets import Maker, Tickets

PASSWORD = "correct horse battery"
DEPARTMENTS = ["市民政局", "市教育局", "综合受理"]
SECONDS = 20
"""What nobody waits longer for; a deadlock is found after one second."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql.server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: Any, tmp_path: Path) -> str:
    """Instead of the usual one: a new database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'desk.db'}"
    at = request.getfixturevalue("server")
    root = create_engine(f"postgresql://postgres@/postgres?host={at}", isolation_level="AUTOCOMMIT")
    with root.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS desk"))
        connection.execute(text("CREATE DATABASE desk"))
    root.dispose()
    return f"postgresql://postgres@/desk?host={at}"


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    return make_world(hours=FakeHours(), tickets=FakeTickets(), is_crisis=lambda said: "不想活" in said)


on_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
"""For what cannot be on SQLite, where there is only one writing transaction."""


def somebody_comes_back(world: Any) -> StaffMember:
    """Who is there and ready, without anything having been given to them yet."""
    member: StaffMember = world.staff("wang", department="综合受理")
    world.accounts.sign_in("wang", PASSWORD)
    with world.engine.begin() as connection:
        connection.execute(update(staff).values(available=True))
    return member


def check(world: Any) -> None:
    """Each conversation and its handoff tell the same."""
    with world.engine.connect() as connection:
        for row in connection.execute(select(conversations)).all():
            mine = (handoffs.c.conversation_id == row.id, handoffs.c.status != "resolved")
            open_ = connection.execute(select(handoffs).where(*mine)).all()
            told = [(one.id, one.status, one.claimed_by) for one in open_]
            expected = {
                "bot": [],
                "queue": [(row.handoff_id, "queued", None)],
                "staff": [(row.handoff_id, "claimed", row.staff_id)],
            }
            assert told == expected[row.owner], row.id
            assert (row.handoff_id is None) == (row.owner == "bot")


@on_postgresql
def test_who_just_leaves_the_queue_is_given_to_nobody(world: Any) -> None:
    world.desk.open_handoff("web:a", "complex", None, "问题")
    member = somebody_comes_back(world)
    with ThreadPoolExecutor(1) as pool:
        with world.engine.begin() as connection:
            assert world.desk.receive("web:a", "返回", connection)
            arriving = pool.submit(world.desk.arrive, member)
            arriving.result(SECONDS)
        world.desk.housekeeping.tick()
    assert world.desk.serving(member) == []
    assert world.desk.owner("web:a") == "bot"
    check(world)
    assert world.desk.open_handoff("web:a", "complex", None, "又有问题").already_open is False


@on_postgresql
def test_citizens_who_write_at_the_same_moment_do_not_wait_for_each_other_for_good(world: Any) -> None:
    for name in ("web:a", "web:b"):
        world.desk.open_handoff(name, "complex", None, "问题")
    somebody_comes_back(world)
    begun = {name: Event() for name in ("web:a", "web:b")}

    def writes(name: str, other: str) -> list[str]:
        with world.engine.begin() as connection:
            world.desk.receive(name, "在吗", connection)
            begun[name].set()
            assert begun[other].wait(SECONDS)
            said: list[str] = world.desk.receive(name, "我不想活了", connection)
            return said

    with ThreadPoolExecutor(2) as pool:
        told = [pool.submit(writes, *pair) for pair in (("web:a", "web:b"), ("web:b", "web:a"))]
        assert all("120" in one.result(SECONDS)[0] for one in told)
    world.desk.housekeeping.tick()
    assert [world.desk.owner(name) for name in ("web:a", "web:b")] == ["staff", "staff"]
    check(world)


@on_postgresql
def test_a_reply_that_is_just_being_sent_counts_as_an_answer(world: Any) -> None:
    member = somebody_comes_back(world)
    world.desk.open_handoff("web:a", "complex", None, "问题")
    world.clock.now += world.desk.rules.assigning.answer_within
    world.accounts.sign_in("wang", PASSWORD)
    with ThreadPoolExecutor(1) as pool:
        with world.engine.begin() as connection:
            world.desk._serving.reply(connection, "web:a", member, "您好", world.clock.now)
            ticking = pool.submit(world.desk.housekeeping.tick)
            with pytest.raises(TimeoutError):
                ticking.result(0.5)  # it waits for what the reply will have changed
        ticking.result(SECONDS)
    assert world.desk.serves("web:a", member)
    assert world.desk.is_ready(member)


def test_numbers_do_not_run_out_when_many_open_one_at_once(world: Any) -> None:
    with ThreadPoolExecutor(16) as pool:
        opened = pool.map(
            lambda number: world.desk.open_handoff(f"web:{number}", "complex", None, "问题"), range(64)
        )
        assert len({receipt.number for receipt in opened}) == 64
    check(world)


def test_whatever_happens_at_once_every_conversation_has_one_owner(
    make_world: Callable[..., Any], engine: Engine
) -> None:
    from desk.calendar import WorkingCalendar

    worlds: list[Any] = []

    def deliver(*said: Any) -> Any:
        return worlds[0].deliver(*said)

    clock = lambda: worlds[0].clock.now  # noqa: E731
    tickets = Tickets(engine, WorkingCalendar.load(), deliver, clock=clock)
    world = make_world(hours=FakeHours(), tickets=Maker(tickets), is_crisis=lambda said: "不想活" in said)
    worlds.append(world)
    members = []
    for number in range(4):
        role = "supervisor" if number % 2 else "staff"
        member = world.staff(f"staff{number}", f"坐席{number}", department=DEPARTMENTS[number % 3], role=role)
        world.accounts.sign_in(member.username, PASSWORD)
        world.desk.arrive(member)
        members.append(member)
    names = [f"web:{number}" for number in range(8)]

    def citizens(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(40):
            name, said = chance.choice(names), chance.choice(["返回", "留言", "结束", "在吗", "我不想活了"])
            if chance.random() < 0.5:
                world.desk.open_handoff(name, "complex", chance.choice(DEPARTMENTS), "问题")
            elif world.desk.recipient(name, said) == "desk":
                refused(lambda name=name, said=said: world.desk.receive(name, said))

    def serves(seed: int) -> None:
        chance, member = random.Random(seed), members[seed % 4]
        for _ in range(40):
            mine = [handoff.conversation_id for handoff in world.desk.serving(member)]
            waits = world.desk.queue(member, 5)
            if not mine:
                for handoff in waits[:1]:
                    refused(lambda number=handoff.number: world.desk.claim(number, member))
                world.desk.arrive(member)
                continue
            name, whom = chance.choice(mine), chance.choice(members).username
            acts: list[Callable[[], Any]] = [
                lambda name=name: world.desk.reply(name, member, "好"),
                lambda name=name: world.desk.resolve(name, member),
                lambda name=name: world.desk.transfer(
                    name, member, "因为", department=chance.choice(DEPARTMENTS)
                ),
                lambda name=name, whom=whom: world.desk.transfer(name, member, "因为", colleague=whom),
                lambda name=name: world.desk.make_ticket(name, member),
                lambda: world.desk.leave(member),
                lambda: world.desk.take_over(chance.choice(names), member),
            ]
            refused(chance.choice(acts))

    def time_passes(_seed: int) -> None:
        for _ in range(20):
            world.clock.now += 100
            for member in members:
                world.accounts.sign_in(member.username, PASSWORD)
            world.desk.housekeeping.tick()

    with ThreadPoolExecutor(9) as pool:
        done = [pool.submit(work, seed) for work in (citizens, serves) for seed in range(4)]
        done.append(pool.submit(time_passes, 0))
        for one in done:
            one.result(120)
    check(world)


def refused(act: Callable[[], Any]) -> None:
    """What the desk refuses because somebody was faster is no failure."""
    with suppress(DeskError):
        act()
