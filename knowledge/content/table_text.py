"""Markdown tables: how a row is written, read back, and shown to people.

``|`` in a cell is written ``\\|`` and a line end ``<br>``, as GitHub Flavored Markdown has it.
"""

import re
from collections.abc import Sequence

_SEPARATOR = re.compile(r"(?<!\\)\|")
_BREAK = re.compile(r"\s{0,3}<br\s?/?>\s{0,3}", re.I)
_RULE_CELL = re.compile(r"\s{0,50}:?-{1,500}:?\s{0,50}\Z")


def write_row(cells: Sequence[str]) -> str:
    """One line: ``| 甲 | 乙 |``."""
    return "| " + " | ".join(_escape(cell) for cell in cells) + " |"


def write_rule(columns: int) -> str:
    """The line between header and rows."""
    return write_row(["---"] * columns)


def read_row(line: str) -> list[str]:
    """The cells of a line of a table; what spans lines in a cell has ``\\n`` in it."""
    line = line.strip()
    parts = _SEPARATOR.split(line)
    if parts and not parts[0].strip() and line.startswith("|"):
        parts = parts[1:]
    if parts and not parts[-1].strip():
        parts = parts[:-1]
    return [_BREAK.sub("\n", part.strip()).replace("\\|", "|") for part in parts]


def is_rule(line: str) -> bool:
    """Whether ``line`` is the rule below a table's header."""
    parts = line.strip().strip("|").split("|")
    return "-" in line and all(_RULE_CELL.match(part) for part in parts)


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """A row as a sentence that carries its header: ``项目：证照；金额：10元``. Empty cells are left out."""
    shown = []
    for index, cell in enumerate(cells):
        name = header[index] if index < len(header) else ""
        if cell and cell != name:
            shown.append(f"{name}：{cell}" if name else cell)
        elif cell:
            shown.append(cell)
    return "；".join(shown)


def _escape(cell: str) -> str:
    lines = [line.strip() for line in cell.split("\n")]
    return "<br>".join(line for line in lines if line).replace("|", "\\|")
