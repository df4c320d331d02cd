"""What the gateway needs from the desk, and the words both sides share."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from sqlalchemy.engine import Connection

Owner = Literal["bot", "queue", "staff"]
Recipient = Literal["bot", "desk"]
Line = tuple[Any, str, dict[str, Any] | None]
"""Who said it (`citizen` or `bot`), what, and the Answer, where there is one."""


class DeskPort(Protocol):
    """The part of `desk.service.Desk` that the gateway uses. Called from worker threads."""

    def recipient(self, conversation_id: str, text: str) -> Recipient:
        """Whom the citizen's message is for. Never called inside a transaction: it may write."""
        ...

    def owner(self, conversation_id: str, connection: Connection | None = None) -> Owner:
        """Who owns the conversation; in a transaction it stays so until its end."""
        ...

    def dropped(self, connection: Connection, conversation_id: str, text: str) -> None:
        """Note for staff that this late message of the bot did not go out."""
        ...

    def record(self, conversation_id: str, *said: Line, connection: Connection | None = None) -> None:
        """Mirror what the citizen and the bot said."""
        ...

    def receive(
        self, conversation_id: str, text: str, connection: Connection | None = None
    ) -> list[str] | None:
        """Take what is for the desk; texts to tell the citizen. None, and nothing done: the bot has it back."""
        ...

    def open_handoff(
        self,
        conversation_id: str,
        reason: Any,
        department: str | None,
        question: str,
        answer_id: str | None = None,
    ) -> Any:
        """Put the conversation into the queue; idempotent while one is open.

        Returns:
            A receipt; its `ticket` (`number`, `due_text`) is None unless nobody is there and it became one.
        """
        ...


Passing = Literal["yes", "not_this", "nobody"]
"""Whether what a citizen says now can be passed on to staff outside the desk: it can; not what they said just now;
nobody is there who would take it."""


class OutsideConversation(Protocol):
    """A conversation that staff outside the desk have: who, as far as is known, and when the citizen was last heard."""

    @property
    def conversation_id(self) -> str: ...
    @property
    def agent(self) -> str | None: ...
    @property
    def last_said_at(self) -> float: ...


class OutsidePort(Protocol):
    """`desk.outside`: the conversations that staff outside the desk have. Called from worker threads."""

    def holds(self, connection: Connection, conversation_id: str) -> bool:
        """Whether they have the conversation; it stays so until the end of the transaction."""
        ...

    def concerned(self, conversation_id: str) -> bool:
        """Whether they have the conversation, or could be given it: it waits at the desk and is no emergency."""
        ...

    def held(self) -> Sequence[OutsideConversation]:
        """Every conversation that they have."""
        ...

    def stray(self) -> list[str]:
        """The conversations that go on there although the desk has them: they are to be closed there."""
        ...

    def closed(self, conversation_id: str) -> None:
        """Such a conversation no longer goes on there."""
        ...

    def leave_open(self, conversation_id: str) -> bool:
        """It cannot be closed there: where the desk has ended it, too, it goes on. Whether it does."""
        ...

    def seen(self, conversation_id: str, agent: str, connection: Connection | None = None) -> None:
        """This agent has the citizen."""
        ...

    def ended(self, conversation_id: str, connection: Connection | None = None) -> None:
        """The conversation there has ended."""
        ...

    def parted(self, conversation_id: str, connection: Connection | None = None) -> None:
        """The agent has the citizen no longer, who waits there for another."""
        ...

    def lost(self, conversation_id: str, connection: Connection | None = None) -> None:
        """It never got there."""
        ...


IsCrisis = Callable[[str], bool]
"""Whether what a citizen writes tells of danger to life."""

Expect = Callable[[str], None]
"""Told a text that the dialogue will probably ask as a question; returns at once."""

Locate = Callable[[str, str, str], dict[str, Any]]
"""`locate(conversation_id, place, message_id)` takes where a citizen is, and gives the Answer to be told. Blocking."""


def conversation_id(channel: str, citizen: str) -> str:
    """`<channel>:<citizen>`, which is also Rasa's sender id."""
    return f"{channel}:{citizen}"
