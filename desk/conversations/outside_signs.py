"""What is told of conversations outside the desk: who has one there, that it has ended, that it never got there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.engine import Connection, Engine

from desk.conversations import ownership, presence, waiting
from desk.conversations.outside import Outside
from desk.database import Clock, transaction
from desk.records import CRISIS
from desk.tables import handoffs


@dataclass(frozen=True)
class OutsideConversation:
    """One that staff outside the desk have: who, as far as is known, and when the citizen was last heard (epoch
    seconds)."""

    conversation_id: str
    agent: str | None
    last_said_at: float


class OutsideSigns:
    """Thread-safe; each call is a short transaction, or part of the one that is given.

    Args:
        engine: the database.
        clock: the present as epoch seconds.
        returned: called with a conversation's id once the assistant has got it back.
    """

    def __init__(
        self, engine: Engine, clock: Clock, outside: Outside, returned: Callable[[str], None]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._outside = outside
        self._returned = returned

    def holds(self, connection: Connection, conversation_id: str) -> bool:
        """Whether staff outside the desk have the conversation; it stays so until the end of the transaction."""
        return self._outside.holds(connection, ownership.read(connection, conversation_id, locked=True))

    def concerned(self, conversation_id: str) -> bool:
        """Whether they have the conversation, or could be given it: it waits at the desk and is no emergency."""
        with self._engine.connect() as connection:
            row = ownership.read(connection, conversation_id)
            if row is None or row.owner != "queue":
                return self._outside.holds(connection, row)
            return waiting.by_id(connection, row.handoff_id).reason != CRISIS

    def held(self) -> list[OutsideConversation]:
        """Every conversation that they have."""
        statement = select(handoffs.c.conversation_id, handoffs.c.outside_agent, handoffs.c.last_said_at)
        mine = statement.where(handoffs.c.status == "claimed", ~presence.at_the_desk())
        with self._engine.connect() as connection:
            return [OutsideConversation(*row) for row in connection.execute(mine.order_by(handoffs.c.id))]

    def stray(self) -> list[str]:
        """The conversations that go on there although the desk has them: they are to be closed there."""
        known = handoffs.c.outside_agent.is_not(None)
        statement = select(handoffs.c.conversation_id.distinct()).where(known, _not_outside())
        with self._engine.connect() as connection:
            return list(connection.execute(statement).scalars())

    def closed(self, conversation_id: str) -> None:
        """What went on there although the desk has it does so no longer."""
        same = (handoffs.c.conversation_id == conversation_id, _not_outside())
        with self._engine.begin() as connection:
            connection.execute(update(handoffs).where(*same).values(outside_agent=None))

    def leave_open(self, conversation_id: str) -> bool:
        """It cannot be closed there: where nobody at the desk has it any more, it is left to whoever has it there.

        Returns:
            Whether it is; somebody at the desk who has the citizen has to be heard.
        """
        same = handoffs.c.conversation_id == conversation_id
        with self._engine.begin() as connection:
            row = ownership.read(connection, conversation_id, locked=True)
            if row is not None and row.handoff_id is not None:
                return False
            connection.execute(update(handoffs).where(same).values(outside_agent=None))
        return True

    def seen(self, conversation_id: str, agent: str, connection: Connection | None = None) -> None:
        """This agent has the citizen there, has them still, or has got them from another."""
        with transaction(self._engine, connection) as own:
            self._outside.seen(own, conversation_id, agent, self._clock())

    def ended(self, conversation_id: str, connection: Connection | None = None) -> None:
        """The conversation there has ended: the assistant has it back, and begins anew.

        With a `connection` the restart that this makes due happens at the next `recipient()`.
        """
        with transaction(self._engine, connection) as own:
            back = self._outside.ended(own, conversation_id, self._clock())
        if back and connection is None:
            self._returned(conversation_id)

    def parted(self, conversation_id: str, connection: Connection | None = None) -> None:
        """The conversation there has ended, and the citizen was given to them again since: they wait there."""
        with transaction(self._engine, connection) as own:
            self._outside.parted(own, conversation_id)

    def lost(self, conversation_id: str, connection: Connection | None = None) -> None:
        """It never got there: it waits at the desk."""
        with transaction(self._engine, connection) as own:
            row = ownership.read(own, conversation_id, locked=True)
            if self._outside.holds(own, row):
                handoff = waiting.by_id(own, row.handoff_id)
                self._outside.take_back(own, handoff, "outside_lost", self._clock())


def _not_outside() -> Any:
    """The SQL condition for handoffs that wait at the desk, or that somebody there has or had."""
    return or_(handoffs.c.status == "queued", handoffs.c.claimed_by.is_(None), presence.at_the_desk())
