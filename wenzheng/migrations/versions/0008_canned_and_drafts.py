"""Canned replies, where a reply of staff is in the outbox, FAQs that staff drafted, answers that staff flagged."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("staff_id", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("department", sa.String(128)),
        sa.Column("title", sa.String(60), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("updated_by", sa.Integer, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
    )
    op.create_index("ix_canned_replies_scope", "canned_replies", ["scope", "department", "staff_id"])
    op.create_table(
        "faq_drafts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("conversation_id", sa.String(255), nullable=False),
        sa.Column("staff_name", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
    )
    op.create_index("ix_faq_drafts_status", "faq_drafts", ["status", "created_at"])
    with op.batch_alter_table("answer_feedback") as feedback:
        feedback.add_column(sa.Column("staff_name", sa.String(64)))
    with op.batch_alter_table("conversation_messages") as messages:
        messages.add_column(sa.Column("outbox_id", sa.Integer))


def downgrade() -> None:
    with op.batch_alter_table("conversation_messages") as messages:
        messages.drop_column("outbox_id")
    with op.batch_alter_table("answer_feedback") as feedback:
        feedback.drop_column("staff_name")
    op.drop_table("faq_drafts")
    op.drop_table("canned_replies")
