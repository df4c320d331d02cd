"""What changed, by topic: who shows something waits here for news instead of asking the database again and again.

Topics are `queue` (the queue and who has what), `staff:<id>` and `conversation:<id>`.
"""

import asyncio
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

ANY_QUEUE = "queue"
TOPICS_REMEMBERED = 10_000
_PENDING = "desk topics"


def staff_topic(staff_id: int) -> str:
    """The topic of what one member of staff serves."""
    return f"staff:{staff_id}"


def conversation_topic(conversation_id: str) -> str:
    """The topic of one conversation."""
    return f"conversation:{conversation_id}"


class Changes:
    """Versions of topics in this process. Thread-safe; `wait` is for the event loop.

    A version is a text such as `3f9a1c-42`: the boot, and how many changes there were. One of another boot is
    older than everything, so a page that comes back to a new process gets its news at once.
    """

    def __init__(self) -> None:
        self._boot = secrets.token_hex(4)
        # Reentrant: what the garbage collector closes may bump, in any thread at any time.
        self._lock = threading.RLock()
        self._count = 0
        self._forgotten = 0
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._waiting: dict[str, set[_Waiter]] = {}

    def version(self) -> str:
        """Now. Take it before reading what is shown: news is then at worst told twice."""
        with self._lock:
            return f"{self._boot}-{self._count}"

    def bump(self, *topics: str) -> None:
        """These topics changed; what changed is committed. From any thread."""
        with self._lock:
            self._count += 1
            woken: set[_Waiter] = set()
            for topic in topics:
                self._versions[topic] = self._count
                self._versions.move_to_end(topic)
                woken |= self._waiting.get(topic, set())
            while len(self._versions) > TOPICS_REMEMBERED:
                self._forgotten = self._versions.popitem(last=False)[1]
        for waiter in woken:
            waiter.wake()

    def changed(self, topics: Iterable[str], since: str) -> bool:
        """Has one of them changed after this version? What cannot be known counts as changed."""
        with self._lock:
            return self._changed(topics, since)

    async def wait(self, topics: Iterable[str], since: str, seconds: float) -> bool:
        """True as soon as one of the topics has changed after version `since`, False after `seconds`."""
        topics = frozenset(topics)
        waiter = _Waiter(asyncio.get_running_loop())
        with self._lock:  # looked and registered in one step, so that no change falls in between
            if self._changed(topics, since):
                return True
            for topic in topics:
                self._waiting.setdefault(topic, set()).add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter.event.wait()
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._unregister(waiter, topics)
        return True

    def watch(self, engine: Engine) -> None:
        """Have `after` work for this engine's connections."""
        event.listen(engine, "checkin", self._checked_in)

    @staticmethod
    def after(connection: Connection, *topics: str) -> None:
        """Bump the topics once the transaction of this connection has ended, whoever commits it."""
        connection.info.setdefault(_PENDING, set()).update(topics)

    def _checked_in(self, _dbapi_connection: Any, record: Any) -> None:
        if topics := record.info.pop(_PENDING, None):
            self.bump(*topics)

    def _changed(self, topics: Iterable[str], since: str) -> bool:
        boot, _, count = since.partition("-")
        if boot != self._boot or not count.isdecimal():
            return True
        seen = int(count)
        return seen < self._forgotten or any(self._versions.get(topic, 0) > seen for topic in topics)

    def _unregister(self, waiter: "_Waiter", topics: Iterable[str]) -> None:
        for topic in topics:
            waiters = self._waiting[topic]
            waiters.discard(waiter)
            if not waiters:
                del self._waiting[topic]


class _Waiter:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.event = asyncio.Event()
        self._loop = loop

    def wake(self) -> None:
        with suppress(RuntimeError):  # its loop has ended: nobody waits there any more
            self._loop.call_soon_threadsafe(self.event.set)
