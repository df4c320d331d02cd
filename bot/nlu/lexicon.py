"""Reads `lexicon.yml`, the words by which an act is told from a question."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

LEXICON_PATH = Path(__file__).with_name("lexicon.yml")


@dataclass(frozen=True)
class Certainty:
    """An intent that holds whenever `cue` matches and `unless` does not."""

    intent: str
    cue: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True)
class ActRule:
    """When the classifier's word for an act is believed.

    `needs`: one of these must be there. `unless`: none of these may be. `phrases` are the act's own words,
    `rest` is how many characters may be left beside them (None: any number), `curious` whether what is left
    may ask something.
    """

    needs: re.Pattern[str] | None
    phrases: re.Pattern[str] | None
    rest: int | None
    curious: bool
    unless: re.Pattern[str] | None


@dataclass(frozen=True)
class Lexicon:
    """The compiled lexicon; every pattern is for normalised text (NFKC, Simplified, lower case)."""

    courtesy_before: re.Pattern[str]
    courtesy_after: re.Pattern[str]
    filler: re.Pattern[str]
    asking: re.Pattern[str]
    certain: tuple[Certainty, ...]
    acts: dict[str, ActRule]


def either(patterns: Sequence[str], where: str) -> re.Pattern[str]:
    """Compile alternatives into one pattern.

    Raises:
        ValueError: a pattern does not compile; `where` says which entry of the file it is in.
    """
    try:
        return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    except re.error as error:
        raise ValueError(f"{LEXICON_PATH.name}, {where}: {error} in {error.pattern!r}") from error


def _optional(entry: dict[str, Any], key: str, where: str) -> re.Pattern[str] | None:
    patterns = entry.get(key)
    return either(patterns, f"{where}.{key}") if patterns else None


@cache
def load() -> Lexicon:
    """The lexicon, read once per process.

    Raises:
        ValueError: a pattern does not compile.
        KeyError: a section is missing.
    """
    raw = yaml.safe_load(LEXICON_PATH.read_text(encoding="utf-8"))
    before = either(raw["courtesy"]["before"], "courtesy.before").pattern
    after = either(raw["courtesy"]["after"], "courtesy.after").pattern
    pause = r"[\s,.!?~、。…;:]*"
    return Lexicon(
        courtesy_before=re.compile(rf"^(?:(?:{before}){pause})+"),
        courtesy_after=re.compile(rf"(?:{pause}(?:{after}))+{pause}$"),
        filler=either(raw["filler"], "filler"),
        asking=either(raw["asking"], "asking"),
        certain=tuple(
            Certainty(
                intent=entry["intent"],
                cue=either(entry["cue"], f"certain[{number}].cue"),
                unless=_optional(entry, "unless", f"certain[{number}]"),
            )
            for number, entry in enumerate(raw["certain"], start=1)
        ),
        acts={
            intent: ActRule(
                needs=_optional(entry, "needs", f"acts.{intent}"),
                phrases=_optional(entry, "phrases", f"acts.{intent}"),
                rest=entry.get("rest"),
                curious=bool(entry.get("curious", False)),
                unless=_optional(entry, "unless", f"acts.{intent}"),
            )
            for intent, entry in raw["acts"].items()
        },
    )


def fingerprint(*code: str) -> str:
    """Changes whenever the lexicon, its reader or a component's modules do, so that Rasa trains again.

    Args:
        code: the files the component consists of; Rasa by itself looks at the text of the class only.
    """
    digest = hashlib.sha256()
    for path in (LEXICON_PATH, Path(__file__), *map(Path, code)):
        digest.update(path.read_bytes())
    return digest.hexdigest()
