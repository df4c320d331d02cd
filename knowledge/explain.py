"""Why an answer was given: its stored trace, put in order for people and machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from knowledge.texts import text

_EVIDENCE = (
    *("probability", "confidence", "question_cosine", "question_match"),
    *("answer_cosine", "answer_max_sim", "answer_coverage"),
    *("clause_cosine", "clause_max_sim", "clause_coverage"),
)


@dataclass(frozen=True)
class Step:
    """A step of the pipeline; ``ms`` is ``None`` where it was not timed."""

    name: str
    ms: float | None


@dataclass(frozen=True)
class Weighed:
    """A candidate with its scores. ``outcome``: ``answered``, ``cited``, ``offered``, ``weaker``, or why rejected."""

    id: str
    title: str
    outcome: str
    outcome_text: str
    scores: dict[str, float]


@dataclass(frozen=True)
class Explanation:
    """What was asked, searched and known; what was weighed and rejected; why this status. Texts are Chinese."""

    id: str
    question: str
    searched: str
    today: str | None
    release: int | None
    region: str
    audience: str
    status: str
    reason: str | None
    why: str
    steps: tuple[Step, ...]
    kept: tuple[Weighed, ...]
    rejected: tuple[Weighed, ...]
    thresholds: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain(stored: Mapping[str, Any]) -> Explanation:
    """Explain an answer from its row in the log (:meth:`knowledge.answers.AnswerLog.explained`).

    An answer that was stored without a trace, before anything was published, is explained as far as it goes.
    """
    trace, answer = stored["trace"], stored["answer"]
    timings = answer.get("timings_ms", {})
    kept = [_weighed(row, _outcome(row["id"], answer)) for row in trace.get("candidates", [])]
    return Explanation(
        id=stored["id"],
        question=trace.get("question", stored["question"]),
        searched=trace.get("text", ""),
        today=trace.get("today"),
        release=stored["release_id"],
        region=trace.get("region", ""),
        audience=trace.get("audience", ""),
        status=answer["status"],
        reason=answer["reason"],
        why=_why(trace, answer),
        steps=tuple(Step(name, timings.get(name)) for name in trace.get("steps", [])),
        kept=tuple(kept),
        rejected=tuple(_weighed(row, row["reason"]) for row in trace.get("rejected", [])),
        thresholds=trace.get("thresholds", {}),
    )


def _weighed(row: Mapping[str, Any], outcome: str) -> Weighed:
    scores = {name: row[name] for name in _EVIDENCE if name in row}
    scores |= {name: value for name, value in row.items() if isinstance(value, float) and name not in scores}
    return Weighed(row["id"], row["title"], outcome, text(f"outcome_{outcome}"), scores)


def _outcome(identifier: str, answer: Mapping[str, Any]) -> str:
    sources = [each["id"] for each in answer["sources"]]
    if sources and sources[0] == identifier:
        return "answered"
    if identifier in sources:
        return "cited"
    return "offered" if identifier in [each["id"] for each in answer["options"]] else "weaker"


def _why(trace: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """Why this status, from what the trace holds: what ended the run, and how the best stood to the thresholds."""
    status, reason = answer["status"], answer["reason"]
    steps = trace.get("steps", [])
    limits = trace.get("thresholds", {})
    confidence = f"{answer['confidence']:.3f}"
    limit = {name: f"{limits.get(f'decision.{name}', 0):.2f}" for name in ("answer", "clarify")}
    words: list[str] = []
    origin = trace.get("origin", "question")
    if origin in ("choice", "full_text"):
        words.append(text(f"why_{origin}"))
    elif status == "answered" and "retrieve" not in steps:
        words.append(text("why_looked_up"))
    elif status == "answered" and answer.get("notice") and answer["notice"]["kind"] == "not_yet":
        words.append(text("why_not_yet"))
    elif status == "answered":
        words.append(text("why_answered", confidence=confidence, limit=limit["answer"]))
    elif status == "clarify" and any(each.get("region") is not None for each in answer["options"]):
        words.append(text("why_region"))
    elif status == "clarify" and any(each.get("audience") for each in answer["options"]):
        words.append(text("why_audience"))
    elif status == "clarify":
        words.append(
            text("why_clarify", confidence=confidence, limit=limit["answer"], least=limit["clarify"])
        )
    elif reason == "low_confidence":
        words.append(text("why_low_confidence", confidence=confidence, least=limit["clarify"]))
    else:
        words.append(text(f"why_{reason}"))
    if answer.get("notice"):
        words.append(text("why_notice", notice=answer["notice"]["text"]))
    return "".join(words)
