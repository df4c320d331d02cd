"""The knowledge service as staff use it: the desk's port."""

from __future__ import annotations

from typing import Any

from desk.ports import AnswerUnknown, KnowledgeAway
from knowledge.consult import consult
from knowledge.errors import NothingPublished, UnknownAnswer
from knowledge.service import KnowledgeService


class StaffKnowledge:
    """`desk.ports.Knowledge` on a knowledge service."""

    def __init__(self, service: KnowledgeService) -> None:
        self._service = service

    def search(self, question: str) -> list[dict[str, Any]]:
        """See `desk.ports.Knowledge`."""
        try:
            return [found.to_dict() for found in consult(self._service, question)]
        except NothingPublished as error:
            raise KnowledgeAway from error

    def draft(self, question: str, answer: str, conversation_id: str, staff_name: str) -> str:
        """See `desk.ports.Knowledge`."""
        return self._service.faq_drafts.add(question, answer, conversation_id, staff_name)

    def flag(self, answer_id: str, staff_name: str, comment: str) -> None:
        """See `desk.ports.Knowledge`."""
        try:
            self._service.log.rate(answer_id, False, comment, staff_name)
        except UnknownAnswer as error:
            raise AnswerUnknown from error
