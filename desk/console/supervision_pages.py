"""/console/supervision: the numbers of now and of today, kept fresh by the page, and their download."""

from datetime import date

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from desk.console import navigation
from desk.console import web_sessions as sessions
from desk.console.shell import HEADERS, Shell
from desk.errors import BadInput, DeskError, NotAllowed, SignInRefused
from desk.permissions import sees_all
from desk.records import StaffMember
from desk.supervision.export import as_csv

PAGE = "supervision"
LONGEST_EXPORT = 366
"""Days."""


def build_supervision_pages(shell: Shell) -> APIRouter:
    """The router of the supervisors' page."""
    router = APIRouter(include_in_schema=False)
    pages = _SupervisionPages(shell)

    @router.get("/console/supervision")
    def supervision(request: Request) -> Response:
        staff = shell.admit(request, PAGE)
        return staff if isinstance(staff, Response) else pages.show(request, staff)

    @router.get("/console/supervision/state")
    def state(request: Request) -> Response:
        """The part of the page that changes, as HTML; refusals as JSON."""
        staff = sessions.signed_in(request, shell.accounts)
        if staff is None:
            return pages.refuse(SignInRefused(shell.texts.say("errors.signed_out")))
        if not navigation.may_open(staff, PAGE):
            return pages.refuse(NotAllowed(shell.texts.say("errors.page_not_allowed")))
        return HTMLResponse(pages.part(staff), headers=HEADERS)

    @router.get("/console/supervision/handoffs.csv")
    def download(request: Request, first: str = "", last: str = "") -> Response:
        staff = shell.admit(request, PAGE)
        if isinstance(staff, Response):
            return staff
        try:
            days = pages.days(first, last)
        except DeskError as error:
            return pages.show(request, staff, error, first, last)
        return pages.table(staff, *days)

    return router


class _SupervisionPages:
    """What the routes above answer with."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._numbers = shell.desk.numbers

    def show(
        self,
        request: Request,
        staff: StaffMember,
        error: DeskError | None = None,
        first: str = "",
        last: str = "",
    ) -> Response:
        today = self._numbers.today().isoformat()
        return self._shell.page(
            request,
            staff,
            "supervision.html",
            PAGE,
            error=error,
            part=self.part(staff),
            first=first or today,
            last=last or today,
        )

    def part(self, staff: StaffMember) -> str:
        department = self._department(staff)
        overview = self._numbers.overview(department)
        return self._shell.views.render("_supervision.html", numbers=overview, department=department)

    def days(self, first: str, last: str) -> tuple[date, date]:
        """The days of a download. Raises `BadInput`."""
        begin, end = self._shell.day(first, "first"), self._shell.day(last, "last")
        if end < begin:
            raise BadInput(self._shell.texts.say("supervision.days_reversed"), "last")
        if (end - begin).days >= LONGEST_EXPORT:
            raise BadInput(self._shell.texts.say("supervision.days_many", limit=LONGEST_EXPORT), "last")
        return begin, end

    def table(self, staff: StaffMember, first: date, last: date) -> Response:
        found = self._numbers.export(staff, first, last, self._department(staff))
        name = f"handoffs-{first:%Y%m%d}-{last:%Y%m%d}.csv"
        headers = HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'}
        table = as_csv(found, self._shell.texts, self._shell.desk.clock())
        return Response(table, media_type="text/csv; charset=utf-8", headers=headers)

    def refuse(self, error: DeskError) -> Response:
        """A refusal for the page's script."""
        body = {"error": {"code": error.code, "message": error.message}}
        return JSONResponse(body, error.http_status, headers=HEADERS)

    def _department(self, staff: StaffMember) -> str | None:
        """Whose numbers this person sees; None: everybody's."""
        everything = sees_all(staff, self._shell.desk.rules.default_department)
        return None if everything else staff.department
