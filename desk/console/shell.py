"""What every page of the console shares: who may come in, the answer's headers, the top bar."""

from datetime import date, datetime, timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from desk.accounts import Accounts
from desk.console import navigation
from desk.console import web_sessions as sessions
from desk.console.views import Views
from desk.errors import BadInput, DeskError, NotAllowed
from desk.records import StaffMember
from desk.service import Desk

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_YEARS = range(2000, 3000)
"""Those a day may be of; far beyond them the city's midnight can no longer be worked out."""


class Shell:
    """Lets people in and renders pages.

    A route begins with `staff = shell.admit(request, "accounts")` and returns what it got if that is a response.
    """

    def __init__(self, desk: Desk, accounts: Accounts) -> None:
        self.desk = desk
        self.accounts = accounts
        self.texts = desk.texts
        self.views = Views(desk.texts, desk.zone)

    def admit(self, request: Request, page: str) -> StaffMember | Response:
        """Who asks for the page, or the answer to give instead: to the sign-in page, or that it is not theirs.

        Args:
            page: a name of `navigation.DESTINATIONS`.
        """
        staff = sessions.signed_in(request, self.accounts)
        if staff is None:
            return RedirectResponse("/console/login", 303)
        if not navigation.may_open(staff, page):
            return self.not_theirs(request, staff)
        return staff

    def not_theirs(self, request: Request, staff: StaffMember) -> Response:
        """The page that says that a role may not open this one, and what it may open."""
        return self.page(request, staff, "home.html", "", status=403, refused=True)

    def check_form(self, request: Request, token: str) -> None:
        """Raises `NotAllowed` unless the form was made by a page of ours for this session."""
        if not sessions.form_is_ours(request, sessions.SESSION_COOKIE, token):
            raise NotAllowed(self.texts.say("errors.form_expired"))

    def page(
        self,
        request: Request,
        staff: StaffMember,
        template: str,
        page: str,
        *,
        error: DeskError | None = None,
        status: int = 200,
        **values: Any,
    ) -> Response:
        """A page with the top bar. An error gives the answer its status.

        Args:
            page: the destination to mark as the current one.
        """
        token = sessions.session_form_token(request)
        html = self.views.render(template, staff=staff, token=token, page=page, error=error, **values)
        return HTMLResponse(html, error.http_status if error else status, headers=HEADERS)

    def day(self, text: str, field: str) -> date:
        """A day from a form, such as `2026-11-23`. Raises `BadInput`."""
        try:
            day = date.fromisoformat(text.strip())
            if day.year not in _YEARS:
                raise ValueError(day)
        except ValueError:
            raise BadInput(self.texts.say("errors.day_bad", day=text), field) from None
        return day

    def span(self, day: date) -> tuple[float, float]:
        """The first second of the city's day and of the next, as epoch seconds."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.desk.zone)
        following = day + timedelta(days=1)
        ends = datetime(following.year, following.month, following.day, tzinfo=self.desk.zone)
        return midnight.timestamp(), ends.timestamp()


def origin(request: Request) -> str:
    """The network address a request comes from."""
    return request.client.host if request.client else ""
