"""Columns of text on a PDF page: what a page holds in the order in which it is read.

A column of text is told from a table's by its lines: they are long, and most are full.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from knowledge.content.formats.pdf_chars import Char
from knowledge.content.formats.pdf_lines import WIDE, Column, Line, Spaces
from knowledge.content.formats.pdf_rows import Row, is_below, items_of, page_rows, step
from knowledge.content.formats.pdf_tables import PageTable

# In characters of the text's size, where nothing else is said.
_NARROWEST = 8  # a column of text is wider; names and numbers that stand in columns are not
_ALIKE = 0.8  # the narrowest column's share of the widest one's width
_MOST = 4  # columns
_LINES = 3  # in each column, where nothing else on the page or the page before tells of columns
_FULL = 0.4  # share of the lines that reach their column's end: running text, not entries
_ENDS = 1.8  # how far from its column's end a line that reaches it may end
_BEGINS = 2.5  # how far right of a column's begin its lines may begin
_BREAK = 0.4  # beside the usual step from line to line: one that parts paragraphs, or a table's rows
_EDGE = 2  # the most lines of a header or footer
_LARGE = 1.15  # times the text's size: a title's
_SPACED = 2.5  # a part of a title that is spaced out is shorter
_CANDIDATES = 3.0  # points: gutters this close are one
_GUTTERS = 400  # as many gaps as A3 has room for; more are no columns, and only take time


@dataclass
class _Region:
    """Rows ``start`` to ``end`` (not counted in) stand in ``columns``."""

    start: int
    end: int
    columns: list[Column]


def reading_order(
    chars: list[Char], spaces: Spaces, tables: list[PageTable], page: int, before: Sequence[Column]
) -> tuple[list[Line | PageTable], list[Column]]:
    """The lines and tables of a page, column by column, and its columns.

    Args:
        chars: the page's characters outside tables.
        spaces: its white characters.
        tables: its tables.
        page: its number.
        before: the columns of the page before, which the text's last lines may go on in.
    """
    rows = page_rows(chars, tables)
    items: list[Line | PageTable] = []
    at = 0
    regions = _Finder(rows, page).regions(before)
    for region in regions:
        items += items_of(rows[at : region.start], spaces, page)
        for number in range(len(region.columns)):
            items += items_of(rows[region.start : region.end], spaces, page, region.columns, number)
        at = region.end
    items += items_of(rows[at:], spaces, page)
    return items, max((region.columns for region in regions), key=len, default=[])


class _Finder:
    def __init__(self, rows: list[Row], page: int) -> None:
        self._rows = rows
        self._page = page
        sizes = [char.size for row in rows for char in row.chars]
        self._size = median(sizes) if sizes else 1.0
        steps = [
            step(row, below)
            for index, row in enumerate(rows)
            for below in [
                next((other for other in rows[index + 1 : index + 4] if is_below(other, row)), None)
            ]
            if below
        ]
        self._pitch = median(steps) if steps else self._size
        self._titles = {index for index in range(len(rows)) if self._is_title(index)}

    def regions(self, before: Sequence[Column]) -> list[_Region]:
        """The parts of the page that stand in columns, from top to bottom."""
        chosen: list[_Region] = []
        runs = {run for x in self._candidates() for run in self._runs(x, 0, len(self._rows))}
        found = [self._certain(*self._without_edges(*run)[-1]) or self._certain(*run) for run in sorted(runs)]
        for region in sorted(filter(None, found), key=lambda each: each.start - each.end):
            if all(region.end <= other.start or other.end <= region.start for other in chosen):
                chosen.append(region)
        known = max((region.columns for region in chosen), key=len, default=list(before))
        if known:
            chosen += self._likely(known, chosen)
        return sorted(chosen, key=lambda region: region.start)

    def _candidates(self) -> list[float]:
        """Where a gutter may be: in the middle of the text, or of a wide gap in a line."""
        spans = [span for row in self._rows for span in row.spans]
        if not spans:
            return []
        found = [(min(span[0] for span in spans) + max(span[1] for span in spans)) / 2]
        for row in self._rows:
            found += [(one[1] + other[0]) / 2 for one, other in pairwise(row.spans)]
        kept: list[float] = []
        for x in sorted(found):
            if not kept or x - kept[-1] > _CANDIDATES:
                kept.append(x)
        return kept if len(kept) <= _GUTTERS else []

    def _runs(self, x: float, start: int, end: int) -> Iterator[tuple[int, int]]:
        """From where to where nothing stands at ``x``, in rows one below the other."""
        first = start
        for index in range(start, end + 1):
            if index < end and not self._is_at(x, index):
                continue
            low, high = self._without_strangers(x, first, index)
            if low < high:
                yield low, high
            first = index + 1

    def _is_at(self, x: float, index: int) -> bool:
        return self._rows[index].is_at(x, x) or index in self._titles

    def _is_title(self, index: int) -> bool:
        """Whether a line stands across the columns although it may fit into one: large, and alone at its height."""
        row = self._rows[index]
        size = median(char.size for char in row.chars) if row.chars else 0.0
        beside = self._rows[max(0, index - 1) : index] + self._rows[index + 1 : index + 2]
        alone = all(row.top >= other.bottom or other.top >= row.bottom for other in beside)
        # Of two headings side by side each has more than the characters of a spaced title (通　告).
        spaced = all(right - left < _SPACED * size for left, right in row.spans)
        return size > _LARGE * self._size and alone and (len(row.spans) == 1 or spaced)

    def _without_strangers(self, x: float, start: int, end: int) -> tuple[int, int]:
        """Without the lines at both ends that are short, but not in a column."""
        rows, begin = self._rows, start
        while start + 1 < end and rows[start + 1].top >= rows[start].bottom:
            left, right = rows[start].spans[0][0] < x, rows[start].spans[-1][1] > x
            # The last line of a paragraph above the columns, or at the right a number or a day.
            last = start == begin > 0 and not right and self._close(*rows[start - 1 : start + 1])
            if left and not last:
                break
            start += 1
        while end - 1 > start and rows[end - 1].spans[-1][1] < x and not self._close(*rows[end - 2 : end]):
            end -= 1
        return start, end

    def _without_edges(self, start: int, end: int) -> list[tuple[int, int]]:
        """Without more and more of the lines that stand apart at the page's edges, often beside the columns."""
        without = [(start, end)]
        while start < min(_EDGE, end - 1) and not self._close(*self._rows[start : start + 2]):
            start += 1
            without.append((start, end))
        while end > max(len(self._rows) - _EDGE, start + 1) and not self._close(*self._rows[end - 2 : end]):
            end -= 1
            without.append((start, end))
        return without

    def _close(self, above: Row | Line, below: Row | Line) -> bool:
        return step(above, below) <= self._pitch + _BREAK * self._size

    def _certain(self, start: int, end: int) -> _Region | None:
        """Columns that these rows show by themselves."""
        if end - start < _LINES:
            return None
        columns = [Column(*span) for span in self._merged(start, end)]
        widths = [column.right - column.left for column in columns]
        if not 2 <= len(columns) <= _MOST or min(widths) < max(_NARROWEST * self._size, _ALIKE * max(widths)):
            return None
        lines = [self._lines(columns, number, start, end) for number in range(len(columns))]
        if min(map(len, lines)) < _LINES:
            return None
        full = [
            self._is_full(line.x1, column) for column, own in zip(columns, lines, strict=True) for line in own
        ]
        if sum(full) < _FULL * len(full) or self._in_rows(lines):
            return None
        return _Region(start, end, columns)

    def _likely(self, known: list[Column], chosen: list[_Region]) -> Iterator[_Region]:
        """Columns as elsewhere on the page or on the page before, in rows too few to show them by themselves."""
        gutter = (known[0].right + known[1].left) / 2
        start = 0
        for region in [*sorted(chosen, key=lambda each: each.start), None]:
            end = region.start if region else len(self._rows)
            for run in self._runs(gutter, start, end):
                columns = [Column(column.left, column.right) for column in known]
                kept = next(
                    (each for each in self._without_edges(*run) if self._keep_to(columns, *each)), None
                )
                if kept:
                    yield _Region(*kept, columns)
            start = region.end if region else end

    def _keep_to(self, columns: list[Column], start: int, end: int) -> bool:
        """Whether all lines are inside one of the columns, and the first two begin where these do.

        On a last page there may be only the first column: most of the page is in it, and its lines are full.
        """
        merged = self._merged(start, end)
        within = [
            [
                span
                for span in merged
                if column.left - self._size < span[0] and span[1] < column.right + self._size
            ]
            for column in columns
        ]
        if sum(map(len, within)) < len(merged):
            return False
        begun = [
            bool(spans) and self._begins_in(column, spans[0][0], spans[-1][1])
            for column, spans in zip(columns[:2], within, strict=False)
        ]
        if all(begun):
            return True
        ends = [span[1] for row in self._rows[start:end] for span in row.spans]
        full = sum(self._is_full(end, columns[0]) for end in ends)
        return (
            len(merged) == 1
            and begun[0]
            and full >= _FULL * len(ends)
            and 2 * (end - start) >= len(self._rows)
        )

    def _begins_in(self, column: Column, left: float, right: float) -> bool:
        """Whether text begins with the column, or is in its middle."""
        aside = (left + right - column.left - column.right) / 2
        return abs(left - column.left) < _BEGINS * self._size or abs(aside) < self._size

    def _is_full(self, end: float, column: Column) -> bool:
        return end > column.right - _ENDS * self._size

    def _merged(self, start: int, end: int) -> list[tuple[float, float]]:
        """From where to where anything stands in these rows, with what is white in all of them between."""
        merged: list[tuple[float, float]] = []
        for left, right in sorted(span for row in self._rows[start:end] for span in row.spans):
            if merged and left - merged[-1][1] < WIDE * self._size:
                merged[-1] = (merged[-1][0], max(merged[-1][1], right))
            else:
                merged.append((left, right))
        return merged

    def _lines(self, columns: list[Column], number: int, start: int, end: int) -> list[Line]:
        # Spaces would take time and only change the text, which is not asked for here.
        items = items_of(self._rows[start:end], Spaces(), self._page, columns, number)
        return [item for item in items if isinstance(item, Line)]

    def _in_rows(self, columns: list[list[Line]]) -> bool:
        """Whether the columns' paragraphs begin side by side, as a table's cells do."""
        breaks = [
            [below.top for above, below in pairwise(lines) if not self._close(above, below)]
            for lines in columns
        ]
        fewest, most = min(breaks, key=len), max(breaks, key=len)
        shared = sum(all(any(abs(y - z) < self._size for z in own) for own in breaks) for y in fewest)
        return shared >= 2 and shared >= 0.8 * len(most)
