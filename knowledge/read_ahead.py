"""Embeds a question while the dialogue still decides what is to be done with the message.

The dialogue takes about as long as the model, on another core. What it makes of the message may be no question, or one
that follows on from the one before: then a vector was made in vain.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from knowledge.embedding import Embedder
from knowledge.pipeline.retrieve import readings
from knowledge.pipeline.understand import read
from knowledge.vocabulary import Vocabulary

logger = logging.getLogger(__name__)


class ReadAhead:
    """Thread-safe. One question at a time: where several come at once there is no core to spare for it.

    Parameters: ``embedder`` that remembers the vectors it made; ``vocabulary`` that the last question was read with,
    ``None`` before the first; ``longest`` is how many characters of a question are read.
    """

    def __init__(self, embedder: Embedder, vocabulary: Callable[[], Vocabulary | None], longest: int) -> None:
        self._embedder = embedder
        self._vocabulary = vocabulary
        self._longest = longest
        self._idle = threading.Semaphore()
        self._thread = ThreadPoolExecutor(1, "read_ahead")

    def begin(self, question: str) -> None:
        """Begin with this question, and return at once."""
        if self._idle.acquire(blocking=False):
            self._thread.submit(self._read, question)

    def _read(self, question: str) -> None:
        try:
            vocabulary = self._vocabulary()
            if vocabulary is not None:
                self._embedder.queries(readings(read(question, vocabulary, self._longest), vocabulary))
        except Exception:
            # Whoever asks the question meets the same, and is told.
            logger.warning("a question could not be read ahead", exc_info=True)
        finally:
            self._idle.release()
