"""Who may do what."""

from typing import get_args

import pytest

from desk.permissions import (
    PERMISSIONS,
    Permission,
    Role,
    may,
    may_oversee,
    may_see,
    roles_that_may,
    sees_all,
)
from desk.records import StaffMember

DEFAULT, OWN, OTHER = "综合受理", "公安局", "民政局"


def member(role: str, department: str = OWN) -> StaffMember:
    return StaffMember(1, "wang", "王敏", department, role)  # type: ignore[arg-type]


def test_the_table_has_every_role_and_uses_every_permission() -> None:
    assert set(PERMISSIONS) == set(get_args(Role))
    assert set().union(*PERMISSIONS.values()) == set(get_args(Permission))


def test_an_unknown_role_may_nothing() -> None:
    assert not any(member("king").may(permission) for permission in get_args(Permission))


def test_only_staff_and_supervisors_serve_citizens() -> None:
    assert roles_that_may("serve") == ["staff", "supervisor"]


def test_whoever_audits_or_manages_accounts_does_not_reply() -> None:
    for role in {*roles_that_may("audit"), *roles_that_may("manage_accounts")}:
        assert not may(role, "serve")


def test_an_auditor_only_reads() -> None:
    assert PERMISSIONS["auditor"] == {"see_all", "audit"}


@pytest.mark.parametrize(
    ("role", "department", "seen"),
    [
        ("staff", OWN, {OWN}),
        ("staff", DEFAULT, {DEFAULT}),
        ("supervisor", OWN, {OWN}),
        ("supervisor", DEFAULT, {OWN, OTHER, DEFAULT}),
        ("administrator", OWN, {OWN, OTHER, DEFAULT}),
        ("auditor", OWN, {OWN, OTHER, DEFAULT}),
        ("editor", DEFAULT, set()),
        ("reviewer", OWN, set()),
    ],
)
def test_which_departments_a_role_sees(role: str, department: str, seen: set[str]) -> None:
    who = member(role, department)
    assert {one for one in (OWN, OTHER, DEFAULT) if may_see(who, one, DEFAULT)} == seen
    assert sees_all(who, DEFAULT) == (len(seen) == 3)


def test_staff_see_their_department_but_do_not_oversee_it() -> None:
    assert may_see(member("staff"), OWN, DEFAULT)
    assert not may_oversee(member("staff"), OWN, DEFAULT)
    assert may_oversee(member("supervisor"), OWN, DEFAULT)
    assert may_oversee(member("auditor"), OTHER, DEFAULT)


def test_a_city_may_call_its_default_department_otherwise() -> None:
    supervisor = member("supervisor", "总服务台")
    assert not may_see(supervisor, OTHER, DEFAULT)
    assert may_see(supervisor, OTHER, "总服务台")


def test_the_command_line_knows_the_same_roles() -> None:
    from wenzheng.cli.staff import ROLES

    assert tuple(ROLES) == get_args(Role)
