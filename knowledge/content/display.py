"""Markdown signs off, for quotes and headings."""

import re

from knowledge.content.table_text import is_rule, read_row

COMMENT = re.compile(r"<!--[^<>]{0,200}-->")
_HEADING_SIGNS = re.compile(r"^[ \t\u3000]{0,8}#{1,6}[ \t\u3000]{1,8}", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n\s*\n")
_INVISIBLE = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff")


def plain_text(text: str) -> str:
    """``text`` without comments, heading signs, bold signs, zero-width characters and blank lines.

    A table's rows become lines ``甲 | 乙``, without the rule below its header.
    """
    if "<!--" in text:
        text = COMMENT.sub("", text)
    if "|" in text:
        text = "\n".join(_table_line(line) for line in text.split("\n"))
    text = _HEADING_SIGNS.sub("", text).replace("**", "").translate(_INVISIBLE)
    return _BLANK_LINES.sub("\n", text).strip()


def _table_line(line: str) -> str:
    shown = line.strip()
    if shown.startswith("\\|"):
        return shown[1:]
    if not shown.startswith("|"):
        return line
    if is_rule(shown):
        return ""
    cells = [" ".join(cell.split("\n")) for cell in read_row(shown)]
    while len(cells) > 1 and not cells[-1]:
        cells.pop()
    return " | ".join(cells)


def is_invisible(text: str) -> bool:
    """True for a line that shows nothing: only comments and zero-width characters."""
    return not COMMENT.sub("", text).translate(_INVISIBLE).strip()


def shorten(text: str, limit: int) -> str:
    """One line of at most about ``limit`` characters.

    A long text keeps its beginning; one that ends in a colon also keeps its end, which says what the list
    below it is.
    """
    line = " ".join(plain_text(text).split())
    if len(line) <= limit:
        return line
    if not line.endswith(("：", ":")):
        return _beginning(line, limit)
    tail = line[-limit // 2 :]
    cut = min((at for sign in "。；，;," if (at := tail.find(sign)) >= 0), default=-1)
    return _beginning(line, limit // 2) + tail[cut + 1 :].strip()


def _beginning(line: str, limit: int) -> str:
    cut = max(line.rfind(sign, 0, limit) for sign in "。；，、;,") + 1
    return line[: cut if cut > limit // 3 else limit].rstrip("，、；;,") + "…"
