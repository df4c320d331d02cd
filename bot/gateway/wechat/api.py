"""The platform's server API: customer messages, the typing state, the menu.

Source: the platform's documentation of `message/custom/send`, `message/custom/typing`, `menu/create`,
`customservice/getonlinekflist`, `customservice/kfsession/…` and its error codes.

    ApiError                    also: anything else the platform answers; try again later
    ├── Unreachable             no usable answer: try again soon
    │   └── NotAsked            there was no access token to be had: the call itself was not made
    ├── NextMessageOnly         45015, 45047: only after the citizen's next message
    ├── NotAuthorised           48001, 48004: this account cannot send customer messages
    ├── CitizenGone             43004, 50005: no longer follows
    ├── TooLong                 45002: the text has to be cut
    ├── TooOften                45009, 45011: nothing for a while, to nobody
    ├── OperatorNeeded          40013, 40125, 40164: id, secret or the list of addresses in the console
    ├── PersonServes            a person in the platform's own customer service has the conversation
    ├── NoSession               65413: no agent of the platform's own customer service has the citizen
    ├── MenuRefused             40200 and what else a menu alone is refused with
    └── CardRefused             45008 and what else a card alone is refused with
"""

import json
import logging
from collections.abc import Mapping
from typing import Any, Protocol

import httpx

logger = logging.getLogger(__name__)

TOKEN_ERRORS = frozenset({40001, 40014, 42001})
"""What a token that is no longer valid is refused with."""


class ApiError(Exception):
    """The platform refused.

    Args:
        code: its `errcode`.
        message: its `errmsg`.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


class Unreachable(ApiError):
    pass


class NotAsked(Unreachable):
    pass


class NextMessageOnly(ApiError):
    pass


class NotAuthorised(ApiError):
    pass


class CitizenGone(ApiError):
    pass


class TooLong(ApiError):
    pass


class TooOften(ApiError):
    pass


class OperatorNeeded(ApiError):
    pass


class PersonServes(ApiError):
    pass


class NoSession(ApiError):
    pass


class MenuRefused(ApiError):
    pass


class CardRefused(ApiError):
    pass


_ERRORS: dict[int, type[ApiError]] = {
    45015: NextMessageOnly,
    45047: NextMessageOnly,
    48001: NotAuthorised,
    48004: NotAuthorised,
    43004: CitizenGone,
    50005: CitizenGone,
    45002: TooLong,
    45009: TooOften,
    45011: TooOften,
    40013: OperatorNeeded,
    40125: OperatorNeeded,
    40164: OperatorNeeded,
    65413: NoSession,
}
# What a message of an unknown kind, or with a field the platform does not like, is refused with.
_MENU_ERRORS = frozenset({40008, 40035, 40200, 44004, 44003, 45064, 47001, 65301})
# The same for a card. Not 45003 to 45006, a field that is too long: those concern one card only.
_CARD_ERRORS = frozenset({40008, 40035, 40200, 44003, 44004, 45008, 45162, 47001})


class TokenSource(Protocol):
    """Where access tokens come from (`tokens`)."""

    async def get(self, instead_of: str = "") -> str:
        """A valid token; another one than `instead_of`, which the platform refused."""
        ...


class Connection:
    """JSON calls to the platform.

    Args:
        base_url: the platform, or a stand-in for it.
        transport: for tests, instead of the network.
        errors: `errcode` → what is raised; ApiError for others.
    """

    def __init__(
        self,
        base_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        errors: Mapping[int, type[ApiError]] = _ERRORS,
    ) -> None:
        self._errors = errors
        self._client = httpx.AsyncClient(base_url=base_url.rstrip("/"), timeout=8.0, transport=transport)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def call(
        self, path: str, body: dict[str, Any], params: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """POST, and return the answer.

        Raises:
            ApiError: the platform refused, or gave no usable answer.
        """
        # The platform shows \u escapes to citizens as they are: the JSON has to be plain UTF-8.
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return await self._answer(
            self._client.build_request("POST", path, content=content, params=params, headers=headers)
        )

    async def get(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        """GET and return the answer. Raises as `call`."""
        return await self._answer(self._client.build_request("GET", path, params=params))

    async def _answer(self, request: httpx.Request) -> dict[str, Any]:
        try:
            reply = await self._client.send(request)
            reply.raise_for_status()
            answer = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            # Not the error's own text: the address in it holds the token.
            raise Unreachable(-1, type(error).__name__) from None
        if not isinstance(answer, dict):
            raise Unreachable(-1, "the answer is not a JSON object")
        code = int(answer.get("errcode") or 0)
        if code:
            raise self._errors.get(code, ApiError)(code, str(answer.get("errmsg", "")))
        return answer


async def authorised(
    connection: Connection, tokens: TokenSource, path: str, body: dict[str, Any] | None, **params: str
) -> dict[str, Any]:
    """POST, or without a body GET, with an access token; one that is no longer valid is replaced once.

    Raises:
        NotAsked: no token could be had.
        ApiError: the platform refused, or gave no usable answer.
    """

    async def call(token: str) -> dict[str, Any]:
        given = {"access_token": token, **params}
        return await (connection.get(path, given) if body is None else connection.call(path, body, given))

    token = await _token(tokens)
    try:
        return await call(token)
    except ApiError as error:
        if error.code not in TOKEN_ERRORS:
            raise
        return await call(await _token(tokens, instead_of=token))


async def _token(tokens: TokenSource, instead_of: str = "") -> str:
    try:
        return await tokens.get(instead_of)
    except Exception as error:
        if isinstance(error, ApiError) and not isinstance(error, Unreachable):
            raise
        # Not the text of a database's error: it can hold a token.
        why = str(error) if isinstance(error, ApiError) else type(error).__name__
        raise NotAsked(-1, f"no access token: {why}") from error


class WeChatApi:
    """
    Args:
        connection: the way to the platform.
        tokens: gives access tokens.
    """

    def __init__(self, connection: Connection, tokens: TokenSource) -> None:
        self._connection = connection
        self._tokens = tokens

    async def send_text(self, openid: str, text: str) -> None:
        """Send one customer message; a token that is no longer valid is refreshed once.

        Raises:
            ApiError: it was not sent; see the module's tree.
        """
        await self._send(openid, {"msgtype": "text", "text": {"content": text}})

    async def send_menu(self, openid: str, menu: dict[str, Any]) -> None:
        """Send options to tap (`msgmenu`: `head_content`, `list` of `id` and `content`, `tail_content`).

        Raises:
            MenuRefused: the account, or the platform, takes no menus; send text instead.
            ApiError: it was not sent; see the module's tree.
        """
        try:
            await self._send(openid, {"msgtype": "msgmenu", "msgmenu": menu})
        except ApiError as error:
            if error.code in _MENU_ERRORS:
                raise MenuRefused(error.code, str(error)) from error
            raise

    async def send_card(self, openid: str, article: dict[str, str]) -> None:
        """Send a card (`news` with its one article: `title`, `description`, `url`, `picurl`).

        Raises:
            CardRefused: the account, or the platform, takes no cards.
            ApiError: it was not sent; see the module's tree.
        """
        try:
            await self._send(openid, {"msgtype": "news", "news": {"articles": [article]}})
        except ApiError as error:
            if error.code in _CARD_ERRORS:
                raise CardRefused(error.code, str(error)) from error
            raise

    async def show_typing(self, openid: str) -> None:
        """Show the citizen that an answer is being written. Raises ApiError, which nobody has to mind."""
        await self._authorised("/cgi-bin/message/custom/typing", {"touser": openid, "command": "Typing"})

    async def create_menu(self, menu: dict[str, Any]) -> None:
        """Put ``menu`` (:func:`bot.gateway.wechat.menu.read_menu`) in the place of the account's menu.

        Raises:
            ApiError: the menu is as it was; see the module's tree.
        """
        await self._authorised("/cgi-bin/menu/create", menu)

    # The platform's own customer service

    async def online_agents(self) -> list[str]:
        """The accounts of its agents who are online. Raises ApiError."""
        answer = await self._authorised("/cgi-bin/customservice/getonlinekflist", None)
        listed = _dicts(answer, "kf_online_list")
        return [str(each.get("kf_account", "")) for each in listed if _number(each, "status") > 0]

    async def session(self, openid: str) -> str:
        """The account of the agent who has this citizen; "" for nobody. Raises ApiError."""
        answer = await self._authorised("/customservice/kfsession/getsession", None, openid=openid)
        return str(answer.get("kf_account") or "")

    async def waiting_for_agents(self) -> tuple[frozenset[str], bool]:
        """The citizens whom no agent has accepted yet, and whether these are all: the platform names at most 100.

        Raises:
            ApiError: it did not tell.
        """
        answer = await self._authorised("/customservice/kfsession/getwaitcase", None)
        named = frozenset(str(each.get("openid", "")) for each in _dicts(answer, "waitcaselist"))
        return named, _number(answer, "count") <= len(named)

    async def close_session(self, openid: str, agent: str) -> None:
        """End the conversation that this agent has with the citizen.

        Raises:
            NoSession: there is none.
            ApiError: it was not ended.
        """
        await self._authorised("/customservice/kfsession/close", {"kf_account": agent, "openid": openid})

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _send(self, openid: str, message: dict[str, Any]) -> None:
        await self._authorised("/cgi-bin/message/custom/send", {"touser": openid, **message})

    async def _authorised(self, path: str, body: dict[str, Any] | None, **params: str) -> dict[str, Any]:
        return await authorised(self._connection, self._tokens, path, body, **params)


def _dicts(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = answer.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _number(answer: dict[str, Any], name: str) -> int:
    value = str(answer.get(name, 0))
    return int(value) if value.isdecimal() else 0
