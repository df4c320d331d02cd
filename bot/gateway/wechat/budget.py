"""How many customer messages a citizen may still be sent, and until when.

Source: the platform's page 客服接口 "发送消息": a message of the citizen allows 5 in 48 hours; following, scanning a
code, tapping the menu or an option of a menu message allows 3 in one minute. Each such act opens its window anew. A
reply inside the request costs nothing. Whether a message counts in one open window or in all is not said: here it
counts in all, so that nothing is sent that the platform might refuse.
"""

import time
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.engine import Connection, Engine

from bot.gateway.settings import Clock
from bot.gateway.tables import citizens

Window = Literal["message", "tap"]

Charge = tuple[tuple[Window, float], ...]
"""The windows in which a message was counted, and when each was opened."""

SECONDS: dict[Window, float] = {"message": 48 * 3600.0, "tap": 60.0}
MESSAGES: dict[Window, int] = {"message": 5, "tap": 3}
_WINDOWS: tuple[Window, ...] = ("message", "tap")
_EARLY = 5.0
"""Seconds before its end a window is taken for shut: a message has to arrive in it."""


@dataclass(frozen=True)
class Budget:
    """`left` customer messages can be sent; the last window shuts at `until` (epoch seconds), 0 where none is open."""

    left: int
    until: float


@dataclass(frozen=True)
class _Open:
    """A window: what is left in it, when it was opened and when it shuts."""

    left: int
    opened_at: float
    until: float


class BudgetSpent(Exception):
    """This citizen may be sent nothing before their next message."""


def opened(window: Window, at: float) -> dict[str, Any]:
    """The columns of `citizens` that say that this window was opened anew."""
    return {f"{window}_window_at": at, f"{window}_window_sent": 0}


class Ledger:
    """The budget of each citizen, in the database. What the platform says corrects it.

    Args:
        engine: the database, with `tables.metadata` in it.
        clock: the present as epoch seconds.
    """

    def __init__(self, engine: Engine, clock: Clock = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def of(self, conversation_id: str) -> Budget:
        """What this citizen may still be sent. Blocking."""
        with self._engine.connect() as connection:
            windows = self._open(connection, conversation_id).values()
        return Budget(
            max((one.left for one in windows), default=0), max((one.until for one in windows), default=0.0)
        )

    def charge(self, connection: Connection, conversation_id: str, reserve: int = 0) -> Charge:
        """Count one message, in the caller's transaction, in every open window; give it to `refund`.

        Args:
            reserve: how many have to be left after it in each of these windows.

        Raises:
            BudgetSpent: no window is open, or nothing is left in any, or less than the reserve.
        """
        found = self._open(connection, conversation_id)
        if not found or min(one.left for one in found.values()) <= reserve:
            raise BudgetSpent(conversation_id)
        charge = tuple((window, one.opened_at) for window, one in found.items())
        self._add(connection, conversation_id, charge, 1)
        return charge

    def refund(self, conversation_id: str, charge: Charge) -> None:
        """The message was not sent after all; a window that was opened anew since knows nothing of it. Blocking."""
        with self._engine.begin() as connection:
            self._add(connection, conversation_id, charge, -1)

    def acted(self, connection: Connection, conversation_id: str, since: float) -> bool:
        """Whether the citizen has opened a window since then; it stays so until the end of the transaction."""
        query = select(citizens).where(citizens.c.conversation_id == conversation_id).with_for_update()
        row = connection.execute(query).first()
        return row is not None and any((row[f"{window}_window_at"] or 0.0) >= since for window in _WINDOWS)

    def shut(self, connection: Connection, conversation_id: str, since: float) -> bool:
        """The platform says that nothing more may be sent: believe it until the citizen's next act.

        Args:
            since: when that was tried (epoch seconds).

        Returns:
            False, and nothing has changed, where the citizen has acted since.
        """
        if self.acted(connection, conversation_id, since):
            return False
        values = {f"{window}_window_sent": MESSAGES[window] for window in _WINDOWS}
        connection.execute(
            update(citizens).where(citizens.c.conversation_id == conversation_id).values(**values)
        )
        return True

    def _open(self, connection: Connection, conversation_id: str) -> dict[Window, _Open]:
        """Each window that is open and not used up."""
        query = select(citizens).where(citizens.c.conversation_id == conversation_id)
        row = connection.execute(query).first()
        if row is None:
            return {}
        found: dict[Window, _Open] = {}
        for window in _WINDOWS:
            at = row[f"{window}_window_at"]
            until = (at or 0.0) + SECONDS[window]
            left = MESSAGES[window] - row[f"{window}_window_sent"]
            if at is not None and until - _EARLY > self._clock() and left > 0:
                found[window] = _Open(left, at, until)
        return found

    def _add(self, connection: Connection, conversation_id: str, charge: Charge, count: int) -> None:
        for window, opened_at in charge:
            sent = citizens.c[f"{window}_window_sent"]
            same = (
                citizens.c.conversation_id == conversation_id,
                citizens.c[f"{window}_window_at"] == opened_at,
            )
            connection.execute(update(citizens).where(*same).values({sent: sent + count}))
