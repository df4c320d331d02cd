"""The gateway's tables. Times are epoch seconds (UTC), because they are compared."""

from functools import cache
from typing import Any

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

metadata = MetaData()


def insert_missing(connection: Connection, table: Table, values: dict[str, Any]) -> Any:
    """Insert a row unless one with the same key is there; its primary key, None where it was there."""
    done = connection.execute(_insert(connection.dialect.name, table, ()), values)
    return done.inserted_primary_key[0] if done.rowcount else None


def insert_or_update(
    connection: Connection, table: Table, values: dict[str, Any], changed: tuple[str, ...]
) -> None:
    """Insert a row; where one with the same primary key is there, give it the values of the columns `changed`."""
    connection.execute(_insert(connection.dialect.name, table, changed), values)


@cache
def _insert(dialect: str, table: Table, changed: tuple[str, ...]) -> Any:
    """Made once: making a statement takes longer than running it."""
    insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    if not changed:
        return insert.on_conflict_do_nothing()
    fresh = {name: insert.excluded[name] for name in changed}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=fresh)


inbox = Table(
    "inbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dedup_key", String(200), nullable=False, unique=True),
    Column("conversation_id", String(200), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("citizen", String(160), nullable=False),
    # text | location | too_long | subscribe | unsubscribe | session | unheard | image | … (`inbox.KINDS`)
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    # the option of a menu that was tapped, as its message named it
    Column("menu_option", String(20)),
    # waiting | done
    Column("status", String(10), nullable=False),
    # why it is done: answered | to_desk | gave_up | continued | notice | nothing
    Column("outcome", String(20)),
    # how often the platform sent it
    Column("tries", Integer, nullable=False),
    Column("received_at", Float, nullable=False),
    # when the platform says that it was sent, in whole seconds of its clock; none where it does not say
    Column("sent_at", Float),
    Column("done_at", Float),
    # until then a callback may still carry the answer; nobody else sends it before
    Column("reply_until", Float, nullable=False),
    # the passive reply that was handed to the platform, word for word, for its retries
    Column("reply", Text),
    # possible: until it is done, its reply may be the transfer to the platform's own customer service; given: it is
    Column("transfer", String(10)),
    # when it was handed over last
    Column("replied_at", Float),
    # 1: the citizen was told that the answer comes later
    Column("noticed", Integer, nullable=False),
    Index("ix_inbox_status", "status", "id"),
    Index("ix_inbox_conversation", "conversation_id", "id"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation_id", String(200), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("citizen", String(160), nullable=False),
    # the message it answers; none for a staff reply
    Column("inbox_id", Integer, ForeignKey("inbox.id")),
    # bot | staff | system
    Column("author", String(10), nullable=False),
    Column("text", Text, nullable=False),
    # the Answer as JSON, where there is one
    Column("payload", Text),
    # 0, 1, …: the part of a text that was too long for one message
    Column("part", Integer, nullable=False),
    # pending | sending | replying | delivered | dropped; pull: the page fetches it by id
    Column("status", String(10), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("delivered_at", Float),
    # reply | customer_message
    Column("delivered_by", String(20)),
    # the message whose reply carries it
    Column("carried_by", Integer),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", Float, nullable=False),
    Column("error", Text),
    # the message in which it was sent last, as the platform knows it; none once no attempt can have got there
    Column("send_key", String(32)),
    Index("ix_outbox_conversation", "conversation_id", "id"),
    Index("ix_outbox_status", "status", "next_try_at"),
    sqlite_autoincrement=True,
)

citizens = Table(
    "citizens",
    metadata,
    Column("conversation_id", String(200), primary_key=True),
    Column("channel", String(20), nullable=False),
    Column("citizen", String(160), nullable=False),
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    # 1 follows, 0 no longer; null where the channel knows no following
    Column("followed", Integer),
    Column("followed_changed_at", Float),
    # customer messages (wechat/budget.py): when a message, and a tap, last opened a window; what was sent in it since
    Column("message_window_at", Float),
    Column("message_window_sent", Integer, nullable=False, server_default="0"),
    Column("tap_window_at", Float),
    Column("tap_window_sent", Integer, nullable=False, server_default="0"),
)

# One access token for all processes, and who is fetching the next one.
access_tokens = Table(
    "access_tokens",
    metadata,
    Column("appid", String(64), primary_key=True),
    Column("token", Text, nullable=False),
    Column("valid_until", Float, nullable=False),
    # a process that set this is fetching a token until then
    Column("fetching_until", Float, nullable=False),
)

# How far WeCom's messages have been pulled, by the customer service account (open_kfid).
kf_cursors = Table(
    "kf_cursors",
    metadata,
    Column("open_kfid", String(64), primary_key=True),
    # up to where everything is stored; "" before the first page
    Column("cursor", String(128), nullable=False),
    # when the account was first served here: what was sent before is history
    Column("since", Float, nullable=False),
)

callback_nonces = Table(
    "callback_nonces",
    metadata,
    # sha256 of what the signature covers
    Column("digest", String(64), primary_key=True),
    # the message it was first used for
    Column("used_for", String(200), nullable=False),
    Column("seen_at", Float, nullable=False),
    Index("ix_callback_nonces_seen", "seen_at"),
)
