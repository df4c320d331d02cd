"""Reads handoffs and who is present for the numbers: few narrow columns, nothing that a citizen wrote."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.engine import Connection

from desk.conversations import presence
from desk.supervision.measures import Span
from desk.tables import handoffs, ratings, staff, staff_sessions

_COLUMNS = (
    *(handoffs.c.number, handoffs.c.day, handoffs.c.department, handoffs.c.reason, handoffs.c.status),
    *(handoffs.c.outcome, handoffs.c.created_at, handoffs.c.claimed_at, handoffs.c.claimed_by),
    *(handoffs.c.first_reply_at, handoffs.c.resolved_at, ratings.c.score),
)


@dataclass(frozen=True)
class Case:
    """One handoff as the numbers see it. Times are epoch seconds; `score` is the rating, 1 to 5 for the best."""

    number: str
    day: str
    department: str
    reason: str
    status: str
    outcome: str | None
    created_at: float
    claimed_at: float | None
    claimed_by: int | None
    first_reply_at: float | None
    resolved_at: float | None
    score: int | None

    def wait(self, now: float) -> Span:
        """Until somebody took it."""
        return self._span(self.created_at, self.claimed_at, now)

    def first_response(self, now: float) -> Span:
        """Until the first reply, from the handoff on: what the citizen lives through."""
        return self._span(self.created_at, self.first_reply_at, now)

    def handling(self, now: float) -> Span | None:
        """From being taken until its end; None where nobody took it."""
        return None if self.claimed_at is None else self._span(self.claimed_at, self.resolved_at, now)

    def _span(self, start: float, done: float | None, now: float) -> Span:
        end = done or self.resolved_at or now
        return Span(max(0.0, end - start), done is not None)


@dataclass(frozen=True)
class Seat:
    """Somebody who serves citizens and has a page open. Times are epoch seconds."""

    staff_id: int
    name: str
    department: str
    available: bool
    since: float


def of_day_or_open(connection: Connection, day: str) -> list[Case]:
    """The handoffs of the city's calendar day, and those of any day that are open."""
    open_now = handoffs.c.status.in_(("queued", "claimed"))
    return _read(connection, or_(handoffs.c.day == day, open_now))


def of_days(connection: Connection, first: str, last: str) -> list[Case]:
    """The handoffs of these calendar days, both included."""
    return _read(connection, handoffs.c.day.between(first, last))


def present(connection: Connection, at: float, within: float) -> list[Seat]:
    """Who is there, since they signed in or since they last said that they are at their desk or away.

    Args:
        within: seconds in which a page of theirs asked for news.
    """
    signed_in = func.min(staff_sessions.c.created_at).label("signed_in")
    rows = connection.execute(
        select(
            *(staff.c.id, staff.c.display_name, staff.c.department),
            *(staff.c.available, staff.c.available_since, signed_in),
        )
        .select_from(staff.join(staff_sessions, staff_sessions.c.staff_id == staff.c.id))
        .where(presence.seen(at, within), staff_sessions.c.expires_at > at)
        .group_by(staff.c.id)
        .order_by(staff.c.department, staff.c.display_name, staff.c.id)
    )
    return [
        Seat(
            staff_id=row.id,
            name=row.display_name,
            department=row.department,
            available=row.available,
            since=row.signed_in if row.available_since is None else row.available_since,
        )
        for row in rows
    ]


def _read(connection: Connection, which: Any) -> list[Case]:
    rated = handoffs.outerjoin(ratings, ratings.c.handoff_id == handoffs.c.id)
    in_order = (handoffs.c.day, handoffs.c.day_sequence)
    rows = connection.execute(select(*_COLUMNS).select_from(rated).where(which).order_by(*in_order))
    return [Case(*row) for row in rows]
