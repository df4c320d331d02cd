"""Accounts: a password to be changed, how many conversations at once, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batches, which may make a table anew: that fails as soon as rows of other tables refer to it.
    for column in (
        sa.Column("available", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("available_since", sa.Float),
        sa.Column("must_change_password", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("capacity", sa.Integer),
    ):
        op.add_column("staff", column)
    op.add_column("handoffs", sa.Column("first_reply_at", sa.Float))
    op.add_column("handoffs", sa.Column("priority", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("staff_id", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("action", sa.String(48), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    for column in ("staff_id", "subject", "action"):
        op.create_index(f"ix_audit_log_{column.removesuffix('_id')}", "audit_log", [column, "id"])


def downgrade() -> None:
    op.drop_table("audit_log")
    for column in ("priority", "first_reply_at"):
        op.drop_column("handoffs", column)
    for column in ("capacity", "must_change_password", "available_since", "available"):
        op.drop_column("staff", column)
