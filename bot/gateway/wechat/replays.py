"""Which signed requests were seen before, and for what."""

import hashlib
import time
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine

from bot.gateway.settings import Clock
from bot.gateway.tables import callback_nonces


class SeenRequests:
    """Calls block for one short transaction; call them from a thread.

    Args:
        engine: the database.
        keep: seconds a request is remembered; at least twice the window of valid timestamps.
        clock: the present as epoch seconds.
    """

    def __init__(self, engine: Engine, keep: float, clock: Clock = time.time) -> None:
        self._engine = engine
        self._keep = keep
        self._clock = clock

    def first_use(self, signed: str, used_for: str) -> tuple[str, bool]:
        """Remember what the signature covers and the message it came with.

        Returns:
            The message it was first used for, and whether that is now.
        """
        digest = hashlib.sha256(signed.encode()).hexdigest()
        row = {"digest": digest, "used_for": used_for, "seen_at": self._clock()}
        with self._engine.begin() as connection:
            dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
            added = connection.execute(dialect.insert(callback_nonces).values(**row).on_conflict_do_nothing())
            if added.rowcount:
                return used_for, True
            query = select(callback_nonces.c.used_for).where(callback_nonces.c.digest == digest)
            return str(connection.execute(query).scalar_one()), False

    def forget_old(self) -> None:
        """Delete what is too old to be accepted anyway."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(callback_nonces).where(callback_nonces.c.seen_at < self._clock() - self._keep)
            )
