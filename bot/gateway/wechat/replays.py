"""Which signed requests were seen before, and for what."""

import hashlib
import time

from sqlalchemy import delete, select
from sqlalchemy.engine import Connection, Engine

from bot.gateway.settings import Clock
from bot.gateway.tables import callback_nonces, insert_missing
from bot.gateway.wechat.errors import Replayed


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

    def first_use(self, signed: str, used_for: str, connection: Connection | None = None) -> bool:
        """Remember what the signature covers and the message it came with.

        Args:
            connection: a transaction to do it in; without it one is opened and committed.

        Returns:
            Whether it came for the first time.

        Raises:
            Replayed: it came before, with another message.
        """
        if connection is None:
            with self._engine.begin() as own:
                return self.first_use(signed, used_for, own)
        digest = hashlib.sha256(signed.encode()).hexdigest()
        row = {"digest": digest, "used_for": used_for, "seen_at": self._clock()}
        if insert_missing(connection, callback_nonces, row) is not None:
            return True
        query = select(callback_nonces.c.used_for).where(callback_nonces.c.digest == digest)
        if connection.execute(query).scalar_one() != used_for:
            raise Replayed()
        return False

    def forget_old(self) -> None:
        """Delete what is too old to be accepted anyway."""
        with self._engine.begin() as connection:
            connection.execute(
                delete(callback_nonces).where(callback_nonces.c.seen_at < self._clock() - self._keep)
            )
