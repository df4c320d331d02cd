"""Wakes whoever waits for news of one conversation."""

import asyncio
from collections import defaultdict


class Bell:
    """Used on the event loop only."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = defaultdict(set)

    def ring(self, conversation_id: str) -> None:
        """Something of this conversation changed."""
        for event in self._listeners.get(conversation_id, ()):
            event.set()

    def ring_all(self) -> None:
        """Wake everyone, as at the end of the process."""
        for conversation_id in list(self._listeners):
            self.ring(conversation_id)

    def listen(self, conversation_id: str) -> "Listener":
        """Start listening; rings from now on are not missed. Use as a context manager."""
        return Listener(self._listeners, conversation_id)


class Listener:
    def __init__(self, listeners: dict[str, set[asyncio.Event]], conversation_id: str) -> None:
        self._listeners = listeners
        self._conversation_id = conversation_id
        self._event = asyncio.Event()

    def __enter__(self) -> "Listener":
        self._listeners[self._conversation_id].add(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        events = self._listeners[self._conversation_id]
        events.discard(self._event)
        if not events:
            del self._listeners[self._conversation_id]

    async def wait(self, seconds: float) -> bool:
        """True as soon as it rang since the last wait, False after that many seconds."""
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
