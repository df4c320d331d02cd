"""The platform's server API: the part that is used, as an ASGI app.

Source: the platform's pages 获取稳定版接口调用凭据, 发送客服消息, 客服输入状态 and 创建自定义菜单.
"""

import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from bot.gateway.wechat.simulator.answers import Refused, answer, refuse
from bot.gateway.wechat.simulator.content import read_content
from bot.gateway.wechat.simulator.ledger import Ledger
from bot.gateway.wechat.simulator.service import CustomerService
from bot.gateway.wechat.simulator.service_api import ServiceApi
from bot.gateway.wechat.simulator.transcript import Entry, Transcript

TOKEN_LASTS = 7200.0
"""Seconds."""
TOKEN_RENEWED_EARLY = 300.0
"""Seconds before its end from which a new token is given out; the old one stays good until then."""

_TOKEN = "/cgi-bin/stable_token"  # noqa: S105 - a path
_SEND = "/cgi-bin/message/custom/send"
_TYPING = "/cgi-bin/message/custom/typing"
_MENU = "/cgi-bin/menu/create"
_ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")


class PlatformApi:
    """
    Args:
        appid, secret: of the account; where given, a token is given out for these only.
        enforce: hold the account to the rules of customer messages; a Platform that is attached switches this on.
        verified: whether the account may send customer messages and set its menu; without it calls get 48001.
        msgmenu: whether the account may send a msgmenu; without it gets 40200.
        clock: the present as epoch seconds.

    Attributes:
        app: serve it, or hand it to `httpx.ASGITransport`.
        sent: (openid, text) of each customer message a citizen got.
        errors: codes to answer the next sends and new menus with, one each.
        errors_at: the same for any path, by path.
        tokens: how many tokens were given out.
        menu: the account's menu, once one was created.
        service: the platform's own customer service.
        ledger: how the account stands with each citizen.
        transcript: what each citizen said and saw.
    """

    def __init__(
        self,
        appid: str = "",
        secret: str = "",
        *,
        enforce: bool = False,
        verified: bool = True,
        msgmenu: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._appid, self._secret = appid, secret
        self.enforce = enforce
        self.verified = verified
        self.msgmenu = msgmenu
        self.clock = clock
        self.sent: list[tuple[str, str]] = []
        self.errors: deque[int] = deque()
        self.errors_at: defaultdict[str, deque[int]] = defaultdict(deque)
        self.tokens = 0
        self.menu: dict[str, Any] | None = None
        self.ledger = Ledger(clock)
        self.transcript = Transcript(clock)
        self.service = CustomerService(self.ledger, self.transcript, clock)
        self._valid_until: dict[str, float] = {}
        self.app = FastAPI()
        self.app.add_exception_handler(Refused, refuse)
        self.app.add_api_route(_TOKEN, self._stable_token, methods=["POST"])
        self.app.add_api_route(_SEND, self._send, methods=["POST"])
        self.app.add_api_route(_TYPING, self._typing, methods=["POST"])
        self.app.add_api_route(_MENU, self._create_menu, methods=["POST"])
        ServiceApi(self.service, self.ledger, self._authorise, self._body, lambda: not self.enforce).add_to(
            self.app
        )

    def heard(self, entry: Entry, tapped: bool = False) -> bool:
        """Take note of what a citizen did.

        Args:
            entry: the transcript's.
            tapped: it is a tap on an option of a msgmenu.

        Returns:
            Whether it went to an agent of the platform's own customer service: the callback does not get it.
        """
        self.ledger.heard(entry.openid, entry.event, tapped)
        agent = "" if entry.kind == "event" else self.service.heard(entry.openid)
        if agent:
            self.transcript.add(entry.openid, "platform", "forwarded", agent)
        return bool(agent)

    async def _stable_token(self, request: Request) -> dict[str, Any]:
        body = await self._body(request)
        self._inject(self.errors_at[_TOKEN])
        if self._appid and body.get("appid") != self._appid:
            raise Refused(40013)
        if self._secret and body.get("secret") != self._secret:
            raise Refused(40125)
        now, token = self.clock(), f"token-{self.tokens}"
        if body.get("force_refresh"):
            self._valid_until.clear()
        if self._valid_until.get(token, 0.0) - now <= TOKEN_RENEWED_EARLY:
            self.tokens += 1
            token = f"token-{self.tokens}"
            self._valid_until[token] = now + TOKEN_LASTS
        return {"access_token": token, "expires_in": int(self._valid_until[token] - now)}

    async def _send(self, request: Request, access_token: str = "") -> dict[str, Any]:
        body = await self._body(request)
        self._inject(self.errors)
        self._authorise(_SEND, access_token)
        openid = str(body.get("touser", ""))
        content = read_content(body, self.enforce, self.msgmenu)
        if self.enforce and (refused := self.ledger.refusal(openid)):
            raise Refused(refused)
        self.ledger.sent(openid)
        self.sent.append((openid, content.seen))
        self.transcript.add(
            openid,
            "account",
            str(body["msgtype"]),
            content.text,
            by="push",
            options=content.options,
            articles=content.articles,
        )
        return answer()

    async def _typing(self, request: Request, access_token: str = "") -> dict[str, Any]:
        body = await self._body(request)
        self._authorise(_TYPING, access_token)
        openid, command = str(body.get("touser", "")), str(body.get("command", ""))
        refused = self.ledger.typing(openid, command)
        if self.enforce and refused:
            raise Refused(refused)
        if command == "Typing":
            self.transcript.add(openid, "account", "typing", by="push")
        self.transcript.changed()
        return answer()

    async def _create_menu(self, request: Request, access_token: str = "") -> dict[str, Any]:
        body = await self._body(request)
        self._inject(self.errors)
        self._authorise(_MENU, access_token)
        self.menu = body
        self.transcript.changed()
        return answer()

    def _authorise(self, path: str, token: str) -> None:
        self._inject(self.errors_at[path])
        if token not in self._valid_until:
            raise Refused(40001 if token else 41001)
        if self.clock() >= self._valid_until[token]:
            raise Refused(42001)
        if not self.verified:
            raise Refused(48001)

    async def _body(self, request: Request) -> dict[str, Any]:
        raw = await request.body()
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise Refused(47001) from error
        if not isinstance(body, dict):
            raise Refused(47001)
        if self.enforce and _ESCAPED.search(raw):
            raise Refused(40033)
        return body

    def _inject(self, errors: deque[int]) -> None:
        if errors:
            raise Refused(errors.popleft(), "simulated")
