"""Keeping canned replies: who may use which, and who may change them."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal, get_args

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.engine import Connection, Engine

from desk.canned.tables import canned_replies as table
from desk.canned.variables import Variables
from desk.database import Clock
from desk.errors import BadInput, NotAllowed, UnknownCannedReply
from desk.records import Handoff, StaffMember
from desk.texts import Texts

Scope = Literal["personal", "department", "all"]

TITLE_LIMIT = 60
TEXT_LIMIT = 2000


@dataclass(frozen=True)
class CannedReply:
    """One of them. `mine`: the person who asked may change it. `department` is set where it is a department's."""

    id: int
    scope: Scope
    title: str
    text: str
    department: str | None
    mine: bool


class CannedReplies:
    """Staff change their own, supervisors also their department's, administrators also those for everybody.

    Args:
        engine: the database, with the table in it.
        texts: the desk's Chinese texts.
        clock: the present as epoch seconds.
        zone: the city's time zone.
    """

    def __init__(self, engine: Engine, texts: Texts, clock: Clock, zone: tzinfo) -> None:
        self.variables = Variables(texts, zone)
        self._engine = engine
        self._texts = texts
        self._clock = clock

    def all(self, staff: StaffMember) -> list[CannedReply]:
        """What this person can use: their own, their department's, everybody's; each by title."""
        theirs = or_(
            and_(table.c.scope == "personal", table.c.staff_id == staff.id),
            and_(table.c.scope == "department", table.c.department == staff.department),
            table.c.scope == "all",
        )
        with self._engine.connect() as connection:
            rows = connection.execute(select(table).where(theirs).order_by(table.c.title, table.c.id))
            found = [_reply(row, staff) for row in rows]
        return sorted(found, key=lambda reply: get_args(Scope).index(reply.scope))

    def filled(self, staff: StaffMember, handoff: Handoff | None) -> list[dict[str, Any]]:
        """The same with their variables filled in: `id`, `scope`, `title`, `text`."""
        at = self._clock()
        return [
            {
                "id": reply.id,
                "scope": reply.scope,
                "title": reply.title,
                "text": self.variables.fill(reply.text, staff, handoff, at),
            }
            for reply in self.all(staff)
        ]

    def scopes(self, staff: StaffMember) -> list[Scope]:
        """For whom this person may write canned replies."""
        return [scope for scope in get_args(Scope) if _may_write(scope, staff)]

    def save(self, staff: StaffMember, reply_id: int | None, scope: str, title: str, text: str) -> int:
        """Add one, or change the one with this id; returns its id.

        Raises:
            BadInput: empty, too long, an unknown variable or scope.
            NotAllowed: this person may not write for these.
            UnknownCannedReply: there is none with this id.
        """
        values = self._checked(staff, scope, title, text)
        values |= {"updated_by": staff.id, "updated_at": self._clock()}
        with self._engine.begin() as connection:
            if reply_id is None:
                return int(connection.execute(insert(table).values(**values)).inserted_primary_key[0])
            self._own(connection, staff, reply_id)
            connection.execute(update(table).where(table.c.id == reply_id).values(**values))
            return reply_id

    def delete(self, staff: StaffMember, reply_id: int) -> None:
        """Remove one. Raises NotAllowed, UnknownCannedReply."""
        with self._engine.begin() as connection:
            self._own(connection, staff, reply_id)
            connection.execute(delete(table).where(table.c.id == reply_id))

    def _checked(self, staff: StaffMember, scope: str, title: str, text: str) -> dict[str, Any]:
        title, text = " ".join(title.split()), text.replace("\r\n", "\n").strip()
        for name, value, limit in (("title", title, TITLE_LIMIT), ("text", text, TEXT_LIMIT)):
            if not value:
                raise BadInput(self._texts.say(f"canned.{name}_empty"))
            if len(value) > limit:
                raise BadInput(self._texts.say(f"canned.{name}_long", length=len(value), limit=limit))
        if unknown := self.variables.unknown(text):
            known = "、".join(f"{{{name}}}" for name in self.variables.names)
            wrong = "、".join(f"{{{name}}}" for name in unknown)
            raise BadInput(self._texts.say("canned.variable_unknown", wrong=wrong, known=known))
        if scope not in get_args(Scope):
            raise BadInput(self._texts.say("canned.scope_unknown", scope=scope))
        if not _may_write(scope, staff):
            raise NotAllowed(self._texts.say("canned.scope_refused"))
        return {
            "title": title,
            "text": text,
            "scope": scope,
            "staff_id": staff.id if scope == "personal" else None,
            "department": staff.department if scope == "department" else None,
        }

    def _own(self, connection: Connection, staff: StaffMember, reply_id: int) -> None:
        row = connection.execute(select(table).where(table.c.id == reply_id)).first()
        if row is None:
            raise UnknownCannedReply(self._texts.say("canned.unknown"))
        if not _reply(row, staff).mine:
            raise NotAllowed(self._texts.say("canned.not_yours"))


def _may_write(scope: str, staff: StaffMember) -> bool:
    if scope == "department":
        return staff.may("supervise")
    return scope == "personal" or staff.role == "administrator"


def _reply(row: Any, staff: StaffMember) -> CannedReply:
    theirs = {
        "personal": row.staff_id == staff.id,
        "department": staff.may("supervise") and row.department == staff.department,
        "all": staff.role == "administrator",
    }
    return CannedReply(row.id, row.scope, row.title, row.text, row.department, theirs[row.scope])
