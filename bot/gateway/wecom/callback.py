"""`/wecom`: what WeCom calls. It is answered at once; what there is to read is pulled apart from it."""

import logging
from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from bot.gateway.texts import Texts
from bot.gateway.wechat.errors import CallbackError, TooLarge
from bot.gateway.wechat.messages import SUCCESS
from bot.gateway.wecom.door import MAX_BODY, Door, Notice

logger = logging.getLogger(__name__)


class Callback:
    """
    Args:
        door: checks requests.
        noticed: told what there is to pull; a request that is repeated makes it pull nothing new.
        texts: the gateway's texts.
    """

    def __init__(self, door: Door, noticed: Callable[[Notice], None], texts: Texts) -> None:
        self._door = door
        self._noticed = noticed
        self._texts = texts

    def router(self) -> APIRouter:
        """The two routes."""
        router = APIRouter()
        router.add_api_route("/wecom", self._get, methods=["GET"], include_in_schema=False)
        router.add_api_route("/wecom", self._post, methods=["POST"], include_in_schema=False)
        return router

    async def _get(self, request: Request) -> Response:
        try:
            return PlainTextResponse(self._door.verify(request.query_params))
        except CallbackError as error:
            return self._problem(error)

    async def _post(self, request: Request) -> Response:
        try:
            notice = self._door.open(request.query_params, await self._body(request))
        except CallbackError as error:
            return self._problem(error)
        if notice is not None:
            self._noticed(notice)
        return PlainTextResponse(SUCCESS)

    async def _body(self, request: Request) -> bytes:
        raw = b""
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > MAX_BODY:
                raise TooLarge(limit=MAX_BODY)
        return raw

    def _problem(self, error: CallbackError) -> Response:
        logger.warning("a callback of WeCom was refused: %s %s", error.status, type(error).__name__)
        message = self._texts.say("kf.problems." + error.key, **error.values)
        return JSONResponse({"error": error.key, "message": message}, status_code=error.status)
