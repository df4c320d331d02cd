"""What every act of staff on a ticket begins and ends with."""

from typing import Any

from sqlalchemy.engine import Connection

from desk.records import StaffMember
from desk.texts import Texts
from desk.tickets import store
from desk.tickets.checks import Checks
from desk.tickets.errors import TicketChanged, WrongState
from desk.tickets.records import OPEN
from desk.tickets.rights import Rights
from desk.tickets.rules import Rules


class Acts:
    """Acts work inside the caller's transaction; `at` is the present. They give the ticket's id.

    They raise `UnknownTicket` and `NotAllowed` for a ticket that is not there or not theirs to see, `TicketTaken`
    for a colleague's, `WrongState` for one that is as it must not be, `BadField` for what was typed.
    """

    def __init__(self, texts: Texts, checks: Checks, rights: Rights, rules: Rules) -> None:
        self._texts = texts
        self._checks = checks
        self._rights = rights
        self._rules = rules

    def _open(self, connection: Connection, number: str, staff: StaffMember) -> Any:
        """The row of a ticket they see and that has not ended."""
        row = self._rights.reached(connection, number, staff)
        self._require_open(row)
        return row

    def _require_open(self, row: Any) -> None:
        if row.status not in OPEN:
            status = self._texts.label("statuses", row.status)
            raise WrongState(self._texts.say("errors.not_open", number=row.number, status=status))

    def _change(self, connection: Connection, row: Any, **values: Any) -> None:
        if not store.change(connection, row, **values):
            raise TicketChanged(self._texts.say("errors.changed", number=row.number))
