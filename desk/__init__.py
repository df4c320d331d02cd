"""Human staff: who owns a conversation, the queue, replies, accounts and the staff's pages."""

from desk.accounts import Accounts
from desk.api import build_api
from desk.errors import DeskError
from desk.pages import build_pages
from desk.permissions import Role
from desk.records import REHEARSAL, Conversation, Handoff, HandoffReceipt, Owner, Reach, Reason, StaffMember
from desk.service import Desk
from desk.tables import metadata
from desk.tickets import Maker, Tickets, build_ticket_api, build_ticket_pages

__all__ = [
    "REHEARSAL",
    "Accounts",
    "Conversation",
    "Desk",
    "DeskError",
    "Handoff",
    "HandoffReceipt",
    "Maker",
    "Owner",
    "Reach",
    "Reason",
    "Role",
    "StaffMember",
    "Tickets",
    "build_api",
    "build_pages",
    "build_ticket_api",
    "build_ticket_pages",
    "metadata",
]
