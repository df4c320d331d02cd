"""From a document to its clauses: the units that are found, quoted and cited.

- An article is one clause. A long one also gives a clause for each of its paragraphs (款) and items (项).
- A numbered or headed section of a notice is one clause while it is short, and its numbered parts can be cited by
  themselves; a long one gives its opening and each of its parts.
- Running text outside both becomes groups of paragraphs; a table stays whole.
- Each row of a table is a clause too, with the table's header.

No text is lost: every visible character of the body lies inside some clause.
"""

from knowledge.content.anchors import child_anchor, item_label
from knowledge.content.display import plain_text, shorten
from knowledge.content.lines import Line
from knowledge.content.markers import Marker
from knowledge.content.model import Clause, ClauseKind, Document
from knowledge.content.numerals import chinese_numeral
from knowledge.content.outline import Node, outline
from knowledge.content.spans import Span, caption_start, runs, table_rows, tables_within, text_groups

LONG = 400
GROUP = 300
_LEAD = 150
_TITLE = 60


def split_clauses(document: Document) -> list[Clause]:
    """The clauses of a document, by their place in the text.

    Anchors are stable while the text around them stays: articles by number (``第八条``), their parts as
    lawyers cite them (``第八条第二款第（一）项``), sections by their numbers (``一、（一）``), other
    paragraphs by count (``第3段``). An anchor that occurs again gets a suffix: ``第八条（2）``.
    """
    return _Splitter(document).split()


class _Splitter:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._body = document.body
        self._clauses: list[Clause] = []
        self._used: dict[str, int] = {}
        self._counts: dict[tuple[str, ClauseKind], int] = {}

    def split(self) -> list[Clause]:
        tree = outline(self._body, self._document.title)
        if tree.preamble:
            self._emit("preamble", "标题", tree.preamble)
        if tree.toc:
            self._emit("toc", "目录", tree.toc)
        self._container(tree.root, "", ())
        return sorted(self._clauses, key=lambda clause: (clause.start, -clause.end))

    def _emit(
        self,
        kind: ClauseKind,
        anchor: str,
        span: Span,
        path: tuple[str, ...] = (),
        article: str = "",
        lead_in: str = "",
        header: tuple[str, ...] = (),
        part: bool = False,
    ) -> str:
        anchor = self._unique(anchor)
        text = self._body[span[0] : span[1]]
        place = (self._document.id, anchor, kind, text, *span)
        self._clauses.append(Clause(*place, path, article, lead_in, header, part))
        return anchor

    def _unique(self, anchor: str) -> str:
        count = self._used.get(anchor, 0) + 1
        result = anchor
        while count > 1 and (result := f"{anchor}（{count}）") in self._used:
            count += 1
        self._used[anchor] = count
        self._used.setdefault(result, 1)
        return result

    def _child(self, node: Node, prefix: str, path: tuple[str, ...], lead_in: str = "") -> None:
        if node.kind == "article":
            self._article(node, path)
        elif node.kind in ("chapter", "annex"):
            self._chapter(node, prefix, path)
        else:
            self._section(node, prefix, path, lead_in)

    # Chapters, annexes and the document itself

    def _chapter(self, node: Node, prefix: str, path: tuple[str, ...]) -> None:
        marker, heading = node.marker, node.parts[0]
        assert marker is not None
        assert isinstance(heading, Line)
        anchor = self._emit("heading", prefix + marker.label, (heading.start, heading.end), path)
        self._container(node, anchor, (*path, self._title(heading)), skip=1)

    def _container(self, node: Node, prefix: str, path: tuple[str, ...], skip: int = 0) -> None:
        for part in runs(node.parts[skip:]):
            if isinstance(part, Node):
                self._child(part, prefix, path)
            else:
                self._text(part, prefix, path, "")

    def _text(
        self,
        lines: list[Line],
        prefix: str,
        path: tuple[str, ...],
        lead_in: str,
        article: str = "",
        above: Line | None = None,
    ) -> None:
        """Paragraph groups and tables, counted through everything that shares ``prefix``."""
        for is_table, span in text_groups(self._body, lines, GROUP, above):
            kind: ClauseKind = "table" if is_table else "paragraph"
            anchor = self._emit(kind, self._counted(prefix, kind), span, path, article, lead_in)
            if is_table:
                self._rows_of_span(lines, span, anchor, path, article, lead_in)

    # Tables

    def _rows_of_span(
        self,
        lines: list[Line],
        span: Span,
        anchor: str,
        path: tuple[str, ...],
        article: str,
        lead_in: str,
    ) -> None:
        table = [line for line in lines if line.table and span[0] <= line.start < span[1]]
        caption = plain_text(self._body[span[0] : table[0].start])
        self._rows(table, anchor, path, article, caption or lead_in)

    def _rows_within(self, node: Node, anchor: str, path: tuple[str, ...], article: str = "") -> None:
        """The rows of tables in an article or section that is short enough to stay whole."""
        for above, table in tables_within(node):
            start = caption_start(self._body, above, table[0])
            caption = plain_text(self._body[start : table[0].start]) or self._title(node.parts[0])
            self._rows(table, self._counted(anchor, "table"), path, article, caption)

    def _rows(
        self, table: list[Line], anchor: str, path: tuple[str, ...], article: str, caption: str
    ) -> None:
        header, rows = table_rows(self._body, table)
        for number, line in enumerate(rows, 1):
            self._emit("row", f"{anchor}第{number}行", (line.start, line.end), path, article, caption, header)

    def _counted(self, prefix: str, kind: ClauseKind) -> str:
        count = self._counts.get((prefix, kind), 0) + 1
        self._counts[prefix, kind] = count
        return f"{prefix}表格{count}" if kind == "table" else f"{prefix}第{count}段"

    # Sections of notices: 一、（一）1. and Markdown headings

    def _section(self, node: Node, prefix: str, path: tuple[str, ...], lead_in: str) -> None:
        anchor = child_anchor(prefix, node)
        heading = node.parts[0]
        assert isinstance(heading, Line)
        has_article = any(child.kind == "article" for child in node.children)
        if node.end - node.start <= LONG and not has_article:
            kind: ClauseKind = "section" if node.end > heading.end else "heading"
            if node.marker is not None and node.marker.family == "item":
                kind = "section"
            anchor = self._emit(kind, anchor, (node.start, node.end), path, "", lead_in)
            self._rows_within(node, anchor, path)
            self._parts_within(node, anchor, path)
            return
        inner, title = (*path, self._title(heading)), self._title(heading)
        opening = shorten(self._opening(node), _LEAD)
        opened = False
        for part in runs(node.parts):
            if isinstance(part, Node):
                self._child(part, anchor, inner, opening)
            elif opened:
                self._text(part, anchor, inner, title)
            else:
                anchor = self._open_section(part, node, anchor, path, lead_in)
                opened = True

    def _parts_within(self, node: Node, prefix: str, path: tuple[str, ...]) -> None:
        """The numbered parts of a section that is short enough to stay whole."""
        inner, lead_in = (*path, self._title(node.parts[0])), shorten(self._opening(node), _LEAD)
        for child in node.children:
            if child.marker is not None:
                anchor = self._emit(
                    "item",
                    child_anchor(prefix, child),
                    (child.start, child.end),
                    inner,
                    lead_in=lead_in,
                    part=True,
                )
                self._parts_within(child, anchor, inner)

    def _open_section(
        self, lines: list[Line], node: Node, anchor: str, path: tuple[str, ...], lead_in: str
    ) -> str:
        """The section's own first text: its first group carries the section's anchor, the others a count."""
        title, opened = self._title(lines[0]), ""
        is_heading = node.marker is not None and node.marker.family == "heading"
        for is_table, span in text_groups(self._body, lines, GROUP):
            kind: ClauseKind = "table" if is_table else "paragraph"
            if opened:
                place = self._emit(kind, self._counted(opened, kind), span, (*path, title), "", title)
                if is_table:
                    self._rows_of_span(lines, span, place, (*path, title), "", title)
                continue
            titled = is_heading or (span[1] - span[0] <= _TITLE and self._body[span[1] - 1] not in "。；;")
            bare = titled and span[1] == lines[0].end
            opened = self._emit("heading" if bare else "section", anchor, span, path, "", lead_in)
            self._counts[opened, "paragraph"] = 1
            if is_table:
                table_anchor = self._counted(opened, "table")
                self._rows_of_span(lines, span, table_anchor, (*path, title), "", title)
        return opened

    def _opening(self, node: Node) -> str:
        """The last of the section's lines before its first part, if it introduces them; else its heading."""
        heading, last = node.parts[0], node.parts[0]
        for part in node.parts:
            if isinstance(part, Node):
                break
            last = part
        introduces = self._body[last.end - 1] in "：:"
        chosen = last if introduces else heading
        return self._body[chosen.start : chosen.end]

    # Articles

    def _article(self, node: Node, path: tuple[str, ...]) -> None:
        marker = node.marker
        assert marker is not None
        anchor = self._emit("article", marker.label, (node.start, node.end), path, marker.label)
        if node.end - node.start > LONG:
            self._article_parts(node, anchor, marker, path)
        else:
            self._rows_within(node, anchor, path, marker.label)

    def _article_parts(self, node: Node, anchor: str, marker: Marker, path: tuple[str, ...]) -> None:
        label_only = not marker.rest or (bool(marker.level) and marker.rest[-1] not in "。；：;:")
        paragraphs = [
            part
            for index, part in enumerate(node.parts)
            if isinstance(part, Line) and part.visible and not part.table and not (index == 0 and label_only)
        ]
        lead = self._article_lead(node, paragraphs, label_only)
        number, where, intro = 0, anchor, lead
        above: Line | None = None
        parts = list(runs(node.parts, single=True))
        ends = _ends_with_items(parts) if len(paragraphs) > 1 else {}
        for index, part in enumerate(parts):
            if isinstance(part, Node):
                self._item(part, where, path, marker.label, intro)
                above = None
                continue
            if part[0].table:
                self._text(part, anchor, path, lead, marker.label, above)
            elif number < len(paragraphs) and part[0] is paragraphs[number]:
                number += 1
                where = f"{anchor}第{chinese_numeral(number)}款" if len(paragraphs) > 1 else anchor
                own_lead = lead if number > 1 else (marker.label if label_only else "")
                self._paragraph(part[0], where, path, marker.label, (own_lead, lead), ends.get(index, 0))
                text = self._body[part[0].start : part[0].end]
                intro = lead if number == 1 else f"{lead}\n{shorten(text, _LEAD)}"
            above = part[0] if part[0].visible else above

    def _article_lead(self, node: Node, paragraphs: list[Line], label_only: bool) -> str:
        heading = node.parts[0]
        first = paragraphs[0] if paragraphs else heading
        opening = self._body[first.start : first.end]
        if label_only and first is not heading:
            opening = f"{self._body[heading.start : heading.end]} {opening}"
        return shorten(opening, _LEAD)

    def _paragraph(
        self, line: Line, where: str, path: tuple[str, ...], article: str, leads: tuple[str, str], end: int
    ) -> None:
        """A paragraph with its items, up to ``end`` (0: no clause of its own); its pieces if it is long."""
        if end:
            where = self._emit("paragraph", where, (line.start, end), path, article, leads[0])
        if line.end - line.start <= LONG:
            return
        for index, (_, span) in enumerate(text_groups(self._body, [line], GROUP)):
            self._emit(
                "paragraph", self._counted(where, "paragraph"), span, path, article, leads[bool(index)]
            )

    def _item(self, node: Node, where: str, path: tuple[str, ...], article: str, lead_in: str) -> None:
        marker, heading = node.marker, node.parts[0]
        assert marker is not None
        assert isinstance(heading, Line)
        anchor = self._emit(
            "item", where + item_label(marker, where), (node.start, node.end), path, article, lead_in
        )
        if node.end - node.start <= LONG:
            self._rows_within(node, anchor, path, article)
            return
        inner = f"{lead_in}\n{shorten(self._body[heading.start : heading.end], _LEAD)}"
        for part in runs(node.parts):
            if isinstance(part, Node):
                self._item(part, anchor, path, article, inner)
            else:
                self._text(part, anchor, path, lead_in if part[0] is heading else inner, article)

    def _title(self, line: Line | Node) -> str:
        return shorten(self._body[line.start : line.end], _TITLE)


def _ends_with_items(parts: list[Node | list[Line]]) -> dict[int, int]:
    """Where each paragraph ends when the items that follow it are counted in, by its index in ``parts``."""
    ends: dict[int, int] = {}
    owner = 0
    for index, part in enumerate(parts):
        if isinstance(part, list):
            owner = index
            ends[index] = part[-1].end
        else:
            ends[owner] = part.end
    return ends
