"""Where a rating is asked for, and the queue of a department; for a time an earlier step made both."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_INDEX = "ix_handoffs_status_department"


def upgrade() -> None:
    there = sa.inspect(op.get_bind())
    if "outbox_id" not in {column["name"] for column in there.get_columns("ratings")}:
        op.add_column("ratings", sa.Column("outbox_id", sa.Integer))
    if _INDEX not in {index["name"] for index in there.get_indexes("handoffs")}:
        op.create_index(_INDEX, "handoffs", ["status", "department", "queue_order"])


def downgrade() -> None:
    op.drop_index(_INDEX, "handoffs")
    op.drop_column("ratings", "outbox_id")
