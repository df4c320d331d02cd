"""Gives waiting conversations to members of staff who are there, ready and free."""

from collections.abc import Set
from dataclasses import replace
from typing import Any, Literal, Protocol

from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.conversations import log, ownership, presence, routing, waiting
from desk.conversations.presence import Present
from desk.database import STAFF, take_turns
from desk.records import CRISIS
from desk.rules import Rules
from desk.tables import conversations, handoffs
from desk.texts import Texts


class Deliver(Protocol):
    """Puts a text for a citizen into the outbox, in this transaction."""

    def __call__(
        self,
        connection: Connection,
        conversation_id: str,
        author: Literal["staff", "system"],
        text: str,
        payload: dict[str, Any] | None = None,
    ) -> int | None:
        """Returns the row's id."""
        ...


class Assigning:
    """Works inside the caller's transaction; `at` is the present.

    Args:
        rules: capacity, and whether anything is assigned at all.
        texts: the desk's Chinese texts.
        deliver: tells a citizen something.
    """

    def __init__(self, rules: Rules, texts: Texts, deliver: Deliver) -> None:
        self._rules = rules
        self._texts = texts
        self._deliver = deliver

    def present(self, connection: Connection, at: float) -> list[Present]:
        """Everyone who is there and ready."""
        rules = self._rules.assigning
        return presence.present(connection, at, rules.present_for, rules.capacity)

    def assign(self, connection: Connection, at: float, opened: int | None = None) -> None:
        """Give out what can be given: emergencies to anybody, the rest to whoever takes it and has a free slot.

        Of several, the one with the least to do relative to their capacity gets it, then who waits longest for one.

        Args:
            opened: the handoff that was opened in this transaction; its citizen learns of it from the receipt.
        """
        if not self._rules.assigning.automatic or not waiting.departments(connection):
            return
        take_turns(connection, STAFF)
        there = self.present(connection, at)
        while there and (row := self._first(connection, handoffs.c.priority > 0)):
            there = self._give(connection, row, min(there, key=_how_busy), there, at, opened)
        routes = routing.read(connection, self._rules.default_department)
        departments = waiting.departments(connection)
        takers = routes.takers(departments)
        while free := _free(there, takers):
            member = min(free, key=_how_busy)
            theirs = [each for each in departments if routes.serves(member.member(), each)]
            row = self._first(connection, handoffs.c.department.in_(theirs))
            if row is None:
                there = [other for other in there if other.department != member.department]
            else:
                there = self._give(connection, row, member, there, at, opened)

    def could(self, connection: Connection, at: float) -> bool:
        """Whether `assign` would find somebody for somebody."""
        departments = waiting.departments(connection)
        if not self._rules.assigning.automatic or not departments:
            return False
        there = self.present(connection, at)
        if there and self._first(connection, handoffs.c.priority > 0, locked=False):
            return True
        routes = routing.read(connection, self._rules.default_department)
        return bool(_free(there, routes.takers(departments)))

    def _first(self, connection: Connection, condition: Any, locked: bool = True) -> Any:
        """The first who waits, and whom no other transaction is dealing with."""
        conversation = conversations.c
        statement = (
            select(handoffs.c.id, handoffs.c.conversation_id, handoffs.c.department, handoffs.c.reason)
            .select_from(handoffs.join(conversations, conversation.id == handoffs.c.conversation_id))
            .where(handoffs.c.status == "queued", condition)
            .where(conversation.owner == "queue", conversation.handoff_id == handoffs.c.id)
            .order_by(*waiting.ORDER)
            .limit(1)
        )
        if locked:
            statement = statement.with_for_update(of=conversations, skip_locked=True)
        return connection.execute(statement).first()

    def _give(
        self,
        connection: Connection,
        row: Any,
        member: Present,
        there: list[Present],
        at: float,
        opened: int | None,
    ) -> list[Present]:
        """Make it theirs; who is there, with their new load."""
        won = ownership.to_staff(connection, row.conversation_id, row.id, member.id)
        assert won  # it was locked when it was found
        waiting.claim(connection, row.id, member.id, at, assigned=True)
        presence.assigned(connection, member.id, at)
        line = self._texts.say("log.assigned", name=member.display_name)
        log.append(
            connection, row.conversation_id, "system", line, at=at, handoff_id=row.id, staff_id=member.id
        )
        if row.id != opened:
            self.announce(connection, row, member.department)
        taken = replace(member, load=member.load + 1, last_assigned_at=at)
        return [taken if other.id == member.id else other for other in there]

    def announce(self, connection: Connection, handoff: Any, department: str) -> None:
        """Tell a citizen who waited that somebody of this department is there now."""
        key = "taken"
        if handoff.reason == CRISIS:
            key = "taken_crisis"
        elif department == self._rules.default_department:
            key = "taken_default"
        told = self._texts.say(f"citizen.{key}", department=department)
        self._deliver(connection, handoff.conversation_id, "system", told)


def _free(there: list[Present], takers: Set[str]) -> list[Present]:
    """Those with a free slot for whom somebody waits."""
    everyone = routing.EVERYONE in takers
    return [member for member in there if member.free and (everyone or member.department in takers)]


def _how_busy(member: Present) -> tuple[float, float, int]:
    return (member.load / max(member.capacity, 1), member.last_assigned_at, member.id)
