"""What stands at each height of a PDF page, and what of it is in a column."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from knowledge.content.formats.pdf_chars import Char
from knowledge.content.formats.pdf_lines import Column, Line, Spaces, lines_of, rows_of, wide_runs
from knowledge.content.formats.pdf_tables import PageTable


@dataclass
class Row:
    """What stands at one height: from where to where text or a table goes there."""

    top: float
    bottom: float
    spans: list[tuple[float, float]]
    chars: list[Char] = field(default_factory=list)
    table: PageTable | None = None

    def is_at(self, left: float, right: float) -> bool:
        """Whether anything stands between ``left`` and ``right``. The spans are in order, with gaps between."""
        index = bisect_left(self.spans, (right,)) - 1
        return index >= 0 and self.spans[index][1] > left


def page_rows(chars: list[Char], tables: list[PageTable]) -> list[Row]:
    """The rows of a page, from top to bottom."""
    rows = [
        Row(min(char.top for char in row), max(char.bottom for char in row), _spans(row), row)
        for row in rows_of(chars)
    ]
    rows += [Row(table.top, table.bottom, [(table.left, table.right)], table=table) for table in tables]
    return sorted(rows, key=lambda row: row.top)


def items_of(
    rows: list[Row], spaces: Spaces, page: int, columns: Sequence[Column] = (), number: int = 0
) -> list[Line | PageTable]:
    """What stands in one of the columns, or in these rows where there are none, from top to bottom."""
    # Each column up to the middle of its gutters, so that nothing is left between them.
    low = (columns[number - 1].right + columns[number].left) / 2 if number else -inf
    high = (columns[number].right + columns[number + 1].left) / 2 if number + 1 < len(columns) else inf

    def inside(left: float, right: float) -> bool:
        return low <= (left + right) / 2 < high

    chars = [char for row in rows for char in row.chars if inside(char.x0, char.x1)]
    tables = [row.table for row in rows if row.table and inside(row.table.left, row.table.right)]
    lines = lines_of(chars, spaces, page, columns[number] if columns else None)
    return sorted([*lines, *tables], key=lambda item: item.top)


def step(above: Row | Line, below: Row | Line) -> float:
    """How far one line is from the next; by the nearer end, where lines of two columns are not quite level."""
    return min(below.top - above.top, below.bottom - above.bottom)


def is_below(row: Row, above: Row) -> bool:
    """Whether a part of ``row`` stands below a part of ``above``: those of another column do not."""
    return any(above.is_at(*span) for span in row.spans)


def _spans(row: list[Char]) -> list[tuple[float, float]]:
    return [(run[0].x0, max(char.x1 for char in run)) for run in wide_runs(row)]
