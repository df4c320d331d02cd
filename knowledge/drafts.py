"""FAQs that staff wrote down from their replies, until an editor takes them up."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Engine

from knowledge.content import Faq
from knowledge.tables import faq_drafts
from knowledge.text import storable

DraftStatus = Literal["open", "exported", "dropped"]


@dataclass(frozen=True)
class FaqDraft:
    """One of them. ``created_at`` is epoch seconds."""

    id: str
    question: str
    answer: str
    conversation_id: str
    staff_name: str
    created_at: float
    status: DraftStatus

    def to_faq(self) -> Faq:
        """As a row of an FAQ table, for an editor to complete."""
        return Faq(id=self.id, standard_question=self.question, answer=self.answer)


class FaqDrafts:
    """Every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, question: str, answer: str, conversation_id: str, staff_name: str) -> str:
        """Keep one; returns its id, such as ``D-3f9a1c20``, which becomes the FAQ's 编号."""
        row = dict(
            id=f"D-{secrets.token_hex(4)}",
            question=storable(question),
            answer=storable(answer),
            conversation_id=conversation_id,
            staff_name=staff_name,
            created_at=time.time(),
            status="open",
        )
        with self._engine.begin() as connection:
            connection.execute(insert(faq_drafts).values(**row))
        return str(row["id"])

    def open(self) -> list[FaqDraft]:
        """Those no editor has taken up, the oldest first."""
        query = select(faq_drafts).where(faq_drafts.c.status == "open").order_by(faq_drafts.c.created_at)
        with self._engine.connect() as connection:
            return [FaqDraft(**row._mapping) for row in connection.execute(query)]

    def close(self, ids: Sequence[str], status: Literal["exported", "dropped"]) -> list[str]:
        """Take open ones off the list; returns the ids that were open."""
        mine = (faq_drafts.c.id.in_(ids), faq_drafts.c.status == "open")
        with self._engine.begin() as connection:
            closed = [row.id for row in connection.execute(select(faq_drafts.c.id).where(*mine))]
            connection.execute(update(faq_drafts).where(faq_drafts.c.id.in_(closed)).values(status=status))
        return closed
