"""Handoffs: their numbers, the order of the queue, and reading them."""

from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.engine import Connection

from desk.conversations.routing import Routing
from desk.database import HANDOFF_NUMBERS, take_turns
from desk.records import Handoff, Outcome, StaffMember, moment, moment_or_none
from desk.tables import conversation_messages, conversations, handoffs, staff

ORDER = (handoffs.c.priority.desc(), handoffs.c.queue_order, handoffs.c.id)
"""Emergencies first, then who came first; whoever comes back to the queue has the place of their arrival."""


def create(
    connection: Connection, values: dict[str, Any], at: float, zone: tzinfo, **ended: Any
) -> tuple[int, str]:
    """Insert a queued handoff with the city day's next number, and link the conversation to it.

    Args:
        ended: columns of one that is over as soon as it begins; the conversation is not linked to it then.

    Returns:
        Its id and its number, such as `20261123-0007`.
    """
    take_turns(connection, HANDOFF_NUMBERS)
    day = datetime.fromtimestamp(at, zone).strftime("%Y%m%d")
    last = connection.execute(select(func.max(handoffs.c.day_sequence)).where(handoffs.c.day == day)).scalar()
    sequence = (last or 0) + 1
    number = f"{day}-{sequence:04d}"
    row = {
        **values,
        "number": number,
        "day": day,
        "day_sequence": sequence,
        "status": "queued",
        "queue_order": at,
        "queued_at": at,
        "created_at": at,
        "last_said_at": at,
        "awaiting_reply": True,
        **ended,
    }
    done = connection.execute(insert(handoffs).values(**row))
    handoff_id: int = done.inserted_primary_key[0]
    if ended:
        return handoff_id, number
    same = conversations.c.id == values["conversation_id"]
    connection.execute(update(conversations).where(same).values(handoff_id=handoff_id))
    return handoff_id, number


def claim(
    connection: Connection, handoff_id: int, staff_id: int, at: float, *, assigned: bool = False
) -> None:
    """Mark as claimed, or as given to somebody; the caller has won the ownership."""
    _update(connection, handoff_id, status="claimed", claimed_by=staff_id, claimed_at=at, assigned=assigned)


def requeue(connection: Connection, handoff_id: int, at: float, **values: Any) -> None:
    """Mark as waiting again, at the place of its arrival; the caller has changed the owner."""
    values = {"claimed_by": None, "claimed_at": None, "ticket_offered_at": None, "queued_at": at, **values}
    _update(connection, handoff_id, status="queued", assigned=False, awaiting_reply=True, **values)


def change(connection: Connection, handoff_id: int, **values: Any) -> None:
    """Set columns of a handoff."""
    _update(connection, handoff_id, **values)


def close(connection: Connection, handoff_id: int, outcome: Outcome, at: float, **values: Any) -> None:
    """Mark as ended: by staff (`resolved`), by the citizen (`cancelled`, or `idle`), or as a `ticket`."""
    _update(
        connection,
        handoff_id,
        status="resolved",
        outcome=outcome,
        resolved_at=at,
        awaiting_reply=False,
        **values,
    )


def departments(connection: Connection) -> list[str]:
    """The departments for which somebody waits."""
    statement = select(handoffs.c.department.distinct()).where(handoffs.c.status == "queued")
    return list(connection.execute(statement).scalars())


def position(connection: Connection, row: Any, routes: Routing) -> int:
    """The place in the queue of those who take it, from 1, or 0 for a handoff that no longer waits."""
    if row.status != "queued":
        return 0
    same = handoffs.c.priority == row.priority
    ahead = or_(
        handoffs.c.priority > row.priority,
        and_(same, handoffs.c.queue_order < row.queue_order),
        and_(same, handoffs.c.queue_order == row.queue_order, handoffs.c.id < row.id),
    )
    count: int = connection.execute(
        select(func.count())
        .select_from(handoffs)
        .where(handoffs.c.status == "queued", ahead, routes.same_queue(row.department))
    ).scalar_one()
    return count + 1


def answers_others(connection: Connection, staff_id: int, since: float) -> bool:
    """Has this member of staff said something since then in a conversation that they have?"""
    theirs = select(handoffs.c.conversation_id).where(
        handoffs.c.claimed_by == staff_id, handoffs.c.status == "claimed"
    )
    said = conversation_messages.c
    statement = select(said.id).where(
        said.conversation_id.in_(theirs), said.staff_id == staff_id, said.at > since, said.author == "staff"
    )
    return connection.execute(statement.limit(1)).first() is not None


def by_id(connection: Connection, handoff_id: int) -> Any:
    """The joined row of one handoff (see `as_handoff`), or None."""
    return connection.execute(_joined().where(handoffs.c.id == handoff_id)).first()


def by_number(connection: Connection, number: str) -> Any:
    """The joined row of the handoff with this number, or None."""
    return connection.execute(_joined().where(handoffs.c.number == number)).first()


def latest(connection: Connection, conversation_id: str, routes: Routing) -> Handoff | None:
    """The conversation's newest handoff, or None."""
    newest = _joined().where(handoffs.c.conversation_id == conversation_id)
    row = connection.execute(newest.order_by(handoffs.c.id.desc()).limit(1)).first()
    return None if row is None else as_handoff(row, position(connection, row, routes))


def queued(
    connection: Connection, routes: Routing, department: str | None = None, limit: int | None = None
) -> list[Handoff]:
    """Who waits for the staff of this department, in order; without one, all, each with the place in its own queue."""
    waiting = select_queued(routes, department).order_by(*ORDER).limit(limit)
    found, places = [], dict[str, int]()
    for row in connection.execute(waiting):
        taker = routes.taker(row.department)
        places[taker] = places.get(taker, 0) + 1
        found.append(as_handoff(row, places[taker]))
    return found


def select_queued(routes: Routing, department: str | None) -> Any:
    """The statement for who waits for the staff of this department; without one, for all."""
    waiting = _joined().where(handoffs.c.status == "queued")
    return waiting if department is None else waiting.where(routes.served_by(department))


def count_queued(connection: Connection, routes: Routing, department: str | None = None) -> int:
    """How many wait for the staff of this department; without one, all."""
    waiting = select_queued(routes, department).subquery()
    return int(connection.execute(select(func.count()).select_from(waiting)).scalar_one())


def claimed_by(connection: Connection, staff_id: int) -> list[Handoff]:
    """What this member of staff is serving: emergencies, then where a citizen waits for an answer."""
    rows = connection.execute(
        _joined()
        .where(handoffs.c.status == "claimed", handoffs.c.claimed_by == staff_id)
        .order_by(
            handoffs.c.priority.desc(), handoffs.c.awaiting_reply.desc(), handoffs.c.last_message_id.desc()
        )
    )
    return [as_handoff(row, 0) for row in rows]


def outside(connection: Connection, routes: Routing, department: str | None, limit: int) -> list[Handoff]:
    """What staff outside the desk have of the conversations that the staff of this department take, oldest first."""
    held = _joined().where(handoffs.c.status == "claimed", staff.c.outside)
    mine = held if department is None else held.where(routes.served_by(department))
    return [as_handoff(row, 0) for row in connection.execute(mine.order_by(handoffs.c.id).limit(limit))]


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
        priority=row.priority,
        assigned=row.assigned,
        hops=row.hops,
        ticket_number=row.ticket_number,
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
