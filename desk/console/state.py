"""`GET /console/desk/state`: the question for news that every open page has pending."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from desk.changes import ANY_QUEUE, Changes
from desk.console import web_sessions as sessions
from desk.console.gate import Gate
from desk.console.shell import HEADERS
from desk.console.shown import Shown
from desk.errors import DeskError

LONGEST_WAIT = 5.0
"""Seconds a page's question for news stays open; also the longest the server waits for it when it stops."""
QUEUE_GATHERS = 0.25
"""Seconds in which news of the queue alone, which all pages show, gather before they are told."""
AT_ONCE = 3
"""Pages looked after at the same time. More threads would only take the interpreter from everything else in turns."""

_Result = TypeVar("_Result")


def build_state(changes: Changes, gate: Gate, shown: Shown) -> APIRouter:
    """The router of the page's state."""
    router = APIRouter(include_in_schema=False)
    few = CapacityLimiter(AT_ONCE)

    async def aside(work: Callable[..., _Result], *arguments: object) -> _Result:
        return await to_thread.run_sync(partial(work, *arguments), limiter=few)

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
            staff = await aside(gate.staff, request)
            if wait:
                topics = shown.topics(staff, c)
                own = topics - {ANY_QUEUE}
                if await changes.wait(topics, since, wait) and not changes.changed(own, since):
                    await changes.wait(own, since, QUEUE_GATHERS)
            token = sessions.session_form_token(request)
            shows = "" if full else since
            news = await aside(shown.state, staff, token, c, shows, after, _marks(have))
        except DeskError as error:
            return gate.refuse(error)
        return JSONResponse(news, headers=HEADERS)

    return router


def _marks(have: str) -> dict[str, str]:
    """`queue.3f9a,header.77c1` as a mapping."""
    return dict(part.partition(".")[::2] for part in have.split(",") if part)
