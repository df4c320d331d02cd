"""The migrations make exactly the tables that the parts declare."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, insert, select

from bot.gateway.tables import metadata as gateway
from desk.tables import metadata as desk
from knowledge.tables import item_versions
from knowledge.tables import metadata as knowledge
from wenzheng.database import migrate, open_engine


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
