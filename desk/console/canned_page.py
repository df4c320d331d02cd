"""`/console/canned`: where canned replies are written, and what the composer's picker offers."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from desk import web_sessions as sessions
from desk.canned import CannedReplies
from desk.console.gate import HEADERS, Gate
from desk.errors import DeskError, SignInRefused
from desk.records import StaffMember
from desk.views import Views

PAGE = "/console/canned"


def build_canned(canned: CannedReplies, gate: Gate, views: Views) -> APIRouter:
    """The router of both."""
    router = APIRouter(include_in_schema=False)

    def page(
        request: Request, staff: StaffMember, error: DeskError | None, tried: dict[str, Any]
    ) -> Response:
        html = views.render(
            "canned.html",
            staff=staff,
            token=sessions.session_form_token(request),
            replies=canned.all(staff),
            scopes=canned.scopes(staff),
            variables=canned.variables.names,
            error=error,
            tried=tried,
        )
        return HTMLResponse(html, error.http_status if error else 200, headers=HEADERS)

    def change(
        request: Request, token: str, tried: dict[str, Any], work: Callable[[StaffMember], Any]
    ) -> Response:
        try:
            staff = gate.staff(request)
        except SignInRefused:
            return RedirectResponse("/console/login", 303)
        try:
            gate.check_form(request, token)
            work(staff)
        except DeskError as error:
            return page(request, staff, error, tried)
        return RedirectResponse(PAGE, 303)

    @router.get(PAGE)
    def show(request: Request) -> Response:
        try:
            return page(request, gate.staff(request), None, {})
        except SignInRefused:
            return RedirectResponse("/console/login", 303)

    @router.post(PAGE)
    def save(
        request: Request,
        id: Annotated[int | None, Form()] = None,
        scope: Annotated[str, Form()] = "personal",
        title: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        tried = {"id": id, "scope": scope, "title": title, "text": text}
        return change(request, form_token, tried, lambda staff: canned.save(staff, id, scope, title, text))

    @router.post(f"{PAGE}/delete")
    def delete(
        request: Request,
        id: Annotated[int, Form()],
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        return change(request, form_token, {}, lambda staff: canned.delete(staff, id))

    @router.get("/console/desk/canned")
    def picker(request: Request, c: str = "") -> Response:
        def offered(staff: StaffMember) -> dict[str, Any]:
            handoff = gate.visible(staff, c).handoff if c else None
            return {"replies": canned.filled(staff, handoff)}

        return gate.answer(request, offered)

    return router
