"""When a person is asked: the ordered rules of `handoff_rules.yml`, read, checked and matched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from actions.payload import NO_ANSWER, STATUSES
from actions.texts import say

RULES_PATH = Path(__file__).with_name("handoff_rules.yml")

CRISIS: Final = "crisis"
ERROR: Final = "error"
# The handoff reasons that a rule may give; `error` is the code's own.
REASONS: Final = frozenset(
    {
        "asked_for_human",
        "low_confidence",
        "declined_twice",
        "complex",
        "complaint",
        "suggestion",
        "report",
        "appeal",
        "sensitive",
        CRISIS,
    }
)
HANDOFF: Final = "handoff"
OFFER: Final = "offer"
TICKET: Final = "ticket"
CONSEQUENCES: Final = frozenset({HANDOFF, OFFER, TICKET})
TICKET_KINDS: Final = frozenset({"question", "complaint", "suggestion", "report"})
# The acts after which rules are asked; the domain has more (a test holds that these are among them).
INTENTS: Final = frozenset(
    {
        "ask_question",
        "nlu_fallback",
        "choose_option",
        "affirm",
        "deny",
        "ask_human",
        "complaint",
        "suggestion",
        "report",
        "leave_message",
        "check_ticket",
        "not_helpful",
        "crisis",
    }
)
_CONDITIONS: Final = frozenset({"intent", "words", "unless", "answer", "ticket", "misses"})


class RulesError(ValueError):
    """The file of rules cannot be used; the text says which rule, what is wrong and what is allowed."""


@dataclass(frozen=True)
class Situation:
    """What the rules look at.

    `text` is the normalised message; `answer_status` and `answer_reason` are of the knowledge service's answer to it,
    None before it was asked; `ticket` is the kind of the half-filled ticket, None without one; `misses` counts how
    often in a row the citizen was not helped, this time included.
    """

    intent: str
    text: str
    answer_status: str | None = None
    answer_reason: str | None = None
    ticket: str | None = None
    misses: int = 0


@dataclass(frozen=True)
class Rule:
    """One entry of the file. Empty conditions hold always; `misses` 0 asks for none."""

    name: str
    reason: str
    then: str
    intents: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None
    answer_statuses: frozenset[str] = frozenset()
    answer_reasons: frozenset[str] = frozenset()
    tickets: frozenset[str] = frozenset()
    misses: int = 0

    def holds(self, situation: Situation) -> bool:
        """Whether every condition of the rule is met."""
        return (
            (not self.intents or situation.intent in self.intents)
            and (not self.answer_statuses or situation.answer_status in self.answer_statuses)
            and (not self.answer_reasons or situation.answer_reason in self.answer_reasons)
            and (not self.tickets or situation.ticket in self.tickets)
            and situation.misses >= self.misses
            and (self.words is None or self.words.search(situation.text) is not None)
            and (self.unless is None or self.unless.search(situation.text) is None)
        )


@dataclass(frozen=True)
class Rules:
    """All rules, in their order."""

    rules: tuple[Rule, ...]
    miss_reasons: frozenset[str] = field(default_factory=frozenset)

    def decide(self, situation: Situation) -> Rule | None:
        """The first rule that holds, or None: nobody is asked."""
        return next((rule for rule in self.rules if rule.holds(situation)), None)

    def is_miss(self, status: str, reason: str | None) -> bool:
        """Whether an answer of this kind did not help."""
        return status == NO_ANSWER and reason in self.miss_reasons


@cache
def load() -> Rules:
    """The rules of the file, read once per process.

    Raises:
        RulesError: the file is not as it should be.
    """
    return read(RULES_PATH.read_text(encoding="utf-8"))


def read(text: str) -> Rules:
    """Rules from YAML.

    Raises:
        RulesError: it is not YAML, or not as described at its head.
    """
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RulesError(say("rules.not_yaml", detail=error)) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("rules"), list) or not raw["rules"]:
        raise RulesError(say("rules.no_rules"))
    unknown = set(raw) - {"rules", "miss_reasons"}
    if unknown:
        raise RulesError(say("rules.unknown_key", where=RULES_PATH.name, keys=_listed(unknown)))
    rules = tuple(_rule(entry, number) for number, entry in enumerate(raw["rules"], start=1))
    misses = _words_of(raw.get("miss_reasons", []), say("rules.head"), "miss_reasons", None)
    return Rules(rules, misses)


def _rule(entry: Any, number: int) -> Rule:
    name = entry.get("name") if isinstance(entry, dict) else None
    where = say("rules.where", number=number, name=name or "?")
    if not isinstance(entry, dict) or not isinstance(name, str) or not isinstance(entry.get("when"), dict):
        raise RulesError(say("rules.incomplete", where=where))
    when = entry["when"]
    unknown = (set(entry) - {"name", "when", "reason", "then"}) | (set(when) - _CONDITIONS)
    if unknown:
        raise RulesError(say("rules.unknown_key", where=where, keys=_listed(unknown)))
    if not set(when) - {"unless"}:
        raise RulesError(say("rules.no_condition", where=where))
    reason = _one_of(entry.get("reason"), REASONS, where, "reason")
    then = _one_of(entry.get("then"), CONSEQUENCES, where, "then")
    if reason == CRISIS and then != HANDOFF:
        raise RulesError(say("rules.crisis_waits", where=where))
    answer = when.get("answer", {})
    if not isinstance(answer, dict) or set(answer) - {"status", "reason"}:
        raise RulesError(say("rules.bad_answer", where=where))
    misses = when.get("misses", 0)
    if not isinstance(misses, int) or isinstance(misses, bool) or ("misses" in when and misses < 1):
        raise RulesError(say("rules.bad_misses", where=where, value=misses))
    return Rule(
        name=name,
        reason=reason,
        then=then,
        intents=_words_of(when.get("intent", []), where, "intent", INTENTS),
        words=_pattern(when, "words", where),
        unless=_pattern(when, "unless", where),
        answer_statuses=_words_of(answer.get("status", []), where, "answer.status", STATUSES),
        answer_reasons=_words_of(answer.get("reason", []), where, "answer.reason", None),
        tickets=_words_of(when.get("ticket", []), where, "ticket", TICKET_KINDS),
        misses=misses,
    )


def _one_of(value: Any, allowed: frozenset[str], where: str, key: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise RulesError(
            say("rules.not_allowed", where=where, key=key, value=value, allowed=_listed(allowed))
        )
    return value


def _words_of(value: Any, where: str, key: str, allowed: frozenset[str] | None) -> frozenset[str]:
    """A list of words, each among the allowed ones where those are closed."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise RulesError(say("rules.no_list", where=where, key=key))
    if allowed is not None:
        for word in value:
            _one_of(word, allowed, where, key)
    return frozenset(value)


def _pattern(when: dict[str, Any], key: str, where: str) -> re.Pattern[str] | None:
    if key not in when:
        return None
    alternatives = when[key]
    if (
        not isinstance(alternatives, list)
        or not alternatives
        or not all(isinstance(a, str) for a in alternatives)
    ):
        raise RulesError(say("rules.no_list", where=where, key=key))
    for alternative in alternatives:
        try:
            re.compile(alternative)
        except re.error as error:
            raise RulesError(
                say("rules.bad_pattern", where=where, key=key, pattern=alternative, detail=error)
            ) from error
    return re.compile("|".join(f"(?:{alternative})" for alternative in alternatives))


def _listed(words: frozenset[str] | set[Any]) -> str:
    return say("rules.and").join(sorted(map(str, words)))
