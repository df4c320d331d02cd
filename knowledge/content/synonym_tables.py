"""Tables of everyday words, .csv and .xlsx: read with every mistake named by row and column, and written."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from openpyxl import Workbook

from knowledge.content.cells import clean, protect, unprotect
from knowledge.content.faq_columns import header_key
from knowledge.content.identifiers import is_valid_id
from knowledge.content.model import Synonym
from knowledge.content.problems import ContentError, Problem, ProblemList
from knowledge.content.sheets import Row, read_sheets

WORD, OFFICIAL = "用语", "规范用语"
_HEADER_WITHIN = 6
_SEPARATORS = "；;、\n"
_LONGEST = 20  # characters: a longer one is a question, and belongs into an FAQ


@dataclass(frozen=True)
class SynonymTable:
    """``synonyms`` are the good rows, in order."""

    synonyms: tuple[Synonym, ...]
    problems: tuple[Problem, ...]


def is_synonym_table(data: bytes, name: str) -> bool:
    """Whether the file is a table with the columns 用语 and 规范用语."""
    try:
        return any(_columns(sheet) is not None for sheet in read_sheets(data, name))
    except ContentError:
        return False


def read_synonym_table(data: bytes, name: str) -> SynonymTable:
    """Read a table of everyday words; 规范用语 holds one or more, parted by ；.

    Never raises for what the file contains.
    """
    problems = ProblemList(name)
    found: dict[str, Synonym] = {}
    try:
        for sheet in read_sheets(data, name):
            places = _columns(sheet)
            if places is None:
                continue
            for row in sheet:
                _read_row(row, *places, found, problems)
            break
    except ContentError as error:
        problems.error(error.code, **error.values)
    if not found and not problems.has_errors:
        problems.error("no_words", 1)
    return SynonymTable(tuple(found.values()), tuple(problems.items))


def write_synonym_table(synonyms: Iterable[Synonym], kind: str) -> bytes:
    """The words as a table, ``csv`` or ``xlsx``; reading it changes nothing. Raises ValueError for another kind."""
    rows = [[WORD, OFFICIAL]]
    rows += [[protect(each.word), protect("；".join(each.official))] for each in synonyms]
    if kind == "csv":
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        return text.getvalue().encode("utf-8-sig")
    if kind != "xlsx":
        raise ValueError(f"unknown table format: {kind}")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = OFFICIAL
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _columns(sheet: Iterator[Row]) -> tuple[int, int] | None:
    """The places of the two columns; ``sheet`` then stands behind the header."""
    for row in islice(sheet, _HEADER_WITHIN):
        keys = [header_key(cell) for cell in row.cells]
        if WORD in keys and OFFICIAL in keys:
            return keys.index(WORD), keys.index(OFFICIAL)
    return None


def _read_row(
    row: Row, word_at: int, official_at: int, found: dict[str, Synonym], problems: ProblemList
) -> None:
    if row.broken:
        problems.error("csv_broken", row.number, detail=row.broken)
        return
    cells = [clean(unprotect(cell)).strip() for cell in row.cells]
    if not any(cells):
        return
    word = cells[word_at] if word_at < len(cells) else ""
    listed = cells[official_at] if official_at < len(cells) else ""
    for separator in _SEPARATORS:
        listed = listed.replace(separator, "\n")
    official = tuple(
        dict.fromkeys(part for each in listed.split("\n") if (part := each.strip()) and part != word)
    )
    if not word:
        problems.error("empty_required", row.number, WORD, column=WORD)
    elif not official:
        problems.error("empty_required", row.number, OFFICIAL, column=OFFICIAL)
    elif len(word) > _LONGEST or not is_valid_id(word):
        problems.error("word_unusable", row.number, WORD, word=word, limit=_LONGEST)
    elif word in found:
        problems.error("word_repeated", row.number, WORD, word=word)
    else:
        found[word] = Synonym(word, official)
