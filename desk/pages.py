"""The staff's pages under /console, put together; those of tickets are `desk.tickets.pages`."""

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse

from desk.accounts import Accounts
from desk.console.account_pages import build_account_pages
from desk.console.audit_pages import build_audit_pages
from desk.console.canned_page import build_canned
from desk.console.desk_page import build_desk_page
from desk.console.gate import Gate
from desk.console.learning import build_learning
from desk.console.password_pages import build_password_pages
from desk.console.search import build_search
from desk.console.shell import Shell
from desk.console.shown import Shown
from desk.console.sign_in_page import build_sign_in
from desk.console.state import build_state
from desk.console.supervision_pages import build_supervision_pages
from desk.console.typing import build_typing
from desk.console.views import STATIC, STATIC_VERSION
from desk.ports import Ports
from desk.service import Desk


def build_pages(desk: Desk, accounts: Accounts, ports: Ports | None = None) -> APIRouter:
    """The router of all of them; `ports` is what other parts give the desk's page."""
    ports = ports or Ports()
    router = APIRouter(include_in_schema=False)
    shell = Shell(desk, accounts)
    gate = Gate(shell)
    shown = Shown(desk, gate, shell.views, ports)
    router.include_router(build_sign_in(shell))
    router.include_router(build_desk_page(shell, gate, shown))
    router.include_router(build_state(desk.changes, gate, shown))
    router.include_router(build_typing(shell, gate, ports.show_typing))
    router.include_router(build_canned(desk.canned, shell, gate))
    if ports.knowledge is not None:
        router.include_router(build_search(gate, shell.views, desk.texts, ports.knowledge))
        router.include_router(build_learning(gate, desk.texts, ports.knowledge))
    for build in (build_password_pages, build_account_pages, build_audit_pages, build_supervision_pages):
        router.include_router(build(shell))

    @router.get("/console/desk/static/{version}/{name}")
    def static(version: str, name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404)
        lasting = version == STATIC_VERSION
        keep = "public, max-age=31536000, immutable" if lasting else "no-store"
        return FileResponse(STATIC[name], headers={"Cache-Control": keep})

    return router
