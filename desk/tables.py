"""The desk's tables. Times are `Float` epoch seconds (UTC), because they are compared in queries.

`conversations.owner` is the only place where it is written who owns a conversation; everything that
changes it does so with a compare-and-set (`desk.conversations.ownership`).
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()

staff = Table(
    "staff",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("display_name", String(64), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("department", String(128), nullable=False),
    Column("role", String(16), nullable=False),  # desk.permissions.Role
    Column("active", Boolean, nullable=False),
    # At the desk and ready for conversations, since when; nobody is who has no session that was just seen.
    Column("available", Boolean, nullable=False, server_default=false()),
    Column("available_since", Float),
    Column("capacity", Integer),  # conversations at the same time; none: as the rules say
    Column("last_assigned_at", Float),
    Column("created_at", Float, nullable=False),
    Column("must_change_password", Boolean, nullable=False, server_default=false()),
    # Stands for the people who answer in a tool of their own (desk.conversations.outside); nobody signs in as it.
    Column("outside", Boolean, nullable=False, server_default=false()),
)

audit_log = Table(
    "audit_log",
    metadata,
    # Rows are only ever added (desk.audit).
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("staff_id", Integer, ForeignKey("staff.id")),  # none: the system, or nobody known
    Column("action", String(48), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_audit_log_staff", "staff_id", "id"),
    Index("ix_audit_log_subject", "subject", "id"),
    Index("ix_audit_log_action", "action", "id"),
)

staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff_id", Integer, ForeignKey("staff.id"), nullable=False, index=True),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("last_seen_at", Float, nullable=False, index=True),
)

sign_in_failures = Table(
    "staff_sign_in_failures",
    metadata,
    # Any name that was tried, also one nobody has: a lock must not tell which accounts exist.
    Column("username", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Float, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("owner", String(8), nullable=False),  # bot | queue | staff
    Column("staff_id", Integer, ForeignKey("staff.id")),
    Column("handoff_id", Integer),  # the open handoff, if there is one
    Column("rating_id", Integer),  # the ended handoff whose rating was asked for and may still come
    # Set when the bot gets the conversation back, cleared when the dialogue was restarted.
    Column("restart_due", Boolean, nullable=False, server_default=false()),
    Column("created_at", Float, nullable=False),
    Column("last_activity_at", Float, nullable=False),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # 20261123-0007
    Column("day", String(8), nullable=False),  # the city's calendar day
    Column("day_sequence", Integer, nullable=False),
    Column("conversation_id", String(200), ForeignKey("conversations.id"), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("department", String(128), nullable=False),
    Column("question", Text, nullable=False),
    Column("answer_id", String(64)),
    Column("status", String(16), nullable=False),  # queued | claimed | resolved
    Column("outcome", String(16)),  # resolved | cancelled | idle | ticket, once the status is resolved
    Column("priority", Integer, nullable=False, server_default=text("0")),  # the higher the sooner; crisis: 1
    Column("queue_order", Float, nullable=False),  # the place in the queue: when they came
    Column("queued_at", Float),  # since when they wait, this time
    Column("created_at", Float, nullable=False),
    Column("acknowledged_at", Float),  # when the waiting citizen last read their position
    Column("claimed_at", Float),
    Column("claimed_by", Integer, ForeignKey("staff.id")),
    # Given to whoever has it, who has not answered since.
    Column("assigned", Boolean, nullable=False, server_default=false()),
    Column("first_reply_at", Float),
    Column("last_said_at", Float),  # by the citizen or staff; or when they were last known to talk outside
    Column("hops", Integer, nullable=False, server_default=text("0")),
    Column("ticket_offered_at", Float),
    Column("ticket_number", String(20)),
    Column("resolved_at", Float),
    Column("awaiting_reply", Boolean, nullable=False),
    Column("last_message_id", Integer, index=True),
    # Who has the citizen in a tool outside the desk, as that names them; none: nobody, as far as is known.
    Column("outside_agent", String(128)),
    UniqueConstraint("day", "day_sequence", name="uq_handoffs_day_sequence"),
    Index("ix_handoffs_status_department", "status", "department", "queue_order"),
    Index("ix_handoffs_claimed_by", "claimed_by", "status"),
    Index("ix_handoffs_conversation", "conversation_id", "id"),
    Index(
        "uq_handoffs_one_open",
        "conversation_id",
        unique=True,
        sqlite_where=text("status <> 'resolved'"),
        postgresql_where=text("status <> 'resolved'"),
    ),
)

Index(
    "ix_handoffs_outside",
    handoffs.c.outside_agent,
    sqlite_where=text("outside_agent IS NOT NULL"),
    postgresql_where=text("outside_agent IS NOT NULL"),
)

Index(
    "ix_handoffs_status_order",
    *(handoffs.c.status, handoffs.c.priority.desc(), handoffs.c.queue_order, handoffs.c.id),
)

ratings = Table(
    "ratings",
    metadata,
    Column("handoff_id", Integer, ForeignKey("handoffs.id"), primary_key=True),
    Column("asked_at", Float, nullable=False),
    Column("outbox_id", Integer),  # where the last question (for a score, then a reason) is in the outbox
    Column("score", Integer),  # 1 very dissatisfied … 5 very satisfied
    Column("rated_at", Float),
    Column("reason", String(200)),
    Column("follow_up", String(20)),  # the supervisor's ticket, after a bad one
)

conversation_messages = Table(
    "conversation_messages",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("conversation_id", String(200), ForeignKey("conversations.id"), nullable=False),
    Column("handoff_id", Integer),  # the handoff that was open when it was said; none: the bot's part
    Column("author", String(8), nullable=False),  # citizen | bot | staff | system | note
    Column("staff_id", Integer, ForeignKey("staff.id")),
    Column("text", Text, nullable=False),
    Column("payload", JSON(none_as_null=True)),  # the Answer, for a bot message
    Column("at", Float, nullable=False),
    Column("outbox_id", Integer),  # where a reply of staff is in the gateway's outbox
    Index("ix_conversation_messages_conversation", "conversation_id", "id"),
)
