"""Who may see what on the desk's page, and how a refusal is said to its script."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from desk.console import navigation
from desk.console import web_sessions as sessions
from desk.console.shell import HEADERS, Shell
from desk.errors import DeskError, HandoffClosed, NotAllowed, SignInRefused, UnknownHandoff
from desk.permissions import may_oversee, may_see
from desk.records import Conversation, StaffMember

PAGE = "desk"


class Gate:
    """Blocking; call it from a thread."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._desk = shell.desk

    def staff(self, request: Request) -> StaffMember:
        """Who is signed in and may open the desk's page.

        Raises:
            SignInRefused: nobody is signed in.
            NotAllowed: their role may not.
        """
        staff = sessions.signed_in(request, self._shell.accounts)
        if staff is None:
            raise SignInRefused(self._desk.texts.say("errors.signed_out"))
        if not navigation.may_open(staff, PAGE):
            raise NotAllowed(self._desk.texts.say("errors.page_not_allowed"))
        return staff

    def elsewhere(self, request: Request) -> Response:
        """The page for who is signed in and may not open the desk's."""
        admitted = self._shell.admit(request, PAGE)
        assert isinstance(admitted, Response)
        return admitted

    def visible(self, staff: StaffMember, conversation_id: str, after: int = 0) -> Conversation:
        """The conversation, if this person may read it.

        While it is open: theirs to serve or to claim, of their department, or one they had a part in. Once it has
        ended: who served it, and who oversees its department.

        Args:
            after: the id of a message; only later ones are read.

        Raises:
            UnknownHandoff, HandoffClosed, NotAllowed: they may not, or there is none.
        """
        conversation = self._desk.conversation(conversation_id, after)
        if conversation is None or conversation.handoff is None:
            raise UnknownHandoff(self._desk.texts.say("errors.unknown_conversation"))
        handoff = conversation.handoff
        default = self._desk.rules.default_department
        if conversation.owner != "bot":
            theirs = may_see(staff, handoff.department, default) or self._desk.takes(
                staff, handoff.department
            )
            if theirs or self._desk.took_part(handoff, staff):
                return conversation
            raise NotAllowed(self._desk.texts.say("errors.other_departments", department=handoff.department))
        if handoff.outcome == "cancelled":
            raise HandoffClosed(self._desk.texts.say("errors.handoff_ended_by_citizen"))
        served = handoff.claimed_by is not None and handoff.claimed_by.id == staff.id
        oversees = may_oversee(staff, handoff.department, default)
        if not served and not oversees:
            raise NotAllowed(self._desk.texts.say("errors.ended_elsewhere"))
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
                self._shell.check_form(request, token)
            return JSONResponse(work(staff), headers=HEADERS)
        except DeskError as error:
            return self.refuse(error)

    def refuse(self, error: DeskError) -> Response:
        """A refusal for the page's script."""
        body = {"error": {"code": error.code, "message": error.message}}
        return JSONResponse(body, error.http_status, headers=HEADERS)
