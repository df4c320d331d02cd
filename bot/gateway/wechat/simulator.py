"""A stand-in for the WeChat platform: calls the callback as the platform does, and takes customer messages.

For trying the whole bridge without an account (`wenzheng wechat simulate`), and for tests.
"""

import asyncio
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from bot.gateway.wechat.crypto import MessageCipher, signature, signature_matches
from bot.gateway.wechat.messages import SUCCESS, parse_body, render

ACCOUNT = "gh_simulator"


@dataclass
class Exchange:
    """What became of one message. `text` is what the citizen sees at once; None if nothing."""

    tries: int = 0
    text: str | None = None
    raw: str = ""
    unavailable: bool = False
    """The platform gave up and shows 「该公众号暂时无法提供服务」."""
    seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)


class Platform:
    """Sends messages of citizens to a callback.

    Args:
        client: reaches the callback; its base URL or an ASGI transport says where.
        token, appid, aes_key: the account; without a key messages are sent plain.
        drop_after: seconds until the platform drops a request and tries again.
        tries: requests in all.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        token: str,
        appid: str = "",
        aes_key: str = "",
        drop_after: float = 5.0,
        tries: int = 3,
        path: str = "/wechat",
    ) -> None:
        self._client = client
        self._token = token
        self._cipher = MessageCipher(aes_key, appid) if aes_key else None
        self._drop_after = drop_after
        self._tries = tries
        self._path = path

    async def say(self, openid: str, text: str, message_id: str = "") -> Exchange:
        """A citizen sends a text."""
        fields = {"Content": text, "MsgId": message_id or str(secrets.randbits(62))}
        return await self.send(openid, "text", fields)

    async def event(self, openid: str, event: str, key: str = "") -> Exchange:
        """A citizen follows, unfollows, or taps the menu."""
        return await self.send(openid, "event", {"Event": event, "EventKey": key})

    async def send(self, openid: str, kind: str, fields: dict[str, str]) -> Exchange:
        """Send any message, up to three times, each signed anew.

        Raises:
            ValueError: the reply is not one the platform would take.
        """
        message = render(
            {
                "ToUserName": ACCOUNT,
                "FromUserName": openid,
                "CreateTime": int(time.time()),
                "MsgType": kind,
                **fields,
            },
            False,
        )
        exchange = Exchange()
        started = time.monotonic()
        for _ in range(self._tries):
            exchange.tries += 1
            url, body = self.signed(message)
            try:
                reply = await asyncio.wait_for(
                    self._client.post(url, content=body, headers={"Content-Type": "text/xml"}),
                    self._drop_after,
                )
            except (TimeoutError, httpx.HTTPError):
                continue
            exchange.statuses.append(reply.status_code)
            exchange.raw = reply.text
            if reply.status_code == 200:
                exchange.text = self.read(reply.text, openid)
                break
        else:
            exchange.unavailable = True
        exchange.seconds = time.monotonic() - started
        return exchange

    def signed(self, message: str, timestamp: int | None = None) -> tuple[str, str]:
        """Address and body of one request with this message."""
        at, nonce = str(timestamp or int(time.time())), secrets.token_hex(8)
        query = {"timestamp": at, "nonce": nonce, "signature": signature(self._token, at, nonce)}
        if self._cipher:
            sealed = self._cipher.encrypt(message)
            message = render({"ToUserName": ACCOUNT, "Encrypt": sealed}, False)
            query |= {"encrypt_type": "aes", "msg_signature": signature(self._token, at, nonce, sealed)}
        return f"{self._path}?{httpx.QueryParams(query)}", message

    def read(self, reply: str, openid: str) -> str | None:
        """The text in a reply, checked as the platform checks it; None for `success`.

        Raises:
            ValueError: it is not a reply to this citizen.
        """
        if reply in ("", SUCCESS):
            return None
        fields = parse_body(reply.encode(), 1 << 20).fields
        if self._cipher:
            parts = (fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
            if not signature_matches(fields["MsgSignature"], self._token, *parts):
                raise ValueError("the reply's signature is wrong")
            fields = parse_body(self._cipher.decrypt(fields["Encrypt"]).encode(), 1 << 20).fields
        if fields["ToUserName"] != openid or fields["MsgType"] != "text":
            raise ValueError(f"not a text for {openid}: {fields}")
        if len(fields["Content"].encode()) > 2048:
            raise ValueError("the text is longer than 2048 bytes")
        return fields["Content"]


class PlatformApi:
    """The part of the platform's server API that is used, as an ASGI app.

    Attributes:
        app: serve it, or hand it to `httpx.ASGITransport`.
        sent: (openid, text) of each customer message a citizen got.
        errors: codes to answer the next sends with, one each.
        tokens: how many tokens were given out.
        menu: the account's menu, once one was created.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.errors: deque[int] = deque()
        self.tokens = 0
        self.menu: dict[str, Any] | None = None
        self.app = FastAPI()
        self.app.add_api_route("/cgi-bin/stable_token", self._stable_token, methods=["POST"])
        self.app.add_api_route("/cgi-bin/message/custom/send", self._send, methods=["POST"])
        self.app.add_api_route("/cgi-bin/menu/create", self._create_menu, methods=["POST"])

    async def _stable_token(self) -> JSONResponse:
        self.tokens += 1
        return JSONResponse({"access_token": f"token-{self.tokens}", "expires_in": 7200})

    async def _send(self, request: Request, access_token: str = "") -> JSONResponse:
        body: dict[str, Any] = await request.json()
        if (refused := self._refused(access_token)) is None:
            self.sent.append((body["touser"], body["text"]["content"]))
        return refused or JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def _create_menu(self, request: Request, access_token: str = "") -> JSONResponse:
        body: dict[str, Any] = await request.json()
        if (refused := self._refused(access_token)) is None:
            self.menu = body
        return refused or JSONResponse({"errcode": 0, "errmsg": "ok"})

    def _refused(self, access_token: str) -> JSONResponse | None:
        if self.errors:
            return JSONResponse({"errcode": self.errors.popleft(), "errmsg": "simulated"})
        if access_token != f"token-{self.tokens}":
            return JSONResponse({"errcode": 40001, "errmsg": "invalid credential"})
        return None
