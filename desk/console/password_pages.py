"""/console/password, where everybody changes their own, and /console/home for who can open nothing else."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from desk.accounts.fields import PASSWORD_MIN
from desk.console import navigation
from desk.console import web_sessions as sessions
from desk.console.shell import Shell, origin
from desk.errors import BadInput, DeskError
from desk.records import StaffMember


def build_password_pages(shell: Shell) -> APIRouter:
    """The router of both pages."""
    router = APIRouter(include_in_schema=False)

    def show(
        request: Request, staff: StaffMember, error: DeskError | None = None, changed: bool = False
    ) -> Response:
        return shell.page(
            request, staff, "password.html", "password", error=error, changed=changed, shortest=PASSWORD_MIN
        )

    @router.get("/console/home")
    def home(request: Request) -> Response:
        staff = sessions.signed_in(request, shell.accounts)
        if staff is None:
            return RedirectResponse("/console/login", 303)
        return shell.page(request, staff, "home.html", "", refused=False)

    @router.get("/console/password")
    def password_page(request: Request, changed: str = "") -> Response:
        staff = sessions.whoever(request, shell.accounts)
        if staff is None:
            return RedirectResponse("/console/login", 303)
        return show(request, staff, changed=bool(changed))

    @router.post("/console/password")
    def change(
        request: Request,
        old: Annotated[str, Form()] = "",
        new: Annotated[str, Form()] = "",
        again: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        staff = sessions.whoever(request, shell.accounts)
        if staff is None:
            return RedirectResponse("/console/login", 303)
        try:
            shell.check_form(request, form_token)
            if new != again:
                raise BadInput(shell.texts.say("accounts.password_differs"), "again")
            session = request.cookies[sessions.SESSION_COOKIE]
            shell.accounts.change_own_password(staff, session, old, new, origin(request))
        except DeskError as error:
            return show(request, staff, error)
        if not staff.must_change_password:
            return RedirectResponse("/console/password?changed=1", 303)
        return RedirectResponse(navigation.landing(shell.accounts.find(staff.username)), 303)

    return router
