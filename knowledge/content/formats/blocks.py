"""What a document file consists of, whatever its format: paragraphs and tables; and their Markdown."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from knowledge.content.formats.grid import Cell, arrange
from knowledge.content.table_text import write_row, write_rule

_HEADING_LIMIT = 60


@dataclass(frozen=True)
class Paragraph:
    """``level`` is that of a heading, 1 to 6; 0 for running text."""

    text: str
    level: int = 0


@dataclass(frozen=True)
class Table:
    """``header_rows`` is how many rows the file itself marks as header, ``None`` where it marks none."""

    cells: tuple[Cell, ...]
    header_rows: int | None = None


Block = Paragraph | Table


@dataclass
class Extract:
    """A file's text as Markdown, and what the editor should know of the reading: codes of texts with values."""

    text: str
    notes: list[tuple[str, dict[str, object]]] = field(default_factory=list)


def to_markdown(blocks: Iterable[Block]) -> str:
    """The blocks, a blank line between them. Tables have one line a row, cells that span are filled in."""
    written: list[str] = []
    for block in blocks:
        if isinstance(block, Table):
            written.extend(_table(block))
        else:
            written.extend(_paragraph(block))
    return "\n\n".join(written) + "\n" if written else ""


def _paragraph(block: Paragraph) -> list[str]:
    lines = [line.strip() for line in block.text.split("\n")]
    lines = ["\\" + line if line.startswith("|") else line for line in lines if line]
    if not lines:
        return []
    text = "\n".join(lines)
    # Whole paragraphs are sometimes styled as headings; a sentence is none.
    is_heading = block.level and len(lines) == 1 and len(text) <= _HEADING_LIMIT and text[-1] not in "。；;："
    return ["#" * min(block.level, 6) + " " + text] if is_heading else [text]


def _table(block: Table) -> list[str]:
    grid = arrange(block.cells, block.header_rows)
    before = [part for text in grid.before for part in _paragraph(Paragraph(text))]
    after = [part for text in grid.after for part in _paragraph(Paragraph(text))]
    if not grid.rows:
        return before + after
    lines = [write_row(grid.header), write_rule(len(grid.header)), *map(write_row, grid.rows)]
    return [*before, "\n".join(lines), *after]
