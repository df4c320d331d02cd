"""`GET /console/desk/state`: the question for news that every open page has pending."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from desk import web_sessions as sessions
from desk.changes import Changes
from desk.console.gate import Gate
from desk.console.shell import HEADERS
from desk.console.shown import Shown
from desk.errors import DeskError

LONGEST_WAIT = 5.0
"""Seconds a page's question for news stays open; also the longest the server waits for it when it stops."""


def build_state(changes: Changes, gate: Gate, shown: Shown) -> APIRouter:
    """The router of the page's state."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console/desk/state")
    async def state(
        request: Request,
        c: str = "",
        since: str = "",
        after: Annotated[int, Query(ge=0)] = 0,
        have: str = "",
        wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT)] = 0.0,
        full: bool = False,
    ) -> Response:
        """What the page shows now and did not before, once something changed, or after `wait` seconds.

        `full`: everything is looked at, whatever changed; a page asks so where it was last done long ago.
        """
        try:
            staff = await run_in_threadpool(gate.staff, request)
            if wait:
                await changes.wait(shown.topics(staff, c), since, wait)
            token = sessions.session_form_token(request)
            shows = "" if full else since
            news = await run_in_threadpool(shown.state, staff, token, c, shows, after, _marks(have))
        except DeskError as error:
            return gate.refuse(error)
        return JSONResponse(news, headers=HEADERS)

    return router


def _marks(have: str) -> dict[str, str]:
    """`queue.3f9a,header.77c1` as a mapping."""
    return dict(part.partition(".")[::2] for part in have.split(",") if part)
