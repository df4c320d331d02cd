"""Tables on PDF pages that have no rules, only cells below each other.

Only what is clear becomes a table: a wrong one is worse than lines of text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from knowledge.content.formats.grid import Cell
from knowledge.content.formats.pdf_aligned_rows import Row, Span, around, rows_of
from knowledge.content.formats.pdf_lines import Line
from knowledge.content.formats.pdf_tables import CONTINUED, PageTable
from knowledge.content.markers import detect

_ROWS = 3  # below the header: fewer may be in line by chance
_PAIR_GAP = 1.5  # characters between two columns, where there are no others: lists and forms have less
_IN_LINE = 0.5  # characters by which cells below each other may be off, by their left, right or middle
_MOST = 0.8  # share of the cells that must be in line, and of the rows with a figure in a column of figures
_FILLED = 0.7  # share of the cells that have something in them
_NAMED = 2 / 3  # share of the header's cells that are words which head columns
_TRIES = 60  # lines of a page that may be tried as headers in vain: each try reads on to the run's end
_LONGEST_NAME = 14  # characters of a column's name
_NAME = re.compile(
    r"(?:序号|编号|代码|姓名|名称|名单|单位|部门|机构|学校|医院|企业|地址|地点|位置|电话|联系人|负责人|项目|事项|内容|条文|标准"
    r"|金额|费用|价格|单价|比例|数量|人数|名额|面积|时间|日期|年度|月份|期限|类别|类型|种类|级别|等级|对象|范围|条件|材料"
    r"|方式|依据|要求|说明|备注|区域|区县|街道|职务|性别|年龄|情况|来源|指标)(?:[（(].{1,8}[）)])?\Z"
)
_FIGURE = re.compile(r"\d")


@dataclass
class AlignedTable(PageTable):
    """``places`` are, for each column, from where to where the cells in it go."""

    places: list[list[Span]] = field(default_factory=list)


def with_aligned_tables(
    items: Sequence[Line | PageTable], before: Line | PageTable | None
) -> list[Line | PageTable]:
    """A page's lines and tables in the order of reading, aligned lines put together to tables.

    ``before`` is what the page before ends with: a table there may go on here.
    """
    found: list[Line | PageTable] = []
    at = tries = 0
    if isinstance(before, AlignedTable):
        said = isinstance(items[0], Line) and bool(CONTINUED.match(items[0].text)) if items else False
        table, length = _goes_on(before, _run(items, int(said)))
        if table:
            found, at = [*items[: int(said)], table], int(said) + length
    while at < len(items):
        run = _run(items, at)
        end = at + len(run)
        while at < end:
            header = tries < _TRIES and _may_be_header(run[at - end].pieces)
            table, length = _begins(run[at - end :]) if header else (None, 0)
            tries += header and not table
            found.append(table or items[at])
            at += length or 1
        if not run:
            found.append(items[at])
            at += 1
    return found


def _run(items: Sequence[Line | PageTable], at: int) -> list[Line]:
    """The lines from there on, to the next table or column of text."""
    run: list[Line] = []
    for item in items[at:]:
        if not isinstance(item, Line) or (run and item.column is not run[0].column):
            break
        run.append(item)
    return run


def _begins(lines: list[Line]) -> tuple[AlignedTable | None, int]:
    """The table whose header is the first of these lines, and how many of them it takes."""
    rows = rows_of(lines, [(piece.x0, piece.x1) for piece in lines[0].pieces])
    if len(rows) <= _ROWS or not _is_headed(rows, len(lines[0].pieces)):
        return None, 0
    table = _table(rows, [[] for _ in lines[0].pieces])
    if not _is_clear(rows, table, lines[0].size):
        return None, 0
    return table, sum(len(row.lines) for row in rows)


def _goes_on(before: AlignedTable, lines: list[Line]) -> tuple[AlignedTable | None, int]:
    """What of the lines at the beginning of a page belongs to the table that the page before ends with."""
    if not lines or len(lines[0].pieces) < 2:
        return None, 0
    rows = rows_of(lines, [around(places) for places in before.places])
    if not rows:
        return None, 0
    table = _table(rows, before.places)
    if not _are_in_line(table, lines[0].size):
        return None, 0
    # The columns stay those of the first page, wherever their cells begin here.
    return replace(table, columns=before.columns), sum(len(row.lines) for row in rows)


def _table(rows: list[Row], before: list[list[Span]]) -> AlignedTable:
    lines = [line for row in rows for line in row.lines]
    cells = [
        Cell(number, column, row.text(column))
        for number, row in enumerate(rows)
        for column in sorted(row.cells)
    ]
    places = [
        own
        + [around([(line.x0, line.x1) for line in row.cells[column]]) for row in rows if column in row.cells]
        for column, own in enumerate(before)
    ]
    return AlignedTable(
        cells,
        [around(spans)[0] for spans in places],
        min(line.x0 for line in lines),
        lines[0].top,
        max(line.x1 for line in lines),
        max(line.bottom for line in lines),
        lines[0].page,
        places,
    )


# Whether it is a table


def _may_be_header(pieces: Sequence[Line]) -> bool:
    short = all(len(piece.text) <= _LONGEST_NAME for piece in pieces)
    return len(pieces) > 1 and short and any(_NAME.search(piece.text) for piece in pieces)


def _is_headed(rows: list[Row], columns: int) -> bool:
    """Whether the first row says what is in the columns: words that do, or above figures one without any."""
    names = [rows[0].name(column) for column in range(columns)]
    named = sum(bool(_NAME.search(name)) for name in names)
    below = [row.name(column) for row in rows[1:] for column in row.cells]
    if not all(names) or sum(bool(_NAME.search(text)) for text in below) * 3 > len(below):
        return False  # a form: names and what is filled in, side by side
    figures = any(
        not _FIGURE.search(names[column])
        and sum(bool(_FIGURE.search(row.name(column))) for row in rows[1:]) >= _MOST * (len(rows) - 1)
        for column in range(1, columns)
    )
    return named >= max(2, _NAMED * columns) or (figures and named > 0)


def _is_clear(rows: list[Row], table: AlignedTable, size: float) -> bool:
    columns = len(table.places)
    filled = sum(len(row.cells) for row in rows)
    if filled < _FILLED * columns * len(rows) or not _are_in_line(table, size):
        return False
    if columns > 2:
        return True
    left, right = (around(spans) for spans in table.places)
    labels = sum(_is_label(row.name(0)) for row in rows[1:])
    return right[0] - left[1] > _PAIR_GAP * size and 2 * labels < len(rows)


def _is_label(text: str) -> bool:
    """``1.``, ``（一）``, ``第一条``: two columns are then a list."""
    marker = detect(text) if text else None
    return marker is not None and len(text) <= len(marker.label) + 1


def _are_in_line(table: AlignedTable, size: float) -> bool:
    """Whether the cells of each column begin, end or have their middle below each other."""
    sides: tuple[Callable[[Span], float], ...] = (
        lambda span: span[0],
        lambda span: span[1],
        lambda span: (span[0] + span[1]) / 2,
    )
    for spans in table.places:
        # The header may be set in another way than what stands below it.
        below = spans[1:] or spans
        best = max(
            sum(abs(side(one) - side(other)) <= _IN_LINE * size for other in below)
            for side in sides
            for one in below
        )
        if best < _MOST * len(below):
            return False
    return True
