"""What the beginning of a line says: chapter, article, annex, numbered heading, Markdown heading, or nothing.

Every quantifier is bounded, so that no line can make a pattern slow.
"""

import re
from dataclasses import dataclass
from typing import Literal

from knowledge.content.numerals import CHINESE, NUMERAL, parse_numeral

BOLD = 7  # the heading level of a line that is all in bold

Family = Literal["chapter", "article", "annex", "heading", "item", "toc"]

# Markdown list signs, quotes, heading signs and bold signs that may stand before a label.
_PREFIX = r"(?P<md>#{1,6})?[\s\u200b]{0,8}(?:[-*+>][ \t\u3000]{1,4})?(?P<bold>\*\*|__)?[\s\u200b]{0,8}"
_N = rf"[{NUMERAL}]{{1,9}}"
_ARTICLE = re.compile(
    _PREFIX + rf"(?P<label>第\s{{0,3}}{_N}\s{{0,3}}条(?:\s?之\s?[{CHINESE}0-9]{{1,3}})?)(?P<rest>.?)", re.S
)
# "第八条规定的…" at the beginning of a line speaks about an article; it does not begin one.
_REFERENCE = re.compile(
    r"[的、，,。；;)）》”\"第款项至和或及与—~～-]|规定|所[列规称述]|中[的规所]|修改|修正|删去|之|以外|除外|第?[一二三]款"
)
_CHAPTER = re.compile(
    _PREFIX + rf"(?P<label>第\s{{0,3}}{_N}\s{{0,3}}(?P<unit>分编|编|篇|部分|章|节))(?P<rest>.{{0,80}})", re.S
)
_CHAPTER_RANK = {"编": 1, "篇": 1, "部分": 1, "分编": 2, "章": 3, "节": 4}
_NAMED = re.compile(
    _PREFIX + r"(?P<label>附\s{0,4}则|总\s{0,4}则|序\s{0,4}言|前\s{0,4}言|引\s{0,4}言)(?:\*\*|__)?\s{0,8}\Z"
)
_TOC = re.compile(_PREFIX + r"目\s{0,6}[录次]\s{0,8}(?:\*\*|__)?\Z")
_ANNEX = re.compile(
    _PREFIX
    + rf"(?P<label>附\s{{0,3}}[件录表图]\s{{0,2}}(?:[A-Z]|{_N})?)(?:\*\*|__)?\s{{0,4}}(?:[：:.．、\s]|\Z)"
)
_ITEMS: tuple[tuple[str, int, re.Pattern[str]], ...] = tuple(
    (style, rank, re.compile(_PREFIX + pattern, re.S))
    for style, rank, pattern in (
        ("一、", 1, rf"(?P<n>[{CHINESE}]{{1,5}})(?:\*\*)?\s?[、．.]"),
        ("（一）", 2, rf"[（(]\s?(?P<n>[{CHINESE}]{{1,5}})\s?[)）]"),
        ("1.1", 3, r"(?P<n>\d{1,3}(?:\.\d{1,3}){1,5})\.?(?=[\s\u3000])"),
        ("1.", 4, r"(?P<n>[0-9０-９]{1,3})(?:[．、]|\.(?![0-9]))"),
        ("（1）", 5, r"[（(]\s?(?P<n>[0-9０-９]{1,3})\s?[)）]"),
        ("1）", 6, r"(?P<n>[0-9０-９]{1,3})[)）]"),
        ("①", 7, r"(?P<n>[①-⑳])"),
        ("a)", 8, r"(?P<n>[a-zA-Z])[)）]"),
    )
)
_BARE_NUMBER = re.compile(rf"(?P<md>#{{1,6}})[\s\u3000]{{1,4}}(?P<n>[{CHINESE}]{{1,5}})\Z")
_HEADING = re.compile(r"(?P<md>#{1,6})[ \t\u3000]{1,8}(?=\S)")
_BOLD_LINE = re.compile(r"\*\*[^*\n]{1,40}\*\*[：:]?\Z")
_FIRST = frozenset(
    "#*_>-+第附总序前引目（(\u200b①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳" + CHINESE + "0123456789０１２３４５６７８９"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """``style`` names the numbering (``第一条``, ``一、`` …); ``label`` is the number as anchors show it."""

    family: Family
    style: str
    label: str
    rank: int = 0
    ordinal: int = 0
    level: int = 0  # Markdown heading level, 0 for a plain line
    rest: str = ""  # what follows the label, for articles


def detect(line: str) -> Marker | None:
    """The marker that begins ``line`` (already stripped of white space), or ``None`` for running text."""
    if line[0] not in _FIRST and not (line[0].isascii() and line[1:2] in ")）"):
        return None
    return _article(line) or _chapter(line) or _annex_or_toc(line) or _item(line) or _heading(line)


def _article(line: str) -> Marker | None:
    match = _ARTICLE.match(line)
    if match is None:
        return None
    after, bold = match.end("label"), match["bold"]
    if not (bold and line.startswith(bold, after)) and _REFERENCE.match(line, after):
        return None
    label = "".join(match["label"].split())
    rest = line[after:].removeprefix(bold or "").strip()
    return Marker("article", "第一条", label, level=len(match["md"] or ""), rest=rest)


def _chapter(line: str) -> Marker | None:
    match = _CHAPTER.match(line)
    if match is None:
        named = _NAMED.match(line)
        if named is None:
            return None
        return Marker("chapter", "附则", "".join(named["label"].split()), 3, level=len(named["md"] or ""))
    level, rest = len(match["md"] or ""), match["rest"]
    if not level:
        closed = rest[:1] == "" or rest[0].isspace() or rest[0] in "：:*_"
        sentence = rest.rstrip().endswith(("。", "；", ";", "，", "：")) or len(line) > 60
        if sentence or (not closed and (len(line) > 30 or any(sign in rest for sign in "。；，,;：:"))):
            return None
    label = "".join(match["label"].split())
    return Marker("chapter", match["unit"], label, _CHAPTER_RANK[match["unit"]], level=level)


def _annex_or_toc(line: str) -> Marker | None:
    if len(line) > 100:
        return None
    if _TOC.match(line):
        return Marker("toc", "目录", "目录")
    match = _ANNEX.match(line)
    if match is None:
        return None
    return Marker("annex", "附件", "".join(match["label"].split()), level=len(match["md"] or ""))


def _item(line: str) -> Marker | None:
    bare = _BARE_NUMBER.match(line)
    if bare:
        return Marker("item", "一、", bare["n"] + "、", 1, parse_numeral(bare["n"]) or 0, len(bare["md"]))
    for style, rank, pattern in _ITEMS:
        match = pattern.match(line)
        if match is None:
            continue
        number, level = match["n"], len(match["md"] or "")
        if style == "1.1":
            return Marker(
                "item", f"1.1/{number.count('.')}", number, rank, int(number.rsplit(".", 1)[1]), level
            )
        if style == "①":
            return Marker("item", style, number, rank, ord(number) - ord("①") + 1, level)
        if style == "a)":
            return Marker("item", style, number + ")", rank, ord(number.lower()) - 96, level)
        ordinal = parse_numeral(number)
        if ordinal is None:
            return None
        shown = str(ordinal) if "1" in style else number
        return Marker("item", style, style.replace("一", shown).replace("1", shown), rank, ordinal, level)
    return None


def _heading(line: str) -> Marker | None:
    match = _HEADING.match(line)
    if match:
        return Marker("heading", "#", line[match.end() :].strip(), level=len(match["md"]))
    if _BOLD_LINE.match(line):
        return Marker("heading", "#", line.strip("*：:"), level=BOLD)
    return None
