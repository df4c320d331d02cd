"""Word's .docx files (ECMA-376), as Word and WPS write them, read as they look when all changes are accepted.

The parts are read as they are, because what counts here is what libraries for making documents pass over:
inserted text, content controls, text boxes, numbers of automatic lists, cells merged in every way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from knowledge.content.formats.blocks import Block, Extract, Paragraph, Table, to_markdown
from knowledge.content.formats.docx_numbering import Element, Numbering, Styles, child, children, local, value
from knowledge.content.formats.grid import Cell
from knowledge.content.formats.package import Package, open_package
from knowledge.content.problems import ContentError

# Deleted and moved-away text, field codes, what is drawn, what only describes the content.
_SKIPPED = frozenset(
    [
        "del",
        "moveFrom",
        "delText",
        "instrText",
        "delInstrText",
        "pPr",
        "rPr",
        "sdtPr",
        "sdtEndPr",
        "tblPr",
        "tblGrid",
        "trPr",
        "tcPr",
        "sectPr",
        "txbxContent",
        "Fallback",
        "drawing",
        "pict",
        "object",
        "commentReference",
        "annotationRef",
        "binData",
    ]
)
_WINGDINGS = {"6F": "□", "A8": "□", "52": "☑", "FE": "☑", "FC": "√", "6C": "●", "6E": "■", "D8": "➢"}
_TRACKED = frozenset(("ins", "del", "moveFrom", "moveTo"))
_DEPTH = 100


def read_docx(data: bytes) -> Extract:
    """The text of a .docx file as Markdown.

    Raises:
        ContentError: broken, encrypted, too large, or too deeply nested.
    """
    package = open_package(data)
    name = main_part(package)
    root = package.xml(name) if name else None
    body = child(root, "body")
    if body is None:
        raise ContentError("broken_file")
    folder = name.rsplit("/", 1)[0] + "/" if "/" in name else ""
    reader = _Reader(
        Styles.read(package.xml(folder + "styles.xml")),
        Numbering.read(package.xml(folder + "numbering.xml")),
        {kind: _notes(package.xml(f"{folder}{kind}notes.xml")) for kind in ("foot", "end")},
    )
    extract = Extract(to_markdown(reader.blocks(body)))
    if any(local(each) in _TRACKED for each in body.iter()):
        extract.notes.append(("tracked_changes", {}))
    pictures = sum(1 for each in body.iter() if local(each) in ("blip", "imagedata"))
    if pictures:
        extract.notes.append(("pictures_left_out", {"count": pictures}))
    embedded = sum(1 for each in body.iter() if local(each) in ("altChunk", "OLEObject", "chart"))
    if embedded:
        extract.notes.append(("embedded_left_out", {"count": embedded}))
    return extract


def main_part(package: Package) -> str:
    """The name of the document's main part, from the package's relations; empty where there is none."""
    relations = package.xml("_rels/.rels")
    for each in children(relations):
        if value(each, "Type").endswith("/officeDocument"):
            name = value(each, "Target").lstrip("/")
            return name if name in package.names else ""
    return "word/document.xml" if "word/document.xml" in package.names else ""


def _notes(root: Element | None) -> dict[str, Element]:
    """Footnotes by their ids; separators are none."""
    return {value(each, "id"): each for each in children(root) if not value(each, "type")}


@dataclass
class _Reader:
    styles: Styles
    numbering: Numbering
    notes: dict[str, dict[str, Element]]
    _note_count: int = 0
    _pending: list[Block] = field(default_factory=list)

    def blocks(self, parent: Element, depth: int = 0) -> Iterator[Block]:
        """Paragraphs and tables below ``parent``, also inside content controls and the like."""
        if depth > _DEPTH:
            raise ContentError("too_complex")
        for each in parent:
            name = local(each)
            if name == "p":
                yield from self._paragraph(each, depth)
            elif name == "tbl":
                yield self._table(each, depth)
                yield from self._take_pending()
            elif name not in _SKIPPED:
                yield from self.blocks(each, depth + 1)

    def _paragraph(self, paragraph: Element, depth: int) -> Iterator[Block]:
        number, level, heading = self.styles.of(child(paragraph, "pPr"), self.numbering)
        text = self._text(paragraph, depth).strip()
        for box in _boxes(paragraph):
            yield from self.blocks(box, depth + 1)
        # An empty paragraph shows no number, and counts as none.
        label = self.numbering.label(number, level) if number and text else ""
        if text:
            yield Paragraph(label + text, heading)
        yield from self._take_pending()

    def _take_pending(self) -> Iterator[Block]:
        """Footnotes, below the paragraph or table that refers to them."""
        pending, self._pending = self._pending, []
        yield from pending

    def _text(self, element: Element, depth: int) -> str:
        if depth > _DEPTH:
            raise ContentError("too_complex")
        parts: list[str] = []
        for each in element:
            name = local(each)
            if name in _SKIPPED or (name == "r" and _hidden(each)):
                continue
            if name == "t":
                parts.append(each.text or "")
            elif name in ("tab", "ptab"):
                parts.append(" ")
            elif name in ("br", "cr"):
                parts.append("\n")
            elif name == "noBreakHyphen":
                parts.append("-")
            elif name == "sym":
                parts.append(_WINGDINGS.get(value(each, "char").upper()[-2:], "\ufffd"))
            elif name in ("footnoteReference", "endnoteReference"):
                parts.append(self._note(self.notes[name[: name.index("note")]].get(value(each, "id")), depth))
            else:
                parts.append(self._text(each, depth + 1))
        return "".join(parts)

    def _note(self, note: Element | None, depth: int) -> str:
        if note is None:
            return ""
        self._note_count += 1
        label = f"〔注{self._note_count}〕"
        text = "\n".join(self._text(each, depth + 1).strip() for each in note.iter() if local(each) == "p")
        self._pending.append(Paragraph(label + text))
        return label

    def _table(self, table: Element, depth: int) -> Table:
        cells: list[Cell] = []
        open_cells: dict[int, int] = {}  # by column: the cell that a vertical merge may go on with
        header_rows, in_header = 0, True
        for row_number, row in enumerate(_inside(table, "tr")):
            properties = child(row, "trPr")
            header = child(properties, "tblHeader")
            in_header &= header is not None and value(header) not in ("0", "false")
            header_rows += in_header
            column = _span(child(properties, "gridBefore"), 0)
            for cell in _inside(row, "tc"):
                own = child(cell, "tcPr")
                width = _span(child(own, "gridSpan"), 1)
                merge = child(own, "vMerge")
                text = self._cell(cell, depth + 1)
                above = open_cells.get(column)
                horizontal = value(child(own, "hMerge"))
                if horizontal == "continue" and cells and not text:
                    cells[-1] = _grown(cells[-1], columns=width)
                elif merge is not None and value(merge) != "restart" and above is not None and not text:
                    cells[above] = _grown(cells[above], rows=1)
                else:
                    cells.append(Cell(row_number, column, text, 1, width))
                    if merge is not None:
                        open_cells[column] = len(cells) - 1
                    else:
                        open_cells.pop(column, None)
                column += width
        return Table(tuple(cells), header_rows or None)

    def _cell(self, cell: Element, depth: int) -> str:
        """A cell's paragraphs, one a line; a table inside it row by row."""
        lines: list[str] = []
        pending, self._pending = self._pending, []
        for block in self.blocks(cell, depth):
            lines += [
                each.text for each in (block.cells if isinstance(block, Table) else (block,)) if each.text
            ]
        self._pending = pending
        return "\n".join(lines)


def _grown(cell: Cell, rows: int = 0, columns: int = 0) -> Cell:
    return Cell(cell.row, cell.column, cell.text, cell.rows + rows, cell.columns + columns)


def _span(element: Element | None, default: int) -> int:
    text = value(element)
    return int(text) if text.isdecimal() and len(text) < 5 else default


def _hidden(run: Element) -> bool:
    vanish = child(run, "rPr", "vanish")
    return vanish is not None and value(vanish) not in ("0", "false")


def _inside(element: Element, name: str) -> Iterator[Element]:
    """Rows of a table or cells of a row, also inside content controls, not those of tables within."""
    for each in element:
        if local(each) == name:
            yield each
        elif local(each) in ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag"):
            yield from _inside(each, name)


def _boxes(paragraph: Element) -> Iterator[Element]:
    """The text boxes anchored in a paragraph; each is there twice, for new and for old programs."""
    for each in paragraph.iter():
        if local(each) != "txbxContent":
            continue
        for above in each.iterancestors():
            if above is paragraph:
                yield each
                break
            if local(above) in ("Fallback", "txbxContent"):
                break
