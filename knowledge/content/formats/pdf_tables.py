"""Ruled tables on PDF pages, joined where they run over a page's end."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from pdfplumber.page import Page

from knowledge.content.formats.blocks import Table
from knowledge.content.formats.grid import Cell
from knowledge.content.formats.pdf_chars import Char
from knowledge.content.formats.pdf_lines import Line, Spaces, lines_of
from knowledge.content.formats.pdf_paragraphs import paragraphs

CONTINUED = re.compile(r"[（(]?(?:续\s?表|表\s?\d{0,3}\s?[（(]?续)\s?[\d.\-]{0,6}\s?[）)]?\Z")
_SAME = 3.0  # points: borders this close are one
_HEADER_ROWS = 3  # the most rows of a header that comes again on the next page
_SAME_COLUMNS = 6.0  # points: how far a column may be off on the next page


@dataclass
class PageTable:
    """``columns`` are the columns' left borders; all places in points."""

    cells: list[Cell]
    columns: list[float]
    left: float
    top: float
    right: float
    bottom: float
    page: int

    @property
    def row_count(self) -> int:
        return max(cell.row + cell.rows for cell in self.cells)

    def block(self) -> Table:
        return Table(tuple(self.cells))


def tables_of(page: Page, chars: list[Char], spaces: Spaces) -> tuple[list[PageTable], set[int]]:
    """The tables of a page, and the ids of the characters that are inside them."""
    tables: list[PageTable] = []
    inside: set[int] = set()
    corner = (float(page.bbox[0]), float(page.bbox[1])) * 2
    for found in page.find_tables({"snap_tolerance": _SAME, "intersection_tolerance": _SAME}):
        boxes = [
            tuple(float(each) - start for each, start in zip(box, corner, strict=True)) for box in found.cells
        ]
        lefts = _borders([box[0] for box in boxes])
        tops = _borders([box[1] for box in boxes])
        cells: list[Cell] = []
        taken: set[int] = set()
        for x0, top, x1, bottom in boxes:
            own = [
                char for char in chars if _holds(char, x0, top, x1, bottom) and id(char) not in inside | taken
            ]
            row, column = _index(tops, top), _index(lefts, x0)
            rows, columns = _before(tops, bottom) - row, _before(lefts, x1) - column
            text = "\n".join(part.text for part in paragraphs(lines_of(own, spaces, page.page_number)))
            cells.append(Cell(row, column, text, max(1, rows), max(1, columns)))
            taken |= {id(char) for char in own}
        # A frame without text, or one cell: a drawn box, not a table.
        if taken and len(boxes) > 1:
            left, top, right, bottom = (
                float(each) - start for each, start in zip(found.bbox, corner, strict=True)
            )
            tables.append(PageTable(cells, lefts, left, top, right, bottom, page.page_number))
            inside |= taken
    return tables, inside


def join_tables(items: list[Line | PageTable]) -> list[Line | PageTable]:
    """Tables that follow each other on consecutive pages with the same columns are one; a repeated header goes.

    So does a line between them that only says that the table goes on (续表).
    """
    joined: list[Line | PageTable] = []
    for item in items:
        said = bool(joined) and isinstance(joined[-1], Line) and bool(CONTINUED.match(joined[-1].text))
        before = joined[-2 if said and len(joined) > 1 else -1] if joined else None
        if isinstance(item, PageTable) and isinstance(before, PageTable) and _goes_on(before, item):
            if said:
                joined.pop()
            joined[-1] = _join(before, item)
        else:
            joined.append(item)
    return joined


def _goes_on(before: PageTable, after: PageTable) -> bool:
    return (
        after.page == before.page + 1
        and len(before.columns) == len(after.columns)
        and all(
            abs(one - other) < _SAME_COLUMNS for one, other in zip(before.columns, after.columns, strict=True)
        )
    )


def _join(before: PageTable, after: PageTable) -> PageTable:
    height, repeated = before.row_count, _repeated_rows(before, after)
    kept = list(before.cells)
    for cell in after.cells:
        moved = replace(cell, row=cell.row - repeated + height)
        if cell.row < repeated:
            continue
        # A merged cell goes on: the empty one at the top of the page is the last one above it.
        above = next((each for each in kept if _ends_above(each, moved)), None)
        if above is not None and moved.row == height and not moved.text and moved.column == 0:
            kept[kept.index(above)] = replace(above, rows=above.rows + moved.rows)
        else:
            kept.append(moved)
    return replace(before, cells=kept, page=after.page)


def _repeated_rows(before: PageTable, after: PageTable) -> int:
    count = 0
    while count < min(_HEADER_ROWS, after.row_count) and (
        _texts(before.cells, count) == _texts(after.cells, count) and any(_texts(after.cells, count))
    ):
        count += 1
    return count


def _ends_above(upper: Cell, lower: Cell) -> bool:
    return (
        upper.column == lower.column
        and upper.columns == lower.columns
        and upper.row + upper.rows == lower.row
    )


def _texts(cells: list[Cell], row: int) -> list[str]:
    return [
        "".join(cell.text.split()) for cell in sorted(cells, key=lambda each: each.column) if cell.row == row
    ]


def _borders(values: list[float]) -> list[float]:
    borders: list[float] = []
    for value in sorted(values):
        if not borders or value - borders[-1] > _SAME:
            borders.append(value)
    return borders


def _index(borders: list[float], value: float) -> int:
    return max(0, bisect_right(borders, value + _SAME) - 1)


def _before(borders: list[float], value: float) -> int:
    """How many borders lie before ``value``."""
    return bisect_right(borders, value - _SAME)


def _holds(char: Char, x0: float, top: float, x1: float, bottom: float) -> bool:
    return x0 <= (char.x0 + char.x1) / 2 < x1 and top <= char.middle < bottom
