"""The staff's side of a ticket while it is handled: who has it, notes, and passing it on."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.errors import NotAllowed
from desk.records import StaffMember
from desk.tables import staff as staff_table
from desk.tickets import store
from desk.tickets.acts import Acts
from desk.tickets.errors import BadField, TicketChanged, TicketTaken, TooManyHops, WrongState
from desk.tickets.records import FOLLOW_UP, EventKind


class Handling(Acts):
    """Who has it, and where it goes."""

    def take(self, connection: Connection, number: str, staff: StaffMember, at: float) -> int:
        """Take a ticket nobody has; taking again what is one's own changes nothing."""
        row = self._open(connection, number, staff)
        if row.assignee_id is None:
            if store.change(connection, row, status="working", assignee_id=staff.id):
                store.log(connection, row.id, "taken", "", at, by=staff)
                return int(row.id)
            row = store.by_id(connection, row.id)  # PostgreSQL: a colleague committed in between
        if row.assignee_id == staff.id:
            return int(row.id)
        if row.assignee_id is None:
            raise TicketChanged(self._texts.say("errors.changed", number=row.number))
        raise TicketTaken(self._texts.say("errors.taken", number=row.number, name=row.staff_name))

    def assign(self, connection: Connection, number: str, staff: StaffMember, to: int, at: float) -> int:
        """Give a ticket to a member of staff; for supervisors."""
        row = self._open(connection, number, staff)
        if not staff.may("supervise"):
            raise NotAllowed(self._texts.say("errors.supervisors_only"))
        statement = select(staff_table).where(staff_table.c.id == to, staff_table.c.active)
        member = connection.execute(statement).first()
        if member is None:
            raise BadField("assignee", self._texts.say("errors.unknown_assignee"))
        if row.kind == FOLLOW_UP and member.role == "staff":
            raise BadField("assignee", self._texts.say("errors.follow_up_assignee"))
        if row.assignee_id == to:
            return int(row.id)
        self._change(connection, row, status="working", assignee_id=to)
        line = self._texts.say("log.assigned", name=member.display_name, department=member.department)
        store.log(connection, row.id, "assigned", line, at, by=staff)
        return int(row.id)

    def note(self, connection: Connection, number: str, staff: StaffMember, text: str, at: float) -> int:
        """Leave a note that only staff read; also on a ticket that has ended."""
        row = self._rights.reached(connection, number, staff)
        store.log(connection, row.id, "noted", self._checks.filled("note", text), at, by=staff)
        return int(row.id)

    def transfer(
        self, connection: Connection, number: str, staff: StaffMember, department: str, reason: str, at: float
    ) -> int:
        """Pass a ticket to another department; whoever had it no longer has it."""
        row = self._open(connection, number, staff)
        department = self._checks.filled("department", department)
        if department not in self.departments(connection):
            raise BadField("department", self._texts.say("errors.unknown_department", department=department))
        return self._pass_on(connection, row, staff, department, reason, "transferred", at)

    def give_back(
        self, connection: Connection, number: str, staff: StaffMember, reason: str, at: float
    ) -> int:
        """Return a ticket to the default department."""
        row = self._open(connection, number, staff)
        department = self._rights.default_department
        return self._pass_on(connection, row, staff, department, reason, "returned", at)

    def departments(self, connection: Connection) -> list[str]:
        """The departments with staff, and the default one."""
        column = staff_table.c.department
        staffed = connection.execute(select(column).where(staff_table.c.active).distinct()).scalars()
        return sorted({*staffed, self._rights.default_department})

    def _pass_on(
        self,
        connection: Connection,
        row: Any,
        staff: StaffMember,
        department: str,
        reason: str,
        kind: EventKind,
        at: float,
    ) -> int:
        self._rights.require_movable(row, staff)
        reason = self._checks.filled("reason", reason)
        if row.kind == FOLLOW_UP:
            raise WrongState(self._texts.say("errors.follow_up_stays"))
        if department == row.department:
            raise BadField("department", self._texts.say("errors.same_department", department=department))
        if row.hops >= self._rules.hops and not staff.may("supervise"):
            raise TooManyHops(self._texts.say("errors.too_many_hops", number=row.number, hops=row.hops))
        self._change(
            connection, row, status="new", assignee_id=None, department=department, hops=row.hops + 1
        )
        line = self._texts.say(f"log.{kind}", origin=row.department, department=department, reason=reason)
        store.log(connection, row.id, kind, line, at, by=staff)
        return int(row.id)
