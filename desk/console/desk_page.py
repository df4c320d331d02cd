"""The desk's page, and what staff do on it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from desk.console.gate import Gate
from desk.console.shell import HEADERS, Shell
from desk.console.shown import Shown
from desk.console.views import quote_all
from desk.errors import DeskError, SignInRefused
from desk.records import StaffMember

_Text = Annotated[str, Form()]


def build_desk_page(shell: Shell, gate: Gate, shown: Shown) -> APIRouter:
    """The router of `/console/desk` and the forms on it."""
    router = APIRouter(include_in_schema=False)
    desk = shell.desk
    page = _DeskPage(shell, gate, shown)

    @router.get("/console/desk")
    def desk_page(request: Request, c: str = "") -> Response:
        staff = shell.admit(request, "desk")
        return staff if isinstance(staff, Response) else page.page(request, staff, c)

    @router.get("/console/desk/targets")
    def targets(request: Request) -> Response:
        def options(staff: StaffMember) -> dict[str, str]:
            return {"html": shell.views.render("_targets.html", targets=shown.targets(staff))}

        return gate.answer(request, options)

    @router.post("/console/desk/presence")
    def presence(request: Request, ready: _Text = "", c: _Text = "", form_token: _Text = "") -> Response:
        change = desk.arrive if ready == "yes" else desk.pause
        return page.act(request, c, form_token, change)

    @router.post("/console/desk/claim")
    def claim(request: Request, handoff: _Text = "", c: _Text = "", form_token: _Text = "") -> Response:
        return page.act(request, c, form_token, lambda staff: desk.claim(handoff, staff))

    @router.post("/console/desk/reply")
    def reply(
        request: Request, c: _Text = "", text: _Text = "", kind: _Text = "reply", form_token: _Text = ""
    ) -> Response:
        say = desk.note if kind == "note" else desk.reply
        return page.act(request, c, form_token, lambda staff: say(c, staff, text))

    @router.post("/console/desk/transfer")
    def transfer(
        request: Request, c: _Text = "", to: _Text = "", reason: _Text = "", form_token: _Text = ""
    ) -> Response:
        kind, _, whom = to.partition(":")
        target = {"colleague": whom} if kind == "colleague" else {"department": whom}
        return page.act(request, c, form_token, lambda staff: desk.transfer(c, staff, reason, **target))

    @router.post("/console/desk/take-over")
    def take_over(request: Request, c: _Text = "", form_token: _Text = "") -> Response:
        return page.act(request, c, form_token, lambda staff: desk.take_over(c, staff))

    @router.post("/console/desk/ticket")
    def ticket(request: Request, c: _Text = "", details: _Text = "", form_token: _Text = "") -> Response:
        return page.act(request, c, form_token, lambda staff: desk.make_ticket(c, staff, details))

    @router.post("/console/desk/resolve")
    def resolve(request: Request, c: _Text = "", note: _Text = "", form_token: _Text = "") -> Response:
        return page.act(request, c, form_token, lambda staff: desk.resolve(c, staff, note))

    return router


class _DeskPage:
    """What the routes above answer with."""

    def __init__(self, shell: Shell, gate: Gate, shown: Shown) -> None:
        self._shell = shell
        self._gate = gate
        self._shown = shown

    def page(
        self, request: Request, staff: StaffMember, conversation_id: str, error: DeskError | None = None
    ) -> Response:
        conversation = None
        if conversation_id:
            try:
                conversation = self._gate.visible(staff, conversation_id)
            except DeskError as refusal:
                error = error or refusal
        shown = self._shown.values(staff, conversation)
        return self._shell.page(request, page="desk", template="desk.html", error=error, **shown)

    def act(
        self, request: Request, conversation_id: str, token: str, action: Callable[[StaffMember], Any]
    ) -> Response:
        """Run a staff action of a form; answers JSON to the page's script and a page to a plain form."""
        scripted = "application/json" in request.headers.get("accept", "")
        try:
            staff = self._gate.staff(request)
        except SignInRefused as refusal:
            return self._gate.refuse(refusal) if scripted else RedirectResponse("/console/login", 303)
        except DeskError as refusal:
            return self._gate.refuse(refusal) if scripted else self._gate.elsewhere(request)
        try:
            self._shell.check_form(request, token)
            action(staff)
        except DeskError as error:
            if scripted:
                return self._gate.refuse(error)
            return self.page(request, staff, conversation_id, error)
        if scripted:
            return JSONResponse({"ok": True}, headers=HEADERS)
        address = f"/console/desk?c={quote_all(conversation_id)}" if conversation_id else "/console/desk"
        return RedirectResponse(address, 303)
