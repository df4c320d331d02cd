"""From cells that may span rows and columns to a plain table: one header, rows of equal width, no gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from knowledge.content.problems import ContentError

# No real table is larger. Spans that a file only claims are cut there, so that they cannot fill the memory.
MAX_COLUMNS = 200
MAX_CELLS = 400_000
_HEADER_JOIN = "·"


@dataclass(frozen=True)
class Cell:
    """``row`` and ``column`` count from 0; ``rows`` and ``columns`` are how many the cell spans."""

    row: int
    column: int
    text: str
    rows: int = 1
    columns: int = 1


@dataclass
class Grid:
    """``before`` and ``after`` are what stood over the whole width at the top (a title) and the end (a note).

    In ``after`` is also what a broken table puts where another cell is.
    Where there is no table in it (one row, one column: a frame around text), everything is in ``before``.
    """

    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


_Row = list[Cell | None]


def arrange(cells: Sequence[Cell], header_rows: int | None = None) -> Grid:
    """Fill merged cells, take titles and notes out, and join a header of several rows into one.

    A header is as deep as its deepest cell when one of its cells spans columns (``标准`` above ``甲`` and
    ``乙``), else one row; ``header_rows`` overrules that.

    Raises:
        ContentError: ``table_too_large``.
    """
    placed = _place(cells)
    rows = _without_doubled_columns(placed)
    grid = Grid()
    shown = {id(cell) for row in placed for cell in row}
    grid.after = [cell.text for cell in cells if cell.text and id(cell) not in shown]
    if not rows or len(rows[0]) == 1:
        grid.before = _texts(cell for row in rows for cell in row)
        return grid
    while rows and _spans_all(rows[0]) and len(rows) > 1:
        grid.before += _texts(rows.pop(0))
        header_rows = header_rows and header_rows - 1
    while rows and _spans_all(rows[-1]):
        grid.after[:0] = _texts(rows.pop())
    if len(rows) < 2:
        grid.before += _texts(cell for row in rows for cell in row)
        return grid
    depth = min(header_rows or _depth(rows[0]), len(rows) - 1)
    grid.header = [_header(rows[:depth], column) for column in range(len(rows[0]))]
    grid.rows = [_row(row) for row in rows[depth:]]
    return grid


def _place(cells: Sequence[Cell]) -> list[_Row]:
    last_column = max((cell.column for cell in cells), default=-1)
    width = min(MAX_COLUMNS, max((cell.column + cell.columns for cell in cells), default=0))
    height = max((cell.row for cell in cells), default=-1) + 1
    if last_column >= MAX_COLUMNS or width * height > MAX_CELLS:
        raise ContentError("table_too_large", columns=MAX_COLUMNS, cells=MAX_CELLS)
    rows: list[_Row] = [[None] * width for _ in range(height)]
    for cell in cells:
        for row in rows[cell.row : cell.row + cell.rows]:
            for column in range(cell.column, min(width, cell.column + cell.columns)):
                row[column] = row[column] or cell
    return [row for row in rows if any(cell and cell.text for cell in row)]


def _without_doubled_columns(rows: list[_Row]) -> list[_Row]:
    """Without columns in which every cell is that of the column before: borders that do not quite meet."""
    width = len(rows[0]) if rows else 0
    kept = [
        column
        for column in range(width)
        if any(row[column] for row in rows)
        and (column == 0 or any(row[column] is not row[column - 1] for row in rows))
    ]
    return [[row[column] for column in kept] for row in rows]


def _spans_all(row: _Row) -> bool:
    return all(cell is row[0] for cell in row)


def _texts(cells: Iterable[Cell | None]) -> list[str]:
    """Each cell's text once."""
    seen = {id(cell): cell.text for cell in cells if cell is not None and cell.text}
    return list(seen.values())


def _depth(row: _Row) -> int:
    present = [cell for cell in row if cell is not None]
    if not any(cell.columns > 1 for cell in present):
        return 1
    return max((cell.rows for cell in present), default=1)


def _header(rows: list[_Row], column: int) -> str:
    # A name within one line: the lines of a header cell are only layout.
    return _HEADER_JOIN.join("".join(text.split("\n")) for text in _texts(row[column] for row in rows))


def _row(row: _Row) -> list[str]:
    if _spans_all(row):
        return [row[0].text if row[0] else "", *[""] * (len(row) - 1)]
    return [cell.text if cell else "" for cell in row]
