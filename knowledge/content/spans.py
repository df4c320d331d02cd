"""Spans of running text: groups of paragraphs, pieces of long ones, tables and their captions."""

from collections.abc import Iterator, Sequence

from knowledge.content.lines import Line
from knowledge.content.outline import Node
from knowledge.content.table_text import is_rule, read_row

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
            yield True, (caption_start(body, above, line), lines[last].end)
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


def table_rows(body: str, lines: Sequence[Line]) -> tuple[tuple[str, ...], list[Line]]:
    """The header of a table and the lines of its rows; nothing where no rule says what the header is."""
    if len(lines) < 3 or not is_rule(body[lines[1].start : lines[1].end]):
        return (), []
    return tuple(read_row(body[lines[0].start : lines[0].end])), list(lines[2:])


def tables_within(node: Node) -> Iterator[tuple[Line | None, list[Line]]]:
    """Every table below ``node``, at any depth: the visible line above it, and its lines."""
    above: Line | None = None
    table: list[Line] = []
    for line in _all_lines(node):
        if line.table:
            table.append(line)
            continue
        if table:
            yield above, table
            table = []
        above = line if line.visible else above
    if table:
        yield above, table


def _all_lines(node: Node) -> Iterator[Line]:
    for part in node.parts:
        if isinstance(part, Node):
            yield from _all_lines(part)
        else:
            yield part


def caption_start(body: str, above: Line | None, table: Line) -> int:
    """Where a table begins, counting in its caption."""
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
