"""Satisfaction: asked once when a human service ends, whoever ended it."""

import logging
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from desk.conversations import log, waiting
from desk.conversations.assigning import Deliver
from desk.ports import TicketMaker, Told
from desk.rules import RatingRules
from desk.tables import conversations, ratings
from desk.texts import Texts, plain

logger = logging.getLogger(__name__)


# Run at every message of a citizen, so made once.
_OPEN_RATING = select(conversations.c.rating_id).where(conversations.c.id == bindparam("conversation"))


@dataclass(frozen=True)
class Choice:
    """One answer a citizen can give, by its number, its label or other words."""

    label: str
    words: frozenset[str]
    score: int = 0


class Satisfaction:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        rules: how long an answer is waited for, and what is a bad one.
        texts: the desk's Chinese texts (`rating`).
        deliver: asks the citizen for the reason.
        tickets: where a supervisor's follow-up is opened; None for a desk without tickets.
        simplify: one spelling for what a citizen writes.
        told: whether what is in this row of the outbox is on its way to the citizen, or there.
    """

    def __init__(
        self,
        rules: RatingRules,
        texts: Texts,
        deliver: Deliver,
        tickets: TicketMaker | None,
        simplify: Callable[[str], str],
        told: Told = lambda *_row: True,
    ) -> None:
        self._rules = rules
        self._texts = texts
        self._deliver = deliver
        self._tickets = tickets
        self._told = told
        self._simplify = simplify
        self._scores = [_choice(entry) for entry in texts.entries("rating.scores")]
        numerals = enumerate(texts.words("rating.numerals"), start=1)
        self._numerals = {word: number for number, word in numerals}
        self._reasons = [_choice({"label": label}) for label in texts.words("rating.reasons")]

    def question(self) -> dict[str, Any]:
        """The options, as the payload of the message that asks."""
        options = {f"rating:{choice.score}": choice for choice in self._scores}
        return _payload(options, self._texts.say("rating.choose"))

    def asked(
        self, connection: Connection, conversation_id: str, handoff_id: int, outbox_id: int | None, at: float
    ) -> None:
        """Note that the rating of this handoff is asked for, in this row of the outbox."""
        connection.execute(insert(ratings).values(handoff_id=handoff_id, asked_at=at, outbox_id=outbox_id))
        same = conversations.c.id == conversation_id
        connection.execute(update(conversations).where(same).values(rating_id=handoff_id))

    def pass_over(self, connection: Connection, conversation_id: str) -> None:
        """The citizen talks of something else. A question that has not reached them yet stays open."""
        handoff_id = connection.execute(_OPEN_RATING, {"conversation": conversation_id}).scalar()
        if handoff_id is None:
            return
        row = connection.execute(select(ratings).where(ratings.c.handoff_id == handoff_id)).first()
        if row is None or self._reached(connection, row):
            self._close(connection, conversation_id)

    def reads(self, connection: Connection, handoff_id: int, text: str, at: float) -> bool:
        """Whether this message answers the question that is open, for a rating or for its reason."""
        row = self._open(connection, handoff_id, at)
        return row is not None and self._read(row, text) is not None

    def take(
        self, connection: Connection, conversation_id: str, handoff_id: int, text: str, at: float
    ) -> list[str] | None:
        """Keep the rating, or its reason; what to say to it. None: it was neither.

        A bad one is asked for its reason, with options, in a row of the outbox of its own.
        """
        row = self._open(connection, handoff_id, at)
        choice = None if row is None else self._read(row, text)
        if choice is None:
            return None
        log.append(connection, conversation_id, "citizen", text, at=at)
        if row.score is not None:
            self._set(connection, handoff_id, reason=choice.label)
            self._close(connection, conversation_id)
            return [self._texts.say("rating.reason_thanks")]
        self._set(connection, handoff_id, score=choice.score, rated_at=at)
        if choice.score > self._rules.bad:
            self._close(connection, conversation_id)
            return [self._texts.say("rating.thanks")]
        try:
            with connection.begin_nested():
                self._follow_up(connection, handoff_id, choice)
        except Exception:
            logger.exception("no follow-up could be opened for handoff %d", handoff_id)
        options = {f"reason:{number}": reason for number, reason in enumerate(self._reasons, start=1)}
        payload = _payload(options, self._texts.say("rating.choose_reason"))
        why = self._texts.say("rating.why")
        # From here on it is this question that has to have reached the citizen.
        outbox_id = self._deliver(connection, conversation_id, "system", why, payload)
        self._set(connection, handoff_id, outbox_id=outbox_id)
        return []

    def _open(self, connection: Connection, handoff_id: int, at: float) -> Any:
        since = at - self._rules.open_for
        row = connection.execute(
            select(ratings).where(ratings.c.handoff_id == handoff_id, ratings.c.asked_at >= since)
        ).first()
        # What was not asked yet is not answered: a number is for whoever asked last.
        return row if row is not None and self._reached(connection, row) else None

    def _reached(self, connection: Connection, row: Any) -> bool:
        return row.outbox_id is None or self._told(connection, row.outbox_id)

    def _read(self, row: Any, text: str) -> Choice | None:
        choices = self._scores if row.score is None else self._reasons
        said = plain(self._simplify(unicodedata.normalize("NFKC", text)))
        number = int(said) if said.isdecimal() and len(said) == 1 else self._numerals.get(said, 0)
        if 1 <= number <= len(choices):
            return choices[number - 1]
        return next((choice for choice in choices if said in choice.words), None)

    def _follow_up(self, connection: Connection, handoff_id: int, choice: Choice) -> None:
        if self._tickets is None:
            return
        handoff = waiting.by_id(connection, handoff_id)
        names = {"label": choice.label, "number": handoff.number, "name": handoff.staff_name or ""}
        ticket = self._tickets.make(
            connection,
            kind="follow_up",
            conversation_id=handoff.conversation_id,
            subject=self._texts.say("rating.follow_up", **names),
            details=self._texts.say("rating.follow_up_details", question=handoff.question, **names),
            department=handoff.department,
            handoff_number=handoff.number,
            answer_id=handoff.answer_id,
        )
        self._set(connection, handoff_id, follow_up=ticket.number)

    @staticmethod
    def _set(connection: Connection, handoff_id: int, **values: Any) -> None:
        connection.execute(update(ratings).where(ratings.c.handoff_id == handoff_id).values(**values))

    @staticmethod
    def _close(connection: Connection, conversation_id: str) -> None:
        connection.execute(
            update(conversations).where(conversations.c.id == conversation_id).values(rating_id=None)
        )


def _payload(options: dict[str, Choice], choose: str) -> dict[str, Any]:
    offered = [{"id": name, "label": choice.label} for name, choice in options.items()]
    return {"status": "handoff", "options": offered, "choose": choose}


def _choice(entry: dict[str, Any]) -> Choice:
    label = str(entry["label"])
    words = [label, *(str(word) for word in entry.get("words", []))]
    return Choice(label, frozenset(plain(word) for word in words), int(entry.get("score", 0)))
