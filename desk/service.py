"""The desk's service object: who owns a conversation, and what staff do with it.

`Desk` opens the transactions; what happens inside them is in `reception` (the citizen's side), `serving`
(the staff's side), `assigning`, `escape` (tickets), `ending`, `waiting` (handoffs and the queue) and `ownership` (the
compare-and-set). What time alone brings about is in `housekeeping`.
"""

import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection, Engine

from desk.audit import AuditLog
from desk.canned import CannedReplies
from desk.changes import Changes
from desk.conversations import log, ownership, presence, routing, waiting
from desk.conversations.assigning import Assigning, Deliver
from desk.conversations.commands import Commands
from desk.conversations.ending import Ending
from desk.conversations.escape import Escape
from desk.conversations.housekeeping import Housekeeping
from desk.conversations.outside import Outside
from desk.conversations.outside_signs import OutsideSigns
from desk.conversations.presence import Present
from desk.conversations.reception import Reception
from desk.conversations.returning import OnReturn, Returns
from desk.conversations.routing import DepartmentNames, Routing
from desk.conversations.satisfaction import Satisfaction
from desk.conversations.serving import Serving
from desk.database import Clock, transaction
from desk.errors import BadInput
from desk.permissions import sees_all
from desk.ports import AlwaysOpen, Hours, OutsideTool, TicketMaker, Told
from desk.records import (
    CRISIS,
    REHEARSAL,
    Conversation,
    Handoff,
    HandoffReceipt,
    Line,
    Owner,
    Reach,
    Reason,
    Recipient,
    StaffMember,
    TicketReceipt,
)
from desk.rules import Rules, load_rules
from desk.supervision.numbers import Numbers
from desk.texts import Texts

MESSAGES_SHOWN = 300
REPLIES_FOLLOWED = 50
"""How many of a conversation's last replies staff see the delivery of."""


class Desk:
    """See docs/architecture.md, "Who owns a conversation". Thread-safe; each call is a short transaction.

    Args:
        engine: the database, with `desk.tables.metadata` created in it.
        texts: path of the Chinese texts; `None` takes the desk's own.
        deliver: puts a text for a citizen into the gateway's outbox, in the transaction it is given.
        on_return: called after the bot got a conversation back, outside any transaction of the desk.
        clock: the present as epoch seconds.
        zone: the city's time zone; `None` is Asia/Shanghai.
        reach: what can still be sent to the citizen of a conversation; None for no limit.
        rules: how citizens are received; `None` takes `rules.yml`.
        hours: when departments work; `None`: always.
        tickets: makes tickets of what nobody takes; `None`: everybody waits.
        is_crisis: whether what a citizen writes tells of danger to life.
        told: whether something that `deliver` gave an id is on its way to the citizen, or there.
        simplify: what a citizen writes in one spelling: Simplified Chinese, half width, lower case.
        outside: the tool in which staff outside the desk answer; `None`: there are none.
    """

    def __init__(
        self,
        engine: Engine,
        texts: Path | None,
        deliver: Deliver,
        on_return: OnReturn,
        clock: Clock = time.time,
        zone: tzinfo | None = None,
        reach: Callable[[str], Reach | None] = lambda _conversation_id: None,
        rules: Rules | None = None,
        hours: Hours | None = None,
        tickets: TicketMaker | None = None,
        is_crisis: Callable[[str], bool] = lambda _text: False,
        told: Told = lambda *_row: True,
        simplify: Callable[[str], str] = lambda text: text,
        outside: OutsideTool | None = None,
    ) -> None:
        self.texts = Texts(texts)
        self.clock = clock
        self.zone = zone or ZoneInfo("Asia/Shanghai")
        self.rules = rules or load_rules()
        hours = hours or AlwaysOpen()
        self.changes = Changes()
        self.changes.watch(engine)
        self.canned = CannedReplies(engine, self.texts, clock, self.zone)
        self._engine = engine
        self._reach = reach
        self._assigning = Assigning(self.rules, self.texts, deliver)
        self._satisfaction = Satisfaction(self.rules.rating, self.texts, deliver, tickets, simplify, told)
        commands = Commands(self.texts, simplify)
        escape = Escape(self.texts, hours, tickets, self.zone, commands, self.rules.waiting)
        ending = Ending(self.texts, deliver, self._satisfaction)
        self._outside = Outside(outside, self.rules, self.texts, deliver, self._assigning, ending)
        self._reception = Reception(
            self.texts,
            self.zone,
            self.rules,
            self._assigning,
            escape,
            ending,
            self._outside,
            self._satisfaction,
            commands,
            DepartmentNames(self.rules.department_names, self.texts.words("department_asked_for"), simplify),
            is_crisis,
        )
        self._serving = Serving(self.texts, deliver, self.rules, hours, self._assigning, escape, ending)
        self._returns = Returns(engine, on_return)
        self.housekeeping = Housekeeping(
            engine,
            self.texts,
            clock,
            self.rules,
            deliver,
            self._assigning,
            self._serving,
            escape,
            ending,
            self._outside,
            self._returns.finish,
        )
        self.outside = OutsideSigns(engine, clock, self._outside, self._returns.finish)
        self.audit_log = AuditLog(engine)
        self.numbers = Numbers(engine, self.clock, self.zone, self.rules.assigning.present_for)

    # For the gateway

    def recipient(self, conversation_id: str, text: str) -> Recipient:
        """Whom the citizen's message is for: the desk has what is said to the queue or staff, and ratings.

        Where the bot got the conversation back and `on_return` has not succeeded yet (the process died in between,
        Rasa was away, or the change was made in a caller's transaction), it is called first.
        """
        with self._engine.connect() as connection:
            row = ownership.read(connection, conversation_id)
            if row is None:
                return "bot"
            if row.owner != "bot":
                return "desk"
            if row.rating_id is not None and self._satisfaction.reads(
                connection, row.rating_id, text, self.clock()
            ):
                return "desk"
        if row.restart_due:
            self._returns.finish(conversation_id)
        return "bot"

    def owner(self, conversation_id: str, connection: Connection | None = None) -> Owner:
        """Who owns the conversation; one the desk has never seen is the bot's.

        Args:
            connection: a transaction; the owner stays the same until its end.
        """
        if connection is None:
            with self._engine.connect() as own:
                row = ownership.read(own, conversation_id)
        else:
            row = ownership.read(connection, conversation_id, locked=True)
        owner: Owner = row.owner if row else "bot"
        return owner

    def dropped(self, connection: Connection, conversation_id: str, text: str) -> None:
        """Note for staff, in the caller's transaction, that this late message of the bot did not go out."""
        at = self.clock()
        handoff_id = log.touch(connection, conversation_id, at)
        line = self.texts.say("log.dropped", text=text)
        log.append(connection, conversation_id, "system", line, at=at, handoff_id=handoff_id)

    def record(self, conversation_id: str, *said: Line, connection: Connection | None = None) -> None:
        """Mirror what the citizen and the bot said, so that staff can read it. Keeps the last 200.

        Args:
            said: in its order.
            connection: a transaction to write in; without it one is opened and committed.

        Raises:
            BadInput: an author is neither `citizen` nor `bot`.
        """
        authors = {author for author, _, _ in said}
        if unknown := authors - {"citizen", "bot"}:
            raise BadInput(
                self.texts.say("errors.unknown_author", author=unknown.pop(), known="citizen、bot")
            )
        at = self.clock()
        with transaction(self._engine, connection) as own:
            handoff_id = log.touch(own, conversation_id, at)
            if "citizen" in authors:
                self._satisfaction.pass_over(own, conversation_id)
            for author, text, payload in said:
                log.append(own, conversation_id, author, text, at=at, handoff_id=handoff_id, payload=payload)
            if handoff_id is None:
                log.trim(own, conversation_id)

    def receive(
        self, conversation_id: str, text: str, connection: Connection | None = None
    ) -> list[str] | None:
        """Take what is for the desk: said while the queue or staff own the conversation, or a rating.

        With a `connection` the restart that a 返回 makes due happens at the next `recipient()`.

        Returns:
            Texts to tell the citizen: the position, now and then, while waiting; mostly nothing while staff own it.
            None where the bot has it back meanwhile: nothing was logged, the message is the bot's.
        """
        with transaction(self._engine, connection) as own:
            told = self._reception.receive(own, conversation_id, text, self.clock())
        if connection is None:
            self._returns.finish(conversation_id)
        return told

    # Handoffs

    def open_handoff(
        self,
        conversation_id: str,
        reason: Reason,
        department: str | None,
        question: str,
        answer_id: str | None = None,
        said: str = "",
    ) -> HandoffReceipt:
        """Put the conversation into the queue, or give it to whoever is free. While one is open, that one is returned.

        The department is the one that is asked for (转人社局), else the given one, else the default. Outside working
        hours, with nobody there, it becomes a ticket and the bot keeps the conversation; without a question there is
        nothing to make one of, and the receipt's status is `closed`.

        Args:
            question: the matter, as far as it is known; may be empty.
            said: the words that only ask for a person, left out of the question.

        Raises:
            BadInput: the reason is not of the closed vocabulary.
        """
        if reason not in get_args(Reason):
            known = "、".join(get_args(Reason))
            raise BadInput(self.texts.say("errors.unknown_reason", reason=reason, known=known))
        takes = self._reception.department(department, f"{said}\n{question}")
        if conversation_id.partition(":")[0] == REHEARSAL:
            return HandoffReceipt(REHEARSAL, "queued", False, 1, 0, takes)
        values = {
            "conversation_id": conversation_id,
            "reason": reason,
            "department": takes,
            "question": question.strip(),
            "answer_id": answer_id,
        }
        if reason != CRISIS:
            self._outside.look(conversation_id)
        with self._engine.begin() as connection:
            return self._reception.enter(connection, values, self.clock())

    def latest_handoff(self, conversation_id: str) -> Handoff | None:
        """The conversation's newest handoff, also when it has ended."""
        with self._engine.connect() as connection:
            return waiting.latest(connection, conversation_id, self._routes(connection))

    # For staff

    def queue(self, staff: StaffMember | None = None, limit: int | None = None) -> list[Handoff]:
        """The handoffs nobody has, emergencies first, then oldest first.

        Args:
            staff: only those they would take; who sees all departments, and None, get all.
            limit: at most so many.
        """
        with self._engine.connect() as connection:
            return waiting.queued(connection, self._routes(connection), self.queue_of(staff), limit)

    def queue_length(self, staff: StaffMember | None = None) -> int:
        """How many there are of them."""
        with self._engine.connect() as connection:
            return waiting.count_queued(connection, self._routes(connection), self.queue_of(staff))

    def outside_now(self, staff: StaffMember, limit: int) -> list[Handoff]:
        """What staff outside the desk have, of those that this person is shown while they wait; at most so many."""
        with self._engine.connect() as connection:
            return waiting.outside(connection, self._routes(connection), self.queue_of(staff), limit)

    def queue_of(self, staff: StaffMember | None) -> str | None:
        """The department whose queue this person is shown; None for all."""
        everything = staff is None or sees_all(staff, self.rules.default_department)
        return None if staff is None or everything else staff.department

    def takes(self, staff: StaffMember, department: str) -> bool:
        """May this person claim what waits for the department?"""
        with self._engine.connect() as connection:
            return self._serving.takes(connection, staff, department)

    def serving(self, staff: StaffMember) -> list[Handoff]:
        """What this member of staff has claimed and not resolved; unanswered ones first."""
        with self._engine.connect() as connection:
            return waiting.claimed_by(connection, staff.id)

    def staff_online(self) -> int:
        """How many of those who serve citizens are signed in with a page open."""
        with self._engine.connect() as connection:
            return presence.online(connection, self.clock(), self.rules.assigning.present_for)

    def present(self) -> list[Present]:
        """Who is at the desk and ready for conversations, with what they have to do."""
        with self._engine.connect() as connection:
            return self._assigning.present(connection, self.clock())

    def departments(self) -> list[str]:
        """The departments that have staff: where a conversation can be transferred to."""
        with self._engine.connect() as connection:
            return sorted(self._routes(connection).staffed)

    def is_ready(self, staff: StaffMember) -> bool:
        """Whether they take conversations now."""
        with self._engine.connect() as connection:
            return presence.is_available(connection, staff.id)

    def arrive(self, staff: StaffMember) -> None:
        """They are ready: what waits for them is given to them at once."""
        at = self.clock()
        with self._engine.begin() as connection:
            presence.set_available(connection, staff.id, True, at)
            self._assigning.assign(connection, at)

    def pause(self, staff: StaffMember) -> None:
        """They take nothing new; what they have stays theirs."""
        with self._engine.begin() as connection:
            presence.set_available(connection, staff.id, False, self.clock())

    def leave(self, staff: StaffMember) -> None:
        """They leave the desk; what they have waits for a colleague, first in the queue."""
        at = self.clock()
        with self._engine.begin() as connection:
            self.housekeeping.leave(connection, staff.id, at)

    def _routes(self, connection: Connection) -> Routing:
        return routing.read(connection, self.rules.default_department)

    def conversation(self, conversation_id: str, after: int = 0) -> Conversation | None:
        """The conversation with its newest handoff and last messages, or `None` if there is none.

        Args:
            after: the id of a message; only later ones are read.
        """
        with self._engine.connect() as connection:
            row = ownership.read(connection, conversation_id)
            if row is None:
                return None
            return Conversation(
                id=row.id,
                owner=row.owner,
                staff_id=row.staff_id,
                handoff=waiting.latest(connection, conversation_id, self._routes(connection)),
                messages=log.read(connection, conversation_id, MESSAGES_SHOWN, after),
                reach=self._reach(row.id),
            )

    def serves(self, conversation_id: str, staff: StaffMember) -> bool:
        """Does this member of staff own the conversation now?"""
        with self._engine.connect() as connection:
            row = ownership.read(connection, conversation_id)
        return row is not None and row.owner == "staff" and row.staff_id == staff.id

    def took_part(self, handoff: Handoff, staff: StaffMember) -> bool:
        """Has this member of staff had the handoff, or said something in it?"""
        with self._engine.connect() as connection:
            return log.has_part(connection, handoff.number, staff.id)

    def sent(self, conversation_id: str) -> dict[int, int]:
        """Where the last replies of staff are in the outbox: message id -> outbox id."""
        with self._engine.connect() as connection:
            return log.outbox_ids(connection, conversation_id, REPLIES_FOLLOWED)

    def claim(self, handoff: str, staff: StaffMember) -> Handoff:
        """Take a waiting conversation; claiming again what is already one's own changes nothing.

        Args:
            handoff: the handoff's number.

        Raises:
            UnknownHandoff: no handoff has this number.
            AlreadyClaimed: a colleague was faster; the message names them.
            HandoffClosed: it has ended, or the citizen stopped waiting.
        """
        with self._engine.begin() as connection:
            return self._serving.claim(connection, handoff, staff, self.clock())

    def reply(self, conversation_id: str, staff: StaffMember, text: str) -> None:
        """Tell the citizen something: logged and put into the outbox in one transaction, or not at all.

        Raises:
            BadInput: empty, or longer than 2000 characters.
            NotYours: the conversation is not owned by this member of staff; nothing was sent.
            UnknownHandoff: there is no such conversation.
        """
        text = self._serving.checked(text)
        with self._engine.begin() as connection:
            self._serving.reply(connection, conversation_id, staff, text, self.clock())

    def note(self, conversation_id: str, staff: StaffMember, text: str) -> None:
        """Leave an internal note that only staff read. Raises like `reply`."""
        text = self._serving.checked(text)
        with self._engine.begin() as connection:
            self._serving.note(connection, conversation_id, staff, text, self.clock())

    def resolve(self, conversation_id: str, staff: StaffMember, note: str = "") -> None:
        """End the human service: tell the citizen, give the conversation to the bot, then call `on_return`.

        Args:
            note: how it was settled, kept as an internal note; may be empty.

        Raises:
            BadInput, NotYours, UnknownHandoff: as for `reply`.
        """
        note = self._serving.checked(note) if note.strip() else ""
        with self._engine.begin() as connection:
            self._serving.resolve(connection, conversation_id, staff, note, self.clock())
        self._returns.finish(conversation_id)

    def transfer(
        self,
        conversation_id: str,
        staff: StaffMember,
        reason: str,
        *,
        department: str | None = None,
        colleague: str | None = None,
    ) -> None:
        """Hand the conversation to another department's queue, or to a colleague (user name) who is at the desk.

        Raises:
            BadInput: no reason; nobody and nothing to transfer to; the department is closed; the colleague is away.
            UnknownStaff: there is no such colleague.
            NotAllowed: it was transferred too often; a supervisor may.
            NotYours, UnknownHandoff: as for `reply`.
        """
        reason = self._serving.checked(reason)
        with self._engine.begin() as connection:
            here = (connection, conversation_id, staff)
            if colleague:
                self._serving.transfer_to_colleague(*here, colleague, reason, self.clock())
            else:
                self._serving.transfer_to_department(*here, (department or "").strip(), reason, self.clock())

    def take_over(self, conversation_id: str, staff: StaffMember) -> None:
        """Take a conversation from a colleague, for a supervisor of its department.

        Raises:
            HandoffClosed: nobody has it (any more).
            NotAllowed: they do not oversee its department, or do not serve.
        """
        with self._engine.begin() as connection:
            self._serving.take_over(connection, conversation_id, staff, self.clock())

    def make_ticket(self, conversation_id: str, staff: StaffMember, details: str = "") -> TicketReceipt:
        """Make a ticket of the conversation, tell the citizen, and give it back to the bot.

        Args:
            details: what the ticket says beside the citizen's own words.

        Raises:
            BadInput: the desk has no tickets, or the text is too long.
            NotYours, UnknownHandoff: as for `reply`.
        """
        details = self._serving.checked(details) if details.strip() else ""
        with self._engine.begin() as connection:
            ticket = self._serving.hand_in(connection, conversation_id, staff, details, self.clock())
        self._returns.finish(conversation_id)
        return ticket
