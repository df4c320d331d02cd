"""The desk's rules, read once from `rules.yml` and the city's own file over it."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from desk.texts import Texts

DEFAULT_RULES = Path(__file__).with_name("rules.yml")


class RulesError(ValueError):
    """A rules file cannot be used; the text (Chinese) says which file, where, and what to do."""


@dataclass(frozen=True)
class Assigning:
    """See rules.yml; durations in seconds."""

    automatic: bool
    capacity: int
    present_for: float
    gone_after: float
    answer_within: float
    answer_within_busy: float


@dataclass(frozen=True)
class Waiting:
    """See rules.yml; durations in seconds."""

    tell_every: float
    offer_ticket_after: float
    ticket_after: float
    break_of: float
    added_within: float
    hops: int


@dataclass(frozen=True)
class Estimate:
    """See rules.yml; durations in seconds."""

    served: int
    at_least: int
    within: float
    round_to: float
    longest: float


@dataclass(frozen=True)
class ServingRules:
    """See rules.yml; durations in seconds."""

    answer_within: float
    idle_after: float


@dataclass(frozen=True)
class OutsideRules:
    """See rules.yml; durations in seconds."""

    accept_within: float
    quiet_for: float


@dataclass(frozen=True)
class RatingRules:
    """See rules.yml; durations in seconds."""

    open_for: float
    bad: int


@dataclass(frozen=True)
class Rules:
    """All of it. `department_names`: words citizens use, by department."""

    default_department: str
    department_names: dict[str, list[str]]
    assigning: Assigning
    waiting: Waiting
    estimate: Estimate
    serving: ServingRules
    outside: OutsideRules
    rating: RatingRules


_Section = TypeVar("_Section")


def load_rules(path: Path | None = None) -> Rules:
    """The desk's own rules, with what `path` names in their place.

    Raises:
        RulesError: the file cannot be read, names something unknown, or a value is not of its kind.
    """
    values = _read(DEFAULT_RULES)
    if path is not None:
        for key, value in _read(path).items():
            if key not in values:
                raise _error("unknown", path, key=key, known=_listed(values))
            own = values[key]
            merges = isinstance(own, dict) and isinstance(value, dict)
            values[key] = {**own, **value} if merges else value
    file = path or DEFAULT_RULES
    names = values["department_names"]
    if not isinstance(names, dict) or not all(isinstance(words, list) for words in names.values()):
        raise _error("names", file)
    default = values["default_department"]
    if not isinstance(default, str) or not default.strip():
        raise _error("default", file)
    return Rules(
        default_department=default.strip(),
        department_names={str(name): [str(word) for word in words] for name, words in names.items()},
        assigning=_section(file, values, "assigning", Assigning),
        waiting=_section(file, values, "waiting", Waiting),
        estimate=_section(file, values, "estimate", Estimate),
        serving=_section(file, values, "serving", ServingRules),
        outside=_section(file, values, "outside", OutsideRules),
        rating=_section(file, values, "rating", RatingRules),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _error("unreadable", path, why=error.strerror) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _error("not_yaml", path, why=error) from error
    if not isinstance(loaded, dict):
        raise _error("no_mapping", path)
    return loaded


def _section(file: Path, values: dict[str, Any], name: str, kind: type[_Section]) -> _Section:
    given = values[name]
    wanted = {field.name: field.type for field in fields(kind)}  # type: ignore[arg-type]
    if not isinstance(given, dict):
        raise _error("no_section", file, name=name, known=_listed(wanted))
    for key, value in given.items():
        if key not in wanted:
            raise _error("unknown", file, key=f"{name}.{key}", known=_listed(wanted))
        if wanted[key] is bool:
            fits = isinstance(value, bool)
        else:
            whole = wanted[key] is int
            fits = (
                isinstance(value, int if whole else int | float) and not isinstance(value, bool) and value > 0
            )
        if not fits:
            raise _error(
                "not_boolean" if wanted[key] is bool else "not_positive",
                file,
                key=f"{name}.{key}",
                value=value,
            )
    return kind(**given)


def _error(text: str, file: Path, **values: object) -> RulesError:
    return RulesError(Texts().say(f"rules.{text}", file=file, **values))


def _listed(names: Iterable[str]) -> str:
    return Texts().say("rules.and").join(names)
