"""When the platform says that a message, or an event, was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite would have to copy a table that others refer to.
    op.add_column("inbox", sa.Column("sent_at", sa.Float))


def downgrade() -> None:
    op.drop_column("inbox", "sent_at")
