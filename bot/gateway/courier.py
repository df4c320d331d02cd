"""Delivers by customer message what no reply can carry any more."""

import asyncio
import logging
import time

from bot.gateway.inbox import Clock
from bot.gateway.outbox import HELD, Outbox, OutboxMessage
from bot.gateway.wechat.api import ApiError, CitizenGone, NextMessageOnly, NotAuthorised, WeChatApi
from bot.gateway.wechat.composing import Composer

logger = logging.getLogger(__name__)

_LONGEST_PAUSE = 3600.0


class Courier:
    """
    Args:
        outbox: where the rows are.
        api: the platform.
        composer: names the question where an answer comes late.
        send_after_error: seconds until a failed row is tried again, doubled each time.
        clock: the present as epoch seconds.
    """

    def __init__(
        self,
        outbox: Outbox,
        api: WeChatApi,
        composer: Composer,
        send_after_error: float,
        clock: Clock = time.time,
    ) -> None:
        self._outbox = outbox
        self._api = api
        self._composer = composer
        self._pause = send_after_error
        self._clock = clock
        self.authorised = True

    async def deliver_due(self) -> int:
        """Send what is due, each citizen's rows in order; returns how many were sent.

        A citizen whose row fails waits with the later ones; others go on.
        """
        if not self.authorised:
            return 0
        sent = 0
        stuck: set[str] = set()
        for row in await asyncio.to_thread(self._outbox.due):
            if row.conversation_id in stuck or not self.authorised:
                continue
            if not await asyncio.to_thread(self._outbox.claim_send, row.id):
                stuck.add(row.conversation_id)
                continue
            if await self._send(row):
                sent += 1
            else:
                stuck.add(row.conversation_id)
        return sent

    async def _send(self, row: OutboxMessage) -> bool:
        late = row.noticed and row.part == 0
        text = self._composer.label(row) if late else row.text
        try:
            await self._api.send_text(row.citizen, text)
        except ApiError as error:
            await asyncio.to_thread(self._failed, row, error)
            return False
        await asyncio.to_thread(self._outbox.sent, row.id)
        return True

    def _failed(self, row: OutboxMessage, error: ApiError) -> None:
        if isinstance(error, CitizenGone):
            logger.info("outbox %d is dropped: %s", row.id, error)
            self._outbox.drop(row.conversation_id, str(error))
            return
        again = self._clock() + min(self._pause * 2 ** min(row.attempts, 16), _LONGEST_PAUSE)
        if isinstance(error, NotAuthorised):
            self.authorised = False
            logger.error("customer messages are turned off: the account may not send them (%s)", error)
        elif isinstance(error, NextMessageOnly):
            again = HELD
            logger.info("outbox %d waits for the citizen's next message: %s", row.id, error)
        else:
            logger.warning("outbox %d is tried again later: %s", row.id, error)
        self._outbox.put_back(row.id, again, str(error))
