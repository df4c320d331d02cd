"""The lines of a text that have something in them, as offsets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.content.display import is_invisible
from knowledge.content.numerals import CHINESE

LONG_LINE = 300
_TABLE_RULE = re.compile(r"[\s|:-]{3,2000}\Z")

# Some sources put a whole notice on one line. In a long line, a numbered heading after a space (or an item
# after a colon or semicolon) begins a line of its own.
_N = rf"[{CHINESE}]{{1,5}}"
_SOFT_BREAK = re.compile(
    rf"\s{{1,4}}(?={_N}、|[（(]{_N}[)）]|\d{{1,2}}(?:[．、]|\.(?![0-9])))"
    rf"|(?<=[。；：”])\s{{1,4}}(?=第{_N}[条章]\s)"
    rf"|\u3000{{2}}(?=第{_N}[条章]\s)"
    rf"|(?<=[：:；;。])(?=[（(]{_N}[)）])"
)


@dataclass(slots=True)
class Line:
    """A line with something in it, without the white space around it."""

    start: int
    end: int
    table: bool = False
    visible: bool = True


def logical_lines(body: str) -> Iterator[Line]:
    """Lines that are not blank; long ones are broken where a numbered heading stands inside them."""
    previous: Line | None = None
    in_table = False
    for start, end in _physical_lines(body):
        text = body[start:end]
        if text[0] == "|":
            current = Line(start, end, table=True)
        elif previous is not None and "|" in text and "-" in text and _TABLE_RULE.match(text):
            previous.table = "|" in body[previous.start : previous.end]
            current = Line(start, end, table=previous.table)
        elif in_table and "|" in text and body.count("\n", previous.end if previous else 0, start) == 1:
            current = Line(start, end, table=True)
        elif end - start > LONG_LINE:
            for piece in _soft_lines(body, start, end):
                if previous is not None:
                    yield previous
                previous = piece
            in_table = False
            continue
        else:
            current = Line(start, end, visible=not is_invisible(text))
        if previous is not None:
            yield previous
        previous, in_table = current, current.table
    if previous is not None:
        yield previous


def _physical_lines(body: str) -> Iterator[tuple[int, int]]:
    position = 0
    while position < len(body):
        newline = body.find("\n", position)
        stop = len(body) if newline < 0 else newline
        text = body[position:stop]
        shown = text.strip()
        if shown:
            start = position + len(text) - len(text.lstrip())
            yield start, start + len(shown)
        position = stop + 1


def _soft_lines(body: str, start: int, end: int) -> Iterator[Line]:
    for match in _SOFT_BREAK.finditer(body, start, end):
        if match.start() > start:
            stop = start + len(body[start : match.start()].rstrip())
            if stop > start:
                yield Line(start, stop)
            start = match.end()
    yield Line(start, end)
