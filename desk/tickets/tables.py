"""The tables of tickets, on the desk's metadata. Times are `Float` epoch seconds (UTC)."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from desk.tables import metadata

_CITIZENS = text("kind <> 'follow_up'")
_INTERNAL = text("kind = 'follow_up'")

tickets = Table(
    "tickets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # G20261125-0007
    Column("day", String(8), nullable=False),  # the city's calendar day
    Column("day_sequence", Integer, nullable=False),
    Column("kind", String(16), nullable=False),  # question | complaint | suggestion | report | follow_up
    Column("status", String(16), nullable=False),  # new | working | answered | closed | merged
    Column("version", Integer, nullable=False),  # grows with every change; what compare-and-set compares
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("place", Text),
    Column("contact", Text),
    Column("contact_consent", Boolean, nullable=False),
    # No foreign key: a ticket outlives a conversation that is erased.
    Column("conversation_id", String(200), nullable=False),
    Column("handoff_number", String(20)),
    Column("answer_id", String(64)),
    Column("message_id", String(80)),
    Column("department", String(128), nullable=False),
    Column(
        "assignee_id", Integer, ForeignKey("staff.id")
    ),  # set exactly while someone has it, and afterwards
    Column("created_at", Float, nullable=False),
    Column("remind_at", Float, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("next_at", Float),  # when the clock has to do something about it next
    Column("reminded_at", Float),
    Column("escalated_at", Float),
    Column("result", Text),
    Column("answered_at", Float),
    Column("reopen_until", Float),
    Column("closed_at", Float),
    Column("reopened", Integer, nullable=False),
    Column("hops", Integer, nullable=False),  # transfers and returns
    Column("merged_into_id", Integer, ForeignKey("tickets.id", name="fk_tickets_merged_into"), index=True),
    UniqueConstraint("day", "day_sequence", name="uq_tickets_day_sequence"),
    Index("ix_tickets_next", "next_at"),
    Index("ix_tickets_conversation", "conversation_id", "id"),
    Index("ix_tickets_assignee", "assignee_id", "status"),
    Index("ix_tickets_department", "department", "status"),
    # Apart, so that what a citizen's message opened is never answered with an internal ticket.
    Index(
        "uq_tickets_message",
        "conversation_id",
        "message_id",
        unique=True,
        sqlite_where=_CITIZENS,
        postgresql_where=_CITIZENS,
    ),
    Index(
        "uq_tickets_message_internal",
        "conversation_id",
        "message_id",
        unique=True,
        sqlite_where=_INTERNAL,
        postgresql_where=_INTERNAL,
    ),
)

ticket_events = Table(
    "ticket_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ticket_id", Integer, ForeignKey("tickets.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("actor", String(8), nullable=False),  # citizen | staff | system
    Column("staff_id", Integer, ForeignKey("staff.id")),
    Column("message_id", String(80)),  # the citizen's message that caused it
    Column("text", Text, nullable=False),
    Column("at", Float, nullable=False),
    Index("ix_ticket_events_ticket", "ticket_id", "id"),
    Index("uq_ticket_events_message", "ticket_id", "kind", "message_id", unique=True),
)
