"""The citizen's side of the desk: entering the queue, waiting in it, leaving it."""

from datetime import tzinfo
from typing import Any

from sqlalchemy.engine import Connection

from desk import conversation_log, ownership, waiting
from desk.errors import BotOwnsConversation
from desk.records import HandoffReceipt
from desk.texts import Texts

_IGNORED = " \t\r\n\u3000。．.，,！!？?～~“”\"'「」"


class Reception:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        texts: the desk's Chinese texts.
        zone: the city's time zone, whose calendar day numbers the handoffs.
        acknowledge_every: seconds until a waiting citizen who keeps writing is told the position again.
    """

    def __init__(self, texts: Texts, zone: tzinfo, acknowledge_every: float) -> None:
        self._texts = texts
        self._zone = zone
        self._acknowledge_every = acknowledge_every
        self._return_commands = {_plain(word) for word in texts.words("return_commands")}

    def enter(self, connection: Connection, values: dict[str, Any], at: float) -> HandoffReceipt:
        """Put the conversation into the queue, or tell about the handoff that is already open."""
        conversation_id: str = values["conversation_id"]
        handoff_id = conversation_log.touch(connection, conversation_id, at)
        opened = ownership.to_queue(connection, conversation_id)
        if opened:
            handoff_id, number = waiting.create(connection, values, at, self._zone)
            reason = self._texts.label("reasons", values["reason"])
            line = self._texts.say("log.opened", reason=reason, number=number)
            conversation_log.append(connection, conversation_id, "system", line, at=at, handoff_id=handoff_id)
        assert handoff_id is not None  # an owner other than the bot always has an open handoff
        row = waiting.by_id(connection, handoff_id)
        return HandoffReceipt(
            number=row.number,
            status=row.status,
            already_open=not opened,
            position=waiting.position(connection, row),
            staff_online=waiting.staff_online(connection, at),
            department=row.department,
        )

    def receive(
        self, connection: Connection, conversation_id: str, text: str, at: float
    ) -> tuple[list[str], bool]:
        """Log the citizen's message; what to answer, and whether it gave the conversation back to the bot."""
        handoff_id = conversation_log.touch(connection, conversation_id, at)
        row = ownership.read(connection, conversation_id)
        if handoff_id is None or row.owner == "bot":
            raise BotOwnsConversation(self._texts.say("errors.bot_owns"))
        conversation_log.append(connection, conversation_id, "citizen", text, at=at, handoff_id=handoff_id)
        if row.owner == "staff":
            return [], False
        if _plain(text) in self._return_commands and self.withdraw(connection, conversation_id, at):
            return [self._texts.say("citizen.wait_cancelled")], True
        return self._acknowledgement(connection, handoff_id, at), False

    def withdraw(self, connection: Connection, conversation_id: str, at: float) -> bool:
        """Take a waiting conversation out of the queue; whether it was waiting."""
        handoff_id = conversation_log.touch(connection, conversation_id, at)
        if handoff_id is None or not ownership.from_queue_to_bot(connection, conversation_id):
            return False
        line = self._texts.say("log.cancelled")
        conversation_log.append(connection, conversation_id, "system", line, at=at, handoff_id=handoff_id)
        waiting.close(connection, handoff_id, "cancelled", at)
        return True

    def _acknowledgement(self, connection: Connection, handoff_id: int, at: float) -> list[str]:
        row = waiting.by_id(connection, handoff_id)
        if row.acknowledged_at is not None and at - row.acknowledged_at < self._acknowledge_every:
            return []
        waiting.acknowledge(connection, handoff_id, at)
        place = waiting.position(connection, row)
        if waiting.staff_online(connection, at) == 0:
            return [self._texts.say("citizen.waiting_offline", position=place, number=row.number)]
        if place == 1:
            return [self._texts.say("citizen.waiting_next")]
        return [self._texts.say("citizen.waiting_online", ahead=place - 1)]


def _plain(text: str) -> str:
    return "".join(character for character in text if character not in _IGNORED)
