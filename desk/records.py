"""The desk's vocabulary: closed sets of words, and the read-only records its service gives out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from desk.permissions import Permission, Role, may

Owner = Literal["bot", "queue", "staff"]
Recipient = Literal["bot", "desk"]
Author = Literal["citizen", "bot", "staff", "system", "note"]
Line = tuple[Author, str, dict[str, Any] | None]
"""Who said it, what, and the Answer, for a bot message that has one."""
HandoffStatus = Literal["queued", "claimed", "resolved"]
Outcome = Literal["resolved", "cancelled", "idle", "ticket"]
Reason = Literal[
    "asked_for_human",
    "low_confidence",
    "declined_twice",
    "complex",
    "complaint",
    "suggestion",
    "report",
    "appeal",
    "sensitive",
    "crisis",
    "error",
]
CRISIS: Final[Reason] = "crisis"


REHEARSAL: Final = "eval"
"""The channel of conversations that only try the assistant out: nobody is called, nothing is opened for them."""


def moment(epoch: float) -> datetime:
    """Stored epoch seconds as a timezone-aware UTC time."""
    return datetime.fromtimestamp(epoch, UTC)


def moment_or_none(epoch: float | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if epoch is None else moment(epoch)


@dataclass(frozen=True)
class StaffMember:
    """A signed-in or named member of staff. Carries no password material.

    With `must_change_password` nothing but the password page is open to them.
    """

    id: int
    username: str
    display_name: str
    department: str
    role: Role
    must_change_password: bool = False

    def may(self, permission: Permission) -> bool:
        """Does their role have this permission? See `desk.permissions`."""
        return may(self.role, permission)


@dataclass(frozen=True)
class Account:
    """An account as administrators see it. `capacity` None: as many conversations at once as the default allows."""

    member: StaffMember
    active: bool
    capacity: int | None
    created_at: datetime
    serving: int = 0


@dataclass(frozen=True)
class TicketReceipt:
    """A ticket that was made of a handoff. `due_text` (Chinese) says until when it will be answered."""

    number: str
    due_text: str


@dataclass(frozen=True)
class HandoffReceipt:
    """What `open_handoff` tells its caller.

    `position` counts from 1; 0 once someone has claimed it. `wait` is the expected wait in seconds, None where nothing
    honest can be said. `ticket`: nobody is there outside working hours, so that it became one; then `opens_text`
    (Chinese) says when they are back. `closed`: the same, but there was no question to make a ticket of; nothing
    was opened. `staff_online` counts who takes such conversations and is ready; `department` is theirs.
    """

    number: str
    status: HandoffStatus | Literal["closed"]
    already_open: bool
    position: int
    staff_online: int
    department: str
    wait: float | None = None
    ticket: TicketReceipt | None = None
    opens_text: str | None = None


@dataclass(frozen=True)
class Handoff:
    """One handoff as staff and the API see it. `position` is 0 unless the status is `queued`."""

    number: str
    conversation_id: str
    status: HandoffStatus
    position: int
    reason: Reason
    department: str
    question: str
    answer_id: str | None
    created_at: datetime
    claimed_at: datetime | None = None
    claimed_by: StaffMember | None = None
    resolved_at: datetime | None = None
    outcome: Outcome | None = None
    awaiting_reply: bool = False
    priority: int = 0
    assigned: bool = False
    hops: int = 0
    ticket_number: str | None = None
    last_message_id: int = 0


@dataclass(frozen=True)
class Reach:
    """How many messages can still reach the citizen unasked, and until when; 0 and None: only with their next one."""

    messages_left: int
    until: datetime | None


@dataclass(frozen=True)
class Message:
    """One line of the conversation log. `payload` is the Answer of a bot message, if it had one."""

    id: int
    author: Author
    text: str
    at: datetime
    payload: dict[str, Any] | None = None
    staff_name: str | None = None


@dataclass(frozen=True)
class Conversation:
    """A conversation with its newest handoff and the last messages, oldest first.

    `reach` is None where nothing limits what the citizen can be sent.
    """

    id: str
    owner: Owner
    staff_id: int | None
    handoff: Handoff | None
    messages: list[Message] = field(default_factory=list)
    reach: Reach | None = None

    @property
    def channel(self) -> str:
        return self.id.partition(":")[0]
