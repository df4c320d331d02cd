"""A tracker store that keeps only the end of each conversation.

Rasa loads, replays and posts a conversation's whole session at every turn, so a long one slows down and its
file grows without end. The dialogue looks back a few turns at most, and staff read the conversation in the
desk's own records.

Reading and saving are one statement each, made once: Rasa's own make eight, anew each time, which takes a third of a
turn.
"""

from __future__ import annotations

import json
import logging
from itertools import islice
from typing import Any

import sqlalchemy as sa
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import Event, SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import QueuePool

logger = logging.getLogger(__name__)

# A turn is about five events; the actions look back to the question before this one.
DEFAULT_MAX_EVENTS = 24
SMALLEST_MAX_EVENTS = 15

_STORED = "stored_events"
"""A tracker's attribute: how many of its first events are stored."""

_events = SQLTrackerStore.SQLEvent.__table__
_OWN = _events.c.sender_id == sa.bindparam("sender")
_SESSION_BEGAN = sa.select(sa.func.max(_events.c.timestamp)).where(
    _OWN, _events.c.type_name == SessionStarted.type_name
)
_LAST_OF_SESSION = (
    sa.select(_events.c.data)
    .where(_OWN, _events.c.timestamp >= sa.func.coalesce(_SESSION_BEGAN.scalar_subquery(), 0.0))
    .order_by(_events.c.id.desc())
    .limit(sa.bindparam("limit"))
)
_ID_FROM_THE_END = (
    sa.select(_events.c.id).where(_OWN).order_by(_events.c.id.desc()).offset(sa.bindparam("skip")).limit(1)
)
_ADD = _events.insert()
_DELETE_BEFORE = _events.delete().where(_OWN, _events.c.id < sa.bindparam("first"))


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """Write-ahead log without a sync at every commit: a power cut may cost the last turns' context only."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


class BoundedTrackerStore(SQLTrackerStore):
    """Loads at most the last `max_events` events of a conversation and keeps at most twice as many."""

    def __init__(self, *args: Any, max_events: int = DEFAULT_MAX_EVENTS, **kwargs: Any) -> None:
        """Open the store.

        Args:
            max_events: how many of the last events to load.

        Raises:
            ValueError: `max_events` is too small to hold the turns that the actions look back to.
        """
        if max_events < SMALLEST_MAX_EVENTS:
            raise ValueError(f"max_events must be at least {SMALLEST_MAX_EVENTS}, not {max_events}")
        self._max_events = max_events
        super().__init__(*args, **kwargs)
        if self.engine.dialect.name == "sqlite":
            self._keep_sqlite_open()

    def _keep_sqlite_open(self) -> None:
        """Rasa opens and closes the file at every step; closing a write-ahead log syncs it."""
        url = self.engine.url
        self.engine.dispose()
        self.engine: Any = sa.create_engine(
            url, poolclass=QueuePool, connect_args={"check_same_thread": False, "timeout": 10}
        )
        sa.event.listen(self.engine, "connect", _tune_sqlite)
        self.sessionmaker = sessionmaker(bind=self.engine)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The end of the conversation's session; None where there is none."""
        with self.engine.connect() as connection:
            events = self._last(connection, sender_id)
        if not events:
            return None
        tracker = DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)
        setattr(tracker, _STORED, len(events))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new; once twice `max_events` are kept, delete all but the last `max_events`."""
        await self.stream_events(tracker)
        if not tracker.events:
            setattr(tracker, _STORED, 0)  # Rasa saves it as soon as it has made it
            return
        sender = tracker.sender_id
        with self.engine.begin() as connection:
            stored = getattr(tracker, _STORED, None)
            if stored is None:  # Rasa did not get it from here
                stored = len(self._last(connection, sender))
            fresh = [_row(sender, event) for event in islice(tracker.events, stored, None)]
            if fresh:
                connection.execute(_ADD, fresh)
        setattr(tracker, _STORED, len(tracker.events))
        begun = any(row["type_name"] == SessionStarted.type_name for row in fresh)
        if begun or stored >= self._max_events:
            try:
                self._prune(sender)
            except SQLAlchemyError:
                # The events are stored; Rasa would take an error here for a lost database.
                logger.exception("old events of %s were not deleted", sender)

    def _last(self, connection: Connection, sender: str) -> list[dict[str, Any]]:
        """The last events of the session that began last, oldest first."""
        rows = connection.execute(_LAST_OF_SESSION, {"sender": sender, "limit": self._max_events})
        return [json.loads(row.data) for row in rows][::-1]

    def _prune(self, sender: str) -> None:
        """Cheap where there is little to delete: called once a session and, in a long one, at every turn."""
        with self.engine.begin() as connection:
            if not self._from_the_end(connection, sender, 2 * self._max_events):
                return
            first = self._from_the_end(connection, sender, self._max_events - 1)
            connection.execute(_DELETE_BEFORE, {"sender": sender, "first": first})

    @staticmethod
    def _from_the_end(connection: Connection, sender: str, skip: int) -> int | None:
        """The id of the event before the last `skip`."""
        return connection.execute(_ID_FROM_THE_END, {"sender": sender, "skip": skip}).scalar()


def _row(sender: str, event: Event) -> dict[str, Any]:
    """As Rasa stores an event."""
    data = event.as_dict()
    return {
        "sender_id": sender,
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": ((data.get("parse_data") or {}).get("intent") or {}).get("name"),
        "action_name": data.get("name"),
        "data": json.dumps(data),
    }
