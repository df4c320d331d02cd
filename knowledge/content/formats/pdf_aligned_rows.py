"""The rows that lines of aligned cells form, each cell with all its lines."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf

from knowledge.content.formats.pdf_lines import WIDE, Line
from knowledge.content.formats.pdf_paragraphs import paragraphs
from knowledge.content.markers import detect

# In characters.
_APART = 0.2  # a gap between rows is so much wider than one between the lines of a cell
_FAR = 2.5  # below a wider gap the table does not go on
_FULL = 1.6  # a cell's line that ends so near its column's end goes on in the next line
_NOTE = re.compile(r"(?:注|说明|备注)\s?\d{0,2}\s?[：:、.．]")

Span = tuple[float, float]


@dataclass
class Row:
    """``cells`` are the lines of each cell, by its column."""

    lines: list[Line]
    cells: dict[int, list[Line]]

    def text(self, column: int) -> str:
        return "\n".join(part.text for part in paragraphs(self.cells.get(column, [])))

    def name(self, column: int) -> str:
        return "".join(line.text for line in self.cells.get(column, []))


def rows_of(lines: list[Line], columns: list[Span]) -> list[Row]:
    """The rows that the first of these lines form, as far as they keep to the columns."""
    block, widest = _block(lines, columns)
    # Even in line with the first column, and as near as a row, a heading is none.
    end = next((index for index in range(1, block) if _is_heading(lines, index, widest)), block)
    while end:
        _, spans = _block(lines[:end], columns)
        by_gaps = _by_gaps(lines[:end], spans)
        rows = _by_lines(lines[:end], spans) if by_gaps == [] else by_gaps or []
        good = 0
        while good < len(rows) and len(rows[good].cells) > 1:
            good += 1
        if good == len(rows):
            # What would go on below a line that is no row is no clear table.
            return [] if any(_is_spread(line, widest) for line in lines[end:block]) else rows
        end = sum(len(row.lines) for row in rows[:good])
    return []


def _block(lines: list[Line], columns: list[Span]) -> tuple[int, list[Span]]:
    """How many of the lines keep to the columns, and from where to where these then go."""
    spans = list(columns)
    bottom = lines[0].bottom
    for index, line in enumerate(lines):
        pieces = line.pieces or (line,)
        # A whole line's cells are those of the columns in their order, whether they overlap with the header or not.
        at = (
            range(len(spans)) if len(pieces) == len(spans) else [_column_of(piece, spans) for piece in pieces]
        )
        wider = list(spans)
        for piece, column in zip(pieces, at, strict=True):
            if column is None:
                return index, spans
            wider[column] = (min(wider[column][0], piece.x0), max(wider[column][1], piece.x1))
        gaps = [right[0] - left[1] for left, right in pairwise(wider)]
        if line.top - bottom > _FAR * line.size or min(gaps, default=0.0) < WIDE * line.size:
            return index, spans
        spans, bottom = wider, max(bottom, line.bottom)
    return len(lines), spans


def _is_heading(lines: list[Line], index: int, columns: list[Span]) -> bool:
    """Whether a line in the first column says that something else begins: a heading, an annex or a note."""
    line = lines[index]
    if line.pieces or _column_of(line, columns) != 0 or line.top < lines[index - 1].bottom:
        return False  # beside what is above it stands a cell in the middle of its row's height
    marker = detect(line.text)
    # ``（一）`` alone numbers a row.
    numbers = marker is not None and marker.family == "item" and len(line.text) <= len(marker.label) + 1
    return bool(_NOTE.match(line.text)) or (marker is not None and not numbers)


def _is_spread(line: Line, columns: list[Span]) -> bool:
    """Whether it has something in more than one column, as a row has, and not only ``1.`` before its text."""
    return len({_column_of(piece, columns) for piece in line.pieces}) > 1


def _column_of(piece: Line, columns: list[Span]) -> int | None:
    """The one column that the piece stands in, if it is one."""
    at = [index for index, (left, right) in enumerate(columns) if piece.x0 <= right and left <= piece.x1]
    return at[0] if len(at) == 1 else None


def _by_gaps(lines: list[Line], columns: list[Span]) -> list[Row] | None:
    """Rows with space between them; an empty list where all gaps are alike, ``None`` where they do not tell."""
    bottoms = accumulate((line.bottom for line in lines), max)
    gaps = [line.top - bottom for line, bottom in zip(lines[1:], bottoms, strict=False)]
    if len(lines) > 1 and _is_whole(lines[1], len(columns)):
        gaps[0] = inf  # a header is a row by itself, however near the next one is
    limit = min(gaps, default=0.0) + _APART * lines[0].size
    rows = _grouped(lines, columns, lambda index: gaps[index - 1] > limit)
    several = sum(sum(_is_whole(line, len(columns)) for line in row.lines) > 1 for row in rows)
    if 3 * several > len(rows):
        return []  # wide gaps only below the header, or between groups of rows
    return None if several else rows


def _by_lines(lines: list[Line], columns: list[Span]) -> list[Row]:
    """Each line is a row, but for those in which a cell of the row above goes on."""

    def goes_on(index: int) -> bool:
        pieces = lines[index].pieces or (lines[index],)
        above = {
            _column_of(piece, columns): piece for piece in lines[index - 1].pieces or (lines[index - 1],)
        }
        return not _is_whole(lines[index], len(columns)) and all(
            column in above
            and column is not None
            and above[column].x1 > columns[column][1] - _FULL * piece.size
            for piece in pieces
            for column in [_column_of(piece, columns)]
        )

    return _grouped(lines, columns, lambda index: not goes_on(index))


def _is_whole(line: Line, columns: int) -> bool:
    """Whether a line may be a row by itself: at most one cell is empty."""
    return len(line.pieces) >= max(2, columns - 1)


def _grouped(lines: list[Line], columns: list[Span], begins: Callable[[int], bool]) -> list[Row]:
    rows: list[Row] = []
    for index, line in enumerate(lines):
        if not rows or begins(index):
            rows.append(Row([], {}))
        rows[-1].lines.append(line)
        for piece in line.pieces or (line,):
            column = _column_of(piece, columns)
            assert column is not None
            rows[-1].cells.setdefault(column, []).append(piece)
    return rows


def around(spans: list[Span]) -> Span:
    """From where the first of them begins to where the last one ends."""
    return min(span[0] for span in spans), max(span[1] for span in spans)
