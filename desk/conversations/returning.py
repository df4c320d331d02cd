"""Restarting the dialogue after a conversation went back to the bot.

The need is written in the transaction that changed the owner (`conversations.restart_due`), so that it
survives a crash and a failing Rasa: whoever asks for the owner next tries again.
"""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.engine import Engine

from desk.conversations import ownership

logger = logging.getLogger(__name__)

OnReturn = Callable[[str], None]
"""`on_return(conversation_id)` restarts the dialogue with a clean context; may be called twice."""


class Returns:
    """Calls `on_return` once per return, never inside a transaction, never twice at the same time."""

    def __init__(self, engine: Engine, on_return: OnReturn) -> None:
        self._engine = engine
        self._on_return = on_return
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def finish(self, conversation_id: str) -> None:
        """Restart the dialogue if that is still due. A failure is logged and stays due."""
        with self._lock:
            if conversation_id in self._running:
                return
            self._running.add(conversation_id)
        try:
            with self._engine.connect() as connection:
                row = ownership.read(connection, conversation_id)
            if row is None or not row.restart_due:
                return
            self._on_return(conversation_id)
            with self._engine.begin() as connection:
                ownership.restarted(connection, conversation_id)
        except Exception:
            logger.exception("the dialogue of %s could not be restarted; it stays due", conversation_id)
        finally:
            with self._lock:
                self._running.discard(conversation_id)
