"""Lists of tickets for staff, and the counts beside them."""

from typing import Any

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.engine import Connection

from desk.errors import NotAllowed
from desk.records import StaffMember
from desk.texts import Texts
from desk.tickets import numbers, store
from desk.tickets.records import OPEN, Counts, Filters, Listing, View
from desk.tickets.rights import Rights
from desk.tickets.tables import tickets

PAGE = 50
_SEARCHED = ("subject", "details", "place", "result")


class Lists:
    """Every method reads in the caller's connection; `at` is the present."""

    def __init__(self, texts: Texts, rights: Rights) -> None:
        self._texts = texts
        self._rights = rights

    def listed(
        self, connection: Connection, staff: StaffMember, view: View, filters: Filters, page: int, at: float
    ) -> Listing:
        """One page of a view, or with `filters.words` of all that this member of staff sees.

        Raises:
            NotAllowed: `all` is for supervisors.
        """
        oversees = staff.may("supervise") or staff.may("see_all")
        if view == "all" and not oversees and not filters.words.strip():
            raise NotAllowed(self._texts.say("errors.supervisors_only"))
        condition = self._condition(staff, view, filters, at)
        total: int = connection.execute(
            select(func.count()).select_from(tickets).where(condition)
        ).scalar_one()
        pages = max(1, -(-total // PAGE))
        page = min(max(1, page), pages)
        ended = case((tickets.c.status.in_(OPEN), 0), else_=1)
        # Open ones by their deadline; of those that ended the last first.
        order = (ended, case((ended == 0, tickets.c.due_at), else_=-tickets.c.due_at), tickets.c.id)
        rows = connection.execute(
            store.joined().where(condition).order_by(*order).limit(PAGE).offset((page - 1) * PAGE)
        )
        return Listing([store.as_ticket(row, at) for row in rows], total, page, pages)

    def counts(self, connection: Connection, staff: StaffMember, at: float) -> Counts:
        """The numbers of the badges, in one query over the open tickets they see."""
        soon = and_(tickets.c.remind_at <= at, tickets.c.due_at > at)
        mine = tickets.c.assignee_id == staff.id
        counted = [mine, self._rights.takeable(staff), soon, tickets.c.due_at <= at]
        statement = (
            select(*(func.coalesce(func.sum(case((condition, 1), else_=0)), 0) for condition in counted))
            .select_from(tickets)
            .where(tickets.c.status.in_(OPEN), self._rights.visible(staff))
        )
        return Counts(*connection.execute(statement).one())

    def _condition(self, staff: StaffMember, view: View, filters: Filters, at: float) -> Any:
        conditions = [self._rights.visible(staff)]
        words = filters.words.split()
        if words:
            conditions.append(self._matches(filters.words, words))
        else:
            conditions.append(self._of_view(staff, view, at))
            if view != "all" and filters.status is None:
                conditions.append(tickets.c.status.in_(OPEN))
        if filters.kind is not None:
            conditions.append(tickets.c.kind == filters.kind)
        if filters.status is not None:
            conditions.append(tickets.c.status == filters.status)
        return and_(*conditions)

    def _of_view(self, staff: StaffMember, view: View, at: float) -> Any:
        if view == "mine":
            return tickets.c.assignee_id == staff.id
        if view == "department":
            return self._rights.takeable(staff)
        if view == "due":
            return tickets.c.status.in_(OPEN) & (tickets.c.remind_at <= at)
        return self._rights.visible(staff)

    def _matches(self, written: str, words: list[str]) -> Any:
        number = numbers.normalise(written)
        if number is not None:
            return tickets.c.number == number
        columns = [tickets.c.number, *(tickets.c[name] for name in _SEARCHED)]
        return and_(
            *(
                or_(*(func.lower(column).contains(word.lower(), autoescape=True) for column in columns))
                for word in words
            )
        )
