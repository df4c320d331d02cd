"""Tickets for the desk: what becomes of a conversation that nobody takes."""

from sqlalchemy.engine import Connection

from desk.records import TicketReceipt
from desk.tickets import store
from desk.tickets.records import OPEN, Kind, Ticket, TicketRequest
from desk.tickets.service import Tickets


class Maker:
    """`desk.ports.TicketMaker` over the tickets' service."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    def make(
        self,
        connection: Connection,
        *,
        kind: Kind,
        conversation_id: str,
        subject: str,
        details: str,
        department: str,
        handoff_number: str,
        answer_id: str | None,
    ) -> TicketReceipt:
        """Make a ticket of a handoff; what is longer than a ticket may be stays readable in the conversation."""
        limits = self._tickets.rules.limits
        request = TicketRequest(
            conversation_id,
            kind,
            self._shortened(subject, limits["subject"]),
            details=self._shortened(details, limits["details"]),
            department=department,
            handoff_number=handoff_number,
            answer_id=answer_id,
        )
        return self._receipt(self._tickets.open(request, connection))

    def add(self, connection: Connection, number: str, text: str) -> TicketReceipt | None:
        """Add what the citizen says to an unfinished ticket, once; None where it is finished."""
        row = store.by_number(connection, number)
        if row is None or row.status not in OPEN:
            return None
        at = self._tickets.clock()
        limit = self._tickets.rules.limits["details"]
        said = self._shortened(text, limit)
        noted = [event.text for event in store.events_of(connection, row.id) if event.kind == "noted"]
        if said not in (row.details, *noted):
            store.log(connection, row.id, "noted", said, at, actor="citizen")
        return self._receipt(store.as_ticket(row, at))

    def _receipt(self, ticket: Ticket) -> TicketReceipt:
        due = self._tickets.calendar.describe(ticket.due_at.timestamp(), self._tickets.clock())
        return TicketReceipt(ticket.number, due)

    def _shortened(self, text: str, limit: int) -> str:
        rest = self._tickets.texts.say("shortened")
        return text if len(text) <= limit else text[: limit - len(rest)] + rest
