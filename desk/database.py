"""Small helpers over SQLAlchemy that work alike on SQLite and PostgreSQL.

On SQLite a writing transaction is alone. On PostgreSQL there are several, which lock in this order, so that none
waits for one that waits for it: their own conversations (several by id), `HANDOFF_NUMBERS`, `TICKET_NUMBERS`, `STAFF`,
rows of staff. Further conversations are then only taken where nobody has them locked.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
    connection.execute(_insert(connection, table).values(**values).on_conflict_do_nothing())


def insert_or_update(
    connection: Connection, table: Table, values: dict[str, Any], changed: Iterable[str]
) -> None:
    """Insert a row; where one with the same primary key is there, give it the values of the columns ``changed``."""
    statement = _insert(connection, table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key), set_={name: statement.excluded[name] for name in changed}
        ),
        values,
    )


def _insert(connection: Connection, table: Table) -> Any:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
