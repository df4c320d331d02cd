"""Pulls messages: when WeCom says that there are some, at the start, and from time to time.

The cursor is moved on only once everything before it is stored: what a process that dies had pulled is pulled again,
and the inbox knows each message by its id.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from bot.gateway.settings import WeComSettings
from bot.gateway.wechat.api import ApiError, OperatorNeeded
from bot.gateway.wecom.api import KfApi, PullTokenInvalid
from bot.gateway.wecom.cursors import Cursors
from bot.gateway.wecom.door import Notice

logger = logging.getLogger(__name__)


class Puller:
    """One for all processes: only the one that serves works with it. Used on the event loop.

    Args:
        api: WeCom.
        settings: the account, and how often.
        cursors: how far it got.
        receive: stores a page; see `Reception.receive`.

    Attributes:
        trouble: what the operator has to mend, as WeCom names it; "" for nothing.
    """

    def __init__(
        self,
        api: KfApi,
        settings: WeComSettings,
        cursors: Cursors,
        receive: Callable[[list[Any], float], Awaitable[None]],
    ) -> None:
        self._api = api
        self._settings = settings
        self._cursors = cursors
        self._receive = receive
        self._woken = asyncio.Event()
        self._woken.set()
        self._token = ""
        self._failures = 0
        self.trouble = ""

    def notice(self, notice: Notice) -> None:
        """WeCom says that there is something to pull. Other accounts of the tenant are others' to answer."""
        if notice.open_kfid in ("", self._settings.open_kfid):
            self._token = notice.token
            self._woken.set()

    async def work(self) -> None:
        """Pull once: as soon as there is something, or it is time; after a failure not at once."""
        longest = self._settings.pull_every
        if self._failures:
            least = self._settings.pull_again_after
            await asyncio.sleep(least)
            longest = min(least * 2 ** min(self._failures - 1, 16), longest) - least
        # A callback ends the pause after a failure, too: WeCom is there again.
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._woken.wait()
        self._woken.clear()
        token, self._token = self._token, ""
        try:
            await self._pull(token)
        except PullTokenInvalid as error:
            logger.info("pulled without the callback's token: %s", error)
            self._failures += 1
        except ApiError as error:
            self._token = self._token or token
            self._failures += 1
            self.trouble = str(error) if isinstance(error, OperatorNeeded) else self.trouble
            level = logging.ERROR if isinstance(error, OperatorNeeded) else logging.WARNING
            logger.log(level, "WeCom's messages could not be pulled, and are later: %s", error)
        except Exception:
            self._token = self._token or token
            self._failures += 1
            logger.exception("WeCom's messages could not be stored, and are pulled again")
        else:
            self._failures, self.trouble = 0, ""

    async def _pull(self, token: str) -> None:
        """Everything there is, page by page."""
        account = self._settings.open_kfid
        place = await asyncio.to_thread(self._cursors.place, account)
        cursor, more = place.cursor, True
        while more:
            page = await self._api.pull(cursor, token)
            await self._receive(page.messages, place.since - self._settings.history)
            more = page.more
            if page.cursor in ("", cursor):
                if more:
                    logger.error("WeCom says that there is more and does not say where: pulled again later")
                return
            cursor = page.cursor
            await asyncio.to_thread(self._cursors.advance, account, cursor)
