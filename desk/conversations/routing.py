"""Which members of staff take the conversations of which department, and which department a citizen names."""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.engine import Connection

from desk.permissions import roles_that_may
from desk.records import StaffMember
from desk.tables import handoffs, staff

EVERYONE = ""


@dataclass(frozen=True)
class Routing:
    """Who takes what: a department's own staff; without any, the default department's; without any, everyone.

    `staffed` are the departments with accounts that serve.
    """

    staffed: frozenset[str]
    default: str

    def taker(self, department: str) -> str:
        """The department whose staff take it; "" where everyone does."""
        if department in self.staffed:
            return department
        return self.default if self.default in self.staffed else EVERYONE

    def takers(self, departments: Iterable[str]) -> Set[str]:
        """Whose staff take these departments' conversations."""
        return {self.taker(department) for department in departments}

    def serves(self, member: StaffMember, department: str) -> bool:
        """Whether this member of staff takes conversations of the department."""
        return self.taker(department) in (member.department, EVERYONE)

    def served_by(self, member_department: str) -> Any:
        """The SQL condition for the handoffs that staff of this department take."""
        own = handoffs.c.department == member_department
        orphans = handoffs.c.department.not_in(self.staffed)
        takes_orphans = self.default not in self.staffed or member_department == self.default
        return or_(own, orphans) if takes_orphans else own

    def same_queue(self, department: str) -> Any:
        """The SQL condition for the handoffs that wait for the same people."""
        taker = self.taker(department)
        if taker == department and taker != self.default:
            return handoffs.c.department == department
        orphans = handoffs.c.department.not_in(self.staffed)
        return or_(handoffs.c.department == taker, orphans) if taker else orphans


def read(connection: Connection, default: str) -> Routing:
    """The routing as the accounts have it now; `default` is the department that takes the rest."""
    serving = select(staff.c.department.distinct()).where(
        staff.c.active, staff.c.role.in_(roles_that_may("serve"))
    )
    return Routing(frozenset(connection.execute(serving).scalars()), default)


class DepartmentNames:
    """Finds the department that a citizen asks for.

    Args:
        names: other words for each department.
        asking: words that ask for somebody (转, 找, …).
        simplify: one spelling for what a citizen writes.
    """

    REACH = 4
    """At most so many characters stand between the asking word and the name."""

    def __init__(
        self, names: dict[str, list[str]], asking: list[str], simplify: Callable[[str], str]
    ) -> None:
        self._asking = asking
        self._simplify = simplify
        self._official = sorted(names, key=lambda name: -len(name))
        # The longest first: 公安局交通管理局 is not 公安局.
        pairs = [(word, department) for department, words in names.items() for word in (department, *words)]
        self._words = sorted(pairs, key=lambda pair: -len(pair[0]))

    def official(self, department: str) -> str:
        """A department as accounts have it: policies write its name with the city's before it (某某市公安局)."""
        return next((name for name in self._official if department.endswith(name)), department)

    def asked_for(self, text: str) -> str | None:
        """The department named after a word of asking, or None."""
        text = self._simplify(text)
        for word, department in self._words:
            start = text.find(word)
            while start >= 0:
                before = text[max(0, start - self.REACH - 1) : start]
                if any(asking in before for asking in self._asking):
                    return department
                start = text.find(word, start + 1)
        return None
