"""How long a waiting citizen will wait, from how long the last conversations of the same queue took."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.conversations.presence import Present, at_the_desk
from desk.conversations.routing import Routing
from desk.rules import Estimate
from desk.tables import handoffs


def wait(
    connection: Connection,
    routes: Routing,
    department: str,
    position: int,
    there: Sequence[Present],
    rules: Estimate,
    at: float,
) -> float | None:
    """The expected wait in seconds, rounded up; None where nothing honest can be said.

    While all s slots are busy one frees every T/s seconds, T being how long a conversation takes (the median, which a
    few forgotten ones do not move), so that the n-th in the queue waits about n·T/s.

    Args:
        position: place in the queue, from 1.
        there: who is at the desk and ready.
    """
    slots = sum(member.capacity for member in there if routes.serves(member.member(), department))
    took = _durations(connection, routes.same_queue(department), rules, at)
    if not slots or len(took) < rules.at_least:
        return None
    seconds = position * median(took) / slots
    return math.ceil(seconds / rules.round_to) * rules.round_to


def _durations(connection: Connection, same_queue: Any, rules: Estimate, at: float) -> list[float]:
    ended = (
        select(handoffs.c.claimed_at, handoffs.c.resolved_at)
        .where(
            handoffs.c.status == "resolved",
            handoffs.c.claimed_at.is_not(None),
            at_the_desk(),
            handoffs.c.resolved_at >= at - rules.within,
            same_queue,
        )
        .order_by(handoffs.c.id.desc())
        .limit(rules.served)
    )
    return [row.resolved_at - row.claimed_at for row in connection.execute(ended)]
