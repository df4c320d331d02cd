"""Staff who answer in a tool of their own: who they are, whom they have, and which message takes a citizen there."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batches: SQLite would have to copy tables that others refer to.
    op.add_column("staff", sa.Column("outside", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("handoffs", sa.Column("outside_agent", sa.String(128)))
    op.add_column("inbox", sa.Column("transfer", sa.String(10)))
    some = sa.text("outside_agent IS NOT NULL")
    op.create_index(
        "ix_handoffs_outside", "handoffs", ["outside_agent"], sqlite_where=some, postgresql_where=some
    )


def downgrade() -> None:
    op.drop_index("ix_handoffs_outside", "handoffs")
    op.drop_column("inbox", "transfer")
    op.drop_column("handoffs", "outside_agent")
    op.drop_column("staff", "outside")
