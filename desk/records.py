"""The desk's vocabulary: closed sets of words, and the read-only records its service gives out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Owner = Literal["bot", "queue", "staff"]
Author = Literal["citizen", "bot", "staff", "system", "note"]
HandoffStatus = Literal["queued", "claimed", "resolved"]
Outcome = Literal["resolved", "cancelled"]
Role = Literal["staff", "supervisor", "administrator"]
Reason = Literal[
    "asked_for_human",
    "low_confidence",
    "complex",
    "complaint",
    "suggestion",
    "repeated_failure",
    "sensitive",
    "crisis",
    "error",
]


def moment(epoch: float) -> datetime:
    """Stored epoch seconds as a timezone-aware UTC time."""
    return datetime.fromtimestamp(epoch, UTC)


def moment_or_none(epoch: float | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if epoch is None else moment(epoch)


@dataclass(frozen=True)
class StaffMember:
    """A signed-in or named member of staff. Carries no password material."""

    id: int
    username: str
    display_name: str
    department: str
    role: Role

    @property
    def supervises(self) -> bool:
        return self.role in ("supervisor", "administrator")


@dataclass(frozen=True)
class HandoffReceipt:
    """What `open_handoff` tells its caller. `position` counts from 1; 0 once someone has claimed it."""

    number: str
    status: HandoffStatus
    already_open: bool
    position: int
    staff_online: int
    department: str


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
