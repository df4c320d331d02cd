"""What the clock does to tickets: reminding, escalating, closing what nobody reopened."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.texts import Texts
from desk.tickets import store
from desk.tickets.records import OPEN, Calendar, Kind
from desk.tickets.rules import Rules
from desk.tickets.tables import tickets

BATCH = 200
"""How many tickets one look at the clock takes up; the rest is taken up at the next."""


class Deadlines:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        rules: how many working days each kind has.
        calendar: the departments' working days.
        texts: the tickets' Chinese texts.
    """

    def __init__(self, rules: Rules, calendar: Calendar, texts: Texts) -> None:
        self._rules = rules
        self._calendar = calendar
        self._texts = texts

    def fresh(self, kind: Kind, department: str, at: float) -> dict[str, Any]:
        """The columns of a deadline that begins now."""
        due_at = self._calendar.due(department, at, self._rules.working_days[kind])
        remind_at = self._calendar.shift(department, due_at, -self._rules.remind_before)
        return {
            "due_at": due_at,
            "remind_at": remind_at,
            "next_at": remind_at,
            "reminded_at": None,
            "escalated_at": None,
        }

    def ripe(self, connection: Connection, at: float) -> list[int]:
        """The ids of the tickets for which it is time, the longest waiting first."""
        statement = select(tickets.c.id).where(tickets.c.next_at <= at).order_by(tickets.c.next_at)
        return list(connection.execute(statement.limit(BATCH)).scalars())

    def act(self, connection: Connection, ticket_id: int, at: float) -> bool:
        """Do what is due for one ticket; `False` where another process was faster."""
        row = store.by_id(connection, ticket_id)
        if row.next_at is None or row.next_at > at:
            return False
        if row.status not in OPEN:
            done = store.change(connection, row, status="closed", closed_at=at, next_at=None)
            kind, text = "closed", self._texts.say("log.closed_by_time", days=self._rules.reopen_days)
        elif row.due_at <= at:
            done = store.change(connection, row, escalated_at=at, next_at=None)
            kind, text = "escalated", self._texts.say("log.escalated")
        else:
            done = store.change(connection, row, reminded_at=at, next_at=row.due_at)
            until = self._calendar.describe(row.due_at, at)
            kind, text = "reminded", self._texts.say("log.reminded", until=until)
        if done:
            store.log(connection, ticket_id, kind, text, at)  # type: ignore[arg-type]
        return done
