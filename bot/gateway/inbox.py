"""Messages of citizens, stored before they are acknowledged."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.engine import Connection, Engine

from bot.gateway.ports import conversation_id
from bot.gateway.settings import Clock
from bot.gateway.tables import citizens, inbox, insert_missing, insert_or_update
from bot.gateway.wechat.budget import Window, opened

INSTEAD = frozenset({"too_long", "unheard", "image", "video", "link", "unplaced", "unsupported"})
"""Kinds that the dialogue cannot take; the citizen is told what to do instead."""
SESSIONS = frozenset({"session", "session_end"})
"""Events of the platform's own customer service: an agent has the citizen; has them no longer. Nobody answers them."""
KINDS = INSTEAD | SESSIONS | {"text", "location", "subscribe", "unsubscribe"}
Before = Callable[[Connection], None]


# Run at every message, so made once.
_READ = select(inbox).where(inbox.c.id == bindparam("message"))
_FINISH = (
    update(inbox)
    .where(inbox.c.id == bindparam("message"), inbox.c.status == "waiting")
    .values(status="done", outcome=bindparam("why"), done_at=bindparam("now"))
)


@dataclass(frozen=True)
class Arrival:
    """A message as it comes in.

    Args:
        channel, citizen: who, within the channel.
        dedup_key: the same for the same message; a second one is counted, and not processed again.
        kind: one of `KINDS`.
        reply_for: seconds in which the request that brought it may carry the answer.
        window: which window of customer messages it opens.
        menu_option: the option of a menu message that was tapped.
        transfer: `possible` where the reply may be the transfer to the platform's own customer service.
        sent_at: when the platform says that it was sent (epoch seconds).
    """

    channel: str
    citizen: str
    text: str
    dedup_key: str
    kind: str = "text"
    reply_for: float = 0.0
    window: Window | None = None
    menu_option: str | None = None
    transfer: str | None = None
    sent_at: float | None = None

    @property
    def conversation_id(self) -> str:
        return conversation_id(self.channel, self.citizen)


@dataclass(frozen=True)
class InboxMessage:
    """One stored message of a citizen. `tries`: how often the platform sent it; `transfer`, `sent_at`: see
    `tables.inbox`."""

    id: int
    dedup_key: str
    conversation_id: str
    channel: str
    citizen: str
    kind: str
    text: str
    status: str
    tries: int
    received_at: float
    reply_until: float
    reply: str | None
    menu_option: str | None = None
    transfer: str | None = None
    sent_at: float | None = None


class Inbox:
    """All calls block for one short transaction; call them from a thread.

    Args:
        engine: the database, with `tables.metadata` in it.
        clock: the present as epoch seconds.
    """

    def __init__(self, engine: Engine, clock: Clock = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def accept(self, arrival: Arrival, first: Before | None = None) -> tuple[InboxMessage, bool]:
        """Store a message; one that is there already is counted instead.

        Args:
            first: done before, in the same transaction; what it raises is raised, and nothing has changed.

        Returns:
            The message, and whether it is new.
        """
        now = self._clock()
        values: dict[str, Any] = {
            "dedup_key": arrival.dedup_key,
            "conversation_id": arrival.conversation_id,
            "channel": arrival.channel,
            "citizen": arrival.citizen,
            "kind": arrival.kind,
            "text": arrival.text,
            "menu_option": arrival.menu_option,
            "transfer": arrival.transfer,
            "status": "waiting",
            "tries": 1,
            "received_at": now,
            "sent_at": arrival.sent_at,
            "reply_until": now + arrival.reply_for,
            "noticed": 0,
        }
        with self._engine.begin() as connection:
            if first is not None:
                first(connection)
            message_id = insert_missing(connection, inbox, values)
            if message_id is None:
                return self._again(connection, arrival.dedup_key), False
            self._seen(connection, values, now, arrival.window)
        return InboxMessage(message_id, *_fields(values)), True

    @staticmethod
    def _again(connection: Connection, dedup_key: str) -> InboxMessage:
        same = inbox.c.dedup_key == dedup_key
        connection.execute(update(inbox).where(same).values(tries=inbox.c.tries + 1))
        return _message(connection.execute(select(inbox).where(same)).one())

    def get(self, message_id: int) -> InboxMessage | None:
        """The message, or None."""
        with self._engine.connect() as connection:
            row = connection.execute(_READ, {"message": message_id}).first()
        return None if row is None else _message(row)

    def unfinished(self) -> list[InboxMessage]:
        """What was accepted and not done, in the order it came."""
        query = select(inbox).where(inbox.c.status == "waiting").order_by(inbox.c.id)
        with self._engine.connect() as connection:
            return [_message(row) for row in connection.execute(query)]

    def waiting(self, conversation: str) -> int:
        """How many messages of this conversation are not done."""
        query = select(inbox.c.id).where(inbox.c.conversation_id == conversation, inbox.c.status == "waiting")
        with self._engine.connect() as connection:
            return len(connection.execute(query).all())

    def finish(self, connection: Connection, message_id: int, outcome: str) -> bool:
        """Mark it done in the caller's transaction. False if it was done before: store nothing then."""
        done = connection.execute(_FINISH, {"message": message_id, "why": outcome, "now": self._clock()})
        return bool(done.rowcount)

    def follow(self, connection: Connection, conversation: str, followed: bool) -> None:
        """Record that a citizen follows the account, or no longer does."""
        connection.execute(
            update(citizens)
            .where(citizens.c.conversation_id == conversation)
            .values(followed=int(followed), followed_changed_at=self._clock())
        )

    def _seen(
        self, connection: Connection, values: dict[str, Any], now: float, window: Window | None
    ) -> None:
        row = {name: values[name] for name in ("conversation_id", "channel", "citizen")}
        changed = {"last_seen": now, **(opened(window, now) if window else {})}
        insert_or_update(connection, citizens, row | {"first_seen": now} | changed, tuple(changed))


_NAMES = (
    "dedup_key",
    "conversation_id",
    "channel",
    "citizen",
    "kind",
    "text",
    "status",
    "tries",
    "received_at",
    "reply_until",
)


def _fields(values: dict[str, Any]) -> list[Any]:
    optional = (values.get(name) for name in ("reply", "menu_option", "transfer", "sent_at"))
    return [*(values[name] for name in _NAMES), *optional]


def _message(row: Any) -> InboxMessage:
    return InboxMessage(row.id, *_fields(dict(row._mapping)))
