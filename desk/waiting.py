"""Handoffs: their numbers, the order of the queue, and reading them."""

from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.engine import Connection

from desk.records import Handoff, Outcome, StaffMember, moment, moment_or_none
from desk.tables import conversations, handoffs, staff, staff_sessions

ONLINE_SECONDS = 180
"""A member of staff counts as online when a session of theirs was seen within this time."""


def create(connection: Connection, values: dict[str, Any], at: float, zone: tzinfo) -> tuple[int, str]:
    """Insert a queued handoff with the city day's next number, and link the conversation to it.

    Returns:
        Its id and its number, such as `20261123-0007`.

    Raises:
        sqlalchemy.exc.IntegrityError: another transaction took the same number; try again.
    """
    day = datetime.fromtimestamp(at, zone).strftime("%Y%m%d")
    last = connection.execute(select(func.max(handoffs.c.day_sequence)).where(handoffs.c.day == day)).scalar()
    sequence = (last or 0) + 1
    number = f"{day}-{sequence:04d}"
    done = connection.execute(
        insert(handoffs).values(
            **values,
            number=number,
            day=day,
            day_sequence=sequence,
            status="queued",
            queue_order=at,
            created_at=at,
            awaiting_reply=True,
        )
    )
    handoff_id: int = done.inserted_primary_key[0]
    same = conversations.c.id == values["conversation_id"]
    connection.execute(update(conversations).where(same).values(handoff_id=handoff_id))
    return handoff_id, number


def claim(connection: Connection, handoff_id: int, staff_id: int, at: float) -> None:
    """Mark as claimed; the caller has won the ownership."""
    _update(connection, handoff_id, status="claimed", claimed_by=staff_id, claimed_at=at)


def close(connection: Connection, handoff_id: int, outcome: Outcome, at: float) -> None:
    """Mark as ended, by staff (`resolved`) or by the citizen (`cancelled`)."""
    _update(connection, handoff_id, status="resolved", outcome=outcome, resolved_at=at, awaiting_reply=False)


def acknowledge(connection: Connection, handoff_id: int, at: float) -> None:
    """Note that the waiting citizen was told their position."""
    _update(connection, handoff_id, acknowledged_at=at)


def position(connection: Connection, row: Any) -> int:
    """The place in the queue from 1, or 0 for a handoff that no longer waits."""
    if row.status != "queued":
        return 0
    ahead = or_(
        handoffs.c.queue_order < row.queue_order,
        (handoffs.c.queue_order == row.queue_order) & (handoffs.c.id < row.id),
    )
    count: int = connection.execute(
        select(func.count()).select_from(handoffs).where(handoffs.c.status == "queued", ahead)
    ).scalar_one()
    return count + 1


def by_id(connection: Connection, handoff_id: int) -> Any:
    """The joined row of one handoff (see `as_handoff`), or None."""
    return connection.execute(_joined().where(handoffs.c.id == handoff_id)).first()


def by_number(connection: Connection, number: str) -> Any:
    """The joined row of the handoff with this number, or None."""
    return connection.execute(_joined().where(handoffs.c.number == number)).first()


def latest(connection: Connection, conversation_id: str) -> Handoff | None:
    """The conversation's newest handoff, or None."""
    newest = _joined().where(handoffs.c.conversation_id == conversation_id)
    row = connection.execute(newest.order_by(handoffs.c.id.desc()).limit(1)).first()
    return None if row is None else as_handoff(row, position(connection, row))


def queued(connection: Connection, limit: int | None = None) -> list[Handoff]:
    """Who waits, first come first; at most `limit` of them."""
    rows = connection.execute(
        _joined()
        .where(handoffs.c.status == "queued")
        .order_by(handoffs.c.queue_order, handoffs.c.id)
        .limit(limit)
    )
    return [as_handoff(row, place) for place, row in enumerate(rows, start=1)]


def count_queued(connection: Connection) -> int:
    """How many wait."""
    statement = select(func.count()).select_from(handoffs).where(handoffs.c.status == "queued")
    return int(connection.execute(statement).scalar_one())


def claimed_by(connection: Connection, staff_id: int) -> list[Handoff]:
    """What this member of staff is serving; where a citizen waits for an answer comes first."""
    rows = connection.execute(
        _joined()
        .where(handoffs.c.status == "claimed", handoffs.c.claimed_by == staff_id)
        .order_by(handoffs.c.awaiting_reply.desc(), handoffs.c.last_message_id.desc())
    )
    return [as_handoff(row, 0) for row in rows]


def staff_online(connection: Connection, at: float) -> int:
    """How many active members of staff have a page open now."""
    statement = (
        select(func.count(staff_sessions.c.staff_id.distinct()))
        .select_from(staff_sessions.join(staff, staff.c.id == staff_sessions.c.staff_id))
        .where(
            staff.c.active,
            staff_sessions.c.last_seen_at >= at - ONLINE_SECONDS,
            staff_sessions.c.expires_at > at,
        )
    )
    return int(connection.execute(statement).scalar_one())


def as_handoff(row: Any, place: int) -> Handoff:
    """A joined row and its place in the queue as the public record."""
    member = None
    if row.claimed_by is not None:
        member = StaffMember(
            row.claimed_by, row.staff_username, row.staff_name, row.staff_department, row.staff_role
        )
    return Handoff(
        number=row.number,
        conversation_id=row.conversation_id,
        status=row.status,
        position=place,
        reason=row.reason,
        department=row.department,
        question=row.question,
        answer_id=row.answer_id,
        created_at=moment(row.created_at),
        claimed_at=moment_or_none(row.claimed_at),
        claimed_by=member,
        resolved_at=moment_or_none(row.resolved_at),
        outcome=row.outcome,
        awaiting_reply=row.awaiting_reply,
        last_message_id=row.last_message_id or 0,
    )


def _update(connection: Connection, handoff_id: int, **values: Any) -> None:
    connection.execute(update(handoffs).where(handoffs.c.id == handoff_id).values(**values))


def _joined() -> Any:
    return select(
        handoffs,
        staff.c.username.label("staff_username"),
        staff.c.display_name.label("staff_name"),
        staff.c.department.label("staff_department"),
        staff.c.role.label("staff_role"),
    ).select_from(handoffs.outerjoin(staff, staff.c.id == handoffs.c.claimed_by))
