"""Hours that a test sets, and tickets that are only noted."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import Connection

from desk.records import TicketReceipt


@dataclass
class FakeHours:
    """Departments in `closed` do not work now and are back so many seconds later."""

    closed: set[str] = field(default_factory=set)
    back_after: float = 15 * 3600.0

    def is_open(self, department: str, at: float) -> bool:
        return department not in self.closed

    def opens_next(self, department: str, at: float) -> float:
        return at + self.back_after if department in self.closed else at

    def describe(self, at: float, now: float) -> str:
        return f"{int(at - now) // 60} 分钟后"


@dataclass
class FakeTickets:
    """Keeps what it was asked for; `finished` tickets take nothing more."""

    made: list[dict[str, Any]] = field(default_factory=list)
    added: list[tuple[str, str]] = field(default_factory=list)
    finished: set[str] = field(default_factory=set)

    def make(self, connection: Connection, **values: Any) -> TicketReceipt:
        assert connection.in_transaction()
        self.made.append(values)
        return TicketReceipt(f"G{len(self.made)}", "11月27日（周五）17:00")

    def add(self, connection: Connection, number: str, text: str) -> TicketReceipt | None:
        if number in self.finished:
            return None
        self.added.append((number, text))
        return TicketReceipt(number, "11月27日（周五）17:00")
