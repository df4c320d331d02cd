"""Nobody waits for good: a handoff that nobody takes becomes a ticket."""

import logging
from collections.abc import Callable
from datetime import tzinfo
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.conversations import log, ownership, waiting
from desk.conversations.commands import Commands
from desk.conversations.presence import Present
from desk.conversations.routing import Routing
from desk.ports import Hours, TicketMaker
from desk.records import TicketReceipt
from desk.rules import Waiting
from desk.tables import conversation_messages, handoffs
from desk.texts import Texts

logger = logging.getLogger(__name__)

KIND_OF_REASON = {"complaint": "complaint", "suggestion": "suggestion", "report": "report"}
"""The kind of the ticket by the handoff's reason; any other reason makes a question."""
_SUBJECT = 40
_BARE = 8
"""A message of so few characters that came without a question only asks for a person (我要找真人客服)."""

_Made = TypeVar("_Made")


class Escape:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        texts: the desk's Chinese texts.
        hours: when departments work.
        tickets: makes tickets; None for a desk without them, where everybody waits.
        zone: the city's time zone.
        commands: what a citizen said only to the desk is no part of a ticket.
        rules: what is a break, and what goes to the ticket that is there.
    """

    def __init__(
        self,
        texts: Texts,
        hours: Hours,
        tickets: TicketMaker | None,
        zone: tzinfo,
        commands: Commands,
        rules: Waiting,
    ) -> None:
        self._commands = commands
        self._rules = rules
        self._texts = texts
        self._hours = hours
        self._tickets = tickets
        self._zone = zone

    @property
    def possible(self) -> bool:
        """Whether there are tickets."""
        return self._tickets is not None

    def nobody_comes(self, department: str, there: list[Present], routes: Routing, at: float) -> bool:
        """Whether it is outside working hours, not for a break, and nobody who takes it is there all the same."""
        if self._tickets is None or self._hours.opens_next(department, at) - at <= self._rules.break_of:
            return False
        return not any(routes.serves(member.member(), department) for member in there)

    def opens_text(self, department: str, at: float) -> str:
        """When somebody is there again."""
        return self._hours.describe(self._hours.opens_next(department, at), at)

    def at_once(
        self, connection: Connection, values: dict[str, Any], at: float
    ) -> tuple[str, TicketReceipt, bool] | None:
        """A handoff outside working hours: its ticket, without any waiting.

        Returns:
            The handoff's number, the ticket, and whether it went to a ticket that was already open. None where no
            ticket can be made: the handoff has to wait.
        """
        return _or_nothing(connection, lambda: self._at_once(connection, values, at))

    def _at_once(
        self, connection: Connection, values: dict[str, Any], at: float
    ) -> tuple[str, TicketReceipt, bool]:
        open_ = self._unfinished(connection, values, at)
        if open_ is not None:
            number, ticket = open_
            return number, ticket, True
        handoff_id, number = waiting.create(
            connection, values, at, self._zone, status="resolved", outcome="ticket", resolved_at=at
        )
        question = values["question"]
        ticket = self._make(connection, number, values, question.partition("\n")[0], question)
        waiting.change(connection, handoff_id, ticket_number=ticket.number, awaiting_reply=False)
        self._log(connection, values["conversation_id"], handoff_id, ticket, at)
        return number, ticket, False

    def leave(self, connection: Connection, row: Any, at: float) -> TicketReceipt | None:
        """Make a ticket of a waiting handoff and give the conversation to the bot.

        None if it no longer waits, or no ticket can be made: it goes on waiting.
        """
        return _or_nothing(connection, lambda: self._leave(connection, row, at))

    def _leave(self, connection: Connection, row: Any, at: float) -> TicketReceipt | None:
        if self._tickets is None or not ownership.from_queue_to_bot(connection, row.conversation_id):
            return None
        return self._finish(connection, row, "", at)

    def hand_in(
        self, connection: Connection, row: Any, staff_id: int, details: str, at: float
    ) -> TicketReceipt | None:
        """The same for a conversation that this member of staff owns; None if they do not, or without tickets."""
        if self._tickets is None:
            return None
        if not ownership.from_staff_to_bot(connection, row.conversation_id, staff_id):
            return None
        return self._finish(connection, row, details, at)

    def has_matter(self, connection: Connection, row: Any) -> bool:
        """Whether the citizen has said what it is about."""
        return bool(row.question) or any(len(text) > _BARE for text in self._said(connection, row))

    def _finish(self, connection: Connection, row: Any, details: str, at: float) -> TicketReceipt:
        values = {
            name: getattr(row, name) for name in ("conversation_id", "reason", "department", "answer_id")
        }
        said = self._said(connection, row)
        told = [line for line in said if len(line) > _BARE] or said
        subject = next(filter(None, [*details.split("\n"), *row.question.split("\n"), *told]), "")
        lines = [*details.split("\n"), *row.question.split("\n"), *said]
        together = "\n".join(dict.fromkeys(line for line in lines if line.strip()))
        ticket = self._make(connection, row.number, values, subject, together)
        self._log(connection, row.conversation_id, row.id, ticket, at)
        waiting.close(connection, row.id, "ticket", at, ticket_number=ticket.number)
        return ticket

    def _unfinished(
        self, connection: Connection, values: dict[str, Any], at: float
    ) -> tuple[str, TicketReceipt] | None:
        """The last ticket of this kind for this department, with what is said now added to it."""
        assert self._tickets is not None
        reason = values["reason"]
        special = handoffs.c.reason.in_(list(KIND_OF_REASON))
        last = connection.execute(
            select(handoffs.c.number, handoffs.c.ticket_number)
            .where(
                handoffs.c.conversation_id == values["conversation_id"],
                handoffs.c.department == values["department"],
                handoffs.c.reason == reason if reason in KIND_OF_REASON else ~special,
                handoffs.c.ticket_number.is_not(None),
                handoffs.c.created_at >= at - self._rules.added_within,
            )
            .order_by(handoffs.c.id.desc())
            .limit(1)
        ).first()
        ticket = self._tickets.add(connection, last.ticket_number, values["question"]) if last else None
        return (last.number, ticket) if ticket else None

    def _make(
        self, connection: Connection, number: str, values: dict[str, Any], subject: str, details: str
    ) -> TicketReceipt:
        assert self._tickets is not None
        subject = subject if len(subject) <= _SUBJECT else subject[: _SUBJECT - 1] + "…"
        return self._tickets.make(
            connection,
            kind=KIND_OF_REASON.get(values["reason"], "question"),
            conversation_id=values["conversation_id"],
            subject=subject or self._texts.label("reasons", values["reason"]),
            details=details or subject or self._texts.label("reasons", values["reason"]),
            department=values["department"],
            handoff_number=number,
            answer_id=values["answer_id"],
        )

    def _said(self, connection: Connection, row: Any) -> list[str]:
        """What the citizen said since, and when, they asked for a person."""
        mine = (conversation_messages.c.handoff_id == row.id, conversation_messages.c.author == "citizen")
        said = select(conversation_messages.c.text).where(*mine).order_by(conversation_messages.c.id)
        texts = list(connection.execute(said).scalars())
        return [text for text in texts if text and self._commands.read(text) is None]

    def _log(
        self, connection: Connection, conversation_id: str, handoff_id: int, ticket: TicketReceipt, at: float
    ) -> None:
        line = self._texts.say("log.ticket", number=ticket.number)
        log.append(connection, conversation_id, "system", line, at=at, handoff_id=handoff_id)


def _or_nothing(connection: Connection, make: Callable[[], _Made | None]) -> _Made | None:
    """What `make` gives; where it fails that is logged, and nothing was changed."""
    try:
        with connection.begin_nested():
            return make()
    except Exception:
        logger.exception("no ticket could be made: the citizen goes on waiting")
        return None
