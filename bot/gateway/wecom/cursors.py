"""How far messages have been pulled, durably."""

import time
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.engine import Engine

from bot.gateway.settings import Clock
from bot.gateway.tables import insert_missing, kf_cursors


@dataclass(frozen=True)
class Place:
    """Up to where everything is stored ("" before the first page), and since when the account is served."""

    cursor: str
    since: float


class Cursors:
    """All calls block for one short transaction; call them from a thread.

    Args:
        engine: the database, with `tables.metadata` in it.
        clock: the present as epoch seconds.
    """

    def __init__(self, engine: Engine, clock: Clock = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def place(self, open_kfid: str) -> Place:
        """Where to go on; the first call for an account ever makes its `since` now."""
        with self._engine.begin() as connection:
            fresh = {"open_kfid": open_kfid, "cursor": "", "since": self._clock()}
            insert_missing(connection, kf_cursors, fresh)
            row = connection.execute(select(kf_cursors).where(kf_cursors.c.open_kfid == open_kfid)).one()
            return Place(str(row.cursor), float(row.since))

    def advance(self, open_kfid: str, cursor: str) -> None:
        """Everything before this point is stored."""
        with self._engine.begin() as connection:
            connection.execute(
                update(kf_cursors).where(kf_cursors.c.open_kfid == open_kfid).values(cursor=cursor)
            )
