"""Who owns a conversation: every change is one compare-and-set inside the caller's transaction.

    bot ──to_queue──> queue ──to_staff──> staff ──to_colleague──> staff
     ^                  │ ^──back_to_queue──┤
     └──from_queue_to_bot┴─from_staff_to_bot┘

Each function changes nothing and returns False when the conversation is not where it was expected, so of
two callers at the same moment exactly one goes on.
"""

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection

from desk.tables import conversations

# Run at every message of a citizen, so made once.
_READ = select(conversations).where(conversations.c.id == bindparam("conversation"))
_READ_LOCKED = _READ.with_for_update()
_RETURNED = {"owner": "bot", "staff_id": None, "handoff_id": None, "restart_due": True}


def read(connection: Connection, conversation_id: str, *, locked: bool = False) -> Any:
    """The row with owner, staff_id, handoff_id, rating_id and restart_due, or None for an unknown conversation.

    Args:
        locked: nobody changes it before the commit (on SQLite a writing transaction sees to that by itself).
    """
    statement = _READ_LOCKED if locked else _READ
    return connection.execute(statement, {"conversation": conversation_id}).first()


def lock(connection: Connection, conversation_id: str, handoff_id: int) -> bool:
    """Is this still the conversation's open handoff? Locks the row, so that what is read after it stays so."""
    row = read(connection, conversation_id, locked=True)
    return row is not None and row.handoff_id == handoff_id


def to_queue(connection: Connection, conversation_id: str) -> bool:
    """bot → queue. A restart of the dialogue that was still due has become pointless."""
    return _compare_and_set(
        connection, {"id": conversation_id, "owner": "bot"}, {"owner": "queue", "restart_due": False}
    )


def to_staff(connection: Connection, conversation_id: str, handoff_id: int, staff_id: int) -> bool:
    """queue → staff, if this handoff is still the one that waits."""
    return _compare_and_set(
        connection,
        {"id": conversation_id, "handoff_id": handoff_id, "owner": "queue"},
        {"owner": "staff", "staff_id": staff_id},
    )


def to_colleague(connection: Connection, conversation_id: str, staff_id: int, colleague_id: int) -> bool:
    """staff → staff, if this member of staff owns it."""
    return _compare_and_set(
        connection,
        {"id": conversation_id, "owner": "staff", "staff_id": staff_id},
        {"staff_id": colleague_id},
    )


def back_to_queue(connection: Connection, conversation_id: str, staff_id: int) -> bool:
    """staff → queue, if this member of staff owns it."""
    return _compare_and_set(
        connection,
        {"id": conversation_id, "owner": "staff", "staff_id": staff_id},
        {"owner": "queue", "staff_id": None},
    )


def from_queue_to_bot(connection: Connection, conversation_id: str) -> bool:
    """queue → bot: the citizen no longer wants to wait."""
    return _compare_and_set(connection, {"id": conversation_id, "owner": "queue"}, _RETURNED)


def from_staff_to_bot(connection: Connection, conversation_id: str, staff_id: int) -> bool:
    """staff → bot, if this member of staff owns it."""
    return _compare_and_set(
        connection, {"id": conversation_id, "owner": "staff", "staff_id": staff_id}, _RETURNED
    )


def hold(connection: Connection, conversation_id: str, staff_id: int, at: float) -> bool:
    """Is it owned by this member of staff? Locks the row, so that it stays so until the commit."""
    return _compare_and_set(
        connection, {"id": conversation_id, "owner": "staff", "staff_id": staff_id}, {"last_activity_at": at}
    )


def restarted(connection: Connection, conversation_id: str) -> bool:
    """Note that the dialogue was restarted."""
    return _compare_and_set(
        connection, {"id": conversation_id, "owner": "bot", "restart_due": True}, {"restart_due": False}
    )


def _compare_and_set(connection: Connection, expected: dict[str, Any], new: dict[str, Any]) -> bool:
    statement = update(conversations).values(**new)
    for column, value in expected.items():
        statement = statement.where(conversations.c[column] == value)
    return bool(connection.execute(statement).rowcount == 1)
