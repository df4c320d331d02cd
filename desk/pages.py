"""The staff's pages under /console: signing in, and the desk."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from desk import web_sessions as sessions
from desk.accounts import Accounts, form_token
from desk.errors import DeskError, HandoffClosed, NotAllowed, SignInRefused, UnknownHandoff
from desk.records import Conversation, StaffMember
from desk.service import Desk
from desk.views import STATIC, Views, mode, quote_all

LONGEST_WAIT = 5.0
"""Seconds a page's question for news stays open; also the longest the server waits for it when it stops."""
LOOK_EVERY = 0.3
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def build_pages(desk: Desk, accounts: Accounts) -> APIRouter:
    """The router of the console's sign-in and desk pages."""
    router = APIRouter(include_in_schema=False)
    pages = _Pages(desk, accounts)

    @router.get("/console")
    def console() -> Response:
        return RedirectResponse("/console/desk", 303)

    @router.get("/console/desk/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404)
        return FileResponse(STATIC[name], headers={"Cache-Control": "public, max-age=31536000, immutable"})

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

    @router.get("/console/desk/state")
    async def state(
        request: Request,
        c: str = "",
        since: str = "",
        wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT)] = 0.0,
    ) -> Response:
        """What the page shows now; with `since` only once something changed, or after `wait` seconds."""
        staff = await run_in_threadpool(sessions.signed_in, request, accounts)
        if staff is None:
            return pages.refuse(SignInRefused(desk.texts.say("errors.signed_out")))
        for _ in range(int(wait / LOOK_EVERY)):
            if str(await run_in_threadpool(desk.last_change)) != since or await request.is_disconnected():
                break
            await asyncio.sleep(LOOK_EVERY)
        return await run_in_threadpool(pages.state, staff, c)

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

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self._desk = desk
        self._accounts = accounts
        self._views = Views(desk.texts, desk.zone)

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
                conversation = self._visible(staff, conversation_id)
            except DeskError as refusal:
                error = error or refusal
        html = self._views.render(
            "desk.html",
            token=sessions.session_form_token(request),
            error=error,
            **self._shown(staff, conversation),
        )
        return HTMLResponse(html, error.http_status if error else 200, headers=HEADERS)

    def state(self, staff: StaffMember, conversation_id: str) -> Response:
        """The parts that change, as HTML. `version` is read first: news is at worst told twice."""
        version = str(self._desk.last_change())
        try:
            conversation = self._visible(staff, conversation_id) if conversation_id else None
        except DeskError as refusal:
            return self.refuse(refusal)
        shown = self._shown(staff, conversation)
        answer = {
            "version": version,
            "waiting": len(shown["queue"]),
            "mode": shown["mode"],
            "lists": self._views.render("_lists.html", **shown),
        }
        if conversation is not None:
            answer["header"] = self._views.render("_header.html", **shown)
            answer["messages"] = self._views.render("_messages.html", **shown)
        return JSONResponse(answer, headers=HEADERS)

    def act(
        self, request: Request, conversation_id: str, token: str, action: Callable[[StaffMember], Any]
    ) -> Response:
        """Run a staff action of a form; answers JSON to the page's script and a page to a plain form."""
        scripted = "application/json" in request.headers.get("accept", "")
        staff = sessions.signed_in(request, self._accounts)
        if staff is None:
            refusal = SignInRefused(self._desk.texts.say("errors.signed_out"))
            return self.refuse(refusal) if scripted else RedirectResponse("/console/login", 303)
        try:
            if not sessions.form_is_ours(request, sessions.SESSION_COOKIE, token):
                raise NotAllowed(self._desk.texts.say("errors.form_expired"))
            action(staff)
        except DeskError as error:
            if scripted:
                return self.refuse(error)
            return self.desk_page(request, staff, conversation_id, error)
        if scripted:
            return JSONResponse({"ok": True}, headers=HEADERS)
        return RedirectResponse(f"/console/desk?c={quote_all(conversation_id)}", 303)

    def refuse(self, error: DeskError) -> Response:
        """A refusal for the page's script."""
        body = {"error": {"code": error.code, "message": error.message}}
        return JSONResponse(body, error.http_status, headers=HEADERS)

    def _visible(self, staff: StaffMember, conversation_id: str) -> Conversation:
        """The conversation, if this person may read it: open, once theirs, or they supervise."""
        conversation = self._desk.conversation(conversation_id)
        if conversation is None or conversation.handoff is None:
            raise UnknownHandoff(self._desk.texts.say("errors.unknown_conversation"))
        handoff = conversation.handoff
        if conversation.owner != "bot":
            return conversation
        if handoff.outcome == "cancelled":
            raise HandoffClosed(self._desk.texts.say("errors.handoff_ended_by_citizen"))
        served = handoff.claimed_by is not None and handoff.claimed_by.id == staff.id
        if not served and not staff.supervises:
            raise NotAllowed(self._desk.texts.say("errors.not_allowed"))
        # What the citizen says to the bot afterwards is no longer this handoff's business.
        until = [
            said for said in conversation.messages if handoff.resolved_at and said.at <= handoff.resolved_at
        ]
        return replace(conversation, messages=until)

    def _shown(self, staff: StaffMember, conversation: Conversation | None) -> dict[str, Any]:
        return {
            "staff": staff,
            "now": self._desk.clock(),
            "queue": self._desk.queue(),
            "serving": self._desk.serving(staff),
            "online": self._desk.staff_online(),
            "conversation": conversation,
            "mode": mode(conversation, staff) if conversation else "none",
        }
