"""What the staff page needs of other parts; wiring gives it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

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
