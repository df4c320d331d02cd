"""`/console/canned`: where canned replies are written, and what the composer's picker offers."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from desk.canned import CannedReplies
from desk.console.gate import Gate
from desk.console.shell import Shell
from desk.errors import DeskError
from desk.records import StaffMember

PAGE = "/console/canned"
NAME = "canned"
"""Its name among the pages of the console."""


def build_canned(canned: CannedReplies, shell: Shell, gate: Gate) -> APIRouter:
    """The router of both."""
    router = APIRouter(include_in_schema=False)

    def page(
        request: Request, staff: StaffMember, error: DeskError | None, tried: dict[str, Any]
    ) -> Response:
        return shell.page(
            request,
            staff,
            "canned.html",
            NAME,
            error=error,
            replies=canned.all(staff),
            scopes=canned.scopes(staff),
            variables=canned.variables.names,
            tried=tried,
        )

    def change(
        request: Request, token: str, tried: dict[str, Any], work: Callable[[StaffMember], Any]
    ) -> Response:
        staff = shell.admit(request, NAME)
        if isinstance(staff, Response):
            return staff
        try:
            shell.check_form(request, token)
            work(staff)
        except DeskError as error:
            return page(request, staff, error, tried)
        return RedirectResponse(PAGE, 303)

    @router.get(PAGE)
    def show(request: Request) -> Response:
        staff = shell.admit(request, NAME)
        return staff if isinstance(staff, Response) else page(request, staff, None, {})

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
