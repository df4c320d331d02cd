"""What a citizen says to the desk as a command: back to the bot, leave a ticket, how far, end."""

import re
from collections.abc import Callable
from typing import Literal

from desk.texts import Texts, plain

Command = Literal["return", "ticket", "place", "end"]
_CLAUSE = re.compile(r"[\s,，.。;；!！?？~～、]+")


class Commands:
    """
    Args:
        texts: the desk's Chinese texts (`commands`).
        simplify: one spelling for every message: Simplified Chinese, half width.
    """

    LONGEST = 20
    """A longer message tells something; its last words are no command."""

    def __init__(self, texts: Texts, simplify: Callable[[str], str]) -> None:
        self._simplify = simplify
        around = {name: "|".join(texts.words(f"commands.{name}")) for name in ("before", "after", "courtesy")}
        self._around = re.compile(f"^(?:{around['before']})+|(?:{around['after']})+$")
        self._courtesy = re.compile(around["courtesy"])
        self._words: dict[str, Command] = {
            self._bare(word): name
            for name in ("return", "ticket", "place", "end")
            for word in texts.words(f"commands.{name}")
        }

    def read(self, text: str) -> Command | None:
        """The command that the message ends with, such as 不想等了，返回; None for anything else."""
        if len(text) > self.LONGEST:
            return None
        clauses = [each for each in _CLAUSE.split(self._simplify(text)) if each]
        while len(clauses) > 1 and self._courtesy.fullmatch(clauses[-1]):
            clauses.pop()
        return self._words.get(self._bare(clauses[-1])) if clauses else None

    def _bare(self, clause: str) -> str:
        words = plain(clause)
        return self._around.sub("", words) or words
