"""The rows of a .csv or .xlsx file as text cells, numbered as a spreadsheet shows them."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.cell import column_index_from_string

from knowledge.content.encoding import decode_text
from knowledge.content.formats.html_page import is_html
from knowledge.content.problems import ContentError

_ZIP, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UNPACKED_LIMIT = 300 * 1024 * 1024
_MERGE = re.compile(rb'<mergeCell [^<>]{0,200}?ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
_MERGE_REACH = 10_000
_DELIMITERS = ",\t;"


@dataclass(frozen=True)
class Row:
    """``cells`` are text as it stands; ``errors`` are the positions of Excel's error values (``#N/A``).

    ``broken`` says why the file cannot be read from this row on.
    """

    number: int
    cells: tuple[str, ...]
    errors: tuple[int, ...] = ()
    broken: str = ""


def read_sheets(data: bytes, name: str) -> Iterator[Iterator[Row]]:
    """The sheets of an .xlsx file one after the other; a text file once for each possible delimiter.

    Raises:
        ContentError: not a table that can be read.
    """
    if data.startswith(_ZIP):
        yield from _workbook(data)
    elif data.startswith((_OLD_OFFICE, b"%PDF")):
        kind = " PDF" if data.startswith(b"%PDF") else "旧版 Excel（.xls）或加密的"
        raise ContentError("unsupported_format", format=kind)
    else:
        text = decode_text(data)
        if is_html(text):
            raise ContentError("unsupported_format", format="网页格式的 Excel（.xls）")
        for delimiter in sorted(_DELIMITERS, key=lambda sign: -text[:2000].count(sign)):
            yield _csv_rows(text, delimiter)


def _csv_rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(number, (), broken=str(error))
            return
        yield Row(number, tuple(cells))


def _workbook(data: bytes) -> Iterator[Iterator[Row]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        unpacked = sum(info.file_size for info in archive.infolist())
        if unpacked > _UNPACKED_LIMIT:
            raise ContentError("too_large", size=unpacked // 2**20, limit=_UNPACKED_LIMIT // 2**20)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            path = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
            yield _sheet_rows(sheet, _merged(archive.read(path)))
    except ContentError:
        raise
    # openpyxl lets many kinds of errors of broken files through; for the editor they are one.
    except Exception as error:
        raise ContentError("not_table") from error


def _merged(xml: bytes) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell below the first of a merged area's left column: where its value stands."""
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for match in _MERGE.finditer(xml):
        left, top, bottom = column_index_from_string(match[1].decode()), int(match[2]), int(match[3])
        for row in range(top + 1, min(bottom, top + _MERGE_REACH) + 1):
            places[row, left] = (top, left)
    return places


def _sheet_rows(sheet: Any, merged: dict[tuple[int, int], tuple[int, int]]) -> Iterator[Row]:
    """Cells merged downwards repeat their value in every row, as they look."""
    sheet.reset_dimensions()
    sources = set(merged.values())
    widest = max((column for _, column in sources), default=0)
    values: dict[tuple[int, int], str] = {}
    for number, cells in enumerate(_safely(sheet.iter_rows()), start=1):
        texts, errors = [], []
        for column in range(1, max(len(cells), widest) + 1):
            cell = cells[column - 1] if column <= len(cells) else None
            if cell is not None and cell.data_type == "e":
                errors.append(column - 1)
            place = (number, column)
            own = _cell_text(cell.value) if cell is not None else ""
            text = values.get(merged[place], "") if place in merged else own
            if place in sources:
                values[place] = text
            texts.append(text)
        yield Row(number, tuple(texts), tuple(errors))


def _safely(rows: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from rows
    except Exception as error:
        raise ContentError("not_table") from error


def _cell_text(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value).replace("\r\n", "\n").replace("\r", "\n")
