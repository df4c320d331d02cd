"""Reading FAQ tables, .csv and .xlsx; every mistake is named by row and column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from openpyxl.utils.datetime import from_excel

from knowledge.content.cells import clean, split_lines, split_list, unprotect
from knowledge.content.dates import parse_date
from knowledge.content.faq_columns import COLUMNS, Column, find_column, is_ignored
from knowledge.content.html_text import html_to_text, looks_like_html
from knowledge.content.identifiers import faq_id, is_valid_id
from knowledge.content.model import Faq
from knowledge.content.problems import ContentError, Problem, ProblemList
from knowledge.content.sheets import Row, read_sheets

MAX_BYTES = 50 * 1024 * 1024
_HEADER_WITHIN = 6
_NOT_SHOWN = frozenset((".gif", ".webp", ".bmp", ".svg", ".tif", ".tiff", ".heic", ".avif"))
"""Endings of pictures that WeChat shows no card with: its page 发送客服消息 names JPG and PNG."""


@dataclass(frozen=True)
class FaqTable:
    """``faqs`` are the good rows, in order; ``rows`` counts the rows that were not blank."""

    faqs: tuple[Faq, ...]
    problems: tuple[Problem, ...]
    rows: int = 0


@dataclass(frozen=True)
class _Header:
    row: Row
    columns: dict[str, int]

    @property
    def missing(self) -> list[str]:
        return [column.name for column in COLUMNS if column.required and column.field not in self.columns]


def read_faq_table(data: bytes, name: str, max_bytes: int = MAX_BYTES) -> FaqTable:
    """Read an FAQ table.

    Args:
        data: a .csv file (UTF-8, UTF-16 or GB18030; comma, semicolon or tab) or an .xlsx file.
        name: the file's name, for the problems.
        max_bytes: larger files are refused.

    Returns:
        The rows without errors, and every problem. Never raises for what the file contains.
    """
    problems = ProblemList(name)
    rows = _Rows(problems)
    try:
        if len(data) > max_bytes:
            raise ContentError("too_large", size=f"{len(data) / 2**20:.1f}", limit=f"{max_bytes / 2**20:g}")
        if not data:
            raise ContentError("empty_file")
        found = _find_table(data, name)
        if found is None:
            problems.error("no_columns", 1, known="、".join(column.name for column in COLUMNS))
        elif found[0].missing:
            shown = "、".join(cell.strip() for cell in found[0].row.cells if cell.strip())
            problems.error(
                "missing_columns", found[0].row.number, missing="、".join(found[0].missing), found=shown
            )
        else:
            _report_columns(found[0], problems)
            rows.read(*found)
            if not rows.count:
                problems.error("no_rows", found[0].row.number)
    except ContentError as error:
        problems.error(error.code, **error.values)
    return FaqTable(tuple(rows.faqs.values()), tuple(problems.items), rows.count)


def _find_table(data: bytes, name: str) -> tuple[_Header, Iterator[Row]] | None:
    """The first sheet whose header has all required columns; else the header that has the most columns."""
    best: tuple[_Header, Iterator[Row]] | None = None
    for sheet in read_sheets(data, name):
        first = list(islice(sheet, _HEADER_WITHIN))
        headers = [header for row in first if (header := _header(row)).columns]
        if not headers:
            continue
        header = max(headers, key=lambda each: (-len(each.missing), len(each.columns)))
        rest = chain((row for row in first if row.number > header.row.number), sheet)
        if not header.missing:
            return header, rest
        if best is None or len(header.columns) > len(best[0].columns):
            best = header, rest
    return best


def _header(row: Row) -> _Header:
    columns: dict[str, int] = {}
    for index, cell in enumerate(row.cells):
        column = find_column(cell)
        if column is not None:
            columns.setdefault(column.field, index)
    return _Header(row, columns)


def _report_columns(header: _Header, problems: ProblemList) -> None:
    unknown = []
    for index, cell in enumerate(header.row.cells):
        column = find_column(cell)
        if column is None:
            if cell.strip() and not is_ignored(cell):
                unknown.append(cell.strip())
        elif header.columns[column.field] != index:
            first = header.row.cells[header.columns[column.field]].strip()
            problems.warning(
                "duplicate_column", header.row.number, cell.strip(), name=cell.strip(), first=first
            )
    if unknown:
        problems.warning("unknown_columns", header.row.number, names="、".join(unknown))


class _Rows:
    """Reads rows one by one into ``faqs`` and remembers what would be a duplicate."""

    def __init__(self, problems: ProblemList) -> None:
        self.faqs: dict[str, Faq] = {}
        self.count = 0
        self._problems = problems
        self._row_of_id: dict[str, int] = {}
        self._row_of_question: dict[str, int] = {}

    def read(self, header: _Header, rows: Iterator[Row]) -> None:
        width = len(header.row.cells)
        for row in rows:
            if row.broken:
                self._problems.error("csv_broken", row.number, detail=row.broken)
                return
            if not any(cell.strip() for cell in row.cells):
                continue
            self.count += 1
            extra = sum(1 for cell in row.cells[width:] if cell.strip())
            if extra:
                self._problems.warning("row_too_wide", row.number, count=extra)
            self._read_row(header, row)

    def _read_row(self, header: _Header, row: Row) -> None:
        before = len(self._problems.items)
        values: dict[str, str] = {}
        for column in COLUMNS:
            index = header.columns.get(column.field, len(row.cells))
            raw = row.cells[index] if index < len(row.cells) else ""
            if index in row.errors:
                self._problems.error("cell_error", row.number, column.name, value=raw)
                continue
            values[column.field] = self._cell(column, raw, row.number)
        if any(problem.severity == "error" for problem in self._problems.items[before:]):
            return
        start = values["effective_from"] or None
        end = values["effective_to"] or None
        if start and end and end < start:
            self._problems.error("dates_reversed_row", row.number, "失效日期", **{"from": start, "to": end})
            return
        self._keep(values, start, end, row.number)

    def _cell(self, column: Column, raw: str, row: int) -> str:
        text = unprotect(clean(raw)) if column.field != "audience" else unprotect(raw.lstrip())
        if column.field == "answer" and looks_like_html(text):
            text = html_to_text(text)
            if not text:
                self._problems.error("html_empty", row, column.name)
                return ""
        if column.required and not text:
            self._problems.error("empty_required", row, column.name, column=column.name)
        elif len(text) > column.limit:
            length, limit = len(text), column.limit
            self._problems.error("too_long", row, column.name, column=column.name, length=length, limit=limit)
        elif text and column.field.startswith("effective_"):
            date = parse_date(text) or _serial_date(text)
            if date is None:
                self._problems.error("bad_date", row, column.name, value=text)
            return date or ""
        elif text and column.field == "id" and not is_valid_id(text):
            self._problems.error("bad_faq_id", row, column.name, value=text)
        elif text and column.field == "link" and not is_web_address(text):
            self._problems.warning("bad_link", row, column.name, value=text)
        elif text and column.field == "picture":
            self._check_picture(text, column, row)
        return text

    def _check_picture(self, text: str, column: Column, row: int) -> None:
        if not is_web_address(text):
            self._problems.error("bad_picture", row, column.name, value=text)
        elif PurePosixPath(urlsplit(text).path).suffix.lower() in _NOT_SHOWN:
            self._problems.warning("picture_format", row, column.name, value=text)

    def _keep(self, values: dict[str, str], start: str | None, end: str | None, row: int) -> None:
        question = values["standard_question"]
        identifier = values["id"] or faq_id(question)
        if identifier in self._row_of_id:
            code = "duplicate_id" if values["id"] else "duplicate_unnumbered"
            self._problems.error(code, row, "编号", id=identifier, first=self._row_of_id[identifier])
            return
        self._row_of_id[identifier] = row
        if values["picture"] and not is_web_address(values["link"]):
            self._problems.note("picture_without_link", row, "配图")
        first = self._row_of_question.setdefault(question, row)
        if first != row:
            self._problems.warning("duplicate_question", row, "标准问题", first=first)
        self.faqs[identifier] = Faq(
            id=identifier,
            standard_question=question,
            answer=values["answer"],
            similar_questions=split_lines(values["similar_questions"]),
            topic=values["topic"],
            department=values["department"],
            region=values["region"],
            audience=split_list(_clean_list(values["audience"])),
            basis=split_lines(values["basis"]),
            link=values["link"],
            picture=values["picture"],
            effective_from=start,
            effective_to=end,
        )


def is_web_address(text: str) -> bool:
    """Whether this is the whole address of something on the web."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
    except ValueError:
        return False


def _clean_list(raw: str) -> str:
    """A list's cell without control characters; its line ends stay, because they say how it is divided."""
    return "\n".join(clean(line) for line in raw.split("\n"))


def _serial_date(text: str) -> str | None:
    """A date that Excel keeps as a number of days because the cell was not formatted as a date."""
    if not (text.isascii() and text.isdigit() and 20_000 <= int(text[:6]) <= 80_000):
        return None
    day = from_excel(int(text))
    return day.date().isoformat() if hasattr(day, "date") else None
