"""Plain text from the HTML that editors' old systems keep in their answers."""

import html
import re
from html.parser import HTMLParser

_TAG = re.compile(
    r"</?(?:a|abbr|b|big|blockquote|body|br|caption|center|div|em|font|h[1-6]|head|hr|html|i|img|li|link|meta|ol|p|"
    r"pre|small|span|strike|strong|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|u|ul)(?:\s[^<>]{0,2000})?/?>",
    re.I,
)
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|[lr]arr|#\d{1,6}|#x[0-9a-f]{1,5});", re.I)
_PROTECTED = re.compile(r"<pre>(.*)</pre>", re.S)
BLOCKS = frozenset(
    [
        "p",
        "div",
        "table",
        "tr",
        "ul",
        "ol",
        "li",
        "blockquote",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "caption",
        "center",
        "hr",
        "pre",
        "body",
        "thead",
        "tbody",
    ]
)
HIDDEN = frozenset(("script", "style", "head", "title"))
_URL = re.compile(r"(?:https?|mailto|tel):", re.I)


def looks_like_html(text: str) -> bool:
    """Whether ``text`` holds a known HTML tag or character reference. ``年龄<18岁`` does not."""
    return ("<" in text and bool(_TAG.search(text))) or ("&" in text and bool(_ENTITY.search(text)))


def html_to_text(text: str) -> str:
    """``text`` as a citizen should read it; links as words and address, lists and tables as lines."""
    protected = _PROTECTED.fullmatch(text)
    if protected and not _TAG.search(protected[1]):
        return html.unescape(protected[1])
    parser = _Text("<html" in text[:200].lower())
    parser.feed(text)
    parser.close()
    return parser.result()


def protect(text: str) -> str:
    """Plain text that looks like HTML, written so that ``html_to_text`` gives it back exactly."""
    return f"<pre>{html.escape(text)}</pre>"


class _Text(HTMLParser):
    """Collects the visible text. A line end in the source is a line break, except in a whole HTML page."""

    def __init__(self, whole_page: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._whole_page = whole_page
        self._out: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._lists: list[int | None] = []
        self._hidden = 0
        self._tables = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in HIDDEN:
            self._hidden += 1
        elif tag == "br":
            self._out.append("\v")
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._item()
        elif tag in ("td", "th"):
            if self._out and not self._out[-1].endswith(("\f", "\t")):
                self._out.append("\t")
            return
        elif tag == "table":
            self._tables += 1
        elif tag == "a":
            self._links.append(((values.get("href") or "").strip(), len(self._out)))
        elif tag == "img" and (values.get("alt") or "").strip():
            self._out.append(f"［图：{(values['alt'] or '').strip()}］")
        if tag in BLOCKS and tag != "li":
            self._out.append("\f")

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "a" and self._links:
            self._close_link()
        elif tag == "table":
            self._tables = max(0, self._tables - 1)
        elif tag in ("head", "body", "html"):
            self._hidden = 0
        if tag in BLOCKS:
            self._out.append("\f")

    def handle_data(self, data: str) -> None:
        if self._hidden or (self._tables and not data.strip()):
            return
        # In tables and whole pages, the source's line ends are only layout.
        if self._tables:
            data = " ".join(data.split())
        elif self._whole_page:
            data = data.replace("\n", " ")
        self._out.append(data)

    def _item(self) -> None:
        self._out.append("\f")
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            self._out.append(f"{self._lists[-1]}. ")
        else:
            self._out.append("· ")

    def _close_link(self) -> None:
        url, start = self._links.pop()
        shown = "".join(self._out[start:]).strip()
        if not _URL.match(url):
            return
        address = url.removeprefix("mailto:").removeprefix("tel:")
        if not shown:
            self._out.append(address)
        elif address.rstrip("/") not in shown:
            self._out.append(f"（{address}）")

    def result(self) -> str:
        while self._links:
            self._close_link()
        text = "".join(self._out).replace("\u00a0", " ").replace("\u200b", "")
        text = re.sub(r"[ \u3000]{0,50}[\v\f][ \u3000\v\f\n\t]{0,200}", _breaks, text)
        lines = [
            re.sub(r" *\t[ \t]*", "　", re.sub(r"[ \u3000]{2,}", " ", line)).strip()
            for line in text.replace("\v", "\n").split("\n")
        ]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _breaks(match: re.Match[str]) -> str:
    """Any number of block ends and line ends is one line end; two <br> leave one blank line."""
    return "\n\n" if match[0].count("\v") > 1 else "\n"
