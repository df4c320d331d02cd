"""What tickets refuse besides `desk.errors`. Every message is Chinese and meant for the person who reads it.

DeskError
├── BadInput
│   └── BadField              a named field is empty, too long or unknown
├── UnknownTicket             no ticket has this number, or it is not this citizen's
├── TicketTaken               a colleague was faster, or holds it
├── NotReopenable             too late, not answered yet, or not the citizen's to reopen
└── WrongState                what is asked does not fit the ticket as it is now
    ├── TooManyHops           it was passed on as often as it may be
    └── TicketChanged         someone changed it in this very moment
"""

from desk.errors import BadInput, DeskError


class BadField(BadInput):
    """`field` is the name of what was given."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownTicket(DeskError):
    code = "unknown_ticket"
    http_status = 404


class TicketTaken(DeskError):
    code = "ticket_taken"
    http_status = 409


class NotReopenable(DeskError):
    code = "not_reopenable"
    http_status = 409


class WrongState(DeskError):
    code = "wrong_state"
    http_status = 409


class TooManyHops(WrongState):
    code = "too_many_hops"


class TicketChanged(WrongState):
    code = "ticket_changed"
