"""What each role may do: one table, and the questions that are asked of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from desk.records import StaffMember

Role = Literal["staff", "supervisor", "editor", "reviewer", "administrator", "auditor"]
Permission = Literal[
    "serve",  # be assigned conversations, claim them, reply
    "see_department",  # read the conversations of one's own department
    "see_all",  # read those of every department
    "supervise",  # read the numbers, transfer others' conversations, assign tickets
    "edit_content",
    "review_content",
    "manage_accounts",
    "audit",  # read everything, the audit log included; write nothing
]

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "staff": frozenset({"serve", "see_department"}),
    "supervisor": frozenset({"serve", "see_department", "supervise"}),
    "editor": frozenset({"edit_content"}),
    "reviewer": frozenset({"review_content"}),
    "administrator": frozenset({"see_all", "supervise", "manage_accounts", "audit"}),
    "auditor": frozenset({"see_all", "audit"}),
}


def may(role: Role, permission: Permission) -> bool:
    """Does the role have the permission? A role that is not in the table has none."""
    return permission in PERMISSIONS.get(role, frozenset())


def roles_that_may(permission: Permission) -> list[Role]:
    """The roles with the permission, in the table's order."""
    return [role for role, permissions in PERMISSIONS.items() if permission in permissions]


def sees_all(staff: StaffMember, default_department: str) -> bool:
    """May this person read every department's conversations?

    Besides the roles that may, supervisors of the default department do: it takes what has none of its own.
    """
    return staff.may("see_all") or (staff.may("supervise") and staff.department == default_department)


def may_see(staff: StaffMember, department: str, default_department: str) -> bool:
    """May this person read the department's conversations? Their own department's, or all (`sees_all`)."""
    own = staff.may("see_department") and staff.department == department
    return own or sees_all(staff, default_department)


def may_oversee(staff: StaffMember, department: str, default_department: str) -> bool:
    """May this person read what colleagues of the department did: its numbers, its ended conversations?"""
    reads = staff.may("supervise") or staff.may("audit")
    return reads and may_see(staff, department, default_department)
