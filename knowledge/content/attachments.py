"""The attachments that a document names: in the list beside its signature, else at the head of each of them."""

import re

from knowledge.content.display import plain_text
from knowledge.content.markers import detect
from knowledge.content.numerals import CHINESE, parse_numeral

_REACH = 4000  # characters that a list may go on for
_TITLE = 60  # characters of a line that may be an attachment's title
_LIST = re.compile(r"^[ \t\u3000]{0,20}附\s{0,4}件[：:][ \t\u3000]{0,4}(.{0,200})$", re.M)
_ENTRY = re.compile(
    r"\s{0,20}(?:附\s{0,4}件)?\s{0,2}(?P<number>\d{1,2})\s{0,2}[.．、：:]\s{0,4}(?P<name>\S.{0,150}?)\s{0,4}\Z"
)
_NEXT_ENTRY = re.compile(r"(?<=\S)[ \t\u3000；;]{1,6}(?=\d{1,2}[.．、](?!\d))")
_HEAD = re.compile(
    rf"[#\s*]{{0,10}}(?P<label>附\s{{0,3}}件\s{{0,3}}(?:\d{{1,2}}|[{CHINESE}]{{1,3}})?)"
    r"(?:\*{0,2}[：:.．、\s][：:\s*]{0,6}(?P<rest>.{0,100}))?\*{0,2}\Z"
)
_WITHOUT = re.compile(r"[（(]?(?:略|无|此处略)[）)]?\Z")


def find_attachments(body: str) -> tuple[str, ...]:
    """Their names, in their order; ``附件1`` where an attachment has none."""
    names = [_clean(name) for name in _listed(body) or _headed(body)]
    return tuple(name for name in names if name and not _WITHOUT.match(name))


def _listed(body: str) -> list[str]:
    """``附件：1. 申请表`` and the lines below it, as far as the numbers go on; or ``附件：申请表`` alone."""
    head = _LIST.search(body)
    if not head:
        return []
    names: list[str] = []
    below = body[head.end() : head.end() + _REACH].split("\n")
    for number, line in enumerate([head[1], *below]):
        for part in _NEXT_ENTRY.split(line):
            entry = _ENTRY.match(part)
            if entry and parse_numeral(entry["number"]) == len(names) + 1:
                names.append(entry["name"])
            elif part.strip():
                return names or ([part] if number == 0 else [])
    return names


def _headed(body: str) -> list[str]:
    """The lines ``附件1``, each once, with the title behind or below them."""
    names: dict[str, str] = {}
    lines = [line for line in body.split("\n") if line.strip()]
    for index, line in enumerate(lines):
        head = _HEAD.match(line)
        rest = plain_text(head["rest"] or "") if head else ""
        if not head or rest.endswith(("。", "；", "，")):
            continue
        label = "".join(head["label"].split())
        below = plain_text(lines[index + 1]) if index + 1 < len(lines) else ""
        names.setdefault(label, rest or (below if _is_title(below) else label))
    return list(names.values())


def _is_title(line: str) -> bool:
    return (
        0 < len(line) <= _TITLE and line[-1] not in "。；：:，" and detect(line) is None and "|" not in line
    )


def _clean(name: str) -> str:
    name = plain_text(name).rstrip("。；;，, ")
    return name[1:-1] if name.startswith("《") and name.find("》") == len(name) - 1 else name
