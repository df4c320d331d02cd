"""Printed lines joined to the paragraphs they were broken from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from knowledge.content.formats.blocks import Paragraph
from knowledge.content.formats.pdf_lines import Line
from knowledge.content.markers import detect

# All in characters of the line's own size.
_INDENT = 1.2  # a line that begins so far right of the margin begins a paragraph
_SHORT = 1.8  # a line that ends so far left of the margin ends one
_SIZE = 0.15  # lines whose sizes differ by this share are of different paragraphs
_APART = 1.0  # an additional gap between lines, beside the usual one
_CENTRED = 1.0  # how far from the middle a centred line may be
_ENDS = "。；：！？…”』」）)"
_SENTENCE_ENDS = "。！？；："


def paragraphs(lines: list[Line]) -> Iterator[Paragraph]:
    """The paragraphs of a run of lines, which may go on over pages and columns."""
    for run in _of_one_width(lines):
        yield from _of_run(run)


def _of_one_width(lines: list[Line]) -> Iterator[list[Line]]:
    """Lines across the page apart from those in columns; all columns of one width as if they were one."""
    run: list[Line] = []
    for line in lines:
        if run and abs(_width(line) - _width(run[-1])) > line.size:
            yield run
            run = []
        left = line.column.left if line.column else 0.0
        run.append(replace(line, x0=line.x0 - left, x1=line.x1 - left))
    if run:
        yield run


def _width(line: Line) -> float:
    return line.column.right - line.column.left if line.column else 0.0


def _of_run(lines: list[Line]) -> Iterator[Paragraph]:
    margins = _Margins(lines)
    run = [lines[0]]
    for line in lines[1:]:
        if margins.begins(line, run[-1], len(run) == 1):
            yield Paragraph(_joined(run))
            run = []
        run.append(line)
    yield Paragraph(_joined(run))


class _Margins:
    """Where the lines of the running text begin and end, and how far they are apart."""

    def __init__(self, lines: list[Line]) -> None:
        # Most characters are in the running text: its size is the one that most of them have.
        sizes = Counter[float]()
        for line in lines:
            sizes[round(line.size, 1)] += len(line.text)
        self.size = sizes.most_common(1)[0][0] or 1.0
        body = [line for line in lines if abs(line.size - self.size) <= _SIZE * self.size]
        self.left = _usual([line.x0 for line in body])
        self.right = max(line.x1 for line in body)
        gaps = [
            after.top - before.bottom
            for before, after in pairwise(body)
            if _below(after, before) and after.top > before.top
        ]
        self.gap = _usual(gaps) if gaps else self.size

    def begins(self, line: Line, above: Line, above_is_first: bool) -> bool:
        """Whether ``line`` begins a paragraph below the line ``above``, the first of its own or not."""
        if abs(line.size - above.size) > _SIZE * max(line.size, above.size):
            return True
        if line.size > self.size * (1 + _SIZE) or (self._centred(line) and self._centred(above)):
            return not self._same_title(line, above)
        if _below(line, above) and line.top - above.bottom > self.gap + _APART * line.size:
            return True
        if above.x1 < self.right - _SHORT * above.size:
            return True
        if line.x0 > self.left + _INDENT * line.size:
            # A hanging indent: the lines below a paragraph's first stand as far right as each other.
            return not (not above_is_first and abs(line.x0 - above.x0) < 0.5 * line.size)
        return above.text[-1] in _SENTENCE_ENDS and detect(line.text) is not None

    def _centred(self, line: Line) -> bool:
        left, right = line.x0 - self.left, self.right - line.x1
        return left > _INDENT * line.size and abs(left - right) <= 2 * _CENTRED * line.size

    def _same_title(self, line: Line, above: Line) -> bool:
        """A title's second line: large, close below, and no line of another kind (a number in brackets)."""
        return (
            line.size > self.size * (1 + _SIZE)
            and _below(line, above)
            and line.top - above.bottom < line.size
            and above.text[-1] not in _ENDS
            and detect(line.text) is None
        )


def _below(line: Line, above: Line) -> bool:
    """Whether ``line`` stands below ``above``, not on the next page or in the next column."""
    return line.page == above.page and line.column is above.column


def _usual(values: list[float]) -> float:
    """The most frequent value, rounded to points; of several the smallest."""
    counts = Counter(round(value) for value in values)
    most = max(counts.values())
    # A margin is what many lines keep; single lines further left (a hanging number) are not it.
    return float(min(value for value, count in counts.items() if count >= max(1, most * 0.3)))


def _joined(run: list[Line]) -> str:
    text = ""
    for line in run:
        if not text:
            text = line.text
        elif text[-1] == "-" and text[-2:-1].isalpha() and line.text[:1].islower():
            text = text[:-1] + line.text
        elif (
            text[-1].isascii() and line.text[0].isascii() and (text[-1].isalnum() and line.text[0].isalnum())
        ):
            text += (" " if text[-1].isalpha() or line.text[0].isalpha() else "") + line.text
        else:
            text += line.text
    return text
