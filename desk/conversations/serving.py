"""The staff's side of the desk: claim, reply, note, transfer, resolve."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.changes import Changes, staff_topic
from desk.conversations import log, ownership, presence, routing, waiting
from desk.conversations.assigning import Assigning, Deliver
from desk.conversations.ending import Ending
from desk.conversations.escape import Escape
from desk.errors import (
    AlreadyClaimed,
    BadInput,
    DeskError,
    HandoffClosed,
    NotAllowed,
    NotYours,
    UnknownHandoff,
    UnknownStaff,
)
from desk.permissions import may_oversee, sees_all
from desk.ports import Hours
from desk.records import Author, Handoff, StaffMember, TicketReceipt
from desk.rules import Rules
from desk.tables import handoffs, staff
from desk.texts import Texts

TEXT_LIMIT = 2000


class Serving:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        texts: the desk's Chinese texts.
        deliver: tells a citizen something.
        rules: the desk's rules.
        hours: when departments work.
    """

    def __init__(
        self,
        texts: Texts,
        deliver: Deliver,
        rules: Rules,
        hours: Hours,
        assigning: Assigning,
        escape: Escape,
        ending: Ending,
    ) -> None:
        self._texts = texts
        self._deliver = deliver
        self._rules = rules
        self._hours = hours
        self._assigning = assigning
        self._escape = escape
        self._ending = ending

    def claim(self, connection: Connection, number: str, member: StaffMember, at: float) -> Handoff:
        """Take a waiting conversation, or say who was faster."""
        found = connection.execute(
            select(handoffs.c.id, handoffs.c.conversation_id, handoffs.c.department).where(
                handoffs.c.number == number
            )
        ).first()
        if found is None:
            raise UnknownHandoff(self._texts.say("errors.unknown_handoff", number=number))
        if not member.may("serve"):
            raise NotAllowed(self._texts.say("errors.does_not_serve"))
        if not self.takes(connection, member, found.department):
            raise NotAllowed(self._texts.say("errors.other_department", department=found.department))
        won = ownership.to_staff(connection, found.conversation_id, found.id, member.id)
        row = waiting.by_id(connection, found.id)
        if won:
            waiting.claim(connection, row.id, member.id, at)
            line = self._texts.say("log.claimed", name=member.display_name)
            self._append(connection, row.conversation_id, "system", line, at, row.id, member)
            self._assigning.announce(connection, row, member.department)
            return waiting.as_handoff(waiting.by_id(connection, row.id), 0)
        if row.status == "resolved":
            ended = "handoff_cancelled" if row.outcome == "cancelled" else "handoff_closed"
            raise HandoffClosed(self._texts.say(f"errors.{ended}"))
        if row.claimed_by != member.id:
            raise AlreadyClaimed(self._texts.say("errors.already_claimed", name=row.staff_name))
        return waiting.as_handoff(row, 0)

    def takes(self, connection: Connection, member: StaffMember, department: str) -> bool:
        """May they claim what waits for this department? Who serves it, and supervisors who see all."""
        routes = routing.read(connection, self._rules.default_department)
        sees = sees_all(member, self._rules.default_department)
        return member.may("serve") and (sees or routes.serves(member, department))

    def reply(
        self, connection: Connection, conversation_id: str, member: StaffMember, text: str, at: float
    ) -> None:
        """Log a reply and hand it to the outbox."""
        handoff_id = self._held(connection, conversation_id, member, at)
        outbox_id = self._deliver(connection, conversation_id, "staff", text)
        self._append(connection, conversation_id, "staff", text, at, handoff_id, member, outbox_id)

    def note(
        self, connection: Connection, conversation_id: str, member: StaffMember, text: str, at: float
    ) -> None:
        """Log an internal note."""
        handoff_id = self._held(connection, conversation_id, member, at)
        self._append(connection, conversation_id, "note", text, at, handoff_id, member)

    def resolve(
        self, connection: Connection, conversation_id: str, member: StaffMember, note: str, at: float
    ) -> None:
        """End the human service and tell the citizen."""
        handoff_id = self._held(connection, conversation_id, member, at)
        if note:
            self._append(connection, conversation_id, "note", note, at, handoff_id, member)
        row = ownership.read(connection, conversation_id)
        self._ending.by_staff(connection, row, member.display_name, at)
        self._assigning.assign(connection, at)

    def transfer_to_department(
        self,
        connection: Connection,
        conversation_id: str,
        member: StaffMember,
        department: str,
        reason: str,
        at: float,
    ) -> None:
        """Put the conversation into another department's queue, at the place of its arrival."""
        handoff = waiting.by_id(connection, self._held(connection, conversation_id, member, at))
        routes = routing.read(connection, self._rules.default_department)
        if department not in routes.staffed:
            raise BadInput(self._texts.say("errors.no_such_department", department=department))
        if not self._hours.is_open(department, at):
            opens = self._hours.describe(self._hours.opens_next(department, at), at)
            raise BadInput(self._texts.say("errors.department_closed", department=department, opens=opens))
        self._check_hops(handoff, member)
        line = self._texts.say(
            "log.to_department", name=member.display_name, department=department, reason=reason
        )
        self._append(connection, conversation_id, "system", line, at, handoff.id, member)
        ownership.back_to_queue(connection, conversation_id, member.id)
        waiting.requeue(connection, handoff.id, at, department=department, hops=handoff.hops + 1)
        told = self._texts.say("citizen.to_department", department=department)
        self._deliver(connection, conversation_id, "system", told)
        self._assigning.assign(connection, at)

    def transfer_to_colleague(
        self,
        connection: Connection,
        conversation_id: str,
        member: StaffMember,
        username: str,
        reason: str,
        at: float,
    ) -> None:
        """Hand the conversation to a colleague who is at the desk."""
        handoff = waiting.by_id(connection, self._held(connection, conversation_id, member, at))
        row = connection.execute(
            select(staff).where(staff.c.username == username.strip().lower(), staff.c.active)
        ).first()
        if row is None or row.id == member.id:
            raise UnknownStaff(self._texts.say("errors.no_such_colleague"))
        if row.id not in [there.id for there in self._assigning.present(connection, at)]:
            raise BadInput(self._texts.say("errors.colleague_away", name=row.display_name))
        self._check_hops(handoff, member)
        ownership.to_colleague(connection, conversation_id, member.id, row.id)
        waiting.claim(connection, handoff.id, row.id, at, assigned=True)
        waiting.change(
            connection,
            handoff.id,
            department=row.department,
            hops=handoff.hops + 1,
            awaiting_reply=True,
        )
        presence.assigned(connection, row.id, at)
        line = self._texts.say(
            "log.to_colleague", name=member.display_name, colleague=row.display_name, reason=reason
        )
        self._append(connection, conversation_id, "system", line, at, handoff.id, member)
        key = "to_colleague" if row.department == member.department else "to_colleague_elsewhere"
        told = self._texts.say(f"citizen.{key}", department=row.department)
        self._deliver(connection, conversation_id, "system", told)
        self._assigning.assign(connection, at)

    def take_over(self, connection: Connection, conversation_id: str, member: StaffMember, at: float) -> None:
        """Take a conversation from a colleague, for who oversees its department."""
        row = ownership.read(connection, conversation_id, locked=True)
        if row is None or row.owner != "staff":
            raise HandoffClosed(self._texts.say("errors.nobody_has_it"))
        handoff = waiting.by_id(connection, row.handoff_id)
        oversees = may_oversee(member, handoff.department, self._rules.default_department)
        if not (oversees and member.may("serve")):
            raise NotAllowed(self._texts.say("errors.no_take_over"))
        if row.staff_id == member.id:
            return
        ownership.to_colleague(connection, conversation_id, row.staff_id, member.id)
        waiting.claim(connection, handoff.id, member.id, at)
        # Beside the line that follows, for the page of who had it.
        Changes.after(connection, staff_topic(row.staff_id))
        line = self._texts.say("log.taken_over", name=member.display_name, colleague=handoff.staff_name)
        self._append(connection, conversation_id, "system", line, at, handoff.id, member)
        self._assigning.assign(connection, at)

    def hand_in(
        self, connection: Connection, conversation_id: str, member: StaffMember, details: str, at: float
    ) -> TicketReceipt:
        """Make a ticket of the conversation and end it."""
        handoff = waiting.by_id(connection, self._held(connection, conversation_id, member, at))
        ticket = self._escape.hand_in(connection, handoff, member.id, details, at)
        if ticket is None:
            raise BadInput(self._texts.say("errors.no_tickets"))
        told = self._texts.say("citizen.staff_ticket", number=ticket.number, due=ticket.due_text)
        self._deliver(connection, conversation_id, "system", told)
        self._assigning.assign(connection, at)
        return ticket

    def put_back(self, connection: Connection, handoff: Any, key: str, at: float) -> bool:
        """Back to the queue, as whoever has it is not there or does not answer; `key` says why in the log."""
        if not ownership.back_to_queue(connection, handoff.conversation_id, handoff.claimed_by):
            return False
        waiting.requeue(connection, handoff.id, at)
        line = self._texts.say(f"log.{key}", name=handoff.staff_name)
        same = {"handoff_id": handoff.id, "staff_id": handoff.claimed_by}
        log.append(connection, handoff.conversation_id, "system", line, at=at, **same)
        return True

    def checked(self, text: str) -> str:
        """The text as it will be sent; `BadInput` when it is empty or too long."""
        text = text.replace("\r\n", "\n").strip()
        if not text:
            raise BadInput(self._texts.say("errors.text_empty"))
        if len(text) > TEXT_LIMIT:
            raise BadInput(self._texts.say("errors.text_long", length=len(text), limit=TEXT_LIMIT))
        return text

    def _check_hops(self, handoff: Any, member: StaffMember) -> None:
        limit = self._rules.waiting.hops
        if handoff.hops >= limit and not member.may("supervise"):
            raise NotAllowed(self._texts.say("errors.too_many_hops", hops=handoff.hops))

    def _held(self, connection: Connection, conversation_id: str, member: StaffMember, at: float) -> int:
        """The open handoff's id, with the ownership locked until the commit; else the reason why not."""
        held = ownership.hold(connection, conversation_id, member.id, at)
        row = ownership.read(connection, conversation_id)
        if held:
            handoff_id: int = row.handoff_id
            return handoff_id
        raise self._not_yours(connection, row)

    def _not_yours(self, connection: Connection, row: Any) -> DeskError:
        if row is None:
            return UnknownHandoff(self._texts.say("errors.unknown_conversation"))
        if row.owner == "staff":
            name = waiting.by_id(connection, row.handoff_id).staff_name
            return NotYours(self._texts.say("errors.not_yours_colleague", name=name))
        return NotYours(self._texts.say(f"errors.not_yours_{row.owner}"))

    def _append(
        self,
        connection: Connection,
        conversation_id: str,
        author: Author,
        text: str,
        at: float,
        handoff_id: int,
        member: StaffMember,
        outbox_id: int | None = None,
    ) -> None:
        log.append(
            connection,
            conversation_id,
            author,
            text,
            at=at,
            handoff_id=handoff_id,
            staff_id=member.id,
            outbox_id=outbox_id,
        )
