"""Accounts: a password to be changed, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "staff", sa.Column("must_change_password", sa.Boolean, nullable=False, server_default=sa.false())
    )
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
    op.drop_column("staff", "must_change_password")
