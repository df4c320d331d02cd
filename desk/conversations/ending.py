"""The end of a human service: the citizen is told and, but for emergencies, asked how it was; the bot has it back."""

from typing import Any

from sqlalchemy.engine import Connection

from desk.conversations import log, ownership, waiting
from desk.conversations.assigning import Deliver
from desk.conversations.satisfaction import Satisfaction
from desk.records import CRISIS, Outcome
from desk.texts import Texts


class Ending:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        texts: the desk's Chinese texts.
        deliver: tells the citizen.
        satisfaction: asks how it was.
    """

    def __init__(self, texts: Texts, deliver: Deliver, satisfaction: Satisfaction) -> None:
        self._texts = texts
        self._deliver = deliver
        self._satisfaction = satisfaction

    def by_staff(self, connection: Connection, row: Any, name: str, at: float) -> bool:
        """`row` is the conversation, owned by the member of staff who ends it; False where it is not (any more)."""
        return self._end(connection, row, "resolved", "resolved", at, name=name)

    def by_citizen(self, connection: Connection, row: Any, at: float) -> bool:
        """The citizen has what they came for."""
        return self._end(connection, row, "resolved", "ended_by_citizen", at)

    def by_silence(self, connection: Connection, row: Any, at: float) -> bool:
        """The citizen has said nothing for long after a reply."""
        return self._end(connection, row, "idle", "idle", at)

    def _end(
        self, connection: Connection, row: Any, outcome: Outcome, key: str, at: float, **names: str
    ) -> bool:
        if not ownership.from_staff_to_bot(connection, row.id, row.staff_id):
            return False
        line = self._texts.say(f"log.{key}", **names)
        same = {"handoff_id": row.handoff_id, "staff_id": row.staff_id}
        log.append(connection, row.id, "system", line, at=at, **same)
        waiting.close(connection, row.handoff_id, outcome, at)
        handoff = waiting.by_id(connection, row.handoff_id)
        if handoff.reason == CRISIS:  # nobody is asked for stars after that
            told = self._texts.say("citizen.ended_crisis", number=handoff.number)
            self._deliver(connection, row.id, "system", told)
            return True
        told = self._texts.say(f"citizen.{key}", number=handoff.number)
        outbox_id = self._deliver(connection, row.id, "system", told, self._satisfaction.question(told))
        self._satisfaction.asked(connection, row.id, row.handoff_id, outbox_id, at)
        return True
