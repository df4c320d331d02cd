"""A row of the outbox as others see it, and what is said before it is one."""

from dataclasses import dataclass
from typing import Any

HELD = 1e12
"""`next_try_at` of a row that only the citizen's next message can carry."""


CRISIS = "crisis"
"""The reason of an Answer to somebody in danger."""
HANDOFF = "handoff"
"""The status of an Answer that tells of a handoff: said also once staff own the conversation."""

_OPTIONS = 100


def option_id(row_id: int, number: int) -> str:
    """The id by which the platform names an option of a row's menu: only digits, as it wants them."""
    return str(row_id * _OPTIONS + number)


def split_option(menu_option: str) -> tuple[int, int]:
    """The row and the number in an option's id; zeros for what is none of ours."""
    is_ours = menu_option.isascii() and menu_option.isdigit() and len(menu_option) < 18
    return divmod(int(menu_option), _OPTIONS) if is_ours else (0, 0)


@dataclass(frozen=True)
class OutboxMessage:
    """One row. `question` is the message it answers; `noticed`: the citizen was told to wait for it; `send_key`: the
    message in which it was sent last, unless that surely did not get there."""

    id: int
    conversation_id: str
    channel: str
    citizen: str
    inbox_id: int | None
    author: str
    text: str
    payload: dict[str, Any] | None
    part: int
    status: str
    created_at: float
    attempts: int
    question: str = ""
    noticed: bool = False
    send_key: str | None = None

    @property
    def options(self) -> list[dict[str, Any]]:
        """The options that the Answer offers."""
        offered = (self.payload or {}).get("options") or []
        return [option for option in offered if option.get("label")]

    @property
    def is_urgent(self) -> bool:
        """Whether it is for somebody in danger."""
        return (self.payload or {}).get("reason") == CRISIS


@dataclass(frozen=True)
class Progress:
    """How far a row is. `answered`: the citizen has written since."""

    id: int
    conversation_id: str
    status: str
    next_try_at: float
    answered: bool


@dataclass(frozen=True)
class Saying:
    """Something to tell a citizen, before it is stored."""

    author: str
    text: str
    payload: dict[str, Any] | None = None


def announces(payload: dict[str, Any] | None) -> bool:
    """Whether a bot message tells of a handoff."""
    return (payload or {}).get("status") == HANDOFF
