"""The knowledge service over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, Field

from knowledge.errors import NoOptionsPending, NothingToShow, OptionOutOfRange, UnknownAnswer
from knowledge.explain import explain
from knowledge.service import KnowledgeService
from knowledge.text import storable

# JSON can hold halves of surrogate pairs, which neither pydantic nor a database takes.
Words = Annotated[str, BeforeValidator(lambda value: storable(value) if isinstance(value, str) else value)]


class Question(BaseModel):
    """A citizen's question, the number of an option of the conversation's last ``clarify`` answer, or "全文".

    Asked again for the same ``message_id`` of the conversation, the answer is the one that was given.
    """

    question: Words = Field("", max_length=20_000)
    conversation_id: str | None = Field(None, max_length=255)
    message_id: str | None = Field(None, max_length=80)
    choice: int | None = None
    full_text: bool = False


class Feedback(BaseModel):
    """A citizen's verdict on an answer."""

    helpful: bool
    comment: Words = Field("", max_length=2_000)


def router(service: KnowledgeService, require_internal: Callable[[Request], None]) -> APIRouter:
    """The routes; ``require_internal`` is the dependency that lets only our own processes in.

    Anyone may ask a question; only our own processes may say which conversation it belongs to.

    Handlers are plain functions, so that FastAPI runs them in threads and the event loop stays free.
    """
    routes = APIRouter(prefix="/api", tags=["knowledge"])
    internal = [Depends(require_internal)]

    @routes.post("/answer", response_model=None)
    def answer(body: Question, request: Request) -> JSONResponse:
        # A response of its own: FastAPI would look at every value of what is JSON already.
        return JSONResponse(answer_to(body, request))

    def answer_to(body: Question, request: Request) -> dict[str, Any]:
        if body.conversation_id is not None:
            require_internal(request)
            if body.message_id and (given := service.log.given_to(body.conversation_id, body.message_id)):
                return given
        if body.choice is None and not body.full_text:
            return service.answer(body.question, body.conversation_id, body.message_id).to_dict()
        if body.conversation_id is None:
            raise HTTPException(422, "选择选项或查看全文时需要 conversation_id。")
        try:
            if body.choice is None:
                return service.full_text(body.conversation_id, body.message_id).to_dict()
            return service.choose(body.conversation_id, body.choice, body.message_id).to_dict()
        except (NoOptionsPending, NothingToShow) as error:
            raise HTTPException(409, str(error)) from error
        except OptionOutOfRange as error:
            raise HTTPException(422, str(error)) from error

    @routes.get("/answers/latest", dependencies=internal)
    def latest(conversation_id: str) -> dict[str, Any]:
        found = service.log.latest(conversation_id)
        if found is None:
            raise HTTPException(404, "这个会话还没有答复。")
        return found

    @routes.get("/answers/{answer_id}", dependencies=internal)
    def explained(answer_id: str) -> dict[str, Any]:
        try:
            stored = service.log.explained(answer_id)
        except UnknownAnswer as error:
            raise HTTPException(404, str(error)) from error
        return {**stored, "explanation": explain(stored).to_dict()}

    @routes.post("/answers/{answer_id}/feedback", dependencies=internal)
    def feedback(answer_id: str, body: Feedback) -> dict[str, bool]:
        try:
            service.log.rate(answer_id, body.helpful, body.comment)
        except UnknownAnswer as error:
            raise HTTPException(404, str(error)) from error
        return {"ok": True}

    return routes
