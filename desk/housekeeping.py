"""What time alone brings about: staff who are gone, waits that were too long, citizens who fell silent.

Each step looks for what is due without a lock and acts on one conversation in one transaction, whose
compare-and-set lets exactly one process do it.
"""

import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection, Engine

from desk import ownership, presence, routing, waiting
from desk.assigning import Assigning, Deliver
from desk.database import Clock
from desk.ending import Ending
from desk.escape import Escape
from desk.ports import Hours
from desk.rules import Rules
from desk.serving import Serving
from desk.tables import conversations, handoffs
from desk.texts import Texts

logger = logging.getLogger(__name__)

BUSY_TIMES = 3
"""Whoever answers other citizens meanwhile may leave one without an answer so many times as long."""
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
        hours: Hours,
        deliver: Deliver,
        assigning: Assigning,
        serving: Serving,
        escape: Escape,
        ending: Ending,
        changed: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._texts = texts
        self._clock = clock
        self._rules = rules
        self._hours = hours
        self._deliver = deliver
        self._assigning = assigning
        self._serving = serving
        self._escape = escape
        self._ending = ending
        self._changed = changed

    def tick(self) -> None:
        """Do what is due. One step that fails is logged and does not keep back the others."""
        for step in (
            self._return_from_the_gone,
            self._return_the_unanswered,
            self._offer_tickets,
            self._make_tickets,
            self._end_the_silent,
            self._assign,
        ):
            try:
                step(self._clock())
            except Exception:
                logger.exception("%s failed and is tried again", step.__name__)

    def leave(self, connection: Connection, staff_id: int, at: float) -> list[str]:
        """Somebody leaves the desk: their conversations wait for a colleague. The conversations."""
        mine = (handoffs.c.status == "claimed", handoffs.c.claimed_by == staff_id)
        found = connection.execute(select(handoffs.c.id).where(*mine)).scalars().all()
        returned = []
        for handoff_id in found:
            row = waiting.by_id(connection, handoff_id)
            if self._serving.put_back(connection, row, "left", at):
                told = self._texts.say("citizen.staff_left")
                self._deliver(connection, row.conversation_id, "system", told)
                returned.append(row.conversation_id)
        if returned:
            self._assigning.assign(connection, at)
        return returned

    def _return_from_the_gone(self, at: float) -> None:
        after = self._rules.assigning.gone_after
        with self._engine.connect() as connection:
            gone = presence.gone(connection, at, after)
        for staff_id in gone:
            with self._engine.begin() as connection:
                if staff_id not in presence.gone(connection, at, after):
                    continue
                presence.set_available(connection, staff_id, False, at)
                returned = self.leave(connection, staff_id, at)
            for conversation_id in returned:
                logger.warning("%s went back to the queue: staff %d is gone", conversation_id, staff_id)
                self._changed(conversation_id)

    def _return_the_unanswered(self, at: float) -> None:
        before = at - self._rules.assigning.answer_within
        due = (
            handoffs.c.status == "claimed",
            handoffs.c.assigned,
            handoffs.c.claimed_at <= before,
        )
        for found in self._due(*due):
            with self._engine.begin() as connection:
                row = waiting.by_id(connection, found.id)
                still = row.status == "claimed" and row.assigned and row.claimed_at <= before
                patience = at - BUSY_TIMES * self._rules.assigning.answer_within
                if row.claimed_at > patience and waiting.answers_others(connection, row.claimed_by, before):
                    continue
                if not still or not self._serving.put_back(connection, row, "unanswered", at):
                    continue
                # Else it would come straight back to them.
                presence.set_available(connection, row.claimed_by, False, at)
                self._assigning.assign(connection, at)
            self._changed(row.conversation_id)

    def _offer_tickets(self, at: float) -> None:
        if not self._escape.possible:
            return
        due = (
            handoffs.c.status == "queued",
            handoffs.c.priority == 0,
            handoffs.c.ticket_offered_at.is_(None),
            handoffs.c.queued_at <= at - self._rules.waiting.offer_ticket_after,
        )
        for found in self._due(*due):
            with self._engine.begin() as connection:
                row = waiting.by_id(connection, found.id)
                if row.status != "queued" or row.ticket_offered_at is not None:
                    continue
                waiting.change(connection, row.id, ticket_offered_at=at)
                routes = routing.read(connection, self._rules.default_department)
                told = self._texts.say(
                    "citizen.ticket_offer",
                    minutes=int((at - row.queued_at) // 60),
                    position=waiting.position(connection, row, routes),
                )
                self._deliver(connection, row.conversation_id, "system", told)

    def _make_tickets(self, at: float) -> None:
        if not self._escape.possible:
            return
        for found in self._due(handoffs.c.status == "queued", handoffs.c.priority == 0):
            long = found.queued_at <= at - self._rules.waiting.ticket_after
            if not long and self._hours.is_open(found.department, at):
                continue
            with self._engine.begin() as connection:
                row = waiting.by_id(connection, found.id)
                routes = routing.read(connection, self._rules.default_department)
                there = self._assigning.present(connection, at)
                if not long and not self._escape.nobody_comes(row.department, there, routes, at):
                    continue
                ticket = self._escape.leave(connection, row, at) if row.status == "queued" else None
                if ticket is None:
                    continue
                key = "waited_ticket" if long else "closed_ticket"
                told = self._texts.say(f"citizen.{key}", number=ticket.number, due=ticket.due_text)
                self._deliver(connection, row.conversation_id, "system", told)
            self._changed(row.conversation_id)

    def _end_the_silent(self, at: float) -> None:
        before = at - self._rules.serving.idle_after
        due = (
            handoffs.c.status == "claimed",
            handoffs.c.awaiting_reply.is_(False),
            handoffs.c.last_said_at <= before,
        )
        for row in self._due(*due):
            with self._engine.begin() as connection:
                ownership.hold(connection, row.conversation_id, row.claimed_by, at)
                handoff = waiting.by_id(connection, row.id)
                if handoff.status != "claimed" or handoff.awaiting_reply or handoff.last_said_at > before:
                    continue
                self._ending.by_silence(connection, ownership.read(connection, row.conversation_id), at)
                self._assigning.assign(connection, at)
            self._changed(row.conversation_id)

    def _assign(self, at: float) -> None:
        """Somebody came back, or was given more capacity, without anybody asking for it to be looked at."""
        with self._engine.connect() as connection:
            waits = connection.execute(
                select(handoffs.c.id).where(handoffs.c.status == "queued").limit(1)
            ).first()
            if waits is None or not any(there.free for there in self._assigning.present(connection, at)):
                return
        with self._engine.begin() as connection:
            self._assigning.assign(connection, at)

    def _due(self, *conditions: Any) -> list[Any]:
        statement = (
            select(handoffs)
            .select_from(handoffs.join(conversations, conversations.c.handoff_id == handoffs.c.id))
            .where(*conditions)
            .order_by(handoffs.c.id)
            .limit(AT_ONCE)
        )
        with self._engine.connect() as connection:
            return connection.execute(statement).all()
