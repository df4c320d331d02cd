"""The signature of an official paper: who issued it, and below or beside it the day."""

import re
from dataclasses import dataclass

from knowledge.content.dates import DAY, day_of

ISSUER = re.compile(
    r"[\u4e00-\u9fff、（） \t\u3000]{2,60}?"
    r"(?:政府|委员会|联合会|总工会|妇联|工会|公司|银行|大学|局|厅|部|委|院|办|办公室|办公厅|中心|署|会|处|队|所|站|馆)"
)
_DAY_LINE = re.compile(
    rf"^[ \t\u3000]{{0,120}}(?P<before>\S.{{0,60}}?)??[ \t\u3000]{{0,40}}{DAY}[ \t\u3000]{{0,40}}$", re.M
)
_MOST_ISSUERS = 6
_TAIL = 400


@dataclass(frozen=True)
class Signature:
    """``issuer`` is empty where only the day stands there; several issuers are joined by ``、``."""

    issuer: str
    day: str


def find_signature(body: str) -> Signature | None:
    """The last day on a line with its issuer; it may be followed by attachments. Else the last day at the end."""
    end = body.rstrip()
    last_bare: Signature | None = None
    last_signed: Signature | None = None
    for match in _DAY_LINE.finditer(end):
        day = day_of(*match.groups()[1:])
        before = (match["before"] or "").strip()
        if day is None or (before and not ISSUER.fullmatch(before)):
            continue
        issuer = _joined([before]) if before else _issuers_above(end[: match.start()])
        if issuer:
            last_signed = Signature(issuer, day)
        if match.start() >= len(end) - _TAIL:
            last_bare = Signature("", day)
    return last_signed or last_bare


def _issuers_above(text: str) -> str:
    """The lines just above a day that name issuers, each a line of its own."""
    lines = text.rstrip().rsplit("\n", 3 * _MOST_ISSUERS)
    found: list[str] = []
    for line in reversed(lines):
        shown = line.strip()
        if not shown:
            continue
        if not ISSUER.fullmatch(shown) or len(found) == _MOST_ISSUERS:
            break
        found.insert(0, shown)
    return _joined(found)


def _joined(names: list[str]) -> str:
    return "、".join(part for name in names for part in re.split(r"[ \t\u3000、]+", name) if part)
