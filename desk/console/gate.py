"""Who may see what on the console, and how a refusal is said."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from desk import web_sessions as sessions
from desk.accounts import Accounts
from desk.errors import DeskError, HandoffClosed, NotAllowed, SignInRefused, UnknownHandoff
from desk.records import Conversation, StaffMember
from desk.service import Desk

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Gate:
    """Blocking; call it from a thread."""

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self._desk = desk
        self._accounts = accounts

    def staff(self, request: Request) -> StaffMember:
        """Who is signed in. Raises SignInRefused."""
        staff = sessions.signed_in(request, self._accounts)
        if staff is None:
            raise SignInRefused(self._desk.texts.say("errors.signed_out"))
        return staff

    def check_form(self, request: Request, token: str) -> None:
        """Raises NotAllowed for a form that no page of ours made for this browser."""
        if not sessions.form_is_ours(request, sessions.SESSION_COOKIE, token):
            raise NotAllowed(self._desk.texts.say("errors.form_expired"))

    def visible(self, staff: StaffMember, conversation_id: str, after: int = 0) -> Conversation:
        """The conversation, if this person may read it: open, once theirs, or they supervise.

        Args:
            after: the id of a message; only later ones are read.

        Raises:
            UnknownHandoff, HandoffClosed, NotAllowed: they may not, or there is none.
        """
        conversation = self._desk.conversation(conversation_id, after)
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

    def answer(
        self, request: Request, work: Callable[[StaffMember], Any], token: str | None = None
    ) -> Response:
        """What `work` gives for who is signed in, as JSON for the page's script; a refusal as `refuse` says it.

        Args:
            token: the form's, where something is changed.
        """
        try:
            staff = self.staff(request)
            if token is not None:
                self.check_form(request, token)
            return JSONResponse(work(staff), headers=HEADERS)
        except DeskError as error:
            return self.refuse(error)

    def refuse(self, error: DeskError) -> Response:
        """A refusal for the page's script."""
        body = {"error": {"code": error.code, "message": error.message}}
        return JSONResponse(body, error.http_status, headers=HEADERS)
