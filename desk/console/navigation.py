"""The console's pages in the order of the top bar, and who may open which."""

from dataclasses import dataclass

from desk.permissions import Permission
from desk.records import StaffMember

HOME = "/console/home"
"""Where those are sent who can open nothing but their password."""


@dataclass(frozen=True)
class Destination:
    """A page of the console. It is open to whoever has one of the permissions, or to all where `to` is empty.

    `name` is its key in `navigation` of texts.yml.
    """

    name: str
    address: str
    to: tuple[Permission, ...] = ()

    def open_to(self, staff: StaffMember) -> bool:
        """May this person open it?"""
        return not self.to or any(staff.may(permission) for permission in self.to)


DESTINATIONS = (
    Destination("desk", "/console/desk", ("serve", "see_all")),
    Destination("tickets", "/console/tickets", ("serve", "supervise", "audit")),
    Destination("supervision", "/console/supervision", ("supervise", "audit")),
    Destination("canned", "/console/canned", ("serve", "supervise")),
    Destination("accounts", "/console/accounts", ("manage_accounts",)),
    Destination("audit", "/console/audit", ("audit",)),
    Destination("password", "/console/password"),
)


def open_to(staff: StaffMember) -> list[Destination]:
    """What the top bar shows this person: nothing while their password must be changed."""
    if staff.must_change_password:
        return []
    return [destination for destination in DESTINATIONS if destination.open_to(staff)]


def may_open(staff: StaffMember, name: str) -> bool:
    """May this person open the page with this name? Raises `StopIteration` for a name that is no page's."""
    return next(destination for destination in DESTINATIONS if destination.name == name).open_to(staff)


def landing(staff: StaffMember) -> str:
    """The address that signing in leads to."""
    if staff.must_change_password:
        return "/console/password"
    first = next(iter(open_to(staff)))
    return first.address if first.to else HOME
