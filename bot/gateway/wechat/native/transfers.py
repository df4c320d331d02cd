"""Which messages are answered with the transfer: decided in the transaction that marks them done."""

import asyncio
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.engine import Connection

from bot.gateway.inbox import InboxMessage
from bot.gateway.ports import OutsidePort, Passing
from bot.gateway.settings import Clock
from bot.gateway.tables import inbox
from bot.gateway.wechat.native.agents import Agents

POSSIBLE = "possible"
"""`inbox.transfer` of a message that can be transferred, until it is done."""
GIVEN = "given"
"""… of one whose reply is the transfer, for each of its tries."""


class Transfers:
    """Every method with a `connection` works inside the caller's transaction.

    Args:
        outside: the desk's side of it.
        agents: who is online.
        clock: the present as epoch seconds.
    """

    def __init__(self, outside: OutsidePort, agents: Agents, clock: Clock) -> None:
        self._outside = outside
        self._agents = agents
        self._clock = clock

    async def look(self, conversation_id: str) -> None:
        """Find out whether agents are online, where `passing` may be asked: not for whom the desk's staff have."""
        if await asyncio.to_thread(self._outside.concerned, conversation_id):
            await self._agents.look()

    def passing(self, connection: Connection, conversation_id: str) -> Passing:
        """Whether what the citizen says now can be transferred: a request that can carry it is still open.

        Who is there counts only for what can be transferred: for nothing else is it looked up.
        """
        if not conversation_id.startswith("wechat:"):
            return "nobody"
        if not self._carriers(connection, conversation_id):
            return "not_this"
        return "yes" if self._agents.there else "nobody"

    def decide(self, connection: Connection, message: InboxMessage, opened: bool) -> None:
        """The message is done: its reply is the transfer where the agents have the conversation now.

        Args:
            opened: with this message they got it. Where no request can carry the transfer any more, the desk has it.
        """
        if not self._outside.holds(connection, message.conversation_id):
            self.refrain(connection, message)
            return
        carriers = self._carriers(connection, message.conversation_id)
        self._note(connection, message, GIVEN if message.id in carriers else None)
        if opened and not carriers:
            self._outside.lost(message.conversation_id, connection)

    def refrain(self, connection: Connection, message: InboxMessage) -> None:
        """The message is done, and its reply is a text: it can be transferred no more, nor carry another there."""
        self._note(connection, message, None)

    @staticmethod
    def _note(connection: Connection, message: InboxMessage, transfer: str | None) -> None:
        if message.transfer:
            connection.execute(update(inbox).where(inbox.c.id == message.id).values(transfer=transfer))

    def session(self, connection: Connection, message: InboxMessage) -> None:
        """An event of the platform: an agent (`text`) has the citizen, or has them no longer."""
        if message.kind == "session":
            self._outside.seen(message.conversation_id, message.text, connection)
        elif self._given_since(connection, message):
            # The citizen is there again, and waits: `Sessions` finds out how that goes on.
            self._outside.parted(message.conversation_id, connection)
        else:
            self._outside.ended(message.conversation_id, connection)

    @staticmethod
    def _given_since(connection: Connection, event: InboxMessage) -> bool:
        """Whether the citizen was transferred after the end that this event tells late, as the platform's clock has it.

        The clock counts seconds. In the same one the transfer came after the end where no agent was told of since.
        """
        if event.sent_at is None:
            return False
        told = inbox.alias()
        taken = select(told.c.id).where(
            told.c.conversation_id == event.conversation_id,
            told.c.kind == "session",
            told.c.id.between(inbox.c.id, event.id),
        )
        same_second = and_(inbox.c.sent_at == event.sent_at, ~taken.exists())
        given = select(inbox.c.id).where(
            inbox.c.conversation_id == event.conversation_id,
            inbox.c.transfer == GIVEN,
            or_(inbox.c.sent_at > event.sent_at, same_second),
        )
        return connection.execute(given.limit(1)).first() is not None

    def _carriers(self, connection: Connection, conversation_id: str) -> list[int]:
        """The messages whose requests are open and may be answered with the transfer."""
        rows: Any = connection.execute(
            select(inbox.c.id).where(
                inbox.c.conversation_id == conversation_id,
                inbox.c.transfer == POSSIBLE,
                inbox.c.reply.is_(None),
                inbox.c.reply_until > self._clock(),
            )
        )
        return list(rows.scalars())
