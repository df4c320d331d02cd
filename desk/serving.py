"""The staff's side of the desk: claim, reply, note, resolve."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.engine import Connection

from desk import conversation_log, ownership, waiting
from desk.errors import AlreadyClaimed, BadInput, DeskError, HandoffClosed, NotYours, UnknownHandoff
from desk.records import Author, Handoff, StaffMember
from desk.texts import Texts

Deliver = Callable[[Connection, str, str], int | None]
"""`deliver(connection, conversation_id, text)` puts a text in the outbox, in this transaction; returns its row's id."""

TEXT_LIMIT = 2000


class Serving:
    """Every method works inside the caller's transaction; `at` is the present."""

    def __init__(self, texts: Texts, deliver: Deliver) -> None:
        self._texts = texts
        self._deliver = deliver

    def claim(self, connection: Connection, number: str, staff: StaffMember, at: float) -> Handoff:
        """Take a waiting conversation, or say who was faster."""
        won = ownership.to_staff(connection, number, staff.id)
        row = waiting.by_number(connection, number)
        if row is None:
            raise UnknownHandoff(self._texts.say("errors.unknown_handoff", number=number))
        if won:
            waiting.claim(connection, row.id, staff.id, at)
            line = self._texts.say("log.claimed", name=staff.display_name)
            self._append(connection, row.conversation_id, "system", line, at, row.id, staff)
            return waiting.as_handoff(waiting.by_id(connection, row.id), 0)
        if row.status == "resolved":
            ended = "handoff_cancelled" if row.outcome == "cancelled" else "handoff_closed"
            raise HandoffClosed(self._texts.say(f"errors.{ended}"))
        if row.claimed_by != staff.id:
            raise AlreadyClaimed(self._texts.say("errors.already_claimed", name=row.staff_name))
        return waiting.as_handoff(row, 0)

    def reply(
        self, connection: Connection, conversation_id: str, staff: StaffMember, text: str, at: float
    ) -> None:
        """Log a reply and hand it to the outbox."""
        handoff_id = self._held(connection, conversation_id, staff, at)
        outbox_id = self._deliver(connection, conversation_id, text)
        self._append(connection, conversation_id, "staff", text, at, handoff_id, staff, outbox_id)

    def note(
        self, connection: Connection, conversation_id: str, staff: StaffMember, text: str, at: float
    ) -> None:
        """Log an internal note."""
        handoff_id = self._held(connection, conversation_id, staff, at)
        self._append(connection, conversation_id, "note", text, at, handoff_id, staff)

    def resolve(
        self, connection: Connection, conversation_id: str, staff: StaffMember, note: str, at: float
    ) -> None:
        """End the human service and tell the citizen."""
        handoff_id = self._held(connection, conversation_id, staff, at)
        if note:
            self._append(connection, conversation_id, "note", note, at, handoff_id, staff)
        line = self._texts.say("log.resolved", name=staff.display_name)
        self._append(connection, conversation_id, "system", line, at, handoff_id, staff)
        ownership.from_staff_to_bot(connection, conversation_id, staff.id)
        waiting.close(connection, handoff_id, "resolved", at)
        number = waiting.by_id(connection, handoff_id).number
        self._deliver(connection, conversation_id, self._texts.say("citizen.resolved", number=number))

    def checked(self, text: str) -> str:
        """The text as it will be sent; `BadInput` when it is empty or too long."""
        text = text.replace("\r\n", "\n").strip()
        if not text:
            raise BadInput(self._texts.say("errors.text_empty"))
        if len(text) > TEXT_LIMIT:
            raise BadInput(self._texts.say("errors.text_long", length=len(text), limit=TEXT_LIMIT))
        return text

    def _held(self, connection: Connection, conversation_id: str, staff: StaffMember, at: float) -> int:
        """The open handoff's id, with the ownership locked until the commit; else the reason why not."""
        held = ownership.hold(connection, conversation_id, staff.id, at)
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
        staff: StaffMember,
        outbox_id: int | None = None,
    ) -> None:
        conversation_log.append(
            connection,
            conversation_id,
            author,
            text,
            at=at,
            handoff_id=handoff_id,
            staff_id=staff.id,
            outbox_id=outbox_id,
        )
