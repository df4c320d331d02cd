"""Handoffs put straight into the table, with the times that a test wants."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from desk.tables import conversations, handoffs, ratings

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def add(world: Any) -> Callable[..., str]:
    """Adds a handoff. Times are seconds after `created`, itself epoch seconds; returns its number."""
    made: list[str] = []

    def put(
        created: float,
        claimed: float | None = None,
        replied: float | None = None,
        ended: float | None = None,
        outcome: str | None = None,
        department: str = "公安局",
        reason: str = "complex",
        by: int | None = None,
        score: int | None = None,
    ) -> str:
        def at(after: float | None) -> float | None:
            return None if after is None else created + after

        day = datetime.fromtimestamp(created, ZONE).strftime("%Y%m%d")
        sequence = len(made) + 1
        number = f"{day}-{sequence:04d}"
        row = {
            "number": number,
            "day": day,
            "day_sequence": sequence,
            "conversation_id": f"web:{sequence}",
            "reason": reason,
            "department": department,
            "question": "市民写的问题",
            "status": "resolved" if ended is not None else "claimed" if claimed is not None else "queued",
            "outcome": outcome or ("resolved" if ended is not None else None),
            "queue_order": created,
            "created_at": created,
            "claimed_at": at(claimed),
            "claimed_by": by,
            "first_reply_at": at(replied),
            "resolved_at": at(ended),
            "awaiting_reply": False,
        }
        with world.engine.begin() as connection:
            opened = {"owner": "bot", "created_at": created, "last_activity_at": created}
            connection.execute(insert(conversations).values(id=row["conversation_id"], **opened))
            done = connection.execute(insert(handoffs).values(**row))
            if score is not None:
                rated = {"handoff_id": done.inserted_primary_key[0], "asked_at": created, "score": score}
                connection.execute(insert(ratings).values(**rated))
        made.append(number)
        return number

    return put
