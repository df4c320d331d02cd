"""Who is at the desk: signed in with a page open, and ready for conversations."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection

from desk.changes import Changes, staff_topic
from desk.database import STAFF, take_turns
from desk.permissions import roles_that_may
from desk.records import StaffMember
from desk.tables import handoffs, staff, staff_sessions


@dataclass(frozen=True)
class Present:
    """A member of staff who is there and ready. `load` of their `capacity` conversations are taken."""

    id: int
    username: str
    display_name: str
    department: str
    role: Any
    load: int
    capacity: int
    last_assigned_at: float

    @property
    def free(self) -> bool:
        return self.load < self.capacity

    def member(self) -> StaffMember:
        """As the rest of the desk knows them."""
        return StaffMember(self.id, self.username, self.display_name, self.department, self.role)


def present(connection: Connection, at: float, within: float, capacity: int) -> list[Present]:
    """Everyone who is there and ready, with how much they have to do.

    Args:
        at: the present, epoch seconds.
        within: seconds within which a session of theirs was seen.
        capacity: conversations at the same time where the account has no number of its own.
    """
    load = (
        select(handoffs.c.claimed_by, func.count().label("load"))
        .where(handoffs.c.status == "claimed")
        .group_by(handoffs.c.claimed_by)
        .subquery()
    )
    statement = (
        select(staff, func.coalesce(load.c.load, 0).label("load"))
        .select_from(staff.outerjoin(load, load.c.claimed_by == staff.c.id))
        .where(staff.c.available, seen(at, within))
        .order_by(staff.c.id)
    )
    return [
        Present(
            row.id,
            row.username,
            row.display_name,
            row.department,
            row.role,
            row.load,
            capacity if row.capacity is None else row.capacity,
            row.last_assigned_at or 0.0,
        )
        for row in connection.execute(statement)
    ]


def online(connection: Connection, at: float, within: float) -> int:
    """How many of those who serve have a page open, ready or not."""
    return int(
        connection.execute(select(func.count()).select_from(staff).where(seen(at, within))).scalar_one()
    )


def gone(connection: Connection, at: float, after: float) -> list[int]:
    """The ids of staff who hold conversations and were not seen for `after` seconds; outside nobody can be seen."""
    holding = select(handoffs.c.claimed_by).where(handoffs.c.status == "claimed")
    statement = select(staff.c.id).where(staff.c.id.in_(holding), ~staff.c.outside, ~seen(at, after))
    return list(connection.execute(statement).scalars())


def set_available(connection: Connection, staff_id: int, available: bool, at: float) -> bool:
    """Note that they are ready, or not; whether that is a change."""
    Changes.after(connection, staff_topic(staff_id))
    take_turns(connection, STAFF)
    same = (staff.c.id == staff_id, staff.c.available != available)
    changed = update(staff).where(*same).values(available=available, available_since=at)
    return bool(connection.execute(changed).rowcount)


def is_available(connection: Connection, staff_id: int) -> bool:
    """Whether they are ready for conversations."""
    return bool(connection.execute(select(staff.c.available).where(staff.c.id == staff_id)).scalar())


def assigned(connection: Connection, staff_id: int, at: float) -> None:
    """Note that they were given a conversation: the next goes to somebody else, where loads are the same."""
    take_turns(connection, STAFF)
    connection.execute(update(staff).where(staff.c.id == staff_id).values(last_assigned_at=at))


def at_the_desk() -> Any:
    """The SQL condition for handoffs that somebody at the desk has, or had: nobody outside it."""
    return handoffs.c.claimed_by.not_in(select(staff.c.id).where(staff.c.outside))


def seen(at: float, within: float) -> Any:
    """The SQL condition for staff who serve and have a page open that asked for news within so many seconds."""
    recent = select(staff_sessions.c.staff_id).where(
        staff_sessions.c.last_seen_at >= at - within, staff_sessions.c.expires_at > at
    )
    serves = staff.c.active & staff.c.role.in_(roles_that_may("serve")) & ~staff.c.must_change_password
    return serves & staff.c.id.in_(recent)
