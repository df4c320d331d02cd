"""The staff's pages of tickets under /console/tickets: lists, and one ticket. Plain forms, no script needed."""

from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from desk.accounts import Accounts
from desk.console.shell import Shell
from desk.errors import DeskError, NotAllowed
from desk.records import StaffMember
from desk.service import Desk
from desk.tickets import numbers
from desk.tickets.errors import BadField
from desk.tickets.records import Filters, Kind, Status, Ticket, TicketFile, View
from desk.tickets.service import Tickets

HOME = "/console/tickets"
PAGE = "tickets"
"""Its name among the pages of the console."""
ACTS = ("take", "assign", "note", "transfer", "return", "merge", "answer", "close")


def build_ticket_pages(desk: Desk, tickets: Tickets, accounts: Accounts) -> APIRouter:
    """The router of the tickets' pages."""
    router = APIRouter(include_in_schema=False)
    shell = Shell(desk, accounts)
    pages = _Pages(shell, tickets)

    @router.get(HOME)
    def listing(
        request: Request,
        view: str = "mine",
        kind: str = "",
        status: str = "",
        words: Annotated[str, Query(max_length=200)] = "",
        page: int = 1,
        done: str = "",
        number: str = "",
    ) -> Response:
        staff = shell.admit(request, PAGE)
        if isinstance(staff, Response):
            return staff
        filters = Filters(_known(kind, Kind), _known(status, Status), words.strip())
        shown: View = _known(view, View) or "mine"
        return pages.listing(request, staff, shown, filters, page, pages.notice(done, number))

    @router.get(HOME + "/{number}")
    def one(request: Request, number: str, done: str = "") -> Response:
        staff = shell.admit(request, PAGE)
        if isinstance(staff, Response):
            return staff
        return pages.one(request, staff, number, notice=pages.notice(done, number))

    @router.post(HOME + "/{number}/{act}")
    def act(
        request: Request,
        number: str,
        act: str,
        text: Annotated[str, Form()] = "",
        department: Annotated[str, Form()] = "",
        assignee: Annotated[str, Form()] = "",
        into: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        staff = shell.admit(request, PAGE)
        if isinstance(staff, Response):
            return staff
        typed = {"act": act, "text": text, "department": department, "assignee": assignee, "into": into}
        return pages.act(request, staff, number, typed, form_token)

    return router


class _Pages:
    """What the routes above answer with."""

    def __init__(self, shell: Shell, tickets: Tickets) -> None:
        self._shell = shell
        self._tickets = tickets

    def listing(
        self,
        request: Request,
        staff: StaffMember,
        view: View,
        filters: Filters,
        page: int,
        notice: str = "",
        error: DeskError | None = None,
    ) -> Response:
        try:
            listed = self._tickets.listed(staff, view, filters, page)
        except NotAllowed as refusal:
            view, error = "mine", error or refusal
            listed = self._tickets.listed(staff, view, filters, page)
        oversees = staff.may("supervise") or staff.may("see_all")
        return self._html(
            request,
            "tickets/list.html",
            staff,
            error,
            listing=listed,
            view=view,
            views=[each for each in get_args(View) if each != "all" or oversees],
            filters=filters,
            kinds=[kind for kind in get_args(Kind) if kind != "follow_up" or oversees],
            statuses=get_args(Status),
            counts=self._tickets.counts(staff),
            notice=notice,
            address=_address,
        )

    def one(
        self,
        request: Request,
        staff: StaffMember,
        number: str,
        notice: str = "",
        error: DeskError | None = None,
        typed: dict[str, str] | None = None,
    ) -> Response:
        try:
            file = self._tickets.get(number, staff)
        except DeskError as refusal:
            return self.listing(request, staff, "mine", Filters(), 1, error=error or refusal)
        return self._html(
            request,
            "tickets/ticket.html",
            staff,
            error,
            file=file,
            ticket=file.ticket,
            typed=typed or {"act": ""},
            limits=self._tickets.rules.limits,
            hops=self._tickets.rules.hops,
            reopen_days=self._tickets.rules.reopen_days,
            departments=[each for each in self._tickets.departments() if each != file.ticket.department],
            colleagues=self._colleagues(staff, file),
            default_department=self._shell.desk.rules.default_department,
            notice=notice,
        )

    def act(
        self, request: Request, staff: StaffMember, number: str, typed: dict[str, str], token: str
    ) -> Response:
        """Run the act of a form and show the ticket again, or the list where it is no longer theirs to see."""
        try:
            self._shell.check_form(request, token)
            ticket = self._run(staff, number, typed)
        except DeskError as error:
            return self.one(request, staff, number, error=error, typed=typed)
        try:
            self._tickets.get(ticket.number, staff)
        except NotAllowed:
            return RedirectResponse(
                f"{HOME}?{urlencode({'done': typed['act'], 'number': ticket.number})}", 303
            )
        return RedirectResponse(f"{HOME}/{ticket.number}?{urlencode({'done': typed['act']})}", 303)

    def notice(self, done: str, number: str) -> str:
        """What is said after an act; nothing for an address that was not made by one."""
        known = numbers.normalise(number)
        if known is None or done not in ACTS:
            return ""
        return self._tickets.texts.say(f"done.{done}", number=known)

    def _run(self, staff: StaffMember, number: str, typed: dict[str, str]) -> Ticket:
        text, tickets = typed["text"], self._tickets
        match typed["act"]:
            case "take":
                return tickets.take(number, staff)
            case "assign":
                chosen = typed["assignee"]
                return tickets.assign(number, staff, int(chosen) if chosen.isdecimal() else 0)
            case "note":
                return tickets.note(number, staff, text)
            case "transfer":
                return tickets.transfer(number, staff, typed["department"], text)
            case "return":
                return tickets.give_back(number, staff, text)
            case "merge":
                return tickets.merge(number, typed["into"], staff)
            case "answer":
                return tickets.answer(number, staff, text)
            case "close":
                return tickets.close(number, staff, text)
        raise BadField("act", tickets.texts.say("errors.unknown_act"))

    def _colleagues(self, staff: StaffMember, file: TicketFile) -> list[StaffMember]:
        """Whom the ticket can be assigned to, those of its department first."""
        if "assign" not in file.acts:
            return []
        ticket = file.ticket
        able = [
            each for each in self._shell.accounts.all() if each.may("supervise") or ticket.kind != "follow_up"
        ]
        return sorted(able, key=lambda each: (each.department != ticket.department, each.department))

    def _html(
        self, request: Request, template: str, staff: StaffMember, error: DeskError | None, **values: Any
    ) -> Response:
        return self._shell.page(
            request,
            staff,
            template,
            PAGE,
            error=error,
            t=self._tickets.texts,
            now=self._tickets.clock(),
            until=lambda at: self._tickets.calendar.describe(at.timestamp(), self._tickets.clock()),
            **values,
        )


def _known(word: str, vocabulary: Any) -> Any:
    """The word if the vocabulary has it, else None: an address with another is shown as one without it."""
    return word if word in get_args(vocabulary) else None


def _address(view: str, filters: Filters, page: int = 1) -> str:
    """The address of a list."""
    asked = {"view": view, "kind": filters.kind, "status": filters.status, "words": filters.words}
    query = {name: value for name, value in asked.items() if value} | ({"page": page} if page > 1 else {})
    return f"{HOME}?{urlencode(query)}"
