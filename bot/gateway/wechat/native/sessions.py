"""How conversations with agents go on, asked of the platform: its events may not have reached us."""

import asyncio
import logging
from dataclasses import dataclass

from bot.gateway.ports import OutsideConversation, OutsidePort
from bot.gateway.settings import Clock
from bot.gateway.wechat.api import ApiError, NoSession, Unreachable, WeChatApi

logger = logging.getLogger(__name__)

_UNKNOWN_CITIZEN = 40003
"""Who no longer follows has no conversation either."""
_LONGEST_PAUSE = 60.0
"""Seconds: somebody at the desk may be writing to a citizen who is not heard here."""


@dataclass(frozen=True)
class _Refusals:
    """Of a conversation that cannot be closed: since when (epoch seconds), the last pause, and when it is over."""

    since: float
    pause: float
    again_at: float


class Sessions:
    """
    Args:
        api: the platform.
        outside: the desk's side of it.
        arrives_within: seconds after which a citizen who was transferred is known to the platform as waiting.
        close_every: seconds until a conversation that could not be closed is tried again, doubled each time.
        close_within: seconds for which that is tried where the desk has ended the conversation, too.
        clock: the present as epoch seconds.
    """

    def __init__(
        self,
        api: WeChatApi,
        outside: OutsidePort,
        arrives_within: float,
        close_every: float,
        close_within: float,
        clock: Clock,
    ) -> None:
        self._api = api
        self._outside = outside
        self._arrives_within = arrives_within
        self._close_every = close_every
        self._close_within = close_within
        self._clock = clock
        self._refusals: dict[str, _Refusals] = {}

    async def look(self) -> None:
        """Tell the desk of each conversation that agents have: who has it, that it has ended, or never got there."""
        held = await asyncio.to_thread(self._outside.held)
        if not held:
            return
        try:
            waiting, all_known = await self._api.waiting_for_agents()
        except ApiError as error:
            logger.warning("the platform does not say how conversations with its agents go on: %s", error)
            return
        for one in held:
            try:
                await self._look_at(one, waiting, all_known)
            except ApiError as error:
                logger.warning("the platform does not say how %s goes on: %s", one.conversation_id, error)
                if isinstance(error, Unreachable):
                    return

    async def close(self) -> None:
        """End there what somebody at the desk has taken over: their citizen is heard here again."""
        stray = await asyncio.to_thread(self._outside.stray)
        self._refusals = {key: kept for key, kept in self._refusals.items() if key in stray}
        for conversation_id in stray:
            refusals = self._refusals.get(conversation_id)
            if refusals and self._clock() < refusals.again_at:
                continue
            try:
                await self._close(conversation_id.partition(":")[2])
            except ApiError as error:
                logger.warning("%s goes on with the platform's agent: %s", conversation_id, error)
                await self._refused(conversation_id)
            else:
                await asyncio.to_thread(self._outside.closed, conversation_id)

    async def _close(self, openid: str) -> None:
        try:
            agent = await self._api.session(openid)
            if agent:
                await self._api.close_session(openid, agent)
        except NoSession:
            pass
        except ApiError as error:
            if error.code != _UNKNOWN_CITIZEN:
                raise

    async def _refused(self, conversation_id: str) -> None:
        """Try it again later each time; what the desk has ended, too, only for some minutes."""
        now = self._clock()
        before = self._refusals.get(conversation_id)
        pause = min(before.pause * 2, _LONGEST_PAUSE) if before else self._close_every
        since = before.since if before else now
        self._refusals[conversation_id] = _Refusals(since, pause, now + pause)
        if now - since >= self._close_within and await asyncio.to_thread(
            self._outside.leave_open, conversation_id
        ):
            logger.error("%s is left to the platform's agent: it cannot be closed there", conversation_id)

    async def _look_at(self, one: OutsideConversation, waiting: frozenset[str], all_known: bool) -> None:
        openid = one.conversation_id.partition(":")[2]
        agent = await self._api.session(openid)
        if agent:
            await asyncio.to_thread(self._outside.seen, one.conversation_id, agent)
        elif openid in waiting or not all_known:
            return
        elif self._clock() - one.last_said_at < self._arrives_within:
            return  # what they said last may be on its way there
        elif one.agent:
            await asyncio.to_thread(self._outside.ended, one.conversation_id)
        else:
            await asyncio.to_thread(self._outside.lost, one.conversation_id)
