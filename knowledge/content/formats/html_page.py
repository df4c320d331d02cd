"""Web pages, and what Word saves as one: the policy's text without the site around it."""

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree, html

from knowledge.content.display import shorten
from knowledge.content.encoding import decode_text
from knowledge.content.formats.blocks import Block, Extract, Paragraph, Table, to_markdown
from knowledge.content.formats.html_main import Page, main_content
from knowledge.content.formats.html_table import cells_of, owner
from knowledge.content.formats.numbering import format_number
from knowledge.content.html_text import BLOCKS
from knowledge.content.problems import ContentError

# Below Python's own limit: the walk recurses once a level.
MAX_DEPTH = 400
_PAGE = re.compile(
    r"\s{0,200}(?:<\?xml[^>]{0,200}>\s{0,50})?<(?:!doctype\s{1,5}html|html|head|meta|title|body)\b", re.I
)
_FRAGMENT = re.compile(
    r"\s{0,200}<(?:div|p|table|span|font|center|h[1-6]|style|script|article|section)\b[^<>]{0,2000}>", re.I
)
_COMMENTS = re.compile(r"\s{0,200}<!--.{0,5000}?-->", re.S)
_CHARSET = re.compile(rb"charset\s{0,5}=\s{0,5}[\"']?([\w-]{3,20})", re.I)
_OTHER_ENCODINGS = frozenset(("big5", "big5-hkscs"))
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
# What no element of lxml can hold; the parser lets it pass.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WRAP = "\v"  # a line end of the source: a space between words, nothing beside Chinese ones
_CJK = "\u3000-\u9fff\uff00-\uffef"
_CJK_WRAP = re.compile(rf"(?<=[{_CJK}]) ?{_WRAP} ?| ?{_WRAP} ?(?=[{_CJK}])")
_BLOCKS = BLOCKS | set(
    [
        "dl",
        "dt",
        "dd",
        "article",
        "section",
        "main",
        "header",
        "footer",
        "figure",
        "address",
        "fieldset",
        "form",
        "td",
        "th",
        "tr",
    ]
)
_LIST_STYLES = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_CHINESE_LIST = re.compile(
    r"list-style(?:-type)?\s{0,5}:[^;]{0,40}(?:cjk-ideographic|chinese-informal)", re.I
)


def is_html(text: str) -> bool:
    """Whether ``text`` is a page, or a piece of one from its first character to its last."""
    while match := _COMMENTS.match(text):
        text = text[match.end() :]
    return bool(_PAGE.match(text) or (_FRAGMENT.match(text) and text.rstrip().endswith(">")))


def is_web_archive(data: bytes) -> bool:
    """Whether ``data`` is a page with its parts in one file (.mht), as Word also saves under .doc."""
    head = data[:2000].lower()
    return b"mime-version:" in head and b"content-type: multipart/related" in head


def page_text(data: bytes) -> str:
    """The text of a page's file. What a page says of its own encoding is often wrong: UTF-8 is tried first, and
    GB18030 stands for all encodings of the mainland.

    Raises:
        ContentError: as ``decode_text``.
    """
    declared = _CHARSET.search(data[:4096])
    name = declared[1].decode("ascii").lower() if declared else ""
    if name in _OTHER_ENCODINGS:
        for encoding in ("utf-8", name):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    return decode_text(data)


def read_web_archive(data: bytes) -> Extract:
    """The page inside a .mht file.

    Raises:
        ContentError: there is none, or as ``read_html``.
    """
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            content = part.get_payload(decode=True)
            return read_html(page_text(content if isinstance(content, bytes) else b""))
    raise ContentError("no_text")


def read_html(text: str) -> Extract:
    """The main content of a page as Markdown; what was left out is told in the notes.

    Raises:
        ContentError: ``too_complex`` (nested too deeply).
    """
    # The declaration would contradict the text, which is decoded already.
    text = re.sub(r"\A\s{0,200}<\?xml[^>]{0,200}\?>", "", text)
    text = _NOT_XML.sub("", text)
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise ContentError("no_text") from error
    _refuse_deep(root)
    page = main_content(root)
    blocks = list(_Walker().blocks(page.content))
    extract = Extract(to_markdown([*_missing_title(page, blocks), *blocks]))
    if page.left_out:
        shown = "".join(page.left_out.split())
        extract.notes.append(("page_parts_left_out", {"count": len(shown), "text": shorten(shown, 60)}))
    return extract


def _refuse_deep(root: html.HtmlElement) -> None:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise ContentError("too_complex")


def _missing_title(page: Page, blocks: list[Block]) -> list[Block]:
    """The page's title, where it stands outside the content."""
    head = "".join(block.text for block in blocks[:8] if isinstance(block, Paragraph))
    if not page.title or "".join(page.title.split()) in "".join(head.split()):
        return []
    return [Paragraph(page.title, 1)]


@dataclass
class _Walker:
    """Collects blocks in the order of the page. Text between block elements is one paragraph."""

    _text: list[str] = field(default_factory=list)
    _lists: list[list[object]] = field(default_factory=list)
    _level: int = 0
    _preformatted: int = 0

    def blocks(self, root: html.HtmlElement) -> Iterator[Block]:
        yield from self._element(root)
        yield from self._flush()

    def _element(self, element: html.HtmlElement) -> Iterator[Block]:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag == "br":
            self._text.append("\n")
        elif tag == "table":
            yield from self._flush()
            yield from self._table(element)
        elif tag:
            is_block = tag in _BLOCKS
            if is_block:
                yield from self._flush()
            self._open(tag, element)
            self._add(element.text)
            for child in element:
                yield from self._element(child)
                self._add(child.tail)
            if is_block:
                yield from self._flush()
            self._close(tag)

    def _open(self, tag: str, element: html.HtmlElement) -> None:
        if tag in ("ul", "ol"):
            start = element.get("start", "1")
            style = "chineseCounting" if _CHINESE_LIST.search(element.get("style", "")) else "decimal"
            style = _LIST_STYLES.get(element.get("type", ""), style)
            self._lists.append([int(start) if start.isdecimal() else 1, style if tag == "ol" else ""])
        elif tag == "li":
            self._text.append(self._label())
        elif tag == "pre":
            self._preformatted += 1
        elif len(tag) == 2 and tag[0] == "h" and tag[1].isdecimal():
            self._level = int(tag[1])

    def _close(self, tag: str) -> None:
        if tag in ("ul", "ol"):
            self._lists.pop()
        elif tag == "pre":
            self._preformatted -= 1
        elif len(tag) == 2 and tag[0] == "h":
            self._level = 0

    def _label(self) -> str:
        if not self._lists or not self._lists[-1][1]:
            return "- "
        number, style = self._lists[-1]
        assert isinstance(number, int)
        self._lists[-1][0] = number + 1
        sign = "、" if style == "chineseCounting" else ". "
        return f"{format_number(number, str(style))}{sign}"

    def _add(self, text: str | None) -> None:
        if text:
            self._text.append(text if self._preformatted else _SPACES.sub(_space, text))

    def _flush(self) -> Iterator[Block]:
        text = _CJK_WRAP.sub("", "".join(self._text).replace("\u200b", "")).replace(_WRAP, " ")
        self._text = []
        if text.strip() and text.strip() != "-":
            lines = [line.strip() for line in text.split("\n")]
            yield Paragraph("\n".join(line for line in lines if line), self._level)

    def _table(self, table: html.HtmlElement) -> Iterator[Block]:
        rows = [row for row in table.iter("tr") if owner(row) is table]
        if any(True for _ in table.iterdescendants("table")) or not rows:
            yield from self._layout(table)
            return
        for caption in table.iterchildren("caption"):
            yield Paragraph(_cell_text(caption))
        cells, header_rows = cells_of(rows, _cell_text)
        yield Table(tuple(cells), header_rows or None)

    def _layout(self, table: html.HtmlElement) -> Iterator[Block]:
        """A table that only places other things: its cells one after the other."""
        self._add(table.text)
        for child in table:
            if child.tag in ("thead", "tbody", "tfoot", "tr", "td", "th", "caption"):
                yield from self._layout(child)
            else:
                yield from self._element(child)
            self._add(child.tail)
        yield from self._flush()


def _space(run: re.Match[str]) -> str:
    return _WRAP if "\n" in run[0] else " "


def _cell_text(cell: html.HtmlElement) -> str:
    return "\n".join(block.text for block in _Walker().blocks(_as_div(cell)) if isinstance(block, Paragraph))


def _as_div(cell: html.HtmlElement) -> html.HtmlElement:
    cell.tag = "div"
    return cell
