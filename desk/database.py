"""Small helpers over SQLAlchemy that work alike on SQLite and PostgreSQL.

On SQLite a writing transaction is alone. On PostgreSQL there are several, which lock in this order, so that none
waits for one that waits for it: their own conversations (several by id), `HANDOFF_NUMBERS`, `TICKET_NUMBERS`, `STAFF`,
rows of staff. Further conversations are then only taken where nobody has them locked.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

Clock = Callable[[], float]
"""Gives the present as epoch seconds (UTC); tests hand in their own."""

HANDOFF_NUMBERS = 7_001
TICKET_NUMBERS = 7_002
STAFF = 7_003
"""What transactions take turns at; the numbers are PostgreSQL's names for it."""


@contextmanager
def transaction(engine: Engine, connection: Connection | None = None) -> Iterator[Connection]:
    """The caller's transaction where one is given, else a new one that commits at the end."""
    if connection is not None:
        yield connection
        return
    with engine.begin() as own:
        yield own


def take_turns(connection: Connection, at: int) -> None:
    """Be the only transaction that does this, until its end; whoever comes second waits here."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(at)))


def insert_missing(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert a row unless one with the same key is there."""
    connection.execute(_insert(connection.dialect.name, table, ()), values)


def insert_or_update(
    connection: Connection, table: Table, values: dict[str, Any], changed: tuple[str, ...]
) -> None:
    """Insert a row; where one with the same primary key is there, give it the values of the columns ``changed``."""
    connection.execute(_insert(connection.dialect.name, table, changed), values)


@cache
def _insert(dialect: str, table: Table, changed: tuple[str, ...]) -> Any:
    """Made once: making a statement takes longer than running it."""
    insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if not changed:
        return insert.on_conflict_do_nothing()
    fresh = {name: insert.excluded[name] for name in changed}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=fresh)
