"""A knowledge port that finds what it is given, and notes what it is told."""

from dataclasses import dataclass, field
from typing import Any

from desk.ports import AnswerUnknown, KnowledgeAway

CLAUSE: dict[str, Any] = {
    "kind": "clause",
    "title": "澜川市居住证管理办法",
    "article": "第八条",
    "doc_number": "澜政规〔2024〕2号",
    "url": "https://www.example.gov.cn/permit",
    "quote": "",
    "confidence": 0.41,
    "answer": False,
    "basis": [],
    "text": "第八条 申领居住证，应当提交身份证和住址证明。",
}
FAQ: dict[str, Any] = {
    **CLAUSE,
    "kind": "faq",
    "title": "外地户口怎么办居住证？",
    "article": "",
    "doc_number": "",
    "url": "https://zwfw.example.gov.cn/apply",
    "confidence": 0.93,
    "answer": True,
    "basis": [CLAUSE],
    "text": "带身份证和租房合同到派出所办理。",
}


@dataclass
class PaperKnowledge:
    """Finds the FAQ and its clause for whatever is asked."""

    asked: list[str] = field(default_factory=list)
    drafts: list[tuple[str, ...]] = field(default_factory=list)
    flags: list[tuple[str, ...]] = field(default_factory=list)
    known: set[str] = field(default_factory=lambda: {"a1"})
    away: bool = False

    def search(self, question: str) -> list[dict[str, Any]]:
        if self.away:
            raise KnowledgeAway
        self.asked.append(question)
        return [FAQ, CLAUSE] if "居住证" in question else []

    def draft(self, question: str, answer: str, conversation_id: str, staff_name: str) -> str:
        self.drafts.append((question, answer, conversation_id, staff_name))
        return f"D-{len(self.drafts)}"

    def flag(self, answer_id: str, staff_name: str, comment: str) -> None:
        if answer_id not in self.known:
            raise AnswerUnknown
        self.flags.append((answer_id, staff_name, comment))
