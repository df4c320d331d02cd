"""The answers that were given, each with its trace, so that it can be explained, chosen from and rated."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.engine import Engine

from knowledge.answer import Answer
from knowledge.errors import UnknownAnswer
from knowledge.tables import answer_feedback, answers
from knowledge.text import storable

# Made once: making a statement, and the key by which SQLAlchemy keeps its compiled form, takes as long as running it.
_ADD = insert(answers)
_LATEST = (
    select(answers)
    .where(answers.c.conversation_id == bindparam("conversation_id"))
    .order_by(answers.c.asked_at.desc())
    .limit(1)
)
_GIVEN = (
    select(answers.c.answer)
    .where(
        answers.c.conversation_id == bindparam("conversation_id"),
        answers.c.message_id == bindparam("message_id"),
    )
    .limit(1)
)
_LATEST_OF_STATUS = _LATEST.where(answers.c.status == bindparam("status"))


class AnswerLog:
    """Stores and finds answers; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        answer: Answer,
        question: str,
        conversation_id: str | None,
        trace: dict[str, Any],
        message_id: str | None = None,
    ) -> None:
        """Keep an answer that is about to be given, to the message with this id of its channel."""
        row = dict(
            id=answer.id,
            conversation_id=conversation_id,
            message_id=message_id,
            question=storable(question),
            status=answer.status,
            answer=answer.to_dict(),
            trace=trace,
            release_id=int(answer.release) if answer.release else None,
            asked_at=time.time(),
        )
        with self._engine.begin() as connection:
            connection.execute(_ADD, row)

    def given_to(self, conversation_id: str, message_id: str) -> dict[str, Any] | None:
        """The answer that this message of the conversation got, as its JSON object, or ``None``."""
        values = {"conversation_id": conversation_id, "message_id": message_id}
        with self._engine.connect() as connection:
            return connection.execute(_GIVEN, values).scalar()

    def latest(self, conversation_id: str) -> dict[str, Any] | None:
        """The conversation's last answer as its JSON object, or ``None``."""
        row = self.latest_row(conversation_id)
        return row["answer"] if row else None

    def latest_row(self, conversation_id: str, status: str | None = None) -> dict[str, Any] | None:
        """The conversation's last answer (of a status) with its question, trace and time, or ``None``."""
        query, values = _LATEST, {"conversation_id": conversation_id}
        if status is not None:
            query, values = _LATEST_OF_STATUS, {**values, "status": status}
        with self._engine.connect() as connection:
            row = connection.execute(query, values).first()
        return dict(row._mapping) if row else None

    def explained(self, answer_id: str) -> dict[str, Any]:
        """An answer with its question, trace and time. Raises UnknownAnswer."""
        with self._engine.connect() as connection:
            row = connection.execute(select(answers).where(answers.c.id == answer_id)).first()
        if row is None:
            raise UnknownAnswer(f"没有编号为 {answer_id} 的答复。")
        return dict(row._mapping)

    def rate(self, answer_id: str, helpful: bool, comment: str = "", staff_name: str | None = None) -> None:
        """Keep a verdict on an answer: a citizen's, or that of the named member of staff. Raises UnknownAnswer."""
        self.explained(answer_id)
        row = dict(
            answer_id=answer_id,
            helpful=helpful,
            comment=storable(comment),
            created_at=time.time(),
            staff_name=staff_name,
        )
        with self._engine.begin() as connection:
            connection.execute(insert(answer_feedback).values(**row))

    def flagged(self, limit: int = 100) -> list[dict[str, Any]]:
        """Answers that staff found wrong, the newest verdict first: the row with its question and answer."""
        query = (
            select(answer_feedback, answers.c.question, answers.c.answer, answers.c.release_id)
            .join(answers, answers.c.id == answer_feedback.c.answer_id)
            .where(answer_feedback.c.staff_name.is_not(None), answer_feedback.c.helpful.is_(False))
            .order_by(answer_feedback.c.id.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [dict(row._mapping) for row in connection.execute(query)]
