"""Who is at the desk, what was assigned to whom, transfers, tickets made of a handoff, ratings."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NO = {"nullable": False, "server_default": sa.false()}
_ZERO = {"nullable": False, "server_default": "0"}


def _columns() -> dict[str, list[sa.Column]]:
    return {
        "staff": [
            sa.Column("available", sa.Boolean, **_NO),
            sa.Column("available_since", sa.Float),
            sa.Column("capacity", sa.Integer),
            sa.Column("last_assigned_at", sa.Float),
        ],
        "conversations": [sa.Column("rating_id", sa.Integer)],
        "handoffs": [
            sa.Column("priority", sa.Integer, **_ZERO),
            sa.Column("queued_at", sa.Float),
            sa.Column("assigned", sa.Boolean, **_NO),
            sa.Column("first_reply_at", sa.Float),
            sa.Column("last_said_at", sa.Float),
            sa.Column("hops", sa.Integer, **_ZERO),
            sa.Column("ticket_offered_at", sa.Float),
            sa.Column("ticket_number", sa.String(20)),
        ],
    }


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:  # not as a batch: that would make the tables, and their partial index, anew
            op.add_column(table, column)
    op.drop_index("ix_handoffs_status_order", "handoffs")
    queue = ["status", sa.text("priority DESC"), "queue_order", "id"]
    op.create_index("ix_handoffs_status_order", "handoffs", queue)
    op.create_index("ix_handoffs_claimed_by", "handoffs", ["claimed_by", "status"])
    # What was waiting or served before is not overdue at the first look.
    fresh = sa.text("UPDATE handoffs SET last_said_at = :now, queued_at = :now WHERE status <> 'resolved'")
    op.execute(fresh.bindparams(now=time.time()))
    op.execute("UPDATE handoffs SET reason = 'declined_twice' WHERE reason = 'repeated_failure'")
    op.create_table(
        "ratings",
        sa.Column("handoff_id", sa.Integer, sa.ForeignKey("handoffs.id"), primary_key=True),
        sa.Column("asked_at", sa.Float, nullable=False),
        sa.Column("score", sa.Integer),
        sa.Column("rated_at", sa.Float),
        sa.Column("reason", sa.String(200)),
        sa.Column("follow_up", sa.String(20)),
    )


def downgrade() -> None:
    op.drop_table("ratings")
    op.drop_index("ix_handoffs_claimed_by", "handoffs")
    op.drop_index("ix_handoffs_status_order", "handoffs")
    op.create_index("ix_handoffs_status_order", "handoffs", ["status", "queue_order", "id"])
    for table, columns in reversed(_columns().items()):
        for column in columns:
            op.drop_column(table, column.name)
