"""The part of the server API that is about the platform's own customer service."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request

from bot.gateway.wechat.simulator.answers import Refused, answer
from bot.gateway.wechat.simulator.ledger import UNKNOWN, Ledger
from bot.gateway.wechat.simulator.service import WAITING_NAMED, CustomerService

ONLINE = "/cgi-bin/customservice/getonlinekflist"
CREATE = "/customservice/kfsession/create"
CLOSE = "/customservice/kfsession/close"
SESSION = "/customservice/kfsession/getsession"
WAITING = "/customservice/kfsession/getwaitcase"


class ServiceApi:
    """
    Args:
        service: what is asked about.
        ledger: which citizens are known.
        authorise: checks the token of a call to a path. Raises Refused.
        body: the JSON of a call. Raises Refused.
        knows_all: whether citizens who were never heard of are accepted.
    """

    def __init__(
        self,
        service: CustomerService,
        ledger: Ledger,
        authorise: Callable[[str, str], None],
        body: Callable[[Request], Awaitable[dict[str, Any]]],
        knows_all: Callable[[], bool],
    ) -> None:
        self._service = service
        self._ledger = ledger
        self._authorise = authorise
        self._body = body
        self._knows_all = knows_all

    def add_to(self, app: FastAPI) -> None:
        """Serve the calls."""
        app.add_api_route(ONLINE, self._online, methods=["GET"])
        app.add_api_route(SESSION, self._session, methods=["GET"])
        app.add_api_route(WAITING, self._waiting, methods=["GET"])
        app.add_api_route(CREATE, self._create, methods=["POST"])
        app.add_api_route(CLOSE, self._close, methods=["POST"])

    async def _online(self, access_token: str = "") -> dict[str, Any]:
        self._authorise(ONLINE, access_token)
        return {"kf_online_list": self._service.online()}

    async def _session(self, access_token: str = "", openid: str = "") -> dict[str, Any]:
        self._authorise(SESSION, access_token)
        self._check(openid)
        session = self._service.session(openid)
        if session is None:
            return {"createtime": 0, "kf_account": ""}
        return {"createtime": int(session.began_at), "kf_account": session.agent}

    async def _waiting(self, access_token: str = "") -> dict[str, Any]:
        self._authorise(WAITING, access_token)
        waiting = self._service.waiting()
        named = [{"latest_time": int(at), "openid": openid} for openid, at in waiting.items()]
        return {"count": len(named), "waitcaselist": named[:WAITING_NAMED]}

    async def _create(self, request: Request, access_token: str = "") -> dict[str, Any]:
        body = await self._body(request)
        self._authorise(CREATE, access_token)
        openid = str(body.get("openid", ""))
        self._check(openid)
        self._service.create(openid, str(body.get("kf_account", "")))
        return answer()

    async def _close(self, request: Request, access_token: str = "") -> dict[str, Any]:
        body = await self._body(request)
        self._authorise(CLOSE, access_token)
        openid = str(body.get("openid", ""))
        self._check(openid)
        self._service.close(openid, str(body.get("kf_account", "")))
        return answer()

    def _check(self, openid: str) -> None:
        if not self._knows_all() and self._ledger.standing(openid) is None:
            raise Refused(UNKNOWN)
