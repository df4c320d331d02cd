"""Reading and changing tickets, inside the caller's transaction; every change comes with its event."""

from datetime import tzinfo
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection

from desk.database import TICKET_NUMBERS, take_turns
from desk.records import StaffMember, moment, moment_or_none
from desk.tables import staff
from desk.tickets import numbers
from desk.tickets.records import OPEN, Actor, Deadline, Event, EventKind, Ticket
from desk.tickets.tables import ticket_events as events
from desk.tickets.tables import tickets

_target = tickets.alias("target")


def create(connection: Connection, values: dict[str, Any], at: float, zone: tzinfo) -> int:
    """Insert a new ticket with the city day's next number, and give its id.

    Raises:
        sqlalchemy.exc.IntegrityError: another transaction opened it for the same message.
    """
    take_turns(connection, TICKET_NUMBERS)
    day = numbers.day_of(at, zone)
    last = connection.execute(select(func.max(tickets.c.day_sequence)).where(tickets.c.day == day)).scalar()
    sequence = (last or 0) + 1
    done = connection.execute(
        insert(tickets).values(
            **values,
            number=numbers.compose(day, sequence),
            day=day,
            day_sequence=sequence,
            status="new",
            version=1,
            reopened=0,
            hops=0,
            created_at=at,
        )
    )
    ticket_id: int = done.inserted_primary_key[0]
    return ticket_id


def change(connection: Connection, row: Any, **values: Any) -> bool:
    """Set values if the ticket is still as `row` shows it; whether it was."""
    same = (tickets.c.id == row.id) & (tickets.c.version == row.version)
    done = connection.execute(update(tickets).where(same).values(version=row.version + 1, **values))
    return bool(done.rowcount == 1)


def log(
    connection: Connection,
    ticket_id: int,
    kind: EventKind,
    text: str,
    at: float,
    *,
    by: StaffMember | None = None,
    actor: Actor | None = None,
    message_id: str | None = None,
) -> None:
    """Append one line to the ticket's log; without `actor` it is the member of staff, else the system."""
    connection.execute(
        insert(events).values(
            ticket_id=ticket_id,
            kind=kind,
            actor=actor or ("staff" if by else "system"),
            staff_id=by.id if by else None,
            message_id=message_id,
            text=text,
            at=at,
        )
    )


def by_id(connection: Connection, ticket_id: int) -> Any:
    """The joined row of one ticket (see `as_ticket`), or None."""
    return connection.execute(joined().where(tickets.c.id == ticket_id)).first()


def by_number(connection: Connection, number: str) -> Any:
    """The joined row of the ticket with this number, however it is written, or None."""
    known = numbers.normalise(number)
    if known is None:
        return None
    return connection.execute(joined().where(tickets.c.number == known)).first()


def merged_into(connection: Connection, ticket_id: int) -> list[Any]:
    """The rows of the tickets that were merged into this one, oldest first."""
    statement = joined().where(tickets.c.merged_into_id == ticket_id).order_by(tickets.c.id)
    return list(connection.execute(statement))


def events_of(connection: Connection, ticket_id: int) -> list[Event]:
    """The ticket's log, oldest first."""
    statement = (
        select(events, staff.c.display_name)
        .select_from(events.outerjoin(staff, staff.c.id == events.c.staff_id))
        .where(events.c.ticket_id == ticket_id)
        .order_by(events.c.id)
    )
    return [
        Event(kind=row.kind, actor=row.actor, staff=row.display_name, text=row.text, at=moment(row.at))
        for row in connection.execute(statement)
    ]


def joined() -> Any:
    """Tickets with who has them and what they were merged into."""
    return select(
        tickets,
        staff.c.username.label("staff_username"),
        staff.c.display_name.label("staff_name"),
        staff.c.department.label("staff_department"),
        staff.c.role.label("staff_role"),
        staff.c.active.label("staff_active"),
        _target.c.number.label("merged_into"),
    ).select_from(
        tickets.outerjoin(staff, staff.c.id == tickets.c.assignee_id).outerjoin(
            _target, _target.c.id == tickets.c.merged_into_id
        )
    )


def as_ticket(row: Any, at: float, already_open: bool = False) -> Ticket:
    """A joined row as the public record, at this moment."""
    assignee = None
    if row.assignee_id is not None:
        assignee = StaffMember(
            row.assignee_id, row.staff_username, row.staff_name, row.staff_department, row.staff_role
        )
    reopenable = row.status not in OPEN and row.reopen_until is not None and at < row.reopen_until
    return Ticket(
        number=row.number,
        kind=row.kind,
        status=row.status,
        subject=row.subject,
        details=row.details,
        place=row.place,
        contact=row.contact,
        contact_consent=row.contact_consent,
        conversation_id=row.conversation_id,
        handoff_number=row.handoff_number,
        answer_id=row.answer_id,
        department=row.department,
        assignee=assignee,
        due_at=moment(row.due_at),
        deadline=_deadline(row, at),
        result=row.result,
        answered_at=moment_or_none(row.answered_at),
        closed_at=moment_or_none(row.closed_at),
        reopenable_until=moment(row.reopen_until) if reopenable else None,
        reopened=row.reopened,
        hops=row.hops,
        merged_into=row.merged_into,
        escalated_at=moment_or_none(row.escalated_at),
        created_at=moment(row.created_at),
        already_open=already_open,
    )


def _deadline(row: Any, at: float) -> Deadline:
    if row.status not in OPEN:
        return "none"
    if row.due_at <= at:
        return "overdue"
    return "due_soon" if row.remind_at <= at else "in_time"
