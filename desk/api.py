"""The internal HTTP API for the action server (docs/architecture.md, "HTTP between processes")."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from desk.records import Reason
from desk.service import Desk
from desk.texts import Texts

CONVERSATION_ID = r"^[a-z][a-z0-9_-]*:\S+$"


class HandoffRequest(BaseModel):
    """Body of `POST /api/handoffs`."""

    model_config = ConfigDict(extra="forbid")

    conversation_id: str = Field(max_length=200, pattern=CONVERSATION_ID)
    reason: Reason
    department: str | None = Field(default=None, max_length=128)
    question: str = Field(max_length=10_000)
    answer_id: str | None = Field(default=None, max_length=64)
    said: str = Field(default="", max_length=10_000)


def build_api(desk: Desk, require_internal: Callable[..., Any]) -> APIRouter:
    """The router of the internal API.

    Args:
        require_internal: a FastAPI dependency that refuses whoever is not one of our own processes.
    """
    router = APIRouter(
        dependencies=[Depends(require_internal)], route_class=chinese_errors(desk.texts), tags=["desk"]
    )

    @router.post("/api/handoffs")
    def open_handoff(request: HandoffRequest) -> dict[str, Any]:
        receipt = desk.open_handoff(
            request.conversation_id,
            request.reason,
            request.department,
            request.question,
            request.answer_id,
            request.said,
        )
        return {
            "number": receipt.number,
            "status": "ticket" if receipt.ticket else receipt.status,
            "already_open": receipt.already_open,
            "position": receipt.position,
            "staff_online": receipt.staff_online,
            "department": receipt.department,
            "wait_minutes": None if receipt.wait is None else round(receipt.wait / 60),
            "ticket": asdict(receipt.ticket) if receipt.ticket else None,
            "opens_text": receipt.opens_text,
        }

    @router.get("/api/handoffs/latest")
    def latest_handoff(
        conversation_id: Annotated[str, Query(max_length=200, pattern=CONVERSATION_ID)],
    ) -> dict[str, Any]:
        handoff = desk.latest_handoff(conversation_id)
        if handoff is None:
            raise HTTPException(404, desk.texts.say("errors.handoff_not_found"))
        return {
            "number": handoff.number,
            "status": handoff.status,
            "position": handoff.position,
            "department": handoff.department,
            "reason": handoff.reason,
            "created_at": handoff.created_at.isoformat(),
            "ticket_number": handoff.ticket_number,
        }

    return router


def chinese_errors(texts: Texts) -> type[APIRoute]:
    """A route class whose 422 answers are `{"detail": Chinese, "errors": [{"field", "message"}]}`."""

    class ChineseErrorRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Any]:
            handle = super().get_route_handler()

            async def handler(request: Request) -> Response:
                try:
                    return await handle(request)
                except RequestValidationError as error:
                    problems = [_problem(texts, found) for found in error.errors()]
                    listed = "；".join(texts.say("validation.problem", **problem) for problem in problems)
                    summary = texts.say("validation.summary", problems=listed)
                    return JSONResponse({"detail": summary, "errors": problems}, status_code=422)

            return handler

    return ChineseErrorRoute


def _problem(texts: Texts, error: Any) -> dict[str, str]:
    kind = error["type"]
    place = [str(part) for part in error["loc"][1:] if kind != "json_invalid"]
    field = ".".join(place) or texts.say("validation.body")
    context = dict(error.get("ctx", {}))
    if kind == "literal_error":  # pydantic lists the words in English: 'a', 'b' or 'c'
        context["expected"] = context["expected"].replace("'", "").replace(" or ", ", ")
    try:
        message = texts.say(f"validation.{kind}", **context)
    except KeyError:
        message = texts.say("validation.other", kind=kind)
    return {"field": field, "message": message}
