"""Golden questions: read them, ask them through the whole dialogue, judge the answers."""

from __future__ import annotations

import csv
import io
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from desk import REHEARSAL

COLUMNS = ("id", "question", "previous", "expected_status", "accepted_sources", "kind", "note")
STATUSES = ("answered", "clarify", "no_answer", "handoff", "small_talk", "safety")
# A question that nothing answers is rightly declined or handed to a person.
_DECLINED = ("no_answer", "handoff")


class GoldenError(ValueError):
    """A file of golden questions cannot be used; the text says where."""


@dataclass(frozen=True)
class GoldenQuestion:
    """One row; ``accepted`` holds FAQ 编号, document ids, or ``document-id#第八条``."""

    id: str
    question: str
    previous: str
    expected_status: str
    accepted: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Judged:
    """How one question fared. ``verdict``: right, offered (right one among the options), wrong, missed, declined."""

    id: str
    kind: str
    question: str
    status: str
    sources: list[str]
    options: list[str]
    reason: str | None
    confidence: float
    verdict: str
    ms: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Turns(Protocol):
    """One message of a conversation through the whole dialogue; returns the payloads (Answers) of the replies."""

    def __call__(self, conversation_id: str, text: str) -> list[dict[str, Any]]: ...


def read_golden(path: Path) -> list[GoldenQuestion]:
    """Read a golden file. Raises GoldenError naming file, row and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GoldenError(f"无法读取 {path}（应为 UTF-8 编码的 CSV）：{error}") from error
    reader = csv.DictReader(io.StringIO(text))
    if missing := [name for name in COLUMNS[:6] if name not in (reader.fieldnames or ())]:
        raise GoldenError(f"{path} 缺少列：{'、'.join(missing)}")
    questions: list[GoldenQuestion] = []
    for number, row in enumerate(reader, 2):
        if not (row["id"] or "").strip() or not (row["question"] or "").strip():
            raise GoldenError(f"{path} 第 {number} 行：id 和 question 不能为空")
        if row["expected_status"] not in STATUSES:
            raise GoldenError(f"{path} 第 {number} 行 expected_status：应为 {'、'.join(STATUSES)} 之一")
        accepted = tuple(part.strip() for part in (row["accepted_sources"] or "").split(";") if part.strip())
        questions.append(
            GoldenQuestion(
                row["id"].strip(),
                row["question"].strip(),
                (row["previous"] or "").strip(),
                row["expected_status"],
                accepted,
                row["kind"] or "",
            )
        )
    return questions


def accepts(accepted: Sequence[str], source: str) -> bool:
    """Whether a source id is accepted, or part of what is (``doc#第八条`` of ``doc``, an item of its article)."""
    return any(
        source == each or source.startswith(f"{each}#" if "#" not in each else each) for each in accepted
    )


def judge(question: GoldenQuestion, status: str, sources: Sequence[str], options: Sequence[str]) -> str:
    """The verdict on one answer.

    ``answered`` is right when its first source is accepted, or the first's basis is; ``wrong`` otherwise, also when
    nothing should have been answered. ``clarify`` is ``offered`` when an accepted source is among the options.
    Anything else is ``declined`` where that was expected, ``missed`` where an answer was.
    """
    if status == "answered":
        return "right" if any(accepts(question.accepted, source) for source in sources) else "wrong"
    if status == "clarify":
        if any(accepts(question.accepted, option) for option in options):
            return "offered"
        return "missed" if question.accepted else "declined"
    return "declined" if question.expected_status in _DECLINED else "missed"


def ask_all(
    questions: Sequence[GoldenQuestion], turns: Turns, progress: Callable[[int, int], None] | None = None
) -> list[Judged]:
    """Ask each in a conversation of its own, its ``previous`` first."""
    judged: list[Judged] = []
    for done, question in enumerate(questions, 1):
        conversation = f"{REHEARSAL}:{uuid.uuid4().hex}"
        if question.previous:
            turns(conversation, question.previous)
        started = time.perf_counter()
        payloads = turns(conversation, question.question)
        milliseconds = (time.perf_counter() - started) * 1000
        answer: dict[str, Any] = payloads[-1] if payloads else {"status": "silence"}
        sources = [source["id"] for source in answer.get("sources", [])]
        options = [option["id"] for option in answer.get("options", [])]
        judged.append(
            Judged(
                id=question.id,
                kind=question.kind,
                question=question.question,
                status=answer["status"],
                sources=sources,
                options=options,
                reason=answer.get("reason"),
                confidence=float(answer.get("confidence") or 0.0),
                verdict=judge(question, answer["status"], sources, options),
                ms=round(milliseconds, 1),
            )
        )
        if progress:
            progress(done, len(questions))
    return judged


def summarise(rows: Sequence[Judged]) -> dict[str, Any]:
    """The figures: shares of wrong among answered, of answerable served, of unanswerable declined; verdicts by kind."""
    answered = [row for row in rows if row.status == "answered"]
    answerable = [row for row in rows if row.kind == "answerable"]
    unanswerable = [row for row in rows if row.kind == "unanswerable"]
    kinds = {
        kind: dict(Counter(row.verdict for row in rows if row.kind == kind))
        for kind in {r.kind for r in rows}
    }
    return {
        "questions": len(rows),
        "answered": len(answered),
        "wrong_share": _share(sum(row.verdict == "wrong" for row in answered), len(answered)),
        "answerable_served": _share(
            sum(r.verdict in ("right", "offered") for r in answerable), len(answerable)
        ),
        "unanswerable_declined": _share(sum(r.status != "answered" for r in unanswerable), len(unanswerable)),
        "verdicts": dict(sorted(kinds.items())),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
