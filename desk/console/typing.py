"""`POST /console/desk/typing`: while staff write, the citizen sees that somebody does."""

import time
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.concurrency import run_in_threadpool

from desk.console.gate import Gate
from desk.console.shell import Shell
from desk.errors import DeskError
from desk.ports import ShowTyping

AT_MOST_EVERY = 5.0  # seconds, for one conversation
_CONVERSATIONS = 1000


def build_typing(shell: Shell, gate: Gate, show_typing: ShowTyping) -> APIRouter:
    """The router of it; whatever is wrong, staff are not told."""
    router = APIRouter(include_in_schema=False)
    shown: dict[str, float] = {}

    def may(request: Request, conversation_id: str, token: str) -> bool:
        try:
            staff = gate.staff(request)
            shell.check_form(request, token)
        except DeskError:
            return False
        return shell.desk.serves(conversation_id, staff)

    @router.post("/console/desk/typing")
    async def typing(
        request: Request,
        c: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        now = time.monotonic()
        if now - shown.get(c, -AT_MOST_EVERY) >= AT_MOST_EVERY and await run_in_threadpool(
            may, request, c, form_token
        ):
            while len(shown) >= _CONVERSATIONS:
                del shown[next(iter(shown))]
            shown[c] = now
            show_typing(c)
        return Response(status_code=204)

    return router
