"""What time alone brings about: staff who are gone, waits that were too long, citizens who fell silent.

Each step looks for what is due without a lock and acts on one conversation in one transaction, which locks the
conversation and looks again, so that exactly one process does it.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.engine import Connection, Engine

from desk.conversations import ownership, presence, routing, waiting
from desk.conversations.assigning import Assigning, Deliver
from desk.conversations.ending import Ending
from desk.conversations.escape import Escape
from desk.conversations.outside import Outside
from desk.conversations.serving import Serving
from desk.database import Clock
from desk.rules import Rules
from desk.tables import conversations, handoffs
from desk.texts import Texts

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Conversations looked at in one round of one step; the rest is due a moment later."""


class Housekeeping:
    """
    Args:
        engine: the database.
        rules: what is too long.
        changed: called with a conversation's id once something happened to it.
    """

    def __init__(
        self,
        engine: Engine,
        texts: Texts,
        clock: Clock,
        rules: Rules,
        deliver: Deliver,
        assigning: Assigning,
        serving: Serving,
        escape: Escape,
        ending: Ending,
        outside: Outside,
        changed: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._texts = texts
        self._clock = clock
        self._rules = rules
        self._deliver = deliver
        self._assigning = assigning
        self._serving = serving
        self._escape = escape
        self._ending = ending
        self._outside = outside
        self._changed = changed
        self._since = clock()

    def tick(self) -> None:
        """Do what is due. One step that fails is logged and does not keep back the others."""
        for step in (
            self._return_from_the_gone,
            self._return_the_unanswered,
            self._offer_tickets,
            self._make_tickets,
            self._end_the_silent,
            self._end_outside,
            self._assign,
        ):
            try:
                step(self._clock())
            except Exception:
                logger.exception("%s failed and is tried again", step.__name__)

    def leave(self, connection: Connection, staff_id: int, at: float) -> list[str]:
        """Somebody leaves the desk: their conversations wait for a colleague. The conversations."""
        mine = (handoffs.c.status == "claimed", handoffs.c.claimed_by == staff_id)
        held = select(handoffs.c.id, handoffs.c.conversation_id).where(*mine)
        returned = []
        for found in connection.execute(held.order_by(handoffs.c.conversation_id)).all():
            row = self._locked(connection, found)
            if (
                row is not None
                and row.claimed_by == staff_id
                and self._serving.put_back(connection, row, "left", at)
            ):
                told = self._texts.say("citizen.staff_left")
                self._deliver(connection, row.conversation_id, "system", told)
                returned.append(row.conversation_id)
        presence.set_available(connection, staff_id, False, at)
        if returned:
            self._assigning.assign(connection, at)
        return returned

    def _return_from_the_gone(self, at: float) -> None:
        after = self._rules.assigning.gone_after
        if at - self._since < self._rules.assigning.present_for:
            return  # pages that could reach no process have not told this one yet that they are open
        with self._engine.connect() as connection:
            gone = presence.gone(connection, at, after)
        for staff_id in gone:
            returned: list[str] = []
            with self._case(f"staff {staff_id}") as connection:
                if staff_id in presence.gone(connection, at, after):
                    returned = self.leave(connection, staff_id, at)
            for conversation_id in returned:
                logger.warning("%s went back to the queue: staff %d is gone", conversation_id, staff_id)
                self._changed(conversation_id)

    def _return_the_unanswered(self, at: float) -> None:
        first = at - self._rules.assigning.answer_within
        later = at - self._rules.serving.answer_within
        if self._since > first:
            return  # nobody could answer while there was no process
        not_begun = and_(handoffs.c.assigned, handoffs.c.claimed_at <= first)
        left_alone = and_(
            handoffs.c.awaiting_reply, handoffs.c.last_said_at <= later, handoffs.c.claimed_at <= later
        )
        busy = at - self._rules.assigning.answer_within_busy

        def put_back(connection: Connection, row: Any) -> bool:
            if row.status != "claimed":
                return False
            begun = not (row.assigned and row.claimed_at <= first)
            if row.claimed_at > busy and waiting.answers_others(connection, row.claimed_by, first):
                begun = True  # they are at it, and come to this one next
            answered = not (row.awaiting_reply and max(row.last_said_at, row.claimed_at) <= later)
            if begun and answered:
                return False
            if not self._serving.put_back(connection, row, "unanswered", at):
                return False
            told = self._texts.say("citizen.staff_silent")
            self._deliver(connection, row.conversation_id, "system", told)
            # Else it would come straight back to them.
            presence.set_available(connection, row.claimed_by, False, at)
            self._assigning.assign(connection, at)
            return True

        here = presence.at_the_desk()
        self._each(put_back, handoffs.c.status == "claimed", here, or_(not_begun, left_alone))

    def _offer_tickets(self, at: float) -> None:
        if not self._escape.possible:
            return
        before = at - self._rules.waiting.offer_ticket_after

        def offer(connection: Connection, row: Any) -> bool:
            if row.status != "queued" or row.ticket_offered_at is not None or row.queued_at > before:
                return False
            waiting.change(connection, row.id, ticket_offered_at=at)
            routes = routing.read(connection, self._rules.default_department)
            told = self._texts.say(
                "citizen.ticket_offer",
                minutes=int((at - row.queued_at) // 60),
                position=waiting.position(connection, row, routes),
            )
            self._deliver(connection, row.conversation_id, "system", told)
            return False

        self._each(
            offer,
            handoffs.c.status == "queued",
            handoffs.c.priority == 0,
            handoffs.c.ticket_offered_at.is_(None),
            handoffs.c.queued_at <= before,
        )

    def _make_tickets(self, at: float) -> None:
        if not self._escape.possible:
            return
        before = at - self._rules.waiting.ticket_after
        closed = self._closed(at)

        def make(connection: Connection, row: Any) -> bool:
            long = row.queued_at <= before
            if row.status != "queued" or not (long or row.department in closed):
                return False
            ticket = self._escape.leave(connection, row, at)
            if ticket is None:
                return False
            key = "waited_ticket" if long else "closed_ticket"
            opens = self._escape.opens_text(row.department, at)
            told = self._texts.say(f"citizen.{key}", number=ticket.number, due=ticket.due_text, opens=opens)
            self._deliver(connection, row.conversation_id, "system", told)
            return True

        late = or_(handoffs.c.queued_at <= before, handoffs.c.department.in_(closed))
        self._each(make, handoffs.c.status == "queued", handoffs.c.priority == 0, late)

    def _closed(self, at: float) -> list[str]:
        """The departments for which somebody waits and nobody comes any more today."""
        with self._engine.connect() as connection:
            departments = waiting.departments(connection)
            routes = routing.read(connection, self._rules.default_department)
            there = self._assigning.present(connection, at)
        return [each for each in departments if self._escape.nobody_comes(each, there, routes, at)]

    def _end_the_silent(self, at: float) -> None:
        before = at - self._rules.serving.idle_after

        def end(connection: Connection, row: Any) -> bool:
            if row.status != "claimed" or row.awaiting_reply or row.last_said_at > before:
                return False
            self._ending.by_silence(connection, ownership.read(connection, row.conversation_id), at)
            self._assigning.assign(connection, at)
            return True

        self._each(
            end,
            handoffs.c.status == "claimed",
            presence.at_the_desk(),
            handoffs.c.awaiting_reply.is_(False),
            handoffs.c.last_said_at <= before,
        )

    def _end_outside(self, at: float) -> None:
        """Whom nobody outside the desk takes comes back; what is quiet there has ended."""
        if at - self._since < self._rules.assigning.present_for:
            return  # what happened while there was no process is still being found out

        def end(connection: Connection, row: Any) -> bool:
            return self._outside.overdue(connection, row, at)

        unaccepted = handoffs.c.claimed_at <= at - self._rules.outside.accept_within
        quiet = handoffs.c.last_said_at <= at - self._rules.outside.quiet_for
        self._each(end, handoffs.c.status == "claimed", ~presence.at_the_desk(), or_(unaccepted, quiet))

    def _assign(self, at: float) -> None:
        """Somebody came back, or was given more capacity, without anybody asking for it to be looked at."""
        with self._engine.connect() as connection:
            if not self._assigning.could(connection, at):
                return
        with self._engine.begin() as connection:
            self._assigning.assign(connection, at)

    def _each(self, act: Callable[[Connection, Any], bool], *due: Any) -> None:
        """Do `act` for each handoff that is due, in a transaction of its own, with the conversation locked.

        Args:
            act: is given the handoff as it is then; whether something happened to the conversation.
        """
        statement = (
            select(handoffs.c.id, handoffs.c.conversation_id)
            .select_from(handoffs.join(conversations, conversations.c.id == handoffs.c.conversation_id))
            .where(conversations.c.handoff_id == handoffs.c.id, *due)
            .order_by(handoffs.c.id)
            .limit(AT_ONCE)
        )
        with self._engine.connect() as connection:
            found = connection.execute(statement).all()
        for one in found:
            done = False
            with self._case(one.conversation_id) as connection:
                row = self._locked(connection, one)
                done = row is not None and act(connection, row)
            if done:
                self._changed(one.conversation_id)

    @contextmanager
    def _case(self, what: str) -> Iterator[Connection]:
        """A transaction; if it fails that is logged, and keeps back no other."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except Exception:
            logger.exception("what was due for %s was not done and is tried again", what)

    @staticmethod
    def _locked(connection: Connection, found: Any) -> Any:
        """The handoff as it is, with its conversation locked; None where it is no longer the open one."""
        if not ownership.lock(connection, found.conversation_id, found.id):
            return None
        return waiting.by_id(connection, found.id)
