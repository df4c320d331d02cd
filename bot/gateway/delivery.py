"""How far what staff wrote is on its way to the citizen."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Literal

from bot.gateway.channels import channel_of
from bot.gateway.outbox import Outbox
from bot.gateway.rows import HELD, Progress

DeliveryState = Literal["delivered", "sending", "held", "failed"]
"""Of a row: arrived; under way; waiting for the citizen's next message or visit; given up."""

_PAGES_REMEMBERED = 10_000


class Deliveries:
    """Thread-safe.

    Args:
        outbox: where the rows are.
        can_push: whether citizens of this channel can be sent something unasked.
        moved: told the conversation whose deliveries may have changed.
    """

    def __init__(self, outbox: Outbox, can_push: Callable[[str], bool], moved: Callable[[str], None]) -> None:
        self._outbox = outbox
        self._can_push = can_push
        self._lock = threading.Lock()
        self._fetched: OrderedDict[str, int] = OrderedDict()
        self.moved = moved

    def fetched(self, conversation_id: str, outbox_id: int) -> None:
        """The citizen's page has what was said up to this row."""
        with self._lock:
            if self._fetched.get(conversation_id, 0) >= outbox_id:
                return
            self._fetched[conversation_id] = outbox_id
            self._fetched.move_to_end(conversation_id)
            while len(self._fetched) > _PAGES_REMEMBERED:
                self._fetched.popitem(last=False)
        self.moved(conversation_id)

    def of(self, outbox_ids: Sequence[int]) -> dict[int, DeliveryState]:
        """How far these rows are; a row that is not there is left out. Blocking."""
        if not outbox_ids:
            return {}
        return {row.id: self._state(row) for row in self._outbox.progress(outbox_ids)}

    def _state(self, row: Progress) -> DeliveryState:
        if row.status == "pull":
            # Who writes has the page open, also where it was fetched from an earlier process.
            with self._lock:
                there = row.answered or self._fetched.get(row.conversation_id, 0) >= row.id
            return "delivered" if there else "held"
        if row.status == "pending":
            stuck = row.next_try_at == HELD or not self._can_push(channel_of(row.conversation_id))
            return "held" if stuck else "sending"
        if row.status == "delivered":
            return "delivered"
        return "failed" if row.status == "dropped" else "sending"
