"""What of a web page is its content. Only what is certainly the site's own is left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree, html

from knowledge.content.html_text import HIDDEN

_DROPPED = (HIDDEN - {"head"}) | {
    "noscript", "template", "iframe", "object", "svg", "button", "select", "input", "textarea", "meta", "link", "base",
}  # fmt: skip
_SITE = frozenset(("nav", "footer", "aside"))
_SITE_WORDS = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|menu|footer|foot|header|head|top|bottom|breadcrumb|crumbs?|sidebar|share|bdsharebuttonbox|"
    r"copyright|pager|pagination|related|toolbar|search|login|banner|qrcode|links?|friendlink|tools?)(?:$|[\s_\d-])",
    re.I,
)
# A notice may speak of 版权所有; only an imprint gives it, or a licence, a number or a holder.
_IMPRINT = re.compile(
    r"ICP\s?备\s?(?:字第)?\s?\d|公网安备\s?\d|网站标识码[：:\s]{0,3}[\w]*\d{6}|版权所有\s?[：:©]|(?:©|Copyright)\s?.{0,20}\d{4}|"
    r"您(?:现在|当前)?的?(?:所在)?位置\s?[：:]",
    re.I,
)
# Where the usual systems of government sites put a document's text.
_CONTENT = re.compile(
    r"(?:^|\s)(?:UCAP-CONTENT|zoom|TRS_Editor|pages_content|article[-_]?(?:content|body|con)|news[-_]?content|"
    r"content[-_]?(?:text|body)|detail[-_]?content|vsb_content|ewb-article-content|main-?content)(?:$|\s)",
    re.I,
)
_HIDDEN_STYLE = re.compile(
    r"display\s{0,5}:\s{0,5}none|visibility\s{0,5}:\s{0,5}hidden|mso-hide\s{0,5}:\s{0,5}all", re.I
)
_TITLE_TAIL = re.compile(r"\s{0,5}[-_|－—–][^-_|－—–]{0,60}\Z")
_BOXES = frozenset(["div", "ul", "ol", "section", "header", "table", "p", "center", "dl"])
_SMALL = 400  # characters of the longest imprint
_MANY, _LINKED = 4, 0.7  # links, and their share of the text, of what is only a list of links
_MOST = 0.8  # share of the page's text that a content area must hold to be taken for all of it


@dataclass(frozen=True)
class Page:
    """``title`` is empty where the page names none; ``left_out`` is the visible text outside ``content``."""

    title: str
    content: html.HtmlElement
    left_out: str


def main_content(root: html.HtmlElement) -> Page:
    """Find the content of a page. ``root`` is changed: what is left out is taken from it.

    Left out are scripts and controls; navigation, footers and side columns by their tags; boxes named so, lists
    of links and the imprint where they hold no sentences. Where nearly all of the rest is one known content
    area, only that is kept.
    """
    title = _title(root)
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element.tag in _DROPPED or _is_hidden(element):
            _remove(element)
    body = root.find("body")
    body = root if body is None else body
    left_out = [part.text_content() for part in _site_parts(body)]
    sizes = _measure(body)
    area = max(_areas(body), key=lambda element: sizes[element].length, default=None)
    if area is not None and sizes[area].length >= _MOST * sizes[body].length:
        kept = set(area.iter())
        left_out += [text for element in body.iter() for text in _texts_outside(element, kept, area)]
        body = area
    return Page(title, body, "\n".join(part for part in left_out if part.strip()))


def _title(root: html.HtmlElement) -> str:
    """From the tag that government sites must have, the page's one first heading, or its window title."""
    for meta in root.iter("meta"):
        if (meta.get("name") or "").lower() == "articletitle" and (meta.get("content") or "").strip():
            return " ".join(meta.get("content").split())
    headings = [" ".join(heading.text_content().split()) for heading in root.iter("h1")]
    if len(headings) == 1 and headings[0]:
        return headings[0]
    shown = next((" ".join(title.text_content().split()) for title in root.iter("title")), "")
    return _TITLE_TAIL.sub("", shown)


@dataclass(slots=True)
class _Size:
    """What is inside an element: characters, those in links, links, sentence ends."""

    length: int = 0
    linked: int = 0
    links: int = 0
    sentences: int = 0

    def add(self, other: "_Size") -> None:
        self.length += other.length
        self.linked += other.linked
        self.links += other.links
        self.sentences += other.sentences

    def add_text(self, text: str | None) -> None:
        if text:
            self.length += len("".join(text.split()))
            self.sentences += text.count("。") + text.count("；")


def _measure(body: html.HtmlElement) -> dict[html.HtmlElement, _Size]:
    """The size of every element, each text counted once."""
    sizes: dict[html.HtmlElement, _Size] = {}
    for _, element in etree.iterwalk(body, events=("end",)):
        size = _Size()
        size.add_text(element.text)
        for child in element:
            size.add(sizes[child])
            size.add_text(child.tail)
        if element.tag == "a":
            size.links, size.linked = 1, size.length
        sizes[element] = size
    return sizes


def _site_parts(body: html.HtmlElement) -> Iterator[html.HtmlElement]:
    """Take the site's own parts out of ``body``, outermost first."""
    sizes = _measure(body)
    waiting = list(body)
    while waiting:
        element = waiting.pop()
        if element.tag in _SITE or _is_site_box(element, sizes[element]):
            _remove(element)
            yield element
        else:
            waiting.extend(element)


def _is_site_box(element: html.HtmlElement, size: _Size) -> bool:
    if element.tag not in _BOXES or not size.length:
        return False
    if size.length < _SMALL and _IMPRINT.search(element.text_content()):
        return True
    if size.sentences:
        return False
    named = element.tag == "header" or bool(_SITE_WORDS.search(_names(element)))
    if named and not any(True for _ in element.iter("h1", "h2")):
        return True
    return size.links >= _MANY and size.linked > _LINKED * size.length


def _names(element: html.HtmlElement) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''}"


def _texts_outside(
    element: html.HtmlElement, kept: set[html.HtmlElement], area: html.HtmlElement
) -> Iterator[str]:
    if element not in kept and element.text:
        yield element.text
    if (element not in kept or element is area) and element.tail:
        yield element.tail


def _areas(body: html.HtmlElement) -> Iterator[html.HtmlElement]:
    for element in body.iter("article", "main", "div", "td", "section"):
        if element.tag in ("article", "main") or _CONTENT.search(_names(element)):
            yield element


def _is_hidden(element: html.HtmlElement) -> bool:
    return element.get("hidden") is not None or bool(_HIDDEN_STYLE.search(element.get("style") or ""))


def _remove(element: html.HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()
