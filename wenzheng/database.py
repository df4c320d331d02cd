"""The one database: its engine, and bringing its tables up to date."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

MIGRATIONS = Path(__file__).with_name("migrations")
BUSY_TIMEOUT = 30  # seconds a writer waits for another


class _TakingTurns(sqlite3.Connection):
    """A connection that keeps others of its engine from writing until its transaction has ended.

    SQLite alone lets writers try again after ever longer sleeps, in no order: with many threads the unlucky wait long.
    """

    _turn: threading.Lock | None = None

    def take_turn(self, turn: threading.Lock) -> None:
        """Wait for the others; one that holds on for too long is left to SQLite's own waiting."""
        if turn.acquire(timeout=BUSY_TIMEOUT):
            self._turn = turn

    def end_turn(self) -> None:
        """Let the next one write."""
        if self._turn is not None:
            turn, self._turn = self._turn, None
            turn.release()

    def commit(self) -> None:
        super().commit()
        self.end_turn()  # after a commit that failed the transaction is still open

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self.end_turn()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.end_turn()


def open_engine(url: str) -> Engine:
    """An engine for ``url``: ``begin()`` is for writing, ``connect()`` for reading.

    SQLite runs in WAL mode, and ``begin()`` takes the write lock at once: a transaction that reads first and
    writes later would otherwise fail when another has written in between.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, future=True, pool_pre_ping=True)
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        future=True,
        poolclass=QueuePool,
        pool_size=16,
        max_overflow=32,
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False, "factory": _TakingTurns},
    )
    turn = threading.Lock()

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # Straight to SQLite: SQLAlchemy's way there takes longer than a short transaction.
        taking: _TakingTurns = connection.connection.dbapi_connection
        if not connection.get_execution_options().get("writing", False):
            taking.execute("BEGIN")
            return
        taking.take_turn(turn)
        try:
            taking.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            taking.end_turn()
            if isinstance(error, sqlite3.Error):
                raise OperationalError("BEGIN IMMEDIATE", {}, error) from error
            raise

    engine.begin = engine.execution_options(writing=True).begin
    return engine


def migrate(engine: Engine) -> None:
    """Create or upgrade all tables. Safe to run at every start."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
