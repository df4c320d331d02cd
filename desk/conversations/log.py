"""The log of a conversation: what staff read to understand what was said before them."""

from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from desk.changes import ANY_QUEUE, Changes, conversation_topic, staff_topic
from desk.database import insert_or_update
from desk.records import Author, Message, moment
from desk.tables import conversation_messages as messages
from desk.tables import conversations, handoffs, staff

BOT_MESSAGES_KEPT = 200
"""How many messages outside a handoff are kept per conversation; those of a handoff are never dropped."""

# Run at every message of a citizen, so made once.
_OPEN_HANDOFF = select(conversations.c.handoff_id).where(conversations.c.id == bindparam("conversation"))
_ADD = insert(messages)
_OUTSIDE = (messages.c.conversation_id == bindparam("conversation"), messages.c.handoff_id.is_(None))
_NEWEST_DROPPED = (
    select(messages.c.id)
    .where(*_OUTSIDE)
    .order_by(messages.c.id.desc())
    .offset(BOT_MESSAGES_KEPT)
    .limit(1)
    .scalar_subquery()
)
_TRIM = delete(messages).where(*_OUTSIDE, messages.c.id <= _NEWEST_DROPPED)


def touch(connection: Connection, conversation_id: str, at: float, **values: Any) -> int | None:
    """Note that something happened now, creating the conversation (owned by the bot) if it is new.

    It writes first, so that the row is locked before anything is read.

    Args:
        values: columns of the conversation to set along.

    Returns:
        The id of the open handoff, if there is one.
    """
    row = {"id": conversation_id, "owner": "bot", "created_at": at, "last_activity_at": at, **values}
    insert_or_update(connection, conversations, row, ("last_activity_at", *values))
    return connection.execute(_OPEN_HANDOFF, {"conversation": conversation_id}).scalar()


def append(
    connection: Connection,
    conversation_id: str,
    author: Author,
    text: str,
    *,
    at: float,
    handoff_id: int | None = None,
    staff_id: int | None = None,
    payload: dict[str, Any] | None = None,
    outbox_id: int | None = None,
) -> int:
    """Add one message and return its id; a message of a handoff also marks the handoff as changed."""
    row = {
        "conversation_id": conversation_id,
        "handoff_id": handoff_id,
        "author": author,
        "staff_id": staff_id,
        "text": text,
        "payload": payload,
        "at": at,
        "outbox_id": outbox_id,
    }
    done = connection.execute(_ADD, row)
    message_id: int = done.inserted_primary_key[0]
    if handoff_id is not None:
        changed: dict[str, Any] = {"last_message_id": message_id}
        if author in ("citizen", "staff"):
            changed |= {"awaiting_reply": author == "citizen", "last_said_at": at}
        if author == "staff":
            changed |= {"first_reply_at": func.coalesce(handoffs.c.first_reply_at, at), "assigned": False}
        connection.execute(update(handoffs).where(handoffs.c.id == handoff_id).values(**changed))
        _tell(connection, conversation_id, handoff_id, staff_id, status=author == "system")
    return message_id


def trim(connection: Connection, conversation_id: str) -> None:
    """Drop the oldest messages outside a handoff beyond `BOT_MESSAGES_KEPT`."""
    connection.execute(_TRIM, {"conversation": conversation_id})


def read(connection: Connection, conversation_id: str, limit: int, after: int = 0) -> list[Message]:
    """The last `limit` messages with a higher id than `after`, oldest first."""
    rows = connection.execute(
        select(messages, staff.c.display_name)
        .select_from(messages.outerjoin(staff, staff.c.id == messages.c.staff_id))
        .where(messages.c.conversation_id == conversation_id, messages.c.id > after)
        .order_by(messages.c.id.desc())
        .limit(limit)
    ).all()
    return [
        Message(
            id=row.id,
            author=row.author,
            text=row.text,
            at=moment(row.at),
            payload=row.payload,
            staff_name=row.display_name,
        )
        for row in reversed(rows)
    ]


def outbox_ids(connection: Connection, conversation_id: str, limit: int) -> dict[int, int]:
    """Message id -> outbox id of the last `limit` replies of staff."""
    rows = connection.execute(
        select(messages.c.id, messages.c.outbox_id)
        .where(messages.c.conversation_id == conversation_id, messages.c.outbox_id.is_not(None))
        .order_by(messages.c.id.desc())
        .limit(limit)
    )
    return {row.id: row.outbox_id for row in rows}


def has_part(connection: Connection, number: str, staff_id: int) -> bool:
    """Does the log of the handoff with this number name this member of staff?"""
    mine = (handoffs.c.number == number, messages.c.staff_id == staff_id)
    same = and_(
        messages.c.conversation_id == handoffs.c.conversation_id, messages.c.handoff_id == handoffs.c.id
    )
    found = select(messages.c.id).select_from(handoffs.join(messages, same)).where(*mine)
    return connection.execute(found.limit(1)).first() is not None


def _tell(
    connection: Connection, conversation_id: str, handoff_id: int, staff_id: int | None, *, status: bool
) -> None:
    """Have the pages that show the conversation redrawn after the commit; all of them where its status changed."""
    holder = connection.execute(select(handoffs.c.claimed_by).where(handoffs.c.id == handoff_id)).scalar()
    topics = [conversation_topic(conversation_id)]
    topics += [staff_topic(each) for each in {holder, staff_id} if each is not None]
    if status:
        topics.append(ANY_QUEUE)
    Changes.after(connection, *topics)
