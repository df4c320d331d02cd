"""Who owns a conversation: every change is one compare-and-set inside the caller's transaction.

    bot ──to_queue──> queue ──to_staff──> staff
     ^                  │                   │
     └──from_queue_to_bot┴─from_staff_to_bot┘

Each function changes nothing and returns False when the conversation is not where it was expected, so of
two callers at the same moment exactly one goes on.
"""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection

from desk.tables import conversations, handoffs

_RETURNED = {"owner": "bot", "staff_id": None, "handoff_id": None, "restart_due": True}


def read(connection: Connection, conversation_id: str) -> Any:
    """The row with owner, staff_id, handoff_id and restart_due, or None for an unknown conversation."""
    return connection.execute(select(conversations).where(conversations.c.id == conversation_id)).first()


def to_queue(connection: Connection, conversation_id: str) -> bool:
    """bot → queue. A restart of the dialogue that was still due has become pointless."""
    return _compare_and_set(
        connection, {"id": conversation_id, "owner": "bot"}, {"owner": "queue", "restart_due": False}
    )


def to_staff(connection: Connection, number: str, staff_id: int) -> bool:
    """queue → staff, if the handoff with this number is still the one that waits."""
    waiting = select(handoffs.c.id).where(handoffs.c.number == number).scalar_subquery()
    return _compare_and_set(
        connection, {"handoff_id": waiting, "owner": "queue"}, {"owner": "staff", "staff_id": staff_id}
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
