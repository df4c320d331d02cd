"""The cells of a web page's table, with their places and spans."""

from collections.abc import Callable

from lxml import html

from knowledge.content.formats.grid import MAX_CELLS, MAX_COLUMNS, Cell
from knowledge.content.problems import ContentError


def owner(row: html.HtmlElement) -> html.HtmlElement | None:
    """The table that a row belongs to, where tables stand inside tables."""
    return next(row.iterancestors("table"), None)


def cells_of(
    rows: list[html.HtmlElement], text_of: Callable[[html.HtmlElement], str]
) -> tuple[list[Cell], int]:
    """The cells of ``rows``, and how many rows from the first the page marks as header.

    Raises:
        ContentError: ``table_too_large``.
    """
    cells: list[Cell] = []
    taken: set[tuple[int, int]] = set()
    header_rows, in_header = 0, True
    limit = min(MAX_COLUMNS, sum(1 for row in rows for cell in row if cell.tag in ("td", "th")))
    for row_number, row in enumerate(rows):
        own = [cell for cell in row if cell.tag in ("td", "th")]
        in_header &= bool(own) and (all(cell.tag == "th" for cell in own) or row.getparent().tag == "thead")
        header_rows += in_header
        column = 0
        for cell in own:
            while (row_number, column) in taken:
                column += 1
            height, width = _span(cell, "rowspan", len(rows) - row_number), _span(cell, "colspan", limit)
            cells.append(Cell(row_number, column, text_of(cell), height, width))
            if len(taken) + height * width > MAX_CELLS:
                raise ContentError("table_too_large", columns=MAX_COLUMNS, cells=MAX_CELLS)
            if height * width > 1:
                taken |= {
                    (row_number + down, column + right) for down in range(height) for right in range(width)
                }
            column += width
    return cells, header_rows


def _span(cell: html.HtmlElement, name: str, limit: int) -> int:
    value = cell.get(name, "1").strip()
    # rowspan="0" reaches to the end of the table.
    return min(int(value) or limit, limit) if value.isdecimal() and len(value) < 6 else 1
