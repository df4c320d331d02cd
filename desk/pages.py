"""The staff's pages under /console: signing in, and the desk."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse

from desk import web_sessions as sessions
from desk.accounts import Accounts, form_token
from desk.console.canned_page import build_canned
from desk.console.gate import HEADERS, Gate
from desk.console.learning import build_learning
from desk.console.search import build_search
from desk.console.shown import Shown
from desk.console.state import build_state
from desk.console.typing import build_typing
from desk.errors import DeskError, NotAllowed, SignInRefused
from desk.ports import Ports
from desk.records import StaffMember
from desk.service import Desk
from desk.views import STATIC, STATIC_VERSION, Views, quote_all


def build_pages(desk: Desk, accounts: Accounts, ports: Ports | None = None) -> APIRouter:
    """The router of the console's sign-in and desk pages; `ports` is what other parts give them."""
    ports = ports or Ports()
    router = APIRouter(include_in_schema=False)
    gate, views = Gate(desk, accounts), Views(desk.texts, desk.zone)
    shown = Shown(desk, gate, views, ports)
    pages = _Pages(desk, accounts, gate, shown, views)
    router.include_router(build_state(desk.changes, gate, shown))
    router.include_router(build_typing(desk, gate, ports.show_typing))
    router.include_router(build_canned(desk.canned, gate, views))
    if ports.knowledge is not None:
        router.include_router(build_search(gate, views, desk.texts, ports.knowledge))
        router.include_router(build_learning(gate, desk.texts, ports.knowledge))

    @router.get("/console")
    def console() -> Response:
        return RedirectResponse("/console/desk", 303)

    @router.get("/console/desk/static/{version}/{name}")
    def static(version: str, name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404)
        lasting = version == STATIC_VERSION
        keep = "public, max-age=31536000, immutable" if lasting else "no-store"
        return FileResponse(STATIC[name], headers={"Cache-Control": keep})

    @router.get("/console/login")
    def sign_in_page(request: Request) -> Response:
        if sessions.signed_in(request, accounts):
            return RedirectResponse("/console/desk", 303)
        return pages.sign_in(request)

    @router.post("/console/login")
    def sign_in(
        request: Request,
        username: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        if not sessions.form_is_ours(request, sessions.SIGN_IN_COOKIE, form_token):
            return pages.sign_in(request, username, NotAllowed(desk.texts.say("errors.form_expired")))
        try:
            token = accounts.sign_in(username, password)
        except DeskError as error:
            return pages.sign_in(request, username, error)
        response = RedirectResponse("/console/desk", 303)
        sessions.set_session(request, response, token)
        return response

    @router.post("/console/logout")
    def sign_out(request: Request, form_token: Annotated[str, Form()] = "") -> Response:
        if not sessions.form_is_ours(request, sessions.SESSION_COOKIE, form_token):
            return RedirectResponse("/console/desk", 303)
        accounts.sign_out(request.cookies[sessions.SESSION_COOKIE])
        response = RedirectResponse("/console/login", 303)
        sessions.forget_session(response)
        return response

    @router.get("/console/desk")
    def desk_page(request: Request, c: str = "") -> Response:
        staff = sessions.signed_in(request, accounts)
        if staff is None:
            return RedirectResponse("/console/login", 303)
        return pages.desk_page(request, staff, c)

    @router.post("/console/desk/claim")
    def claim(
        request: Request,
        handoff: Annotated[str, Form()] = "",
        c: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        return pages.act(request, c, form_token, lambda staff: desk.claim(handoff, staff))

    @router.post("/console/desk/reply")
    def reply(
        request: Request,
        c: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        kind: Annotated[str, Form()] = "reply",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        say = desk.note if kind == "note" else desk.reply
        return pages.act(request, c, form_token, lambda staff: say(c, staff, text))

    @router.post("/console/desk/resolve")
    def resolve(
        request: Request,
        c: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        return pages.act(request, c, form_token, lambda staff: desk.resolve(c, staff, note))

    return router


class _Pages:
    """What the routes above answer with."""

    def __init__(self, desk: Desk, accounts: Accounts, gate: Gate, shown: Shown, views: Views) -> None:
        self._desk = desk
        self._accounts = accounts
        self._gate = gate
        self._shown = shown
        self._views = views

    def sign_in(self, request: Request, username: str = "", error: DeskError | None = None) -> Response:
        secret = sessions.sign_in_secret(request)
        html = self._views.render("login.html", token=form_token(secret), username=username, error=error)
        response = HTMLResponse(html, error.http_status if error else 200, headers=HEADERS)
        sessions.set_sign_in_secret(request, response, secret)
        return response

    def desk_page(
        self, request: Request, staff: StaffMember, conversation_id: str, error: DeskError | None = None
    ) -> Response:
        conversation = None
        if conversation_id:
            try:
                conversation = self._gate.visible(staff, conversation_id)
            except DeskError as refusal:
                error = error or refusal
        html = self._views.render(
            "desk.html",
            token=sessions.session_form_token(request),
            error=error,
            **self._shown.values(staff, conversation),
        )
        return HTMLResponse(html, error.http_status if error else 200, headers=HEADERS)

    def act(
        self, request: Request, conversation_id: str, token: str, action: Callable[[StaffMember], Any]
    ) -> Response:
        """Run a staff action of a form; answers JSON to the page's script and a page to a plain form."""
        scripted = "application/json" in request.headers.get("accept", "")
        staff = sessions.signed_in(request, self._accounts)
        if staff is None:
            refusal = SignInRefused(self._desk.texts.say("errors.signed_out"))
            return self._gate.refuse(refusal) if scripted else RedirectResponse("/console/login", 303)
        try:
            if not sessions.form_is_ours(request, sessions.SESSION_COOKIE, token):
                raise NotAllowed(self._desk.texts.say("errors.form_expired"))
            action(staff)
        except DeskError as error:
            if scripted:
                return self._gate.refuse(error)
            return self.desk_page(request, staff, conversation_id, error)
        if scripted:
            return JSONResponse({"ok": True}, headers=HEADERS)
        return RedirectResponse(f"/console/desk?c={quote_all(conversation_id)}", 303)
