"""Tickets 工单: what a citizen wants handled, with a deadline, by a department."""

from desk.tickets.api import build_ticket_api
from desk.tickets.maker import Maker
from desk.tickets.pages import build_ticket_pages
from desk.tickets.records import (
    Calendar,
    Counts,
    Filters,
    Kind,
    Listing,
    Ticket,
    TicketFile,
    TicketRequest,
    View,
)
from desk.tickets.rules import RulesError
from desk.tickets.service import Tickets

__all__ = [
    "Calendar",
    "Counts",
    "Filters",
    "Kind",
    "Listing",
    "Maker",
    "RulesError",
    "Ticket",
    "TicketFile",
    "TicketRequest",
    "Tickets",
    "View",
    "build_ticket_api",
    "build_ticket_pages",
]
