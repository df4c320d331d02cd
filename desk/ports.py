"""What the desk is handed by other parts: working hours, tickets, what the assistant knows, the way to citizens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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


Passing = Literal["yes", "not_this", "nobody"]
"""Whether what a citizen says now can be passed on to staff outside the desk: it can; not what they said just now;
nobody is there who would take it."""


@dataclass(frozen=True)
class OutsideTool:
    """The tool in which staff outside the desk answer.

    Args:
        name: what staff at the desk know it by.
        look: finds out who is there now, for a conversation; blocking, for a moment; never called inside a transaction.
        passing: whether the message that is being worked on in a conversation can be passed on; waits for nobody.
    """

    name: str
    look: Callable[[str], None]
    passing: Callable[[Connection, str], Passing]


Told = Callable[[Connection, int], bool]
"""`told(connection, outbox_id)`: is this row of the outbox on its way to the citizen, or there?"""


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


DeliveryState = Literal["delivered", "sending", "held", "failed"]
"""Of a reply: arrived; under way; waiting for the citizen's next message or visit; given up."""

Delivery = Callable[[Sequence[int]], dict[int, DeliveryState]]
"""`delivery(outbox_ids)` says how far these rows of the outbox are. Blocking."""

ShowTyping = Callable[[str], None]
"""`show_typing(conversation_id)` shows the citizen that staff are writing. On the event loop; never raises."""


class Knowledge(Protocol):
    """What the assistant knows, for staff. Blocking."""

    def search(self, question: str) -> list[dict[str, Any]]:
        """What answers the question, the best first; nothing is kept of it.

        Returns:
            Objects with `text`, `kind` (faq | clause), `title`, `article`, `doc_number`, `url`, `quote`,
            `confidence`; `answer`: whether citizens would be answered with it; and `basis`: the clauses an FAQ
            rests on, with the same fields.

        Raises:
            KnowledgeAway: there is nothing to search in.
        """
        ...

    def draft(self, question: str, answer: str, conversation_id: str, staff_name: str) -> str:
        """Give editors an FAQ to complete; returns its id."""
        ...

    def flag(self, answer_id: str, staff_name: str, comment: str) -> None:
        """Tell editors that an answer was wrong. Raises AnswerUnknown."""
        ...


class KnowledgeAway(Exception):
    """Nothing is published yet."""


class AnswerUnknown(Exception):
    """This answer is not kept."""


@dataclass(frozen=True)
class Ports:
    """What is left out is not offered on the page."""

    knowledge: Knowledge | None = None
    delivery: Delivery = lambda _outbox_ids: {}
    show_typing: ShowTyping = lambda _conversation_id: None
