"""Whether agents are online; asked when a citizen wants a person, and known for a few seconds."""

import asyncio
import logging
import time
from concurrent.futures import CancelledError
from contextlib import suppress

from bot.gateway.wechat.api import ApiError, NotAuthorised, OperatorNeeded, WeChatApi

logger = logging.getLogger(__name__)

_NOT_OPENED = 65400
"""The account has no customer service of the platform's: it has to be opened in its console."""


class Agents:
    """
    Args:
        api: the platform.
        known_for: seconds until it is asked again.
        asked_within: seconds after which it is no longer waited for; then nobody is taken to be there.

    Attributes:
        there: whether somebody is, as of the last look.
        trouble: why the platform does not tell, where waiting does not help; "" for nothing.
    """

    def __init__(self, api: WeChatApi, known_for: float, asked_within: float) -> None:
        self._api = api
        self._known_for = known_for
        self._asked_within = asked_within
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.there = False
        self.trouble = ""

    def start(self) -> None:
        """From now on other threads can ask. Call it on the event loop."""
        self._loop = asyncio.get_running_loop()

    async def look(self) -> None:
        """Ask, unless it is known. Never raises: who cannot be asked is not there."""
        async with self._looking:
            if time.monotonic() - self._looked_at < self._known_for:
                return
            try:
                async with asyncio.timeout(self._asked_within):
                    self.there = bool(await self._api.online_agents())
                self.trouble = ""
            except (ApiError, TimeoutError) as error:
                self.there = False
                self.trouble = str(error) if _is_for_operator(error) else ""
                logger.warning("the desk takes handoffs: the platform does not say who is online (%r)", error)
            except Exception:
                self.there = False
                logger.exception("the desk takes handoffs: it could not be asked who is online")
            self._looked_at = time.monotonic()

    def look_from_thread(self) -> None:
        """The same, from a worker thread."""
        if self._loop is None or self._loop.is_closed():
            return
        looking = asyncio.run_coroutine_threadsafe(self.look(), self._loop)
        with suppress(TimeoutError, CancelledError):
            looking.result(2 * self._asked_within)


def _is_for_operator(error: Exception) -> bool:
    """Whether it does not pass by itself. Nobody may ask again for hours, and that it has passed is not seen."""
    if isinstance(error, OperatorNeeded | NotAuthorised):
        return True
    return isinstance(error, ApiError) and error.code == _NOT_OPENED
