"""Outbox messages as `kf/send_msg` takes them.

Source of the limits: WeCom's page 发送消息 (菜单消息): head and tail at most 1024 bytes, an option at most 128.
"""

import logging
from typing import Any

from bot.gateway.wechat.api import ApiError, NextMessageOnly, PersonServes
from bot.gateway.wechat.splitting import size
from bot.gateway.wecom.api import KfApi, State, StateForbids, may_be_there

logger = logging.getLogger(__name__)

FRAME_BYTES = 1024
OPTION_BYTES = 128
OPTIONS = 10
_CUT = "…"


def menu_fits(menu: dict[str, Any]) -> bool:
    """Whether WeCom takes this menu, its options cut to their length; else they are sent as numbered text."""
    framed = max(size(menu["head_content"]), size(menu["tail_content"])) <= FRAME_BYTES
    return framed and len(menu["list"]) <= OPTIONS


def cut(label: str) -> str:
    """An option as long as WeCom takes it: a tap is known by its id."""
    if size(label) <= OPTION_BYTES:
        return label
    return label.encode()[: OPTION_BYTES - size(_CUT)].decode(errors="ignore") + _CUT


class KfSender:
    """The messages of one attempt, each with a name that is the same in the next attempt.

    Args:
        api: WeCom.
        key: of the attempt.
        again: an earlier attempt with this key may have arrived.
    """

    def __init__(self, api: KfApi, key: str, again: bool) -> None:
        self._api = api
        self._key = key
        self._again = again
        self._count = 0

    async def send_text(self, citizen: str, text: str) -> None:
        """Send a text. Raises ApiError: it was not sent."""
        await self._send(citizen, {"msgtype": "text", "text": {"content": text}})

    async def send_menu(self, citizen: str, menu: dict[str, Any]) -> None:
        """Send options to tap. Raises ApiError: they were not sent."""
        options = [{**option, "content": cut(option["content"])} for option in menu["list"]]
        items = [{"type": "click", "click": option} for option in options]
        await self._send(citizen, {"msgtype": "msgmenu", "msgmenu": {**menu, "list": items}})

    async def _send(self, citizen: str, message: dict[str, Any]) -> None:
        name = f"{self._key}_{self._count}" if self._count else self._key
        self._count += 1
        try:
            await self._api.send(citizen, name, message)
        except StateForbids as error:
            raise await self._why(citizen, error) from error
        except ApiError as error:
            if not (self._again and may_be_there(error)):
                raise
            logger.warning(
                "message %s is taken to have arrived before: sent again, it is refused (%s)", name, error
            )

    async def _why(self, citizen: str, error: StateForbids) -> ApiError:
        """What it means that the interface may not send: it depends on who has the conversation."""
        state = await self._api.state(citizen)
        if state in (State.POOL, State.PERSON):
            return PersonServes(error.code, f"service_state {state.value}")
        if state == State.ENDED:
            return NextMessageOnly(error.code, f"service_state {state.value}")
        return ApiError(error.code, f"service_state {state.value}")


def key_of(message_id: str) -> str:
    """The key of the attempt in which a message with this name was sent."""
    return message_id.partition("_")[0]
