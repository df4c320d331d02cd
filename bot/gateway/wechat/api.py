"""The platform's server API: the access token, customer messages, the menu.

Source: the platform's documentation of `stable_token`, `message/custom/send`, `menu/create` and its error codes.

    ApiError                    also: anything else the platform answers; try again later
    ├── Unreachable             no usable answer: try again soon
    ├── NextMessageOnly         45015, 45047: only after the citizen's next message
    ├── NotAuthorised           48001, 48004: this account cannot send customer messages
    └── CitizenGone             43004, 50005: no longer follows
"""

import asyncio
import json
import logging
import time
from typing import Any

import httpx

logger = logging.getLogger(__name__)

_TOKEN_ERRORS = frozenset({40001, 40014, 42001})
_REFRESH_EARLY = 300.0


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


class NextMessageOnly(ApiError):
    pass


class NotAuthorised(ApiError):
    pass


class CitizenGone(ApiError):
    pass


_ERRORS: dict[int, type[ApiError]] = {
    45015: NextMessageOnly,
    45047: NextMessageOnly,
    48001: NotAuthorised,
    48004: NotAuthorised,
    43004: CitizenGone,
    50005: CitizenGone,
}


class WeChatApi:
    """
    Args:
        base_url: the platform, or a stand-in for it.
        transport: for tests, instead of the network.
    """

    def __init__(
        self, appid: str, secret: str, base_url: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._credentials = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        self._client = httpx.AsyncClient(base_url=base_url.rstrip("/"), timeout=8.0, transport=transport)
        self._token = ""
        self._valid_until = 0.0
        self._refreshing = asyncio.Lock()

    async def send_text(self, openid: str, text: str) -> None:
        """Send one customer message; a token that is no longer valid is refreshed once.

        Raises:
            ApiError: it was not sent; see the module's tree.
        """
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        await self._authorised("/cgi-bin/message/custom/send", body)

    async def create_menu(self, menu: dict[str, Any]) -> None:
        """Put ``menu`` (:func:`bot.gateway.wechat.menu.read_menu`) in the place of the account's menu.

        Raises:
            ApiError: the menu is as it was; see the module's tree.
        """
        await self._authorised("/cgi-bin/menu/create", menu)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _authorised(self, path: str, body: dict[str, Any]) -> None:
        token = await self._access_token()
        try:
            await self._call(path, body, {"access_token": token})
        except ApiError as error:
            if error.code not in _TOKEN_ERRORS:
                raise
            await self._call(path, body, {"access_token": await self._access_token(instead_of=token)})

    async def _access_token(self, instead_of: str = "") -> str:
        async with self._refreshing:
            if self._token and self._token != instead_of and time.monotonic() < self._valid_until:
                return self._token
            body = {**self._credentials, "force_refresh": bool(instead_of)}
            answer = await self._call("/cgi-bin/stable_token", body)
            try:
                self._token = str(answer["access_token"])
                lasts = float(answer.get("expires_in", 7200))
            except (KeyError, TypeError, ValueError) as error:
                raise Unreachable(-1, "the answer to stable_token holds no token") from error
            self._valid_until = time.monotonic() + max(lasts - _REFRESH_EARLY, 60.0)
            return self._token

    async def _call(
        self, path: str, body: dict[str, Any], params: dict[str, str] | None = None
    ) -> dict[str, Any]:
        # The platform shows \u escapes to citizens as they are: the JSON has to be plain UTF-8.
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        try:
            reply = await self._client.post(path, content=content, params=params, headers=headers)
            reply.raise_for_status()
            answer = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            # Not the error's own text: the address in it holds the token.
            raise Unreachable(-1, type(error).__name__) from None
        if not isinstance(answer, dict):
            raise Unreachable(-1, "the answer is not a JSON object")
        code = int(answer.get("errcode") or 0)
        if code:
            raise _ERRORS.get(code, ApiError)(code, str(answer.get("errmsg", "")))
        return answer
