"""Writing FAQ tables, so that reading them back changes nothing."""

import csv
import io
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from knowledge.content.cells import clean, join_list, protect
from knowledge.content.faq_columns import COLUMNS
from knowledge.content.html_text import looks_like_html
from knowledge.content.html_text import protect as protect_html
from knowledge.content.model import Faq
from knowledge.content.problems import ContentError

EXCEL_CELL = 32_767
_WIDTHS = {
    "standard_question": 36,
    "similar_questions": 36,
    "answer": 70,
    "basis": 36,
    "link": 30,
    "picture": 30,
}


def write_faq_table(faqs: Iterable[Faq], target: str | PurePath) -> bytes:
    """The FAQs as a table with all columns.

    Args:
        faqs: in the order of the rows.
        target: ``csv``, ``xlsx``, or a path with one of these suffixes (nothing is written to it).

    Raises:
        ContentError: an .xlsx cell would be longer than Excel allows.
        ValueError: another format.
    """
    kind = str(target).rsplit(".", 1)[-1].lower()
    rows = [[_cell(faq, column.field) for column in COLUMNS] for faq in faqs]
    if kind == "csv":
        return _csv(rows)
    if kind == "xlsx":
        return _xlsx(rows)
    raise ValueError(f"unknown table format: {target}")


def _cell(faq: Faq, field: str) -> str:
    value = getattr(faq, field)
    if isinstance(value, tuple):
        value = tuple(clean(each) for each in value)
        return protect(join_list(value) if field == "audience" else "\n".join(value))
    text = clean(value or "")
    if field == "answer" and looks_like_html(text):
        text = protect_html(text)
    return protect(text)


def _header() -> list[str]:
    return [column.name + "*" * column.required for column in COLUMNS]


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_header())
    writer.writerows(rows)
    # With the BOM, Excel opens Chinese text as it is.
    return out.getvalue().encode("utf-8-sig")


def _xlsx(rows: list[list[str]]) -> bytes:
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "问答"
    sheet.append(_header())
    for number, row in enumerate(rows, start=2):
        for index, text in enumerate(row):
            if len(text) > EXCEL_CELL:
                name = COLUMNS[index].name
                raise ContentError("cell_too_long_to_write", id=row[0], column=name, limit=EXCEL_CELL)
            if text:
                cell = sheet.cell(number, index + 1)
                cell.value, cell.data_type = text, "s"
                cell.number_format = "@"
                cell.alignment = Alignment(wrap_text=True, vertical="top")
    for index, column in enumerate(COLUMNS, start=1):
        sheet.cell(1, index).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(index)].width = _WIDTHS.get(column.field, 14)
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
