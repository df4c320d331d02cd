"""The table of canned replies."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text

from desk.tables import metadata

canned_replies = Table(
    "canned_replies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String(16), nullable=False),  # personal | department | all
    Column("staff_id", Integer, ForeignKey("staff.id")),  # whose it is: personal only
    Column("department", String(128)),  # whose it is: department only
    Column("title", String(60), nullable=False),
    Column("text", Text, nullable=False),
    Column("updated_by", Integer, ForeignKey("staff.id"), nullable=False),
    Column("updated_at", Float, nullable=False),
    Index("ix_canned_replies_scope", "scope", "department", "staff_id"),
)
