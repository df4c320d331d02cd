"""Who sees a ticket, and who may do what to it."""

from typing import Any

from sqlalchemy import and_, or_, select, true
from sqlalchemy.engine import Connection

from desk.errors import NotAllowed
from desk.permissions import sees_all
from desk.records import StaffMember
from desk.texts import Texts
from desk.tickets import store
from desk.tickets.errors import TicketTaken, UnknownTicket
from desk.tickets.records import FOLLOW_UP, OPEN
from desk.tickets.tables import tickets


class Rights:
    """One's department's tickets and one's own; the default department also whatever nobody has taken.

    Who sees every department's conversations (`desk.permissions.sees_all`) sees all tickets; supervisors alone see the
    internal follow-ups.

    Args:
        texts: the tickets' Chinese texts.
        default_department: the department that receives what has no other.
    """

    def __init__(self, texts: Texts, default_department: str) -> None:
        self._texts = texts
        self.default_department = default_department

    def visible(self, staff: StaffMember) -> Any:
        """The condition on `tickets` for what this member of staff sees."""
        if sees_all(staff, self.default_department):
            return true()
        reached = [tickets.c.department == staff.department, tickets.c.assignee_id == staff.id]
        if staff.department == self.default_department:
            reached.append(tickets.c.assignee_id.is_(None))
        if staff.may("supervise"):
            return or_(*reached)
        return and_(tickets.c.kind != FOLLOW_UP, or_(*reached))

    def takeable(self, staff: StaffMember) -> Any:
        """The condition for what waits for this member of staff: not taken, of their department."""
        ours = [tickets.c.department == staff.department]
        if staff.department == self.default_department:
            ours = [true()]
        if staff.may("supervise"):
            ours.append(tickets.c.kind == FOLLOW_UP)
        return and_(tickets.c.status == "new", self.visible(staff), or_(*ours))

    def seen(self, connection: Connection, number: str, staff: StaffMember) -> Any:
        """The row of a ticket this member of staff may see.

        Raises:
            UnknownTicket: no ticket has this number.
            NotAllowed: it is not theirs to see.
        """
        row = store.by_number(connection, number)
        if row is None:
            raise UnknownTicket(self._texts.say("errors.unknown", number=number))
        same = (tickets.c.id == row.id) & self.visible(staff)
        if connection.execute(select(tickets.c.id).where(same)).first() is None:
            raise NotAllowed(self._texts.say("errors.not_allowed"))
        return row

    def handles(self, staff: StaffMember) -> bool:
        """May they do anything to tickets, or only read them?"""
        return staff.may("serve") or staff.may("supervise")

    def reached(self, connection: Connection, number: str, staff: StaffMember) -> Any:
        """As `seen`, for who wants to do something to it. Raises `NotAllowed` for who only reads."""
        if not self.handles(staff):
            raise NotAllowed(self._texts.say("errors.reads_only"))
        return self.seen(connection, number, staff)

    def movable(self, row: Any, staff: StaffMember) -> bool:
        """May they pass it on: theirs, nobody's, or they supervise?"""
        return staff.may("supervise") or row.assignee_id in (None, staff.id)

    def require_movable(self, row: Any, staff: StaffMember) -> None:
        """Raises `TicketTaken` naming the colleague who has it."""
        if not self.movable(row, staff):
            raise TicketTaken(self._texts.say("errors.held", number=row.number, name=row.staff_name))

    def settles(self, row: Any, staff: StaffMember) -> bool:
        """May they answer it: theirs, or they supervise?"""
        return staff.may("supervise") or row.assignee_id == staff.id

    def require_settles(self, row: Any, staff: StaffMember) -> None:
        """Raises `TicketTaken` for a colleague's, `NotAllowed` for one nobody has taken."""
        self.require_movable(row, staff)
        if not self.settles(row, staff):
            raise NotAllowed(self._texts.say("errors.take_first"))

    def acts(self, row: Any, staff: StaffMember, hops: int) -> frozenset[str]:
        """What they may do to a ticket they see, as it is now.

        Args:
            hops: how often it may be passed on by who does not supervise.
        """
        if not self.handles(staff):
            return frozenset()
        acts = {"note"}
        internal = row.kind == FOLLOW_UP
        if row.status == "answered" and self.settles(row, staff):
            acts.add("close")
        if row.status not in OPEN:
            return frozenset(acts)
        if row.assignee_id is None:
            acts.add("take")
        if staff.may("supervise"):
            acts |= {"assign", "close"}
        if self.movable(row, staff):
            acts.add("merge")
            if not internal and (staff.may("supervise") or row.hops < hops):
                acts.add("transfer")
                if row.department != self.default_department:
                    acts.add("return")
        if self.settles(row, staff) and not internal:
            acts.add("answer")
        return frozenset(acts)
