"""The citizen's side of tickets: opening one, asking about it, having it handled again."""

from dataclasses import replace
from datetime import tzinfo
from typing import Any, get_args

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from desk.texts import Texts
from desk.tickets import numbers, store
from desk.tickets.checks import Checks
from desk.tickets.deadlines import Deadlines
from desk.tickets.errors import BadField, NotReopenable, TicketChanged, UnknownTicket
from desk.tickets.records import FOLLOW_UP, OPEN, Calendar, Kind, Ticket, TicketRequest
from desk.tickets.tables import ticket_events, tickets

SHOWN = 5
"""How many tickets a citizen is told of at once."""
_ATTEMPTS = 2


class Intake:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        texts: the tickets' Chinese texts.
        checks: the limits of what may be written.
        deadlines: gives a new ticket its deadline.
        calendar: says moments to citizens.
        zone: the city's time zone, whose calendar day numbers the tickets.
        default_department: who gets what has no department.
    """

    def __init__(
        self,
        texts: Texts,
        checks: Checks,
        deadlines: Deadlines,
        calendar: Calendar,
        zone: tzinfo,
        default_department: str,
    ) -> None:
        self._texts = texts
        self._checks = checks
        self._deadlines = deadlines
        self._calendar = calendar
        self._zone = zone
        self._default_department = default_department

    def open(self, connection: Connection, request: TicketRequest, at: float) -> Ticket:
        """Make the ticket, or give the one that this message has opened already."""
        request = self._checked(request)
        for attempt in range(_ATTEMPTS):
            found = self._of_message(connection, request)
            if found is not None:
                return store.as_ticket(found, at, already_open=True)
            try:
                with connection.begin_nested():
                    ticket_id = self._create(connection, request, at)
                return store.as_ticket(store.by_id(connection, ticket_id), at)
            except IntegrityError:  # PostgreSQL: another transaction opened one for this message just now
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def of_conversation(
        self, connection: Connection, conversation_id: str, number: str | None, at: float
    ) -> list[Ticket]:
        """The citizen's own tickets, newest first; internal ones are never among them."""
        statement = store.joined().where(
            tickets.c.conversation_id == conversation_id, tickets.c.kind != FOLLOW_UP
        )
        if number is not None:
            statement = statement.where(tickets.c.number == numbers.normalise(number))
        rows = connection.execute(statement.order_by(tickets.c.id.desc()).limit(SHOWN))
        return [store.as_ticket(row, at) for row in rows]

    def reopen(
        self,
        connection: Connection,
        conversation_id: str,
        number: str,
        reason: str,
        message_id: str | None,
        at: float,
    ) -> Ticket:
        """Have an answered ticket handled again, by who had it, with a new deadline."""
        row = store.by_number(connection, number)
        if row is None or row.conversation_id != conversation_id or row.kind == FOLLOW_UP:
            raise UnknownTicket(self._texts.say("errors.not_this_citizens", number=number))
        if message_id is not None and self._reopened_by(connection, row.id, message_id):
            return store.as_ticket(row, at, already_open=True)
        self._require_reopenable(row, at)
        reason = self._checks.optional("reason", reason)
        # One that was merged comes back on its own: the other's answer did not settle it.
        heir = row if row.merged_into_id is None else store.by_id(connection, row.merged_into_id)
        keeps = heir.assignee_id is not None and heir.staff_active
        done = store.change(
            connection,
            row,
            **self._deadlines.fresh(row.kind, heir.department, at),
            status="working" if keeps else "new",
            department=heir.department,
            assignee_id=heir.assignee_id if keeps else None,
            result=None,
            answered_at=None,
            closed_at=None,
            reopen_until=None,
            merged_into_id=None,
            reopened=row.reopened + 1,
        )
        if not done:
            raise TicketChanged(self._texts.say("errors.changed", number=row.number))
        store.log(connection, row.id, "reopened", reason, at, actor="citizen", message_id=message_id)
        return store.as_ticket(store.by_id(connection, row.id), at)

    def _require_reopenable(self, row: Any, at: float) -> None:
        if row.status in OPEN:
            until = self._calendar.describe(row.due_at, at)
            raise NotReopenable(self._texts.say("errors.reopen_open", number=row.number, until=until))
        if row.reopen_until is None:
            raise NotReopenable(
                self._texts.say("errors.reopen_merged", number=row.number, into=row.merged_into)
            )
        if at >= row.reopen_until:
            until = self._calendar.describe(row.reopen_until, at)
            raise NotReopenable(self._texts.say("errors.reopen_late", number=row.number, until=until))

    def _reopened_by(self, connection: Connection, ticket_id: int, message_id: str) -> bool:
        event = ticket_events.c
        same = (event.ticket_id == ticket_id, event.kind == "reopened", event.message_id == message_id)
        return connection.execute(select(event.id).where(*same)).first() is not None

    def _of_message(self, connection: Connection, request: TicketRequest) -> Any:
        if request.message_id is None:
            return None
        internal = tickets.c.kind == FOLLOW_UP if request.kind == FOLLOW_UP else tickets.c.kind != FOLLOW_UP
        same = (
            tickets.c.conversation_id == request.conversation_id,
            tickets.c.message_id == request.message_id,
            internal,
        )
        return connection.execute(store.joined().where(*same)).first()

    def _create(self, connection: Connection, request: TicketRequest, at: float) -> int:
        department = request.department or self._default_department
        values = {
            "conversation_id": request.conversation_id,
            "kind": request.kind,
            "subject": request.subject,
            "details": request.details,
            "place": request.place,
            "contact": request.contact if request.contact_consent else None,
            "contact_consent": request.contact_consent,
            "department": department,
            "handoff_number": request.handoff_number,
            "answer_id": request.answer_id,
            "message_id": request.message_id,
            **self._deadlines.fresh(request.kind, department, at),
        }
        ticket_id = store.create(connection, values, at, self._zone)
        unsaid = request.contact is not None and not request.contact_consent
        text = self._texts.say("log.contact_not_kept") if unsaid else ""
        actor = None if request.opened_by or request.kind == FOLLOW_UP else "citizen"
        store.log(connection, ticket_id, "created", text, at, by=request.opened_by, actor=actor)  # type: ignore[arg-type]
        return ticket_id

    def _checked(self, request: TicketRequest) -> TicketRequest:
        if request.kind not in get_args(Kind):
            known = "、".join(get_args(Kind))
            raise BadField("kind", self._texts.say("errors.unknown_kind", kind=request.kind, known=known))
        return replace(
            request,
            subject=self._checks.filled("subject", request.subject),
            details=self._checks.optional("details", request.details),
            place=self._checks.optional("place", request.place) or None,
            contact=self._checks.optional("contact", request.contact) or None,
            department=self._checks.optional("department", request.department) or None,
        )
