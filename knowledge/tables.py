"""Tables of the knowledge service.

Content is addressed by its hash: a draft and a release both point at immutable versions, so a release can never
change and anything that was ever published can be brought back.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

metadata = MetaData()

item_versions = Table(
    "item_versions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),  # "document" | "faq"
    Column("item_id", String(255), nullable=False),
    Column("payload", Text, nullable=False),  # canonical JSON of the item
    Column("created_at", Float, nullable=False),
)

drafts = Table(
    "drafts",
    metadata,
    Column("kind", String(16), nullable=False),
    Column("item_id", String(255), nullable=False),
    Column("hash", ForeignKey("item_versions.hash"), nullable=False),
    Column("updated_at", Float, nullable=False),
    PrimaryKeyConstraint("kind", "item_id"),
)

releases = Table(
    "releases",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("documents", Integer, nullable=False),
    Column("faqs", Integer, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("published_at", Float),
)

release_items = Table(
    "release_items",
    metadata,
    Column("release_id", ForeignKey("releases.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("item_id", String(255), nullable=False),
    Column("hash", ForeignKey("item_versions.hash"), nullable=False),
    PrimaryKeyConstraint("release_id", "kind", "item_id"),
)

# One row: which release answers now.
current_release = Table(
    "current_release",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("release_id", ForeignKey("releases.id"), nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation_id", String(255)),
    # the citizen's message it was given to, so that the same message is not answered twice
    Column("message_id", String(80)),
    Column("question", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("answer", JSON, nullable=False),
    Column("trace", JSON, nullable=False),
    Column("release_id", Integer),
    Column("asked_at", Float, nullable=False),
    Index("ix_answers_conversation", "conversation_id", "asked_at"),
)

answer_feedback = Table(
    "answer_feedback",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("answer_id", ForeignKey("answers.id"), nullable=False),
    Column("helpful", Boolean, nullable=False),
    Column("comment", Text, nullable=False, default=""),
    Column("created_at", Float, nullable=False),
    Column("staff_name", String(64)),  # none: the citizen's own verdict
)

# FAQs that staff made of their replies, for editors to complete and import.
faq_drafts = Table(
    "faq_drafts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("conversation_id", String(255), nullable=False),
    Column("staff_name", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("status", String(16), nullable=False),  # open | exported | dropped
    Index("ix_faq_drafts_status", "status", "created_at"),
)

# What a citizen said of themselves, by conversation: where they live (or do not: ``holds`` is false), what they are.
conversation_facts = Table(
    "conversation_facts",
    metadata,
    Column("conversation_id", String(255), nullable=False),
    Column("kind", String(16), nullable=False),  # "region" | "audience"
    Column("value", String(255), nullable=False),
    Column("holds", Boolean, nullable=False),
    Column("updated_at", Float, nullable=False),
    PrimaryKeyConstraint("conversation_id", "kind", "value"),
    Index("ix_conversation_facts_updated", "updated_at"),
)

# What was learnt of the certainty of answers (knowledge/decision), by content, embedder and configuration.
calibrations = Table(
    "calibrations",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("payload", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
)
