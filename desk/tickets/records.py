"""The vocabulary of tickets: closed sets of words, and the read-only records the service gives out."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from desk.records import StaffMember

Kind = Literal["question", "complaint", "suggestion", "report", "follow_up"]
CitizenKind = Literal["question", "complaint", "suggestion", "report"]
Status = Literal["new", "working", "answered", "closed", "merged"]
EventKind = Literal[
    "created",
    "taken",
    "assigned",
    "noted",
    "transferred",
    "returned",
    "merged",
    "answered",
    "reopened",
    "closed",
    "reminded",
    "escalated",
]
Actor = Literal["citizen", "staff", "system"]
View = Literal["mine", "department", "due", "all"]
Deadline = Literal["none", "in_time", "due_soon", "overdue"]

FOLLOW_UP = "follow_up"
OPEN = ("new", "working")


class Calendar(Protocol):
    """Working time, as tickets need it; times are epoch seconds (UTC)."""

    def due(self, department: str, at: float, working_days: int) -> float:
        """The end of the working day that many working days after `at`."""

    def shift(self, department: str, at: float, working_days: int) -> float:
        """`at` moved by working days; a negative number moves it back."""

    def describe(self, at: float, now: float) -> str:
        """The moment in Chinese for citizens and staff."""


@dataclass(frozen=True)
class TicketRequest:
    """What a ticket is opened with.

    `contact` is kept only with `contact_consent`. Without a `department` the default one takes it. The same
    `message_id` of the same conversation opens one ticket. `opened_by` is the member of staff who opens it for
    the citizen; without it the citizen did, or for a `follow_up` the system.
    """

    conversation_id: str
    kind: Kind
    subject: str
    details: str = ""
    place: str | None = None
    contact: str | None = None
    contact_consent: bool = False
    department: str | None = None
    handoff_number: str | None = None
    answer_id: str | None = None
    message_id: str | None = None
    opened_by: StaffMember | None = None


@dataclass(frozen=True)
class Ticket:
    """One ticket as it is now.

    `reopenable_until` is set while the citizen can have it handled again. `merged_into` is a number.
    `already_open` is true when `open` found it instead of making it.
    """

    number: str
    kind: Kind
    status: Status
    subject: str
    details: str
    place: str | None
    contact: str | None
    contact_consent: bool
    conversation_id: str
    handoff_number: str | None
    answer_id: str | None
    department: str
    assignee: StaffMember | None
    due_at: datetime
    deadline: Deadline
    result: str | None
    answered_at: datetime | None
    closed_at: datetime | None
    reopenable_until: datetime | None
    reopened: int
    hops: int
    merged_into: str | None
    escalated_at: datetime | None
    created_at: datetime
    already_open: bool = False

    @property
    def is_open(self) -> bool:
        return self.status in OPEN


@dataclass(frozen=True)
class Event:
    """One line of a ticket's log. `staff` is set where a member of staff did it."""

    kind: EventKind
    actor: Actor
    staff: str | None
    text: str
    at: datetime


@dataclass(frozen=True)
class TicketFile:
    """A ticket with all that staff see of it.

    `absorbed` are the numbers of the tickets merged into it. `acts` are what this member of staff may do now.
    `has_handoff`: the conversation was with staff, who can read it.
    """

    ticket: Ticket
    events: list[Event]
    absorbed: list[str]
    acts: frozenset[str]
    has_handoff: bool


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; empty means anything. `words` is a number, or words that all occur."""

    kind: Kind | None = None
    status: Status | None = None
    words: str = ""


@dataclass(frozen=True)
class Listing:
    """One page of a list, most urgent first; `page` counts from 1."""

    tickets: list[Ticket] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1


@dataclass(frozen=True)
class Counts:
    """How many open tickets: one's own, those one may take, and of all one sees those near or past the deadline."""

    mine: int
    department: int
    due_soon: int
    overdue: int
