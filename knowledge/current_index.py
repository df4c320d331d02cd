"""The index that answers now, kept in step with the database, whichever process publishes."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout

from knowledge.index.release import ReleaseIndex
from knowledge.publishing import Publisher
from knowledge.store import ContentStore

PATIENCE = (
    0.25  # seconds that a question waits for a new release's index before it is answered from what stays
)

logger = logging.getLogger(__name__)


class CurrentIndex:
    """Loads the index of the release that answers, when another one does. Thread-safe.

    A release usually shares most of its index with the one before, and is loaded in milliseconds. Where it is not,
    questions do not wait for seconds: until the new index is there, they are answered from the old one without what
    the new release no longer has. So what was taken back is never answered, and what is new comes a little later.
    """

    def __init__(self, store: ContentStore, publisher: Publisher) -> None:
        self._store = store
        self._publisher = publisher
        self._lock = threading.Lock()
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="index")
        self._loaded: ReleaseIndex | None = None
        self._loading: tuple[int, float, Future[ReleaseIndex]] | None = None
        self._remaining: tuple[int, int, ReleaseIndex] | None = None

    @property
    def loaded(self) -> ReleaseIndex | None:
        """The index loaded last; ``None`` before the first."""
        return self._loaded

    def get(self, patience: float | None = PATIENCE) -> ReleaseIndex:
        """The index to answer from. Raises NothingPublished.

        ``patience``: seconds to wait for one that has to be loaded while an older one is there; ``None`` waits for it.
        The check is one small query.
        """
        current = self._store.current_id()
        old = self._loaded
        if old is not None and old.release_id == current:
            return old
        if current is None:
            current = self._store.current().id
        began, loading = self._load(current)
        if old is None or patience is None:
            return loading.result()
        try:
            return loading.result(max(0.0, began + patience - time.monotonic()))
        except FutureTimeout:
            return self._remaining_of(old, current)

    def _load(self, release_id: int) -> tuple[float, Future[ReleaseIndex]]:
        with self._lock:
            if self._loading is None or self._loading[0] != release_id or _failed(self._loading[2]):
                future = self._loader.submit(self._open, release_id)
                self._loading = (release_id, time.monotonic(), future)
            return self._loading[1:]

    def _open(self, release_id: int) -> ReleaseIndex:
        if self._loaded is None or self._loaded.release_id != release_id:
            started = time.monotonic()
            index = self._publisher.open(self._store.release(release_id), self._loaded)
            self._loaded, self._remaining = index, None
            seconds = time.monotonic() - started
            logger.info("release %s answers now: %s pieces, %.2f s", release_id, index.pieces(), seconds)
        return self._loaded

    def _remaining_of(self, old: ReleaseIndex, current: int) -> ReleaseIndex:
        with self._lock:
            known = self._remaining
            if known is None or known[:2] != (old.release_id, current):
                gone = self._store.dropped(old.release_id, current)
                known = self._remaining = (old.release_id, current, old.without(gone))
            return known[2]


def _failed(future: Future[ReleaseIndex]) -> bool:
    return future.done() and future.exception() is not None
