"""The migrations make exactly the tables that the parts declare."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, event, insert, select, text
from sqlalchemy.exc import OperationalError

from bot.gateway.tables import metadata as gateway
from desk.tables import metadata as desk
from knowledge.tables import item_versions
from knowledge.tables import metadata as knowledge
from wenzheng import database
from wenzheng.database import MIGRATIONS, migrate, open_engine


def test_a_migrated_database_has_what_the_parts_declare(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(engine)
    declared = MetaData()
    for part in (knowledge, desk, gateway):
        for table in part.tables.values():
            table.to_metadata(declared)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), declared)
    # SQLite's own table of counters is no difference.
    assert [change for change in found if "sqlite_sequence" not in str(change)] == []


def test_migrating_again_keeps_what_is_there(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    migrate(engine)
    row = dict(hash="h", kind="faq", item_id="F1", payload="{}", created_at=1.0)
    with engine.begin() as connection:
        connection.execute(insert(item_versions).values(**row))
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(select(item_versions.c.item_id)).scalar() == "F1"


def test_an_installation_with_staff_and_handoffs_is_upgraded_and_keeps_them(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    rows = {
        "staff": dict(id=1, username="w", display_name="王", password_hash="x", department="d", role="staff"),
        "staff_sessions": dict(token_hash="t", staff_id=1, expires_at=2.0, last_seen_at=1.0),
        "conversations": dict(id="web:a", owner="staff", staff_id=1, handoff_id=1, last_activity_at=1.0),
        "handoffs": dict(
            id=1, number="1", day="20261123", day_sequence=1, conversation_id="web:a", reason="error"
        )
        | dict(
            department="d", question="q", status="claimed", queue_order=1.0, claimed_by=1, awaiting_reply=True
        ),
        "conversation_messages": dict(
            id=1, conversation_id="web:a", author="staff", staff_id=1, text="t", at=1.0
        ),
    }
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        for table, row in rows.items():
            if table == "staff":
                row["active"] = True
            if table != "conversation_messages":
                row["created_at"] = 1.0
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row)
    began = time.time()
    migrate(engine)
    with engine.connect() as connection:
        # Both were long ago, for the old desk; the new one does not end it at its first look.
        moments = connection.execute(text("SELECT last_said_at, queued_at FROM handoffs")).one()
        assert min(moments) >= began
        for table, row in rows.items():
            found = connection.execute(text(f"SELECT * FROM {table}")).mappings().one()
            assert {name: found[name] for name in row} == row


def test_writers_of_one_process_take_turns_instead_of_trying_again_and_again(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counts (n INTEGER)"))
        connection.execute(text("INSERT INTO counts VALUES (0)"))

    @event.listens_for(engine, "connect")
    def impatient(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA busy_timeout=0")  # whoever finds the database locked fails at once

    engine.dispose()

    def count(_: int) -> None:
        with engine.begin() as connection:
            found = connection.execute(text("SELECT n FROM counts")).scalar_one()
            connection.execute(text("UPDATE counts SET n = :n"), {"n": found + 1})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(400)))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT n FROM counts")).scalar_one() == 400


def test_a_write_that_fails_lets_the_next_one_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.1)
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    other = open_engine(f"sqlite:///{tmp_path / 'a.db'}")

    def create(name: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE TABLE {name} (n INTEGER)"))

    create("t")
    with pytest.raises(OperationalError):
        create("t")
    create("u")
    with other.begin(), pytest.raises(OperationalError):  # as another process
        create("v")
    create("v")
    connection = engine.connect().execution_options(writing=True)
    connection.begin()
    connection.close()  # without an end of the transaction
    create("w")
