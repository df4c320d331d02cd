"""Alembic's entry: runs in the transaction that ``wenzheng.database.migrate`` opened."""

from alembic import context
from sqlalchemy import MetaData

from bot.gateway.tables import metadata as gateway_metadata
from desk.tables import metadata as desk_metadata
from knowledge.tables import metadata as knowledge_metadata

target = MetaData()
for part in (knowledge_metadata, desk_metadata, gateway_metadata):
    for table in part.tables.values():
        table.to_metadata(target)

context.configure(
    connection=context.config.attributes["connection"], target_metadata=target, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
