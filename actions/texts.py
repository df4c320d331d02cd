"""The actions' words, from texts.yml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEXTS_PATH = Path(__file__).with_name("texts.yml")


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEXTS_PATH.read_text(encoding="utf-8"))
    return loaded


def say(key: str, /, **values: object) -> str:
    """The text at a dotted key, with its variables filled in.

    Example:
        >>> say("handoff_status.claimed", number="A7")
        '人工服务 A7：工作人员已经接手，会在这里回复您。'

    Raises:
        KeyError: there is no such text, or a variable it uses was not given.
    """
    entry: Any = _texts()
    for part in key.split("."):
        entry = entry[part]
    return str(entry).format(**values)


def shorten(text: str, most: int) -> str:
    """A text on one line of at most `most` characters, with a mark where something was cut off."""
    line = " ".join(text.split())
    mark = say("cut")
    return line if len(line) <= most else line[: most - len(mark)] + mark
