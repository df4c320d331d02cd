"""What is wrong in a content file, said to the editor: file, row, column, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

_LONGEST = 400
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Problem:
    """``error``: not imported; ``warning``: imported, something seems wrong; ``note``: imported, to be confirmed.

    ``row`` is a line of a document or a row of a table, from 1; 0 when it concerns the whole file.

    ``column`` is a column's name or a front matter key, or empty. Decide by ``code`` (a key of
    ``texts.yml``), never by ``message``, which is Chinese and for people.
    """

    severity: Severity
    file: str
    row: int
    column: str
    message: str
    code: str

    def __str__(self) -> str:
        row = _texts()["line_row"].format(row=self.row) if self.row else ""
        column = _texts()["line_column"].format(column=self.column) if self.column else ""
        line = _texts()[f"line_{self.severity}"]
        return line.format(file=self.file, row=row, column=column, message=self.message)


class ContentError(ValueError):
    """Content that cannot be written or read at all. The message is for people; ``code`` is for programs."""

    def __init__(self, code: str, /, **values: object) -> None:
        super().__init__(message(code, **values))
        self.code = code
        self.values = values


class ProblemList:
    """Collects the problems of one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.items: list[Problem] = []

    def error(self, code: str, row: int = 0, column: str = "", /, **values: object) -> None:
        self.items.append(Problem("error", self._file, row, column, message(code, **values), code))

    def warning(self, code: str, row: int = 0, column: str = "", /, **values: object) -> None:
        self.items.append(Problem("warning", self._file, row, column, message(code, **values), code))

    def note(self, code: str, row: int = 0, column: str = "", /, **values: object) -> None:
        self.items.append(Problem("note", self._file, row, column, message(code, **values), code))

    @property
    def has_errors(self) -> bool:
        return any(problem.severity == "error" for problem in self.items)


def message(code: str, /, **values: object) -> str:
    """The Chinese text of ``code`` with its values; long values are cut."""
    return _texts()[code].format_map({key: _short(value) for key, value in values.items()})


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


@cache
def _texts() -> Mapping[str, str]:
    texts: dict[str, str] = yaml.safe_load(
        files(__package__).joinpath("texts.yml").read_text(encoding="utf-8")
    )
    return texts
