"""A conversation as its page shows it: what the citizen said and was told, in order, from any point on."""

import heapq
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Engine

from bot.gateway.tables import inbox, outbox

HISTORY = 100


@dataclass(frozen=True)
class Cursor:
    """A point in a conversation: the last inbox and the last outbox row that were seen. Written `12-34`."""

    inbox_id: int = 0
    outbox_id: int = 0

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """
        Raises:
            ValueError: it is not one.
        """
        if not text:
            return cls()
        first, dash, second = text.partition("-")
        if not (dash and first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
            raise ValueError(text)
        if len(first) > 18 or len(second) > 18:
            raise ValueError(text)
        return cls(int(first), int(second))

    def __str__(self) -> str:
        return f"{self.inbox_id}-{self.outbox_id}"


@dataclass(frozen=True)
class Item:
    """One line. `cursor` is the point just after it."""

    cursor: Cursor
    author: str
    text: str
    at: float
    payload: dict[str, Any] | None = None
    message_id: str = ""


class Timeline:
    """Calls block for short reads; call them from a thread.

    Args:
        engine: the database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def after(self, conversation_id: str, cursor: Cursor) -> tuple[list[Item], bool]:
        """What came after this point (at most the last 100 of each side), and whether an answer is due."""
        heard = (
            select(inbox.c.id, inbox.c.text, inbox.c.received_at, inbox.c.dedup_key)
            .where(inbox.c.conversation_id == conversation_id, inbox.c.id > cursor.inbox_id)
            .order_by(inbox.c.id.desc())
            .limit(HISTORY)
        )
        said = (
            select(outbox.c.id, outbox.c.author, outbox.c.text, outbox.c.created_at, outbox.c.payload)
            .where(outbox.c.conversation_id == conversation_id, outbox.c.id > cursor.outbox_id)
            .order_by(outbox.c.id.desc())
            .limit(HISTORY)
        )
        open_ = select(inbox.c.id).where(
            inbox.c.conversation_id == conversation_id, inbox.c.status == "waiting"
        )
        with self._engine.connect() as connection:
            # Questions last: every answer that is read then has its question with it.
            busy = connection.execute(open_.limit(1)).first() is not None
            outs = list(connection.execute(said))[::-1]
            ins = list(connection.execute(heard))[::-1]
        left = ((row.received_at, 0, row) for row in ins)
        right = ((row.created_at, 1, row) for row in outs)
        items: list[Item] = []
        # Each side stays in the order of its ids, so that the cursor never passes a row that was not given.
        for at, side, row in heapq.merge(left, right, key=lambda entry: entry[:2]):
            if side == 0:
                cursor = Cursor(row.id, cursor.outbox_id)
                message_id = row.dedup_key.rpartition(":")[2]
                items.append(Item(cursor, "citizen", row.text, at, None, message_id))
            else:
                cursor = Cursor(cursor.inbox_id, row.id)
                payload = json.loads(row.payload) if row.payload else None
                items.append(Item(cursor, row.author, row.text, at, payload))
        return items, busy
