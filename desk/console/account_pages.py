"""/console/accounts, where administrators keep the accounts of staff."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from desk.console.shell import Shell
from desk.console.views import quote_all
from desk.errors import DeskError, UnknownStaff
from desk.permissions import Role
from desk.records import Account, StaffMember

PAGE = "accounts"


@dataclass(frozen=True)
class AccountForm:
    """The fields as they were typed."""

    username: str = ""
    display_name: str = ""
    department: str = ""
    role: str = "staff"
    capacity: str = ""


def build_account_pages(shell: Shell) -> APIRouter:
    """The router of the accounts' pages."""
    router = APIRouter(include_in_schema=False)
    pages = _AccountPages(shell)
    accounts = shell.accounts

    @router.get("/console/accounts")
    def list_page(request: Request) -> Response:
        staff = shell.admit(request, PAGE)
        return staff if isinstance(staff, Response) else pages.everyone(request, staff)

    @router.get("/console/accounts/new")
    def new_page(request: Request) -> Response:
        staff = shell.admit(request, PAGE)
        return staff if isinstance(staff, Response) else pages.new(request, staff, AccountForm())

    @router.post("/console/accounts/new")
    def add(
        request: Request,
        username: Annotated[str, Form()] = "",
        display_name: Annotated[str, Form()] = "",
        department: Annotated[str, Form()] = "",
        role: Annotated[str, Form()] = "",
        capacity: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        staff = shell.admit(request, PAGE)
        if isinstance(staff, Response):
            return staff
        form = AccountForm(username, display_name, department, role, capacity)
        try:
            shell.check_form(request, form_token)
            member, password = accounts.create_with_initial_password(**asdict(form), by=staff)
        except DeskError as error:
            return pages.new(request, staff, form, error)
        return pages.secret(request, staff, member, password, added=True)

    @router.get("/console/account/{username}")
    def account_page(request: Request, username: str, done: str = "") -> Response:
        staff = shell.admit(request, PAGE)
        return staff if isinstance(staff, Response) else pages.one(request, staff, username, done=done)

    @router.post("/console/account/{username}")
    def change(
        request: Request,
        username: str,
        display_name: Annotated[str, Form()] = "",
        department: Annotated[str, Form()] = "",
        role: Annotated[str, Form()] = "",
        capacity: Annotated[str, Form()] = "",
        form_token: Annotated[str, Form()] = "",
    ) -> Response:
        form = AccountForm(username, display_name, department, role, capacity)
        fields = (display_name, department, role, capacity)
        return pages.act(
            request, username, form_token, "changed", lambda by: accounts.change(username, *fields, by), form
        )

    @router.post("/console/account/{username}/password")
    def reset(request: Request, username: str, form_token: Annotated[str, Form()] = "") -> Response:
        staff = shell.admit(request, PAGE)
        if isinstance(staff, Response):
            return staff
        try:
            shell.check_form(request, form_token)
            password = accounts.reset_password(username, staff)
            return pages.secret(request, staff, accounts.find(username), password, added=False)
        except DeskError as error:
            return pages.one(request, staff, username, error)

    @router.post("/console/account/{username}/deactivate")
    def deactivate(request: Request, username: str, form_token: Annotated[str, Form()] = "") -> Response:
        return pages.act(
            request, username, form_token, "deactivated", lambda by: accounts.deactivate(username, by)
        )

    @router.post("/console/account/{username}/reactivate")
    def reactivate(request: Request, username: str, form_token: Annotated[str, Form()] = "") -> Response:
        return pages.act(
            request, username, form_token, "reactivated", lambda by: accounts.reactivate(username, by)
        )

    return router


class _AccountPages:
    """What the routes above answer with."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def everyone(self, request: Request, staff: StaffMember, error: DeskError | None = None) -> Response:
        everyone = self._shell.accounts.everyone()
        return self._shell.page(
            request,
            staff,
            "accounts.html",
            PAGE,
            error=error,
            open_accounts=[account for account in everyone if account.active],
            closed_accounts=[account for account in everyone if not account.active],
        )

    def new(
        self, request: Request, staff: StaffMember, form: AccountForm, error: DeskError | None = None
    ) -> Response:
        return self._shell.page(
            request, staff, "account_new.html", PAGE, error=error, form=form, **self._choices()
        )

    def secret(
        self, request: Request, staff: StaffMember, member: StaffMember, password: str, added: bool
    ) -> Response:
        """The one time that an initial password is shown."""
        return self._shell.page(
            request, staff, "account_password.html", PAGE, member=member, password=password, added=added
        )

    def one(
        self,
        request: Request,
        staff: StaffMember,
        username: str,
        error: DeskError | None = None,
        form: AccountForm | None = None,
        done: str = "",
    ) -> Response:
        try:
            account = self._shell.accounts.account(username)
        except UnknownStaff as unknown:
            return self.everyone(request, staff, unknown)
        return self._shell.page(
            request,
            staff,
            "account.html",
            PAGE,
            error=error,
            account=account,
            form=form or _as_form(account),
            done=done,
            **self._choices(),
        )

    def act(
        self,
        request: Request,
        username: str,
        token: str,
        done: str,
        action: Callable[[StaffMember], None],
        form: AccountForm | None = None,
    ) -> Response:
        """Run an action of a form and go back to the account."""
        staff = self._shell.admit(request, PAGE)
        if isinstance(staff, Response):
            return staff
        try:
            self._shell.check_form(request, token)
            action(staff)
        except DeskError as error:
            return self.one(request, staff, username, error, form)
        return RedirectResponse(f"/console/account/{quote_all(username)}?done={done}", 303)

    def _choices(self) -> dict[str, Any]:
        known = {account.member.department for account in self._shell.accounts.everyone()}
        return {
            "roles": get_args(Role),
            "departments": sorted(known | {self._shell.desk.rules.default_department}),
        }


def _as_form(account: Account) -> AccountForm:
    member = account.member
    capacity = "" if account.capacity is None else str(account.capacity)
    return AccountForm(member.username, member.display_name, member.department, member.role, capacity)
