"""A tracker store that keeps only the end of each conversation.

Rasa loads, replays and posts a conversation's whole session at every turn, so a long one slows down and its
file grows without end. The dialogue looks back a few turns at most, and staff read the conversation in the
desk's own records.
"""

from __future__ import annotations

import logging
from typing import Any

import sqlalchemy as sa
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Query, Session, sessionmaker
from sqlalchemy.pool import QueuePool

logger = logging.getLogger(__name__)

# A turn is about five events; the actions look back to the question before this one.
DEFAULT_MAX_EVENTS = 24
SMALLEST_MAX_EVENTS = 15


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

    def _event_query(self, session: Session, sender_id: str, fetch_events_from_all_sessions: bool) -> Query:
        """Rasa's query, cut to the last events; Rasa counts by it too, so saving stays consistent."""
        query = super()._event_query(session, sender_id, fetch_events_from_all_sessions)
        last = query.order_by(None).order_by(self.SQLEvent.id.desc()).limit(self._max_events).subquery()
        kept = sa.select(last.c.id)
        return session.query(self.SQLEvent).filter(self.SQLEvent.id.in_(kept)).order_by(self.SQLEvent.id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new; once twice `max_events` are kept, delete all but the last `max_events`."""
        await super().save(tracker)
        try:
            self._prune(tracker.sender_id)
        except SQLAlchemyError:
            # The events are stored; Rasa would take an error here for a lost database.
            logger.exception("old events of %s were not deleted", tracker.sender_id)

    def _prune(self, sender_id: str) -> None:
        with self.session_scope() as session:
            own = session.query(self.SQLEvent.id).filter(self.SQLEvent.sender_id == sender_id)
            newest_first = own.order_by(self.SQLEvent.id.desc())
            if newest_first.offset(2 * self._max_events).limit(1).scalar() is None:
                return
            oldest_kept = newest_first.offset(self._max_events - 1).limit(1).scalar()
            session.query(self.SQLEvent).filter(
                self.SQLEvent.sender_id == sender_id, self.SQLEvent.id < oldest_kept
            ).delete(synchronize_session=False)
            session.commit()
