"""Run a stored answer again and say what differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from knowledge.answer import Answer
from knowledge.config import SearchConfig
from knowledge.decision.calibration import Calibration
from knowledge.embedding import Embedder
from knowledge.index.release import ReleaseIndex
from knowledge.pipeline import Context
from knowledge.pipeline.context import Previous
from knowledge.pipeline.residence import Residence
from knowledge.vocabulary import Vocabulary


@dataclass(frozen=True)
class Replay:
    """A stored answer beside the one given again. ``differences`` has ``then`` and ``now`` by what differs."""

    id: str
    question: str
    release: int
    today: str
    same: bool
    differences: dict[str, dict[str, Any]]
    answer: dict[str, Any]
    trace: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def replay_context(
    stored: Mapping[str, Any],
    index: ReleaseIndex,
    embedder: Embedder,
    config: SearchConfig,
    vocabulary: Vocabulary,
) -> Context:
    """The context that a stored answer was given in: its question, its day, what was known and learnt by then."""
    trace = stored["trace"]
    question = trace.get("question", stored["question"])
    learnt, previous = trace.get("calibration"), trace.get("previous")
    return Context(
        question,
        date.fromisoformat(trace["today"]),
        index,
        embedder,
        config,
        text=trace.get("text", question),
        vocabulary=vocabulary,
        calibration=Calibration.from_dict(learnt) if learnt else Calibration(),
        known=Residence.from_dict(trace.get("known", {})),
        previous=Previous(previous["text"], tuple(previous["sources"])) if previous else None,
        region_named=trace.get("region_named", False),
    )


def compare(stored: Mapping[str, Any], answer: Answer, context: Context) -> Replay:
    """What of the outcome is different: status, text, sources, options, reason, notice; and the thresholds."""
    then, now = _outcome(stored["answer"]), _outcome(answer.to_dict())
    differences = {name: {"then": then[name], "now": now[name]} for name in now if then[name] != now[name]}
    same = not differences
    before, present = stored["trace"].get("thresholds", {}), context.thresholds()
    if changed := {name for name in {*before, *present} if before.get(name) != present.get(name)}:
        differences["thresholds"] = {
            "then": {name: before.get(name) for name in sorted(changed)},
            "now": {name: present.get(name) for name in sorted(changed)},
        }
    return Replay(
        id=stored["id"],
        question=context.question,
        release=stored["release_id"],
        today=context.today.isoformat(),
        same=same,
        differences=differences,
        answer=answer.to_dict(),
        trace=context.trace(),
    )


def _outcome(answer: Mapping[str, Any]) -> dict[str, Any]:
    notice = answer.get("notice")
    return {
        "status": answer["status"],
        "reason": answer["reason"],
        "text": answer["text"],
        "sources": [each["id"] for each in answer["sources"]],
        "options": [each["id"] for each in answer["options"]],
        "notice": (notice["kind"], notice["id"]) if notice else None,
    }
