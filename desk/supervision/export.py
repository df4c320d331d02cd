"""The handoffs of some days as a CSV table: how long each took and how it ended, and nothing a citizen wrote."""

import csv
import io
from collections.abc import Iterable

from desk.supervision.cases import Case
from desk.supervision.measures import Span
from desk.texts import Texts

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as GB18030."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(found: Iterable[Case], texts: Texts, now: float) -> str:
    """One row for each handoff. What has not happened is an empty cell.

    Args:
        now: the present as epoch seconds.
    """
    table = io.StringIO()
    table.write(BOM)
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(texts.words("supervision.export_columns"))
    for case in found:
        writer.writerow(
            [
                case.number,
                _harmless(case.department),
                texts.label("reasons", case.reason),
                _seconds(case.wait(now)),
                _seconds(case.first_response(now)),
                _seconds(case.handling(now)),
                texts.label("outcomes", case.outcome or case.status),
                "" if case.score is None else str(case.score),
            ]
        )
    return table.getvalue()


def _seconds(span: Span | None) -> str:
    return str(round(span.seconds)) if span and span.done else ""


def _harmless(text: str) -> str:
    """A spreadsheet must not take the cell for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
