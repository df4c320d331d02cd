"""Which page is open to whom."""

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from desk.console.navigation import DESTINATIONS
from desk.permissions import Role
from desk.texts import Texts

Visit = Callable[..., Any]
SHOWN = {
    "staff": ["desk", "tickets", "canned", "password"],
    "supervisor": ["desk", "tickets", "supervision", "canned", "password"],
    "editor": ["password"],
    "reviewer": ["password"],
    "administrator": ["desk", "tickets", "supervision", "canned", "accounts", "audit", "password"],
    "auditor": ["desk", "tickets", "supervision", "audit", "password"],
}
ADDRESSES = {
    "desk": ["/console/desk"],
    "supervision": ["/console/supervision", "/console/supervision/handoffs.csv"],
    "accounts": ["/console/accounts", "/console/accounts/new", "/console/account/someone"],
    "audit": ["/console/audit"],
    "password": ["/console/password"],
}
ACTIONS = [
    "/console/accounts/new",
    *(f"/console/account/someone{act}" for act in ("", "/password", "/deactivate", "/reactivate")),
]


def test_every_page_has_a_label() -> None:
    assert set(Texts().group("navigation")) == {place.name for place in DESTINATIONS}
    assert set(Texts().group("role_notes")) == set(get_args(Role))


@pytest.mark.parametrize("role", get_args(Role))
def test_the_bar_shows_a_role_what_it_may_open_and_nothing_else_opens(
    world: Any, visitor: Visit, role: str
) -> None:
    world.staff("someone")
    visit = visitor("wang", role)
    bar = re.findall(r'<li><a href="/console/(\w+)"', visit.get("/console/password").text)
    assert bar == SHOWN[role]
    for name, addresses in ADDRESSES.items():
        for address in addresses:
            query = {"first": "2026-11-23", "last": "2026-11-23"} if address.endswith("csv") else {}
            answer = visit.get(address, **query)
            assert answer.status_code == (200 if name in SHOWN[role] else 403), address
            if name not in SHOWN[role]:
                assert "这个页面不对您开放" in answer.text
    state = visit.get("/console/supervision/state")
    assert state.status_code == (200 if "supervision" in SHOWN[role] else 403)
    assert visit.get("/console/desk/state").status_code == (200 if "desk" in SHOWN[role] else 403)


@pytest.mark.parametrize("role", [role for role in get_args(Role) if role != "administrator"])
def test_only_administrators_change_accounts(world: Any, visitor: Visit, role: str) -> None:
    world.staff("someone")
    visit = visitor("wang", role)
    before = world.accounts.everyone()
    for address in ACTIONS:
        form = {"username": "li", "display_name": "李强", "department": "公安局", "role": "administrator"}
        assert visit.post(address, **form).status_code == 403
    assert world.accounts.everyone() == before


@pytest.mark.parametrize(
    ("role", "first"),
    [
        ("staff", "desk"),
        ("supervisor", "desk"),
        ("administrator", "desk"),
        ("auditor", "desk"),
        ("editor", "home"),
    ],
)
def test_signing_in_leads_to_the_first_page_of_the_role(
    world: Any, visitor: Visit, role: str, first: str
) -> None:
    world.staff("wang", role=role)
    visit = visitor()
    assert visit.sign_in("wang").headers["location"] == f"/console/{first}"
    for address in ("/console", "/console/login"):
        assert visit.get(address).headers["location"] == f"/console/{first}"
    assert visit.get(f"/console/{first}").status_code == 200


def test_who_has_no_page_yet_is_told_so_kindly(visitor: Visit) -> None:
    page = visitor("he", "editor").get("/console/home").text
    assert "这个角色使用的页面还没有开放" in page
    assert 'href="/console/password"' in page


@pytest.mark.parametrize("name", ["desk", "supervision", "accounts", "audit", "password"])
def test_the_current_page_is_marked(visitor: Visit, name: str) -> None:
    page = visitor("boss", "administrator").get(f"/console/{name}").text
    assert re.findall(r'href="/console/(\w+)" aria-current="page"', page) == [name]


def test_nobody_comes_in_without_signing_in(visitor: Visit) -> None:
    visit = visitor()
    for address in [*(one for some in ADDRESSES.values() for one in some), "/console/home"]:
        assert visit.get(address).headers["location"] == "/console/login", address
    for address in [*ACTIONS, "/console/password"]:
        assert visit.client.post(address).headers["location"] == "/console/login", address
    assert visit.get("/console/supervision/state").status_code == 401


def test_who_does_not_serve_reads_the_desk_without_buttons(world: Any, visitor: Visit) -> None:
    world.desk.open_handoff("web:a", "complex", None, "问")
    for role, serves in (("supervisor", True), ("auditor", False), ("administrator", False)):
        page = visitor(role[:5], role).get("/console/desk", c="web:a").text
        assert (">领取</button>" in page) == serves
        assert ("我的会话" in page) == serves
        assert f'data-mode="{"queue" if serves else "elsewhere"}"' in page
        assert ("您的角色可以查看会话，不能领取" in page) != serves
