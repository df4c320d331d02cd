"""The pages of a PDF as blocks: what stands on every page left out, lines joined, tables put together."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pdfplumber
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from pdfplumber.page import Page

from knowledge.content.display import shorten
from knowledge.content.formats.blocks import Block, Extract, to_markdown
from knowledge.content.formats.pdf_aligned_tables import AlignedTable, with_aligned_tables
from knowledge.content.formats.pdf_chars import UNKNOWN, Char, chars_of, turn_of
from knowledge.content.formats.pdf_columns import reading_order
from knowledge.content.formats.pdf_lines import Column, Line, Spaces, lines_of, running_lines
from knowledge.content.formats.pdf_paragraphs import paragraphs
from knowledge.content.formats.pdf_tables import PageTable, join_tables, tables_of
from knowledge.content.problems import ContentError

_SCAN_AREA = 0.3  # share of a page that an image covers where its text is in the image
_GARBLED = 0.05  # share of characters without a meaning from which on the text is of no use


def read_pages(data: bytes, max_pages: int) -> Extract:
    """All pages of a PDF as Markdown.

    Raises:
        ContentError: what the editor must know; other errors are those of a broken file.
    """
    pages = list(_pages(data, max_pages))
    _refuse_scans(pages)
    _refuse_garbled(pages)
    left_out, running = running_lines([page.lines for page in pages], [page.height for page in pages])
    items: list[Line | PageTable] = []
    for page, lines in zip(pages, left_out, strict=True):
        kept = [item for item in page.items if not any(_is_part(item, line) for line in lines)]
        items += with_aligned_tables(kept, items[-1] if items else None)
    extract = Extract(to_markdown(_blocks(join_tables(items))))
    if running:
        extract.notes.append(
            ("running_lines_left_out", {"count": len(running), "text": shorten("、".join(running), 60)})
        )
    for code, numbers in (
        ("rotated_left_out", [page.number for page in pages if page.rotated]),
        ("pictures_on_pages", [page.number for page in pages if page.picture]),
        ("pages_in_columns", [page.number for page in pages if page.columns]),
        ("tables_without_rules", sorted({item.page for item in items if isinstance(item, AlignedTable)})),
    ):
        if numbers:
            extract.notes.append((code, {"pages": _numbers(numbers)}))
    return extract


class _Page:
    """What is used of a page, so that the libraries' objects can go.

    ``lines`` go across the page, whatever its columns, as headers and footers do.
    """

    def __init__(self, page: Page, found: list[Char], columns_before: list[Column]) -> None:
        self.number = page.page_number
        self.height = float(page.height)
        chars = [char for char in found if char.text.strip()]
        upright = [char for char in chars if char.upright]
        spaces = Spaces(char for char in found if char.upright and not char.text.strip())
        self.rotated = len(upright) < len(chars)
        self.characters = len(chars)
        self.garbled = sum(char.text == UNKNOWN for char in chars)
        area = float(page.width) * self.height
        largest = max((_area(image, page) for image in page.images), default=0.0)
        self.picture = bool(area) and largest > _SCAN_AREA * area
        tables, inside = tables_of(page, upright, spaces)
        outside = [char for char in upright if id(char) not in inside]
        self.lines = lines_of(outside, spaces, self.number)
        self.items, self.columns = reading_order(outside, spaces, tables, self.number, columns_before)


def _pages(data: bytes, max_pages: int) -> Iterator[_Page]:
    try:
        characters = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise ContentError("encrypted_file") from error
        raise
    if len(characters) > max_pages:
        raise ContentError("too_many_pages", pages=len(characters), limit=max_pages)
    if _turn_pages(characters):
        turned = io.BytesIO()
        characters.save(turned)
        data = turned.getvalue()
    with pdfplumber.open(io.BytesIO(data)) as drawn:
        if not len(characters) == len(drawn.pages) > 0:
            raise ContentError("broken_file")
        columns: list[Column] = []
        for index, page in enumerate(drawn.pages):
            read = _Page(page, chars_of(page, characters[index]), columns)
            columns = read.columns
            yield read
            page.close()


def _turn_pages(document: pdfium.PdfDocument) -> bool:
    """Turn pages whose text does not stand upright, such as wide tables set sideways; whether there were any."""
    any_turned = False
    for page in document:
        turn = turn_of(page)
        if turn:
            page.set_rotation((page.get_rotation() - turn) % 360)
            any_turned = True
    return any_turned


def _refuse_scans(pages: list[_Page]) -> None:
    scans = [page.number for page in pages if page.picture and not page.characters]
    if scans and len(scans) == sum(1 for page in pages if page.picture or page.characters):
        raise ContentError("scanned_pdf")
    if scans:
        raise ContentError("scanned_pages", pages=_numbers(scans))
    if not any(page.characters for page in pages):
        raise ContentError("no_text_layer")


def _refuse_garbled(pages: list[_Page]) -> None:
    total = sum(page.characters for page in pages)
    if sum(page.garbled for page in pages) > _GARBLED * total:
        raise ContentError("garbled_pdf")


def _area(image: dict[str, Any], page: Page) -> float:
    left, top, right, bottom = page.bbox
    width = min(image["x1"], right) - max(image["x0"], left)
    height = min(image["bottom"], bottom) - max(image["top"], top)
    return float(max(0, width) * max(0, height))


def _is_part(item: Line | PageTable, line: Line) -> bool:
    """Whether ``item`` is ``line``, or the part of it that stands in a column."""
    return (
        isinstance(item, Line)
        and line.top <= (item.top + item.bottom) / 2 <= line.bottom
        and line.x0 - 1 <= item.x0
        and item.x1 <= line.x1 + 1
    )


def _blocks(items: list[Line | PageTable]) -> Iterator[Block]:
    run: list[Line] = []
    for item in items:
        if isinstance(item, Line):
            run.append(item)
            continue
        yield from paragraphs(run)
        run = []
        yield item.block()
    yield from paragraphs(run)


def _numbers(numbers: list[int]) -> str:
    """``3、5—8``: runs of pages together."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return "、".join(f"{first}" if first == last else f"{first}—{last}" for first, last in runs)
