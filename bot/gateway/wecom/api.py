"""WeCom's server API of customer service: pulling messages, sending them, who has a conversation.

Source: WeCom's pages 接收消息和事件 (`kf/sync_msg`), 发送消息 (`kf/send_msg`), 发送欢迎语等事件响应消息
(`kf/send_msg_on_event`), 分配客服会话 (`kf/service_state`) and 全局错误码. Its errors are those of `wechat/api.py`, and

    ApiError
    ├── StateForbids            95018: in the conversation's present state the interface may not send
    └── PullTokenInvalid        95007: the callback's token is older than ten minutes, or not of this account
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from bot.gateway.wechat.api import (
    TOKEN_ERRORS,
    ApiError,
    CitizenGone,
    Connection,
    MenuRefused,
    NextMessageOnly,
    OperatorNeeded,
    TokenSource,
    TooLong,
    TooOften,
    authorised,
)

PAGE = 1000
"""The most messages of one pull."""


class StateForbids(ApiError):
    pass


class PullTokenInvalid(ApiError):
    pass


ERRORS: Mapping[int, type[ApiError]] = {
    95001: NextMessageOnly,  # five were sent
    95002: NextMessageOnly,  # 48 hours are over
    95013: NextMessageOnly,  # the conversation has ended
    95018: StateForbids,
    95007: PullTokenInvalid,
    40096: CitizenGone,
    45002: TooLong,
    45009: TooOften,
    45033: TooOften,
    40001: OperatorNeeded,  # the secret
    40013: OperatorNeeded,  # the corpid
    48002: OperatorNeeded,  # the application is not among those that may call the interface
    60011: OperatorNeeded,
    60020: OperatorNeeded,  # this machine's address is not on the application's list
    95000: OperatorNeeded,  # the open_kfid
    95017: OperatorNeeded,  # the account is not managed by interface
}
_MENU_ERRORS = frozenset({40008, 40035, 40058})
_COMES_BACK = TOKEN_ERRORS | {-1, 6000, 41001}
"""Refusals that say nothing of the message: the system is busy, the token."""


def may_be_there(error: ApiError) -> bool:
    """Whether this refusal of a `msgid` that was used before can mean that the message is there already.

    WeCom refuses a `msgid` it knows and does not say with which code: it can be any that has no other meaning here.
    """
    return type(error) in (ApiError, MenuRefused) and error.code not in _COMES_BACK


class State(IntEnum):
    """Who has a conversation: `service_state`."""

    NEW = 0
    ASSISTANT = 1
    POOL = 2
    PERSON = 3
    ENDED = 4


@dataclass(frozen=True)
class Page:
    """One pull: its messages as they came, where to go on, and whether there is more."""

    messages: list[Any]
    cursor: str
    more: bool


class KfApi:
    """
    Args:
        connection: the way to WeCom, which raises by `ERRORS`.
        tokens: gives access tokens.
        open_kfid: the customer service account.
    """

    def __init__(self, connection: Connection, tokens: TokenSource, open_kfid: str) -> None:
        self._connection = connection
        self._tokens = tokens
        self._open_kfid = open_kfid

    async def pull(self, cursor: str, token: str) -> Page:
        """The messages and events after this point.

        Args:
            cursor: "" for the oldest of the last three days.
            token: of a callback, valid for ten minutes; "" counts towards a strict limit.

        Raises:
            ApiError: nothing was pulled.
        """
        body: dict[str, Any] = {"open_kfid": self._open_kfid, "limit": PAGE, "voice_format": 0}
        body |= {name: value for name, value in (("cursor", cursor), ("token", token)) if value}
        answer = await self._post("/cgi-bin/kf/sync_msg", body)
        found = answer.get("msg_list") or []
        messages = found if isinstance(found, list) else []
        return Page(messages, str(answer.get("next_cursor") or ""), answer.get("has_more") == 1)

    async def send(self, citizen: str, message_id: str, message: dict[str, Any]) -> None:
        """Send a message.

        Args:
            citizen: their external_userid.
            message_id: at most 32 letters, digits, `-` and `_`; the same for the same message.
            message: `msgtype` and what belongs to it.

        Raises:
            MenuRefused: it is a menu, and none is taken.
            ApiError: it was not sent.
        """
        body = {"touser": citizen, "open_kfid": self._open_kfid, "msgid": message_id, **message}
        try:
            await self._post("/cgi-bin/kf/send_msg", body)
        except ApiError as error:
            if message["msgtype"] == "msgmenu" and error.code in _MENU_ERRORS:
                raise MenuRefused(error.code, str(error)) from error
            raise

    async def welcome(self, code: str, message_id: str, text: str) -> None:
        """Say this to somebody who has entered; the code allows it once, within 20 seconds. Raises ApiError."""
        message = {"msgtype": "text", "text": {"content": text}}
        await self._post("/cgi-bin/kf/send_msg_on_event", {"code": code, "msgid": message_id, **message})

    async def state(self, citizen: str) -> State:
        """Who has the conversation with this citizen. Raises ApiError."""
        answer = await self._post("/cgi-bin/kf/service_state/get", self._conversation(citizen))
        try:
            return State(int(answer["service_state"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ApiError(0, "the answer holds no service_state") from error

    async def take_over(self, citizen: str) -> None:
        """Put a new conversation into the state in which the assistant has it. Raises ApiError."""
        body = {**self._conversation(citizen), "service_state": int(State.ASSISTANT)}
        await self._post("/cgi-bin/kf/service_state/trans", body)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    def _conversation(self, citizen: str) -> dict[str, Any]:
        return {"open_kfid": self._open_kfid, "external_userid": citizen}

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await authorised(self._connection, self._tokens, path, body)
