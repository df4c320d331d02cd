"""The search weights, limits and decision thresholds, read from one YAML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from knowledge.decision.evidence import WEIGHED

DEFAULT_FILE = Path(__file__).with_name("search.yml")
T = TypeVar("T")
_SHARES = (
    *("question_dense_weight", "passage_dense_weight", "recall", "synonym_weight"),
    *("wrong", "lost", "unanswerable", "answer", "clarify", "option", "title_match"),
    *("same_question", "same_question_lead", "same_question_least", "near_question"),
    *("notice", "heir", "rival", "same_subject"),
)
_POSITIVE = ("harder",)
_NOT_NEGATIVE = ("whole_weight", "overhang")


class SearchConfigError(ValueError):
    """The search configuration has an unknown, missing or impossible entry."""


@dataclass(frozen=True)
class RetrievalConfig:
    """How pieces are cut, found and fused; ``search.yml`` explains each entry."""

    piece_length: int
    depth: int
    candidates: int
    compared: int
    question_dense_weight: float
    passage_dense_weight: float
    whole_weight: float
    synonym_weight: float
    exact_rows: int
    recall: float
    overhang: float


@dataclass(frozen=True)
class DecisionConfig:
    """When to answer, ask back or decline; ``search.yml`` explains each entry."""

    max_question_length: int
    wrong: float
    harder: float
    lost: float
    unanswerable: float
    questions: int
    answer: float
    clarify: float
    same_question: float
    same_question_lead: float
    left_out: int
    same_question_least: float
    near_question: float
    option: float
    options: int
    title_match: float


@dataclass(frozen=True)
class ValidityConfig:
    """When a rule that is not in force is spoken of; ``search.yml`` explains each entry."""

    notice: float
    heir: float


@dataclass(frozen=True)
class ResidenceConfig:
    """When regions and audiences are told apart, and how long they are remembered."""

    rival: float
    same_subject: float
    hours: int


@dataclass(frozen=True)
class ComposeConfig:
    """How long an answer may be."""

    length: int


@dataclass(frozen=True)
class ConversationConfig:
    """How long a conversation's subject is remembered; ``search.yml`` explains each entry."""

    minutes: int


@dataclass(frozen=True)
class SearchConfig:
    """Everything in ``search.yml``."""

    retrieval: RetrievalConfig
    decision: DecisionConfig
    validity: ValidityConfig
    residence: ResidenceConfig
    conversation: ConversationConfig
    compose: ComposeConfig
    weights: Mapping[str, float]
    """By name of the evidence (:mod:`knowledge.decision.evidence`); ``none`` is nothing's score."""

    def thresholds(self) -> dict[str, float]:
        """What decides about an answer, by the names of ``search.yml``: ``decision.answer`` and so on."""
        sections = ("decision", "validity", "residence", "compose")
        return {
            f"{section}.{name}": value
            for section in sections
            for name, value in vars(getattr(self, section)).items()
        }

    def learnt_from(self) -> dict[str, Any]:
        """What a release's calibration depends on, for telling whether it has to be learnt anew."""
        return {name: asdict(getattr(self, name)) for name in ("retrieval", "decision")} | {
            "weights": dict(self.weights)
        }


def _section(kind: type[T], data: Any, name: str, path: Path) -> T:
    if not isinstance(data, dict):
        raise SearchConfigError(f"{path}：缺少“{name}”一节。")
    wanted = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    _check_names(wanted, set(data), name, path)
    for field in fields(kind):  # type: ignore[arg-type]
        if demand := _demand(field.name, str(field.type), data[field.name]):
            raise SearchConfigError(
                f"{path}：“{name}”一节的 {field.name} 应为{demand}，现在是 {data[field.name]!r}。"
            )
    return kind(**data)


def _weights(data: Any, path: Path) -> Mapping[str, float]:
    if not isinstance(data, dict):
        raise SearchConfigError(f"{path}：缺少“weights”一节。")
    wanted = {"none", *WEIGHED}
    _check_names(wanted, set(data), "weights", path)
    for name, value in data.items():
        if demand := _demand(name, "float", value):
            raise SearchConfigError(f"{path}：“weights”一节的 {name} 应为{demand}，现在是 {value!r}。")
    return {name: float(data[name]) for name in ("none", *WEIGHED)}


def _check_names(wanted: set[str], given: set[str], name: str, path: Path) -> None:
    if missing := sorted(wanted - given):
        raise SearchConfigError(f"{path}：“{name}”一节缺少 {'、'.join(missing)}。")
    if unknown := sorted(given - wanted):
        raise SearchConfigError(f"{path}：“{name}”一节有不认识的项目 {'、'.join(unknown)}。")


def _demand(name: str, kind: str, value: Any) -> str:
    """What ``value`` should be and is not; empty when it is right."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return "数字"
    if kind == "int" and (not isinstance(value, int) or value < 1):
        return "正整数"
    if name in _SHARES and not 0 <= value <= 1:
        return " 0 到 1 之间的数字"
    if name in _POSITIVE and value <= 0:
        return "大于 0 的数字"
    if name in _NOT_NEGATIVE and value < 0:
        return "不小于 0 的数字"
    return ""


def load_search_config(path: Path = DEFAULT_FILE) -> SearchConfig:
    """Read ``path``. Raises SearchConfigError naming the file, the section and the entry that is wrong."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SearchConfigError(f"无法读取 {path}：{error}") from error
    if not isinstance(data, dict):
        raise SearchConfigError(
            f"{path}：应有 retrieval、decision、validity、residence、conversation、compose 和 weights 各节。"
        )
    return SearchConfig(
        retrieval=_section(RetrievalConfig, data.get("retrieval"), "retrieval", path),
        decision=_section(DecisionConfig, data.get("decision"), "decision", path),
        validity=_section(ValidityConfig, data.get("validity"), "validity", path),
        residence=_section(ResidenceConfig, data.get("residence"), "residence", path),
        conversation=_section(ConversationConfig, data.get("conversation"), "conversation", path),
        compose=_section(ComposeConfig, data.get("compose"), "compose", path),
        weights=_weights(data.get("weights"), path),
    )
