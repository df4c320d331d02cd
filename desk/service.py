"""The desk's service object: who owns a conversation, and what staff do with it.

`Desk` opens the transactions; what happens inside them is in `reception` (the citizen's side), `serving`
(the staff's side), `waiting` (handoffs and the queue) and `ownership` (the compare-and-set).
"""

import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from desk import conversation_log, news, ownership, waiting
from desk.canned import CannedReplies
from desk.changes import Changes
from desk.database import Clock, transaction
from desk.errors import BadInput
from desk.reception import Reception
from desk.records import Author, Conversation, Handoff, HandoffReceipt, Owner, Reach, Reason, StaffMember
from desk.returning import OnReturn, Returns
from desk.serving import Deliver, Serving
from desk.texts import Texts

MESSAGES_SHOWN = 300
REPLIES_FOLLOWED = 50
"""How many of a conversation's last replies staff see the delivery of."""
_NUMBER_ATTEMPTS = 5


class Desk:
    """See docs/architecture.md, "Who owns a conversation". Thread-safe; each call is a short transaction.

    Args:
        engine: the database, with `desk.tables.metadata` created in it.
        texts: path of the Chinese texts; `None` takes the desk's own.
        deliver: puts a text for a citizen into the gateway's outbox, in the transaction it is given.
        on_return: called after the bot got a conversation back, outside any transaction of the desk.
        clock: the present as epoch seconds.
        zone: the city's time zone; `None` is Asia/Shanghai.
        acknowledge_every: seconds until a waiting citizen who keeps writing is told the position again.
        reach: what can still be sent to the citizen of a conversation; None for no limit.
    """

    def __init__(
        self,
        engine: Engine,
        texts: Path | None,
        deliver: Deliver,
        on_return: OnReturn,
        clock: Clock = time.time,
        zone: tzinfo | None = None,
        acknowledge_every: float = 300.0,
        reach: Callable[[str], Reach | None] = lambda _conversation_id: None,
    ) -> None:
        self.texts = Texts(texts)
        self.clock = clock
        self.zone = zone or ZoneInfo("Asia/Shanghai")
        self.changes = Changes()
        self.changes.watch(engine)
        self.canned = CannedReplies(engine, self.texts, clock, self.zone)
        self._engine = engine
        self._reach = reach
        self._reception = Reception(self.texts, self.zone, acknowledge_every)
        self._serving = Serving(self.texts, deliver)
        self._returns = Returns(engine, on_return)

    # For the gateway

    def owner(self, conversation_id: str) -> Owner:
        """Who owns the conversation; one the desk has never seen is the bot's.

        Where the bot got it back and `on_return` has not succeeded yet (the process died in between, Rasa
        was away, or the change was made in a caller's transaction), it is called first.
        """
        with self._engine.connect() as connection:
            row = ownership.read(connection, conversation_id)
        if row is None:
            return "bot"
        if row.restart_due:
            self._returns.finish(conversation_id)
        owner: Owner = row.owner
        return owner

    def record(
        self,
        conversation_id: str,
        author: Author,
        text: str,
        payload: dict[str, Any] | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Mirror what the citizen or the bot said, so that staff can read it. Keeps the last 200.

        Args:
            payload: the Answer, for a bot message that has one.
            connection: a transaction to write in; without it one is opened and committed.

        Raises:
            BadInput: the author is neither `citizen` nor `bot`.
        """
        if author not in ("citizen", "bot"):
            raise BadInput(self.texts.say("errors.unknown_author", author=author, known="citizen、bot"))
        at = self.clock()
        with transaction(self._engine, connection) as own:
            handoff_id = conversation_log.touch(own, conversation_id, at)
            conversation_log.append(
                own, conversation_id, author, text, at=at, handoff_id=handoff_id, payload=payload
            )
            if handoff_id is None:
                conversation_log.trim(own, conversation_id)
            else:
                news.tell(self.changes, own, conversation_id)

    def receive(self, conversation_id: str, text: str, connection: Connection | None = None) -> list[str]:
        """Take what the citizen says while the queue or staff own the conversation.

        With a `connection` the restart that a 返回 makes due happens at the next `owner()`.

        Returns:
            Texts to tell the citizen: the position, now and then, while waiting; nothing while staff own it.

        Raises:
            BotOwnsConversation: the bot has it back meanwhile. Nothing was logged; the message is the bot's.
        """
        with transaction(self._engine, connection) as own:
            told, returned = self._reception.receive(own, conversation_id, text, self.clock())
            news.tell(self.changes, own, conversation_id, queue=returned)
        if returned and connection is None:
            self._returns.finish(conversation_id)
        return told

    def withdraw(self, conversation_id: str) -> bool:
        """End the waiting of a conversation that needs nobody any more; `False` when it was not waiting."""
        with transaction(self._engine) as own:
            withdrawn = self._reception.withdraw(own, conversation_id, self.clock())
            news.tell(self.changes, own, conversation_id, queue=True)
        if withdrawn:
            self._returns.finish(conversation_id)
        return withdrawn

    # Handoffs

    def open_handoff(
        self,
        conversation_id: str,
        reason: Reason,
        department: str | None,
        question: str,
        answer_id: str | None = None,
    ) -> HandoffReceipt:
        """Put the conversation into the queue. While one handoff is open, that one is returned again.

        Raises:
            BadInput: the reason is not of the closed vocabulary.
        """
        if reason not in get_args(Reason):
            known = "、".join(get_args(Reason))
            raise BadInput(self.texts.say("errors.unknown_reason", reason=reason, known=known))
        values = {
            "conversation_id": conversation_id,
            "reason": reason,
            "department": (department or "").strip() or self.texts.say("default_department"),
            "question": question.strip(),
            "answer_id": answer_id,
        }
        for _ in range(_NUMBER_ATTEMPTS - 1):
            try:
                return self._enter(values)
            except IntegrityError:  # PostgreSQL: another transaction took the same number of the day
                continue
        return self._enter(values)

    def _enter(self, values: dict[str, Any]) -> HandoffReceipt:
        with self._engine.begin() as connection:
            receipt = self._reception.enter(connection, values, self.clock())
            news.tell(self.changes, connection, values["conversation_id"], queue=True)
            return receipt

    def latest_handoff(self, conversation_id: str) -> Handoff | None:
        """The conversation's newest handoff, also when it has ended."""
        with self._engine.connect() as connection:
            return waiting.latest(connection, conversation_id)

    # For staff

    def queue(self, limit: int | None = None) -> list[Handoff]:
        """Handoffs nobody has claimed, oldest first; at most `limit` of them."""
        with self._engine.connect() as connection:
            return waiting.queued(connection, limit)

    def queue_length(self) -> int:
        """How many handoffs nobody has claimed."""
        with self._engine.connect() as connection:
            return waiting.count_queued(connection)

    def serving(self, staff: StaffMember) -> list[Handoff]:
        """What this member of staff has claimed and not resolved; unanswered ones first."""
        with self._engine.connect() as connection:
            return waiting.claimed_by(connection, staff.id)

    def staff_online(self) -> int:
        """How many members of staff are signed in with a page open."""
        with self._engine.connect() as connection:
            return waiting.staff_online(connection, self.clock())

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
                handoff=waiting.latest(connection, conversation_id),
                messages=conversation_log.read(connection, conversation_id, MESSAGES_SHOWN, after),
                reach=self._reach(row.id),
            )

    def serves(self, conversation_id: str, staff: StaffMember) -> bool:
        """Does this member of staff own the conversation now?"""
        with self._engine.connect() as connection:
            row = ownership.read(connection, conversation_id)
        return row is not None and row.owner == "staff" and row.staff_id == staff.id

    def sent(self, conversation_id: str) -> dict[int, int]:
        """Where the last replies of staff are in the outbox: message id -> outbox id."""
        with self._engine.connect() as connection:
            return conversation_log.outbox_ids(connection, conversation_id, REPLIES_FOLLOWED)

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
            claimed = self._serving.claim(connection, handoff, staff, self.clock())
            news.tell(self.changes, connection, claimed.conversation_id, queue=True)
            return claimed

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
            news.tell(self.changes, connection, conversation_id)

    def note(self, conversation_id: str, staff: StaffMember, text: str) -> None:
        """Leave an internal note that only staff read. Raises like `reply`."""
        text = self._serving.checked(text)
        with self._engine.begin() as connection:
            self._serving.note(connection, conversation_id, staff, text, self.clock())
            news.tell(self.changes, connection, conversation_id)

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
            news.tell(self.changes, connection, conversation_id)
        self._returns.finish(conversation_id)
