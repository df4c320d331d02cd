"""The tree of a document's headings, articles and items, as offsets into its text."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from knowledge.content.lines import Line, logical_lines
from knowledge.content.markers import BOLD, Marker, detect

NodeKind = Literal["root", "chapter", "annex", "article", "heading", "section", "item"]
INFO_END = "<!-- INFO END -->"
_TOC_REACH = 400


@dataclass(slots=True)
class Node:
    kind: NodeKind
    start: int
    end: int
    marker: Marker | None = None
    parts: "list[Line | Node]" = field(default_factory=list)

    @property
    def children(self) -> "list[Node]":
        return [part for part in self.parts if isinstance(part, Node)]


@dataclass(slots=True)
class Outline:
    """``preamble`` and ``toc`` are spans (or ``None``); ``root`` holds everything else."""

    root: Node
    preamble: tuple[int, int] | None
    toc: tuple[int, int] | None


def outline(body: str, title: str = "") -> Outline:
    """Read ``body`` once, line by line, into a tree. Time is linear in its length."""
    lines = list(logical_lines(body))
    root = Node("root", 0, 0)
    first = _preamble_length(body, lines, title)
    preamble = (lines[0].start, lines[first - 1].end) if first else None
    toc: tuple[int, int] | None = None
    builder = _Builder(body, root)
    index = first
    while index < len(lines):
        line = lines[index]
        marker = None if line.table or not line.visible else detect(body[line.start : line.end])
        if marker is not None and marker.family == "toc":
            length = _toc_length(body, lines, index) if toc is None else 0
            if length:
                toc = (line.start, lines[index + length - 1].end)
                index += length
                continue
            marker = Marker("heading", "#", "目录", level=marker.level or BOLD)
        builder.add(line, marker)
        index += 1
    return Outline(root, preamble, toc)


_HISTORY = re.compile(
    r"[（(]?\s?\d{4}\s?年\s?\d{1,2}\s?月|[\u4e00-\u9fff]{1,12}[〔\[［（(【]\d{4}[〕\]］）)】]|.{1,20}令\s?第"
)


def _preamble_length(body: str, lines: list[Line], title: str) -> int:
    """How many first lines are title and history: up to the INFO END mark, or as far as they look like it."""
    mark = body.find(INFO_END, 0, 50_000)
    if mark >= 0:
        return sum(1 for line in lines if line.start <= mark) if mark else 1
    count = 0
    for line in lines[:60]:
        text = body[line.start : line.end]
        is_title = count < 2 and (
            text == title or (text.startswith("# ") and detect(text[2:].strip() or "#") is None)
        )
        is_history = count > 0 and len(text) < 150 and _HISTORY.match(text) and not text.endswith(("：", ":"))
        if line.visible and not (is_title or is_history):
            break
        count += 1
    return count


def _toc_length(body: str, lines: list[Line], index: int) -> int:
    """Lines of the table of contents at ``index``: until its first entry comes again; 0 if it never does."""
    first: tuple[str, str] | None = None
    for offset in range(1, min(_TOC_REACH, len(lines) - index)):
        line = lines[index + offset]
        marker = detect(body[line.start : line.end])
        if marker is None:
            continue
        if marker.family == "article" and first is not None and first[0] != marker.style:
            return 0
        key = (marker.style, marker.label)
        if first is None:
            first = key
        elif key == first:
            return offset
    return 0


class _Builder:
    """Keeps the open nodes, outermost first, and decides which of them a new line closes."""

    def __init__(self, body: str, root: Node) -> None:
        self._body = body
        self._stack = [root]

    def add(self, line: Line, marker: Marker | None) -> None:
        if (
            marker is not None
            and marker.level == BOLD
            and any(node.kind == "article" for node in self._stack)
        ):
            marker = None  # words in bold inside an article head nothing
        if marker is None:
            self._close_finished_items(line)
        else:
            self._open(line, marker)
        self._stack[-1].parts.append(line)
        for node in self._stack:
            node.end = line.end

    def _open(self, line: Line, marker: Marker) -> None:
        kind: NodeKind
        match marker.family:
            case "annex":
                kind = "annex"
                self._pop_to(lambda node: False)
            case "chapter":
                kind = "chapter"
                self._pop_to(lambda node: self._holds_chapter(node, marker))
            case "article":
                kind = "article"
                self._pop_to(_holds_article)
            case "heading" | "toc":
                kind = "heading"
                if marker.level < BOLD:
                    self._pop_to(lambda node: _above(node, marker.level))
                else:
                    self._close_bold_heading()
            case "item":
                kind = self._place_item(marker)
        node = Node(kind, line.start, line.end, marker)
        self._stack[-1].parts.append(node)
        self._stack.append(node)

    def _close_bold_heading(self) -> None:
        for index, node in enumerate(self._stack):
            if node.marker is not None and node.marker.level == BOLD:
                del self._stack[index:]
                return

    def _holds_chapter(self, node: Node, marker: Marker) -> bool:
        if node.kind == "chapter" and node.marker is not None:
            return node.marker.rank < marker.rank
        return node.kind == "annex" or (
            node.kind == "heading" and bool(marker.level) and _above(node, marker.level)
        )

    def _place_item(self, marker: Marker) -> NodeKind:
        """Leave the new item's parent on top of the stack; say whether it is an item or a section."""
        same = next(
            (i for i in range(len(self._stack) - 1, 0, -1) if _style(self._stack[i]) == marker.style), 0
        )
        in_article = next((i for i, node in enumerate(self._stack) if node.kind == "article"), 0)
        if marker.level and in_article and same <= in_article:
            # A Markdown heading is never an item of the article before it.
            self._pop_to(lambda node: _above(node, marker.level))
        elif same:
            del self._stack[same:]
        elif in_article:
            self._close_deeper(marker, in_article)
        elif marker.rank == 1:
            self._pop_to(lambda node: node.kind in ("chapter", "annex", "heading"))
        elif marker.level:
            self._pop_to(lambda node: _above(node, marker.level) or node.kind in ("chapter", "annex"))
        else:
            self._close_deeper(marker, 0)
        return "item" if any(node.kind == "article" for node in self._stack) else "section"

    def _close_deeper(self, marker: Marker, floor: int) -> None:
        """A list that begins (1., （一）) nests in what is open; one that goes on closes finer numberings."""
        decimal = marker.style.startswith("1.1")
        if marker.ordinal == 1 and not decimal:
            return
        while len(self._stack) - 1 > floor:
            top = self._stack[-1].marker
            if top is None or top.family != "item":
                return
            finer = (
                top.style > marker.style
                if decimal and top.style.startswith("1.1")
                else top.rank > marker.rank
            )
            if not finer:
                return
            self._stack.pop()

    def _close_finished_items(self, line: Line) -> None:
        """Inside an article, running text after the last item is a new paragraph of the article."""
        if not line.visible:
            return
        while self._stack[-1].kind == "item":
            top = self._stack[-1]
            if line.table or self._body[top.end - 1] in "：:；;，,":
                return
            self._stack.pop()

    def _pop_to(self, keeps: Callable[[Node], bool]) -> None:
        while len(self._stack) > 1 and not keeps(self._stack[-1]):
            self._stack.pop()


def _holds_article(node: Node) -> bool:
    return node.kind in ("chapter", "annex", "heading") or (node.kind == "section" and _style(node) == "一、")


def _style(node: Node) -> str:
    return node.marker.style if node.marker is not None and node.marker.family == "item" else ""


def _above(node: Node, level: int) -> bool:
    """Whether ``node`` is a Markdown heading above ``level``."""
    return node.marker is not None and 0 < node.marker.level < level
