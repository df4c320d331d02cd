"""The tickets' service object: what citizens' matters are, who handles them, and until when.

`Tickets` opens the transactions; what happens inside them is in `intake` (the citizen's side), `handling` and
`settling` (the staff's), `deadlines` (the clock's) and `lists`.
"""

import logging
import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.engine import Connection, Engine

from desk.conversations.assigning import Deliver
from desk.database import Clock, transaction
from desk.records import StaffMember
from desk.rules import load_rules as load_desk_rules
from desk.tables import handoffs
from desk.texts import Texts
from desk.tickets import store
from desk.tickets.checks import Checks
from desk.tickets.deadlines import Deadlines
from desk.tickets.handling import Handling
from desk.tickets.intake import Intake
from desk.tickets.lists import Lists
from desk.tickets.records import Calendar, Counts, Filters, Listing, Ticket, TicketFile, TicketRequest, View
from desk.tickets.rights import Rights
from desk.tickets.rules import load_rules
from desk.tickets.settling import Settling

DEFAULT_TEXTS = Path(__file__).with_name("texts.yml")
logger = logging.getLogger(__name__)


class Tickets:
    """Thread-safe; each call is a short transaction. See docs/architecture.md, "Tickets".

    Args:
        engine: the database, with `desk.tables.metadata` created in it.
        calendar: the departments' working days.
        deliver: puts a text for a citizen into the gateway's outbox, in the transaction it is given.
        rules: path of the rules; `None` takes `tickets.yml` of this package.
        texts: path of the Chinese texts; `None` takes those of this package.
        clock: the present as epoch seconds.
        zone: the city's time zone; `None` is Asia/Shanghai.
        default_department: who receives what has no other department; `None` takes the desk's rules'.

    Raises:
        RulesError: the rules have an entry that cannot be.
    """

    def __init__(
        self,
        engine: Engine,
        calendar: Calendar,
        deliver: Deliver,
        rules: Path | None = None,
        texts: Path | None = None,
        clock: Clock = time.time,
        zone: tzinfo | None = None,
        default_department: str | None = None,
    ) -> None:
        self.texts = Texts(texts or DEFAULT_TEXTS)
        self.rules = load_rules(rules, self.texts)
        self.calendar = calendar
        self.clock = clock
        self.zone = zone or ZoneInfo("Asia/Shanghai")
        self._engine = engine
        checks = Checks(self.rules, self.texts)
        default = default_department or load_desk_rules().default_department
        self._rights = Rights(self.texts, default)
        self._deadlines = Deadlines(self.rules, calendar, self.texts)
        self._intake = Intake(self.texts, checks, self._deadlines, calendar, self.zone, default)
        self._handling = Handling(self.texts, checks, self._rights, self.rules)
        self._settling = Settling(self.texts, checks, self._rights, self.rules, calendar, deliver)
        self._lists = Lists(self.texts, self._rights)

    # For citizens

    def open(self, request: TicketRequest, connection: Connection | None = None) -> Ticket:
        """Open a ticket; the same message of the same conversation gets the ticket it opened before.

        Args:
            connection: a transaction to write in; without it one is opened and committed.

        Raises:
            BadField: a text is empty or too long, or the kind unknown.
        """
        with transaction(self._engine, connection) as own:
            return self._intake.open(own, request, self.clock())

    def of_conversation(self, conversation_id: str, number: str | None = None) -> list[Ticket]:
        """The citizen's newest tickets, at most five, or the one with this number; never an internal one."""
        with self._engine.connect() as connection:
            return self._intake.of_conversation(connection, conversation_id, number, self.clock())

    def reopen(
        self,
        conversation_id: str,
        number: str,
        reason: str,
        message_id: str | None = None,
        connection: Connection | None = None,
    ) -> Ticket:
        """Have an answered ticket handled again; the same message reopens it once.

        Raises:
            UnknownTicket: no ticket of this citizen has this number.
            NotReopenable: it is open, or its time is over; the message says which.
            BadField: the reason is empty or too long.
        """
        with transaction(self._engine, connection) as own:
            return self._intake.reopen(own, conversation_id, number, reason, message_id, self.clock())

    # For staff; what all of these raise is said at `desk.tickets.acts.Acts`

    def listed(
        self, staff: StaffMember, view: View, filters: Filters | None = None, page: int = 1
    ) -> Listing:
        """One page of what this member of staff sees, most urgent first.

        Args:
            view: `mine`, `department` (what one may take), `due` (near or past the deadline), `all` (supervisors).
            filters: with `words`, the search goes through all they see, whatever the view.
        """
        with self._engine.connect() as connection:
            return self._lists.listed(connection, staff, view, filters or Filters(), page, self.clock())

    def counts(self, staff: StaffMember) -> Counts:
        """How many wait for this member of staff."""
        with self._engine.connect() as connection:
            return self._lists.counts(connection, staff, self.clock())

    def get(self, number: str, staff: StaffMember) -> TicketFile:
        """A ticket with its log, and what this member of staff may do to it."""
        with self._engine.connect() as connection:
            row = self._rights.seen(connection, number, staff)
            same = handoffs.c.conversation_id == row.conversation_id
            return TicketFile(
                ticket=store.as_ticket(row, self.clock()),
                events=store.events_of(connection, row.id),
                absorbed=[merged.number for merged in store.merged_into(connection, row.id)],
                acts=self._rights.acts(row, staff, self.rules.hops),
                has_handoff=connection.execute(select(handoffs.c.id).where(same)).first() is not None,
            )

    def departments(self) -> list[str]:
        """The departments a ticket can be transferred to."""
        with self._engine.connect() as connection:
            return self._handling.departments(connection)

    def take(self, number: str, staff: StaffMember) -> Ticket:
        """Take a ticket nobody has. Raises `TicketTaken` naming who was faster."""
        return self._act(lambda connection, at: self._handling.take(connection, number, staff, at))

    def assign(self, number: str, staff: StaffMember, assignee: int) -> Ticket:
        """Give a ticket to the member of staff with this id; for supervisors."""
        return self._act(
            lambda connection, at: self._handling.assign(connection, number, staff, assignee, at)
        )

    def note(self, number: str, staff: StaffMember, text: str) -> Ticket:
        """Leave a note that only staff read."""
        return self._act(lambda connection, at: self._handling.note(connection, number, staff, text, at))

    def transfer(self, number: str, staff: StaffMember, department: str, reason: str) -> Ticket:
        """Pass a ticket to another department. Raises `TooManyHops` when it was passed on often enough."""
        return self._act(
            lambda connection, at: self._handling.transfer(connection, number, staff, department, reason, at)
        )

    def give_back(self, number: str, staff: StaffMember, reason: str) -> Ticket:
        """Return a ticket to the default department. Raises like `transfer`."""
        return self._act(
            lambda connection, at: self._handling.give_back(connection, number, staff, reason, at)
        )

    def merge(self, number: str, into: str, staff: StaffMember) -> Ticket:
        """Handle a ticket together with another of the same citizen, or for a supervisor of anybody.

        Returns:
            The ticket it was merged into.
        """
        return self._act(lambda connection, at: self._settling.merge(connection, number, into, staff, at))

    def answer(self, number: str, staff: StaffMember, text: str) -> Ticket:
        """Give the result: written down and put in the outbox in one transaction, or not at all."""
        return self._act(lambda connection, at: self._settling.answer(connection, number, staff, text, at))

    def close(self, number: str, staff: StaffMember, reason: str = "") -> Ticket:
        """End an answered ticket early, or as a supervisor one without an answer; the citizen is told why."""
        return self._act(lambda connection, at: self._settling.close(connection, number, staff, reason, at))

    # For the clock

    def tick(self) -> int:
        """Remind, escalate and close what it is time for, and say how many. Cheap when there is nothing.

        Each ticket has its own transaction: one that fails is logged, stays due, and keeps back no other.
        """
        at, done = self.clock(), 0
        with self._engine.connect() as connection:
            ripe = self._deadlines.ripe(connection, at)
        for ticket_id in ripe:
            try:
                with self._engine.begin() as connection:
                    done += self._deadlines.act(connection, ticket_id, at)
            except Exception:
                logger.exception("what is due for ticket %s was not done; it stays due", ticket_id)
        return done

    def _act(self, act: Callable[[Connection, float], int]) -> Ticket:
        at = self.clock()
        with self._engine.begin() as connection:
            return store.as_ticket(store.by_id(connection, act(connection, at)), at)
