"""Small helpers over SQLAlchemy that work alike on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine

Clock = Callable[[], float]
"""Gives the present as epoch seconds (UTC); tests hand in their own."""


@contextmanager
def transaction(engine: Engine, connection: Connection | None = None) -> Iterator[Connection]:
    """The caller's transaction where one is given, else a new one that commits at the end."""
    if connection is not None:
        yield connection
        return
    with engine.begin() as own:
        yield own


def insert_missing(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert a row unless one with the same key is there."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).values(**values).on_conflict_do_nothing())
