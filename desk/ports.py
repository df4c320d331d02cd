"""What the desk is handed: when a department works, and where its tickets go."""

from typing import Any, Protocol

from sqlalchemy.engine import Connection

from desk.records import TicketReceipt


class Hours(Protocol):
    """The working calendar. Moments are epoch seconds."""

    def is_open(self, department: str, at: float) -> bool:
        """Whether the department works at this moment."""
        ...

    def opens_next(self, department: str, at: float) -> float:
        """The next moment, from `at` on, at which it works."""
        ...

    def describe(self, at: float, now: float) -> str:
        """A moment in Chinese, as seen from now: 明天（周六）09:00."""
        ...


class TicketMaker(Protocol):
    """Makes tickets inside the desk's transactions."""

    def make(
        self,
        connection: Connection,
        *,
        kind: Any,
        conversation_id: str,
        subject: str,
        details: str,
        department: str,
        handoff_number: str,
        answer_id: str | None,
    ) -> TicketReceipt:
        """Make a ticket of a handoff."""
        ...

    def add(self, connection: Connection, number: str, text: str) -> TicketReceipt | None:
        """Add what the citizen says to an unfinished ticket; None where it is finished."""
        ...


class AlwaysOpen:
    """The calendar of a desk that has none."""

    def is_open(self, department: str, at: float) -> bool:
        """Always."""
        return True

    def opens_next(self, department: str, at: float) -> float:
        """Now."""
        return at

    def describe(self, at: float, now: float) -> str:
        """Nothing needs describing."""
        return ""
