"""Spans of running text: groups of paragraphs, pieces of long ones, tables and their captions."""

from collections.abc import Iterator, Sequence

from knowledge.content.lines import Line
from knowledge.content.outline import Node

Span = tuple[int, int]
_CAPTION = 40


def runs(parts: "Sequence[Line | Node]", single: bool = False) -> "Iterator[Node | list[Line]]":
    """Nodes one by one; the lines between them together (``single``: only the lines of a table together)."""
    run: list[Line] = []
    for part in parts:
        if run and (isinstance(part, Node) or (single and not (part.table and run[-1].table))):
            yield run
            run = []
        if isinstance(part, Node):
            yield part
        else:
            run.append(part)
    if run:
        yield run


def text_groups(
    body: str, lines: list[Line], limit: int, above: Line | None = None
) -> Iterator[tuple[bool, Span]]:
    """``(is_table, span)``: paragraphs together up to ``limit`` characters, longer ones in pieces.

    A table stays whole and begins at its caption: the nearest visible line above it (``above`` before the
    first line), if that is short and no sentence. Together the spans hold every character of the lines.
    """
    start = end = -1
    for index, line in enumerate(lines):
        if line.table:
            if index and lines[index - 1].table:
                continue
            if start >= 0:
                yield False, (start, end)
            start = -1
            last = index
            while last + 1 < len(lines) and lines[last + 1].table:
                last += 1
            yield True, (_caption_start(body, above, line), lines[last].end)
            above = None
            continue
        if line.visible:
            above = line
        if start >= 0 and line.end - start > limit:
            yield False, (start, end)
            start = -1
        if line.end - line.start > limit:
            pieces = list(_pieces(body, line.start, line.end, limit))
            yield from ((False, piece) for piece in pieces[:-1])
            start = pieces[-1][0]
        elif start < 0:
            start = line.start
        end = line.end
    if start >= 0:
        yield False, (start, end)


def _caption_start(body: str, above: Line | None, table: Line) -> int:
    if above is None or above.end - above.start > _CAPTION or body[above.end - 1] in "。；;":
        return table.start
    return above.start


def _pieces(body: str, start: int, end: int, limit: int) -> Iterator[Span]:
    """Cut after a sentence where there is one, else after a comma, else where the limit falls."""
    while end - start > limit:
        cut = _last(body, "。！？；!?;\n", start, start + limit)
        if cut <= start + limit // 3:
            cut = max(cut, _last(body, "，、,：: ", start, start + limit))
        if cut <= start:
            cut = start + limit
        while cut < end and body[cut] in "”’）)》":
            cut += 1
        yield _trim(body, start, cut)
        start = cut
        while start < end and body[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _last(body: str, signs: str, start: int, end: int) -> int:
    return max(body.rfind(sign, start, end) for sign in signs) + 1


def _trim(body: str, start: int, end: int) -> Span:
    while end > start + 1 and body[end - 1].isspace():
        end -= 1
    return start, end
