"""Tickets, and the log of what happened to each."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("day", sa.String(8), nullable=False),
        sa.Column("day_sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("place", sa.Text()),
        sa.Column("contact", sa.Text()),
        sa.Column("contact_consent", sa.Boolean(), nullable=False),
        sa.Column("conversation_id", sa.String(200), nullable=False),
        sa.Column("handoff_number", sa.String(20)),
        sa.Column("answer_id", sa.String(64)),
        sa.Column("message_id", sa.String(80)),
        sa.Column("department", sa.String(128), nullable=False),
        sa.Column("assignee_id", sa.Integer(), sa.ForeignKey("staff.id")),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("remind_at", sa.Float(), nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("next_at", sa.Float()),
        sa.Column("reminded_at", sa.Float()),
        sa.Column("escalated_at", sa.Float()),
        sa.Column("result", sa.Text()),
        sa.Column("answered_at", sa.Float()),
        sa.Column("reopen_until", sa.Float()),
        sa.Column("closed_at", sa.Float()),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("hops", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), sa.ForeignKey("tickets.id", name="fk_tickets_merged_into")),
        sa.UniqueConstraint("day", "day_sequence", name="uq_tickets_day_sequence"),
    )
    op.create_index("ix_tickets_next", "tickets", ["next_at"])
    op.create_index("ix_tickets_conversation", "tickets", ["conversation_id", "id"])
    op.create_index("ix_tickets_assignee", "tickets", ["assignee_id", "status"])
    op.create_index("ix_tickets_department", "tickets", ["department", "status"])
    op.create_index("ix_tickets_merged_into_id", "tickets", ["merged_into_id"])
    for name, condition in (
        ("uq_tickets_message", "kind <> 'follow_up'"),
        ("uq_tickets_message_internal", "kind = 'follow_up'"),
    ):
        op.create_index(
            name,
            "tickets",
            ["conversation_id", "message_id"],
            unique=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "ticket_events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("ticket_id", sa.Integer(), sa.ForeignKey("tickets.id"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(8), nullable=False),
        sa.Column("staff_id", sa.Integer(), sa.ForeignKey("staff.id")),
        sa.Column("message_id", sa.String(80)),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_index("ix_ticket_events_ticket", "ticket_events", ["ticket_id", "id"])
    op.create_index(
        "uq_ticket_events_message", "ticket_events", ["ticket_id", "kind", "message_id"], unique=True
    )


def downgrade() -> None:
    op.drop_table("ticket_events")
    op.drop_table("tickets")
