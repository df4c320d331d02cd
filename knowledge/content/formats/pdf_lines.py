"""The printed lines of PDF pages, and which of them are headers, footers and page numbers."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from knowledge.content.formats.pdf_chars import Char

WIDE = 0.8  # of a character's size: a gap from which on it may be one between columns
_GAP = 0.6  # of a character's size: a wider gap between two characters is a space
_EDGE = 0.12  # of a page's height, at the top and at the bottom, where headers and footers stand
_SAME_PLACE = 4.0  # points
_REPEATS = 0.6  # share of the pages (of one parity, for books' left and right pages) that a header is on
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"[\s\-—–－―~·.|/第共页]*\d{1,4}[\s\-—–－―~·.|/第共页\d]*\Z")


@dataclass(frozen=True, eq=False)
class Column:
    """One column of text on one page; its borders in points."""

    left: float
    right: float


@dataclass
class Line:
    """``size`` is the characters' height in points; ``page`` counts from 1.

    ``column`` is ``None`` where the line stands across the page. ``pieces`` are its parts between wide gaps, where it
    has such.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    page: int
    column: Column | None = None
    pieces: tuple[Line, ...] = ()


class Spaces:
    """A page's white characters, by their height: looking through all of them for each line takes too long."""

    def __init__(self, chars: Iterable[Char] = ()) -> None:
        self._chars = sorted(chars, key=lambda each: each.middle)
        self._middles = [char.middle for char in self._chars]

    def beside(self, row: list[Char]) -> list[Char]:
        """Those at the height of a line, from left to right."""
        middle, reach = max(row, key=lambda char: char.size).middle, 0.5 * row[0].size
        start, end = bisect_right(self._middles, middle - reach), bisect_left(self._middles, middle + reach)
        return sorted(self._chars[start:end], key=lambda each: each.x0)


def lines_of(chars: list[Char], spaces: Spaces, page: int, column: Column | None = None) -> list[Line]:
    """The lines that characters form, from top to bottom."""
    return [_line(row, spaces.beside(row), page, column) for row in rows_of(chars)]


def rows_of(chars: list[Char]) -> list[list[Char]]:
    """The characters of each line, from top to bottom; within a line in any order."""
    rows: list[list[Char]] = []
    largest: Char | None = None  # of the last row
    for char in sorted(chars, key=lambda each: (each.middle, each.x0)):
        # Small characters beside large ones (footnote signs) belong to the line that they overlap.
        if largest and abs(char.middle - largest.middle) < 0.5 * max(char.size, rows[-1][0].size):
            rows[-1].append(char)
            largest = max(largest, char, key=lambda each: each.size)
        else:
            rows.append([char])
            largest = char
    return rows


def wide_runs(row: list[Char]) -> list[list[Char]]:
    """The characters of a line from left to right, parted where a gap is wide."""
    runs: list[list[Char]] = []
    size, end = median(char.size for char in row), 0.0
    for char in sorted(row, key=lambda each: each.x0):
        if runs and char.x0 - end <= WIDE * size:
            runs[-1].append(char)
        else:
            runs.append([char])
        end = max(end, char.x1)
    return runs


def text_of(chars: list[Char], spaces: list[Char]) -> str:
    """One line's characters from left to right, with a space where one is printed or the gap is wide."""
    parts: list[str] = []
    before: Char | None = None
    for char in sorted([*chars, *spaces], key=lambda each: each.x0):
        if not char.text.strip():
            parts.append(" ")
            continue
        if before is not None and char.x0 - before.x1 > _GAP * min(char.size, before.size):
            parts.append(" ")
        parts.append(char.text)
        before = char
    return re.sub(r" {2,}", " ", "".join(parts)).strip()


def running_lines(pages: list[list[Line]], heights: list[float]) -> tuple[list[list[Line]], list[str]]:
    """The headers, footers and page numbers among each page's lines, and their texts, each once.

    Found is only what is certain: at the same height at the edge of at least two pages, and of most pages or
    most left or right ones; the same words there, or numbers that count with the pages.
    """
    places: dict[tuple[str, int], list[tuple[int, Line]]] = defaultdict(list)
    for index, (lines, height) in enumerate(zip(pages, heights, strict=True)):
        for line in lines:
            if line.bottom < _EDGE * height or line.top > (1 - _EDGE) * height:
                shown = _DIGITS.sub("#", "".join(line.text.split()))
                places[shown, round(line.top / _SAME_PLACE)].append((index, line))
    running: set[int] = set()
    texts: dict[str, None] = {}
    for found in _neighbours(places):
        if _is_running(found, len(pages)):
            running |= {id(line) for _, line in found}
            texts.setdefault(found[0][1].text)
    return [[line for line in lines if id(line) in running] for lines in pages], list(texts)


def _neighbours(places: dict[tuple[str, int], list[tuple[int, Line]]]) -> list[list[tuple[int, Line]]]:
    """The lines of one text at one place; heights that rounding has parted are together."""
    return [
        sorted(found + places.get((text, step + 1), []), key=lambda each: each[0])
        for (text, step), found in list(places.items())
    ]


def _is_running(found: list[tuple[int, Line]], page_count: int) -> bool:
    pages = [index for index, _ in found]
    if len(set(pages)) < 2:
        return False
    parity = [index for index in pages if index % 2 == pages[0] % 2]
    most = len(set(pages)) >= _REPEATS * page_count
    most = most or (len(parity) >= 3 and len(set(parity)) >= _REPEATS * page_count / 2)
    if not most:
        return False
    texts = [line.text for _, line in found]
    if not any(sign.isdecimal() for text in texts for sign in text) or len(set(texts)) == 1:
        return True
    numbers = [int(re.findall(r"\d+", text)[0]) for text in texts if re.search(r"\d", text)]
    counts = (
        len(numbers) == len(pages) and len({n - page for n, page in zip(numbers, pages, strict=True)}) == 1
    )
    return counts and all(_PAGE_NUMBER.match(text) or len(text) < 60 for text in texts)


def _line(row: list[Char], spaces: list[Char], page: int, column: Column | None) -> Line:
    runs = wide_runs(row)
    pieces = tuple(_piece(run, spaces, page, column) for run in runs) if len(runs) > 1 else ()
    return replace(_piece(row, spaces, page, column), pieces=pieces)


def _piece(row: list[Char], spaces: list[Char], page: int, column: Column | None) -> Line:
    x0, x1 = min(char.x0 for char in row), max(char.x1 for char in row)
    start = bisect_right(spaces, x0, key=lambda space: space.x0)
    inside = spaces[start : bisect_left(spaces, x1, key=lambda space: space.x0)]
    top, bottom = min(char.top for char in row), max(char.bottom for char in row)
    size = median(char.size for char in row)
    return Line(text_of(row, inside), x0, x1, top, bottom, size, page, column)
