"""Staff who answer in a tool outside the desk: one row of `staff` stands for all of them, and nobody signs in as it.

A conversation that it has is "staff" like any other: the assistant is silent, the log and the numbers go on. What
is said there is not seen here; who there has it (`handoffs.outside_agent`) and that it has ended is told from outside
(`desk.conversations.outside_signs`), or found out by time (`desk.conversations.housekeeping`).
"""

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.engine import Connection

from desk.conversations import log, ownership, waiting
from desk.conversations.assigning import Assigning, Deliver
from desk.conversations.ending import Ending
from desk.database import insert_missing
from desk.ports import OutsideTool, Passing
from desk.records import CRISIS
from desk.rules import Rules
from desk.tables import handoffs, staff
from desk.texts import Texts

_USERNAME = "(outside)"
"""No account can be given this name."""


class Outside:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        tool: where they answer; None where there is none (any more): what is out there still comes back.
        rules: what is too long.
        texts: the desk's Chinese texts.
        deliver: tells a citizen something.
    """

    def __init__(
        self,
        tool: OutsideTool | None,
        rules: Rules,
        texts: Texts,
        deliver: Deliver,
        assigning: Assigning,
        ending: Ending,
    ) -> None:
        self._tool = tool
        self._rules = rules
        self._texts = texts
        self._deliver = deliver
        self._assigning = assigning
        self._ending = ending

    def look(self, conversation_id: str) -> None:
        """Find out who is there now, before a transaction that may ask `passing`. Blocking, for a moment."""
        if self._tool is not None:
            self._tool.look(conversation_id)

    def passing(self, connection: Connection, conversation_id: str) -> Passing:
        """Whether what the citizen says now can be passed on to them."""
        return "nobody" if self._tool is None else self._tool.passing(connection, conversation_id)

    def takes(self, connection: Connection, handoff: Any) -> bool:
        """Whether they take this waiting handoff with what the citizen says now. Emergencies stay at the desk."""
        if handoff.reason == CRISIS:
            return False
        return self.passing(connection, handoff.conversation_id) == "yes"

    def holds(self, connection: Connection, row: Any) -> bool:
        """Whether they have this conversation, a row of `conversations`."""
        return row is not None and row.owner == "staff" and row.staff_id == self._member(connection)

    def give(self, connection: Connection, conversation_id: str, handoff_id: int, at: float) -> bool:
        """Give them a waiting handoff; False where it no longer waits."""
        member = self._enlisted(connection)
        if not ownership.to_staff(connection, conversation_id, handoff_id, member.id):
            return False
        waiting.claim(connection, handoff_id, member.id, at, assigned=True)
        # Also of the conversation's earlier handoffs: what goes on there from now on is no longer to be closed.
        earlier = update(handoffs).where(handoffs.c.conversation_id == conversation_id)
        connection.execute(earlier.values(outside_agent=None))
        self._log(
            connection, conversation_id, handoff_id, member.id, at, "assigned", name=member.display_name
        )
        return True

    def take_back(
        self, connection: Connection, handoff: Any, key: str, at: float, *, tell: bool = True
    ) -> bool:
        """Back to the desk's queue, at the place of its arrival; `key` says why in the log."""
        if not ownership.back_to_queue(connection, handoff.conversation_id, handoff.claimed_by):
            return False
        waiting.requeue(connection, handoff.id, at)
        same = (connection, handoff.conversation_id, handoff.id, handoff.claimed_by, at)
        self._log(*same, key, name=handoff.staff_name)
        if tell:
            told = self._texts.say("citizen.outside_back")
            self._deliver(connection, handoff.conversation_id, "system", told)
        self._assigning.assign(connection, at)
        return True

    def seen(self, connection: Connection, conversation_id: str, agent: str, at: float) -> None:
        """Somebody there has the citizen, who is heard there and no longer here.

        So it is theirs also where it waits at the desk. Where a member of staff at the desk has it, it is noted, for
        the conversation there to be closed. What the assistant has is not touched: they began it by themselves.
        """
        row = ownership.read(connection, conversation_id, locked=True)
        if row is None or row.handoff_id is None:
            return
        if row.owner == "queue":
            self.give(connection, conversation_id, row.handoff_id, at)
            row = ownership.read(connection, conversation_id)
        handoff = waiting.by_id(connection, row.handoff_id)
        waiting.change(connection, handoff.id, outside_agent=agent)
        if not self.holds(connection, row):
            return
        answered = {"first_reply_at": func.coalesce(handoffs.c.first_reply_at, at), "assigned": False}
        waiting.change(connection, handoff.id, **answered, awaiting_reply=False, last_said_at=at)
        if handoff.outside_agent != agent:
            same = (connection, conversation_id, handoff.id, handoff.claimed_by, at)
            self._log(*same, "outside_agent", name=handoff.staff_name, agent=agent)

    def ended(self, connection: Connection, conversation_id: str, at: float) -> bool:
        """The conversation there has ended; whether it has come back to the assistant."""
        row = ownership.read(connection, conversation_id, locked=True)
        if row is None or row.handoff_id is None:
            return False
        waiting.change(connection, row.handoff_id, outside_agent=None)
        if not self.holds(connection, row):
            return False
        name = waiting.by_id(connection, row.handoff_id).staff_name
        return self._ending.by_staff(connection, row, name, at)

    def parted(self, connection: Connection, conversation_id: str) -> None:
        """Nobody there has the citizen at the moment, whoever has the conversation."""
        row = ownership.read(connection, conversation_id, locked=True)
        if row is not None and row.handoff_id is not None:
            waiting.change(connection, row.handoff_id, outside_agent=None)

    def overdue(self, connection: Connection, handoff: Any, at: float) -> bool:
        """Take back what nobody there took in time, end what is quiet; whether something happened."""
        row = ownership.read(connection, handoff.conversation_id)
        rules = self._rules.outside
        if not self.holds(connection, row):
            return False
        if handoff.outside_agent is None and handoff.claimed_at <= at - rules.accept_within:
            return self.take_back(connection, handoff, "outside_unaccepted", at)
        if handoff.last_said_at <= at - rules.quiet_for:
            # If it goes on there all the same, it is not for us to cut it off.
            waiting.change(connection, handoff.id, outside_agent=None)
            return self._ending.by_silence(connection, row, at)
        return False

    def _member(self, connection: Connection) -> int | None:
        return connection.execute(select(staff.c.id).where(staff.c.outside)).scalar()

    def _enlisted(self, connection: Connection) -> Any:
        """The row that stands for them; it is closed, so that nobody signs in or is sent to it."""
        assert self._tool is not None
        row = {
            "username": _USERNAME,
            "display_name": self._tool.name,
            "password_hash": "",
            "department": self._rules.default_department,
            "role": "staff",
            "active": False,
            "outside": True,
            "created_at": 0.0,
        }
        insert_missing(connection, staff, row)
        return connection.execute(select(staff).where(staff.c.outside)).one()

    def _log(
        self,
        connection: Connection,
        conversation_id: str,
        handoff_id: int,
        member_id: int,
        at: float,
        key: str,
        **names: str,
    ) -> None:
        line = self._texts.say(f"log.{key}", **names)
        log.append(
            connection, conversation_id, "system", line, at=at, handoff_id=handoff_id, staff_id=member_id
        )
