"""What citizens are told, stored before it is delivered; each row is delivered once."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, insert, or_, select, update
from sqlalchemy.engine import Connection, Engine

from bot.gateway.inbox import Clock
from bot.gateway.render import Renderer
from bot.gateway.tables import inbox, outbox
from bot.gateway.texts import Texts
from bot.gateway.wechat.splitting import split

HELD = 1e12
"""`next_try_at` of a row that only the citizen's next message can carry."""


@dataclass(frozen=True)
class OutboxMessage:
    """One row. `question` is the message it answers; `noticed`: the citizen was told to wait for it."""

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


@dataclass(frozen=True)
class Saying:
    """Something to tell a citizen, before it is stored."""

    author: str
    text: str
    payload: dict[str, Any] | None = None


Compose = Callable[[list[OutboxMessage], list[OutboxMessage]], tuple[str, list[int]]]
"""`compose(own, older)` gives the text of a passive reply and the ids of the rows in it."""


class Outbox:
    """All calls block for one short transaction; call them from a thread.

    Args:
        engine: the database, with `tables.metadata` in it. On SQLite its `begin()` takes the write lock.
        renderer: makes plain text of an Answer, for channels that show only text.
        texts: the gateway's texts.
        clock: the present as epoch seconds.
    """

    def __init__(self, engine: Engine, renderer: Renderer, texts: Texts, clock: Clock = time.time) -> None:
        self._engine = engine
        self._renderer = renderer
        self._texts = texts
        self._clock = clock

    # Writing

    def add(
        self,
        connection: Connection,
        conversation_id: str,
        sayings: list[Saying],
        inbox_id: int | None = None,
    ) -> None:
        """Store in the caller's transaction. For WeChat each row becomes one message the platform takes."""
        channel, _, citizen = conversation_id.partition(":")
        now = self._clock()
        rows: list[dict[str, Any]] = []
        for saying in sayings:
            payload = None if saying.payload is None else json.dumps(saying.payload, ensure_ascii=False)
            for number, text in enumerate(self._parts(channel, saying)):
                rows.append(
                    {
                        "conversation_id": conversation_id,
                        "channel": channel,
                        "citizen": citizen,
                        "inbox_id": inbox_id,
                        "author": saying.author,
                        "text": text,
                        "payload": payload if number == 0 else None,
                        "part": number,
                        "status": "pending" if channel == "wechat" else "pull",
                        "created_at": now,
                        "attempts": 0,
                        "next_try_at": now,
                    }
                )
        if rows:
            connection.execute(insert(outbox), rows)

    def _parts(self, channel: str, saying: Saying) -> list[str]:
        if channel != "wechat":
            return [saying.text]
        text = self._renderer.render(saying.text, saying.payload, links=True)
        if saying.author == "staff":
            text = self._texts.say("parts.staff", text=text)
        return split(text)

    # Reading

    def of_message(self, inbox_id: int) -> list[OutboxMessage]:
        """What was said in answer to one message."""
        conversation = select(inbox.c.conversation_id).where(inbox.c.id == inbox_id).scalar_subquery()
        # By conversation first: that is what there is an index for.
        return self._read(and_(outbox.c.conversation_id == conversation, outbox.c.inbox_id == inbox_id))

    def newest(self) -> int:
        """The highest id, 0 when there is none."""
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.max(outbox.c.id))).scalar() or 0)

    def since(self, row_id: int) -> list[tuple[int, str]]:
        """Ids and conversations of the rows after this id."""
        query = select(outbox.c.id, outbox.c.conversation_id).where(outbox.c.id > row_id)
        with self._engine.connect() as connection:
            return [(row.id, row.conversation_id) for row in connection.execute(query.order_by(outbox.c.id))]

    def has_pending(self, conversation_id: str, inbox_id: int) -> bool:
        """Is anything left that this message's reply could carry?"""
        return bool(self._read(self._free(conversation_id, inbox_id)))

    # Delivery in a reply

    def claim_reply(self, inbox_id: int, compose: Compose, notice: str | None = None) -> str | None:
        """Put rows into the reply to one request and mark them delivered; the same text for every retry.

        Args:
            compose: chooses the rows.
            notice: told when the message is not done yet; without it nothing happens then.

        Returns:
            The text ("" for nothing to say), or None while the message is not done and no notice is given.
        """
        now = self._clock()
        this = inbox.c.id == inbox_id
        with self._engine.begin() as connection:
            # Locked (on SQLite the whole transaction is): of two requests for one message the second waits.
            message = connection.execute(select(inbox).where(this).with_for_update()).one()
            if message.reply is not None:
                return str(message.reply)
            if message.status != "done":
                if notice is not None:
                    values = {"reply": notice, "noticed": 1, "reply_until": now}
                    connection.execute(update(inbox).where(this).values(**values))
                return notice
            rows = self._select(connection, self._free(message.conversation_id, inbox_id, with_own=True))
            own = [row for row in rows if row.inbox_id == inbox_id]
            older = [row for row in rows if row.inbox_id != inbox_id]
            text, chosen = compose(own, older)
            if chosen:
                connection.execute(
                    update(outbox)
                    .where(outbox.c.id.in_(chosen))
                    .values(status="delivered", delivered_at=now, delivered_by="reply")
                )
            connection.execute(update(inbox).where(this).values(reply=text, reply_until=now))
            if len(chosen) < len(own) + len(older):
                connection.execute(
                    update(outbox)
                    .where(outbox.c.conversation_id == message.conversation_id)
                    .where(outbox.c.status == "pending", outbox.c.next_try_at == HELD)
                    .values(next_try_at=now)
                )
            return text

    # Delivery by customer message

    def due(self, limit: int = 50) -> list[OutboxMessage]:
        """The next rows to send: no request will carry them any more, and their time has come."""
        now = self._clock()
        return self._read(
            and_(
                outbox.c.status == "pending",
                outbox.c.next_try_at <= now,
                or_(outbox.c.inbox_id.is_(None), inbox.c.reply_until <= now),
            ),
            limit,
        )

    def claim_send(self, row_id: int) -> bool:
        """Take a row for sending; False if someone else took it, or an earlier one has to go first."""
        earlier = outbox.alias()
        with self._engine.begin() as connection:
            done = connection.execute(
                update(outbox)
                .where(outbox.c.id == row_id, outbox.c.status == "pending")
                .values(status="sending", attempts=outbox.c.attempts + 1)
            )
            if not done.rowcount:
                return False
            row = connection.execute(select(outbox).where(outbox.c.id == row_id)).one()
            first = connection.execute(
                select(earlier.c.id).where(
                    earlier.c.conversation_id == row.conversation_id,
                    earlier.c.id < row_id,
                    earlier.c.inbox_id.is_(None)
                    if row.inbox_id is None
                    else earlier.c.inbox_id == row.inbox_id,
                    earlier.c.status.in_(("pending", "sending")),
                )
            ).first()
            if first is not None:
                connection.execute(update(outbox).where(outbox.c.id == row_id).values(status="pending"))
            return first is None

    def sent(self, row_id: int) -> None:
        """It was delivered by customer message."""
        now = self._clock()
        self._set(row_id, status="delivered", delivered_at=now, delivered_by="customer_message", error=None)

    def put_back(self, row_id: int, next_try_at: float, error: str) -> None:
        """It could not be sent; try again then (`HELD`: only with the citizen's next message)."""
        self._set(row_id, status="pending", next_try_at=next_try_at, error=error)

    def drop(self, conversation_id: str, error: str, connection: Connection | None = None) -> None:
        """The citizen cannot be reached any more: nothing pending is sent."""
        statement = (
            update(outbox)
            .where(outbox.c.conversation_id == conversation_id, outbox.c.status.in_(("pending", "sending")))
            .values(status="dropped", error=error)
        )
        if connection is not None:
            connection.execute(statement)
            return
        with self._engine.begin() as own:
            own.execute(statement)

    def recover(self) -> int:
        """At start: what was being sent when the process ended is sent again. How many rows that were."""
        with self._engine.begin() as connection:
            done = connection.execute(
                update(outbox).where(outbox.c.status == "sending").values(status="pending")
            )
            return int(done.rowcount)

    # Helpers

    def _free(self, conversation_id: str, inbox_id: int, with_own: bool = False) -> Any:
        """Rows of this conversation's other messages that no request of their own will carry."""
        return and_(
            outbox.c.conversation_id == conversation_id,
            outbox.c.status == "pending",
            or_(
                outbox.c.inbox_id.is_(None),
                and_(outbox.c.inbox_id < inbox_id, inbox.c.reply_until <= self._clock()),
                *([outbox.c.inbox_id == inbox_id] if with_own else []),
            ),
        )

    def _read(self, condition: Any, limit: int | None = None) -> list[OutboxMessage]:
        with self._engine.connect() as connection:
            return self._select(connection, condition, limit)

    def _select(
        self, connection: Connection, condition: Any, limit: int | None = None
    ) -> list[OutboxMessage]:
        query = (
            select(outbox, inbox.c.text.label("question"), inbox.c.noticed)
            .select_from(outbox.outerjoin(inbox, outbox.c.inbox_id == inbox.c.id))
            .where(condition)
            .order_by(outbox.c.id)
            .limit(limit)
        )
        return [_message(row) for row in connection.execute(query)]

    def _set(self, row_id: int, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(outbox).where(outbox.c.id == row_id).values(**values))


def _message(row: Any) -> OutboxMessage:
    return OutboxMessage(
        row.id,
        row.conversation_id,
        row.channel,
        row.citizen,
        row.inbox_id,
        row.author,
        row.text,
        json.loads(row.payload) if row.payload else None,
        row.part,
        row.status,
        row.created_at,
        row.attempts,
        row.question or "",
        bool(row.noticed),
    )
