"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from desk.console import navigation
from desk.console import web_sessions as sessions
from desk.console.shell import HEADERS, Shell, origin
from desk.errors import DeskError, NotAllowed


def build_sign_in(shell: Shell) -> APIRouter:
    """The router of `/console`, `/console/login` and `/console/logout`."""
    router = APIRouter(include_in_schema=False)
    desk, accounts = shell.desk, shell.accounts

    def page(request: Request, username: str = "", error: DeskError | None = None) -> Response:
        secret = sessions.sign_in_secret(request)
        values = {"token": sessions.form_token(secret), "username": username, "error": error}
        html = shell.views.render("login.html", **values)
        response = HTMLResponse(html, error.http_status if error else 200, headers=HEADERS)
        sessions.set_sign_in_secret(request, response, secret)
        return response

    @router.get("/console")
    def console(request: Request) -> Response:
        staff = sessions.whoever(request, accounts)
        return RedirectResponse("/console/login" if staff is None else navigation.landing(staff), 303)

    @router.get("/console/login")
    def sign_in_page(request: Request) -> Response:
        staff = sessions.whoever(request, accounts)
        return page(request) if staff is None else RedirectResponse(navigation.landing(staff), 303)

    @router.post("/console/login")
    def sign_in(
        request: Request,
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        if not sessions.form_is_ours(request, sessions.SIGN_IN_COOKIE, form_token):
            return page(request, username, NotAllowed(shell.texts.say("errors.form_expired")))
        try:
            token = accounts.sign_in(username, password, origin(request))
        except DeskError as error:
            return page(request, username, error)
        member = accounts.find(username)
        if member.may("serve") and not member.may("supervise"):  # a supervisor steps in by choice
            desk.arrive(member)
        response = RedirectResponse(navigation.landing(member), 303)
        sessions.set_session(request, response, token)
        return response

    @router.post("/console/logout")
    def sign_out(request: Request, form_token: Annotated[str, Form()] = "") -> Response:
        if not sessions.form_is_ours(request, sessions.SESSION_COOKIE, form_token):
            return RedirectResponse("/console", 303)
        staff = sessions.signed_in(request, accounts)
        if staff is not None:
            desk.leave(staff)
        accounts.sign_out(request.cookies[sessions.SESSION_COOKIE])
        response = RedirectResponse("/console/login", 303)
        sessions.forget_session(response)
        return response

    return router
