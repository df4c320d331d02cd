"""/console/audit: the audit log, for those who may read it. Nothing here writes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from desk.console.shell import Shell
from desk.errors import BadInput


def build_audit_pages(shell: Shell) -> APIRouter:
    """The router of the audit log's page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/console/audit")
    def audit_page(
        request: Request,
        person: str = "",
        action: str = "",
        day: str = "",
        before: Annotated[int | None, Query(ge=0)] = None,
        after: Annotated[int | None, Query(ge=0)] = None,
    ) -> Response:
        staff = shell.admit(request, "audit")
        if isinstance(staff, Response):
            return staff
        span, error = None, None
        try:
            span = shell.span(shell.day(day, "day")) if day else None
        except BadInput as bad:
            error = bad
        return shell.page(
            request,
            staff,
            "audit.html",
            "audit",
            error=error,
            log=shell.desk.audit_log.page(person, action, span, before, after),
            people=[account.member for account in shell.accounts.everyone()],
            actions=shell.texts.group("audit_actions"),
            chosen={"person": person, "action": action, "day": day},
            now=shell.desk.clock(),
        )

    return router
