"""The rules of tickets, read from one YAML file and checked when it is read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml

from desk.texts import Texts
from desk.tickets.records import Kind

DEFAULT_RULES = Path(__file__).with_name("tickets.yml")
LIMITED = ("subject", "details", "place", "contact", "department", "reason", "note", "result")
DEPARTMENT_COLUMN = 128
_SECTIONS = ("working_days", "remind_before", "reopen_days", "hops", "limits")


class RulesError(ValueError):
    """The rules have an unknown, missing or impossible entry. The message is Chinese and names it."""


@dataclass(frozen=True)
class Rules:
    """Everything in `tickets.yml`, which explains each entry."""

    working_days: dict[Kind, int]
    remind_before: int
    reopen_days: int
    hops: int
    limits: dict[str, int]

    @property
    def reopen_seconds(self) -> float:
        return self.reopen_days * 24 * 3600.0


def load_rules(path: Path | None, texts: Texts) -> Rules:
    """Read the rules.

    Args:
        path: the file; `None` takes the `tickets.yml` beside this module.
        texts: the tickets' Chinese texts, for the errors.

    Raises:
        RulesError: naming the file and the entry that is wrong.
    """
    path = path or DEFAULT_RULES
    check = _Check(path, texts)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise check.error("unreadable", error=error) from error
    check.names(data, "", _SECTIONS)
    kinds = get_args(Kind)
    check.names(data["working_days"], "working_days", kinds)
    check.names(data["limits"], "limits", LIMITED)
    rules = Rules(
        working_days={kind: check.number(data["working_days"], "working_days", kind) for kind in kinds},
        remind_before=check.number(data, "", "remind_before", least=0),
        reopen_days=check.number(data, "", "reopen_days"),
        hops=check.number(data, "", "hops", least=0),
        limits={name: check.number(data["limits"], "limits", name) for name in LIMITED},
    )
    shortest = min(rules.working_days, key=lambda kind: rules.working_days[kind])
    if rules.remind_before >= rules.working_days[shortest]:
        raise check.error("remind", days=rules.remind_before, kind=shortest)
    if rules.limits["department"] > DEPARTMENT_COLUMN:
        raise check.error("department", limit=DEPARTMENT_COLUMN, value=rules.limits["department"])
    return rules


class _Check:
    def __init__(self, path: Path, texts: Texts) -> None:
        self._path = path
        self._texts = texts

    def error(self, key: str, **values: object) -> RulesError:
        return RulesError(self._texts.say(f"rules.{key}", path=self._path, **values))

    def names(self, data: Any, section: str, wanted: tuple[str, ...]) -> None:
        """Is it a mapping with exactly these entries?"""
        where = section or self._texts.say("rules.top")
        if not isinstance(data, dict):
            raise self.error("no_section", section=where)
        if missing := [name for name in wanted if name not in data]:
            raise self.error("missing", section=where, names="、".join(missing))
        if unknown := [str(name) for name in data if name not in wanted]:
            raise self.error("unknown", section=where, names="、".join(unknown))

    def number(self, data: dict[str, Any], section: str, name: str, least: int = 1) -> int:
        value = data[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            where = f"{section}.{name}" if section else name
            raise self.error("number", name=where, least=least, value=repr(value))
        return value
