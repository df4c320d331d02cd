"""Works messages off: in order for each citizen, several citizens at the same time."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from bot.gateway.inbox import InboxMessage
from bot.gateway.rasa_client import RasaAway, RasaSilent
from bot.gateway.settings import GatewaySettings
from bot.gateway.turn import Turn

logger = logging.getLogger(__name__)


class Dispatcher:
    """One worker task for each conversation that has something to do.

    Args:
        turn: processes one message.
        settings: concurrency, pauses, and when to give up.
        finished: called on the event loop for each message that is done.
    """

    def __init__(self, turn: Turn, settings: GatewaySettings, finished: Callable[[str, int], None]) -> None:
        self._turn = turn
        self._settings = settings
        self._finished = finished
        self._lanes: dict[str, deque[InboxMessage]] = {}
        self._in_flight: set[int] = set()
        # Messages whose last try failed, or that an earlier process had in work.
        self._troubled: set[int] = set()
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._back = asyncio.Event()
        self._stopped = False

    def submit(self, message: InboxMessage, again: bool = False) -> None:
        """Add a stored message; those of one conversation in the order of their ids.

        Args:
            again: another process may have had it in work.
        """
        if self._stopped:
            return  # it stays in the inbox for the next start
        conversation_id = message.conversation_id
        lane = self._lanes.setdefault(conversation_id, deque())
        lane.append(message)
        self._in_flight.add(message.id)
        if again:
            self._troubled.add(message.id)
        if conversation_id not in self._workers:
            self._workers[conversation_id] = asyncio.create_task(self._work(conversation_id, lane))

    def in_flight(self, message_id: int) -> bool:
        """Whether this process is to do it and has not."""
        return message_id in self._in_flight

    def troubled(self, message_id: int) -> bool:
        """Whether it waits for something that is away."""
        return message_id in self._troubled

    async def stop(self) -> None:
        """End the workers. What is not done stays in the inbox."""
        self._stopped = True
        workers = list(self._workers.values())
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self, conversation_id: str, lane: deque[InboxMessage]) -> None:
        try:
            while lane:
                message = lane[0]
                await self._until_done(message)
                lane.popleft()
                self._in_flight.discard(message.id)
                self._troubled.discard(message.id)
                self._finished(conversation_id, message.id)
        finally:
            self._lanes.pop(conversation_id, None)
            self._workers.pop(conversation_id, None)

    async def _until_done(self, message: InboxMessage) -> None:
        started = time.monotonic()
        pause = self._settings.backoff
        silent = away = False
        while True:
            waited = time.monotonic() - started
            try:
                async with self._slots:
                    if silent and waited >= self._settings.silent_after:
                        logger.error("the dialogue says nothing to message %d", message.id)
                        await asyncio.to_thread(self._turn.stay_silent, message)
                    elif waited >= self._settings.give_up_after or (away and self._turn.is_urgent(message)):
                        logger.error("message %d is given up and handed to staff", message.id)
                        await asyncio.to_thread(self._turn.give_up, message)
                    else:
                        await self._turn.run(message, again=message.id in self._troubled)
                        self._is_back()
                return
            except RasaAway as error:
                silent, away = isinstance(error, RasaSilent), True
                level = logging.DEBUG if message.id in self._troubled else logging.WARNING
                logger.log(level, "message %d waits: the dialogue is away (%s)", message.id, error)
            except Exception:
                logger.exception("message %d could not be processed and is tried again", message.id)
            self._troubled.add(message.id)
            # Not wait_for: it loses a cancellation that comes at the same moment.
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._back.wait()
            pause = min(pause * 2, self._settings.backoff_max)

    def _is_back(self) -> None:
        """What kept one message waiting is there again: the others need not sit out their pauses."""
        self._back.set()
        self._back = asyncio.Event()
