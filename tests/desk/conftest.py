"""A desk on a real SQLite file in WAL mode, with an outbox table that its replies are put into."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.engine import Connection, Engine

from desk.accounts import Accounts
from desk.accounts.passwords import Cost
from desk.records import Reach, StaffMember
from desk.service import Desk
from desk.tables import metadata
from wenzheng.database import open_engine

outbox_metadata = MetaData()
outbox = Table(
    "test_outbox",
    outbox_metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", Text),
    Column("author", Text),
    Column("text", Text),
    Column("payload", JSON),
)
PASSWORD = "correct horse battery"


@dataclass
class Clock:
    """A clock that stands still until it is moved. 2026-11-23 09:00 in Shanghai."""

    now: float = 1795395600.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """The desk and everything around it that a test looks at."""

    engine: Engine
    clock: Clock
    desk: Desk
    accounts: Accounts
    returned: list[str] = field(default_factory=list)
    tickets: Any = None
    deliver: Any = None

    def delivered(self) -> list[tuple[str, str]]:
        """What staff said to citizens."""
        return [(row.conversation_id, row.text) for row in self.outbox() if row.author == "staff"]

    def told(self, conversation_id: str) -> list[str]:
        """What the desk itself told this citizen."""
        mine = [row for row in self.outbox() if row.conversation_id == conversation_id]
        return [row.text for row in mine if row.author == "system"]

    def outbox(self) -> list[Any]:
        with self.engine.connect() as connection:
            return connection.execute(select(outbox).order_by(outbox.c.id)).all()

    def staff(self, username: str, name: str = "王敏", **values: str) -> StaffMember:
        department = values.pop("department", "人力资源和社会保障局")
        return self.accounts.create(username, PASSWORD, name, department, **values)  # type: ignore[arg-type]

    def said(self, conversation_id: str) -> list[tuple[str, str]]:
        conversation = self.desk.conversation(conversation_id)
        return [(said.author, said.text) for said in conversation.messages] if conversation else []


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'desk.db'}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    metadata.create_all(engine)
    outbox_metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def make_world(engine: Engine) -> Callable[..., World]:
    def make(
        clock: Callable[[], float] | None = None,
        reach: Callable[[str], Reach | None] = lambda _conversation_id: None,
        **desk: Any,
    ) -> World:
        returned: list[str] = []

        def deliver(
            connection: Connection, conversation_id: str, author: str, text: str, payload: Any = None
        ) -> int:
            row = {"conversation_id": conversation_id, "author": author, "text": text, "payload": payload}
            done = connection.execute(insert(outbox).values(**row))
            return int(done.inserted_primary_key[0])

        own = Clock()
        clock = clock or own
        cheap = Cost(n=2**4, r=8, p=1)
        return World(
            engine=engine,
            clock=own,
            desk=Desk(engine, None, deliver, returned.append, clock=clock, reach=reach, **desk),
            accounts=Accounts(engine, clock=clock, cost=cheap),
            returned=returned,
            deliver=deliver,
        )

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()
