"""The internal HTTP API of tickets for the action server (docs/architecture.md, "HTTP between processes")."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from desk.api import CONVERSATION_ID, chinese_errors
from desk.errors import DeskError
from desk.tickets.errors import BadField
from desk.tickets.records import CitizenKind, Ticket, TicketRequest
from desk.tickets.service import Tickets


class NewTicket(BaseModel):
    """Body of `POST /api/tickets`. How long its texts may be stands in the rules."""

    model_config = ConfigDict(extra="forbid")

    conversation_id: str = Field(max_length=200, pattern=CONVERSATION_ID)
    kind: CitizenKind
    subject: str
    details: str
    place: str | None = None
    contact: str | None = None
    contact_consent: StrictBool
    department: str | None = None
    answer_id: str | None = Field(default=None, max_length=64)
    message_id: str | None = Field(default=None, max_length=80)


class Reopening(BaseModel):
    """Body of `POST /api/tickets/{number}/reopen`."""

    model_config = ConfigDict(extra="forbid")

    conversation_id: str = Field(max_length=200, pattern=CONVERSATION_ID)
    reason: str
    message_id: str | None = Field(default=None, max_length=80)


def build_ticket_api(tickets: Tickets, require_internal: Callable[..., Any]) -> APIRouter:
    """The router of the internal API.

    Args:
        require_internal: a FastAPI dependency that refuses whoever is not one of our own processes.
    """
    router = APIRouter(
        dependencies=[Depends(require_internal)], route_class=chinese_errors(tickets.texts), tags=["tickets"]
    )
    told = _Told(tickets)

    @router.post("/api/tickets", response_model=None)
    def open_ticket(request: NewTicket) -> dict[str, Any] | JSONResponse:
        try:
            return told.opened(tickets.open(TicketRequest(**request.model_dump())))
        except DeskError as error:
            return told.refusal(error)

    @router.get("/api/tickets")
    def tickets_of_citizen(
        conversation_id: Annotated[str, Query(max_length=200, pattern=CONVERSATION_ID)],
        number: Annotated[str | None, Query(max_length=40)] = None,
    ) -> dict[str, Any]:
        found = tickets.of_conversation(conversation_id, number)
        if number is not None and not found:
            raise HTTPException(404, tickets.texts.say("errors.not_this_citizens", number=number))
        return {"tickets": [told.one(ticket) for ticket in found]}

    @router.post("/api/tickets/{number}/reopen", response_model=None)
    def reopen(number: str, request: Reopening) -> dict[str, Any] | JSONResponse:
        try:
            ticket = tickets.reopen(request.conversation_id, number, request.reason, request.message_id)
            return told.one(ticket)
        except DeskError as error:
            return told.refusal(error)

    return router


class _Told:
    """What the routes answer with."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    def opened(self, ticket: Ticket) -> dict[str, Any]:
        return {
            "number": ticket.number,
            "kind": ticket.kind,
            "status": ticket.status,
            "subject": ticket.subject,
            "department": ticket.department,
            "due_at": ticket.due_at.isoformat(),
            "due_text": self._text(ticket.due_at),
            "already_open": ticket.already_open,
        }

    def one(self, ticket: Ticket) -> dict[str, Any]:
        until = ticket.reopenable_until
        return {
            "number": ticket.number,
            "kind": ticket.kind,
            "status": ticket.status,
            "subject": ticket.subject,
            "department": ticket.department,
            "due_at": ticket.due_at.isoformat(),
            "due_text": self._text(ticket.due_at),
            "result": ticket.result,
            "answered_at": ticket.answered_at.isoformat() if ticket.answered_at else None,
            "reopenable_until": until.isoformat() if until else None,
            "reopenable_until_text": self._text(until) if until else None,
        }

    def refusal(self, error: DeskError) -> JSONResponse:
        """In the shape that `chinese_errors` gives to a body that does not fit."""
        if not isinstance(error, BadField):
            return JSONResponse({"detail": error.message}, error.http_status)
        problem = {"field": error.field, "message": error.message}
        summary = self._tickets.texts.say("validation.summary", problems=error.message)
        return JSONResponse({"detail": summary, "errors": [problem]}, error.http_status)

    def _text(self, at: datetime) -> str:
        return self._tickets.calendar.describe(at.timestamp(), self._tickets.clock())
