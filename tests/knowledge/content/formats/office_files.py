"""Office files made from a Markdown document, for tests: the same text as .docx, .pdf and .html."""

import html
import io
import re

from docx import Document as new_docx
from reportlab.lib.enums import TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))
Part = str | list[list[str]]


def parts(body: str) -> list[Part]:
    """The paragraphs and tables of a Markdown body; headings keep their signs."""
    found: list[Part] = []
    for block in re.split(r"\n\s*\n", body.strip()):
        lines = [line.strip() for line in block.split("\n") if line.strip() and not line.startswith("<!--")]
        if lines and lines[0].startswith("|"):
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            found.append([row for row in rows if set("".join(row)) - set("-: ")])
        else:
            found += lines
    return found


def heading(text: str) -> tuple[int, str]:
    """The level of a Markdown heading (0: none) and its words."""
    match = re.match(r"(#{1,6})\s+(.*)", text)
    return (len(match[1]), match[2]) if match else (0, text)


def to_docx(body: str) -> bytes:
    document = new_docx()
    for part in parts(body):
        if isinstance(part, list):
            table = document.add_table(len(part), len(part[0]))
            for cells, row in zip(table.rows, part, strict=True):
                for cell, text in zip(cells.cells, row, strict=True):
                    cell.text = text
        else:
            level, text = heading(part)
            if level:
                document.add_heading(text, level)
            else:
                document.add_paragraph(text)
    return save_docx(document)


def save_docx(document) -> bytes:  # type: ignore[no-untyped-def]
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def to_html(body: str) -> str:
    out = ["<!DOCTYPE html><html><head><meta charset='utf-8'><title>网页</title></head><body>"]
    for part in parts(body):
        if isinstance(part, list):
            out.append("<table border=1>")
            for number, row in enumerate(part):
                tag = "td" if number else "th"
                out.append("<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>")
            out.append("</table>")
        else:
            level, text = heading(part)
            tag = f"h{level}" if level else "p"
            out.append(f"<{tag}>{html.escape(text)}</{tag}>")
    return "\n".join([*out, "</body></html>"])


def to_pdf(body: str, header: str = "", page_numbers: bool = True) -> bytes:
    """Official layout: titles large and in the middle, paragraphs indented, lines filled; tables with rules."""
    text_style = ParagraphStyle(
        "text",
        fontName=FONT,
        fontSize=12,
        leading=20,
        firstLineIndent=24,
        alignment=TA_JUSTIFY,
        wordWrap="CJK",
    )
    title_style = ParagraphStyle(
        "title", parent=text_style, fontSize=18, leading=28, alignment=1, firstLineIndent=0
    )
    chapter_style = ParagraphStyle("chapter", parent=text_style, alignment=1, firstLineIndent=0)
    cell_style = ParagraphStyle("cell", parent=text_style, firstLineIndent=0, fontSize=10, leading=14)
    story: list[object] = []
    for part in parts(body):
        if isinstance(part, list):
            rows = [[Paragraph(html.escape(cell), cell_style) for cell in row] for row in part]
            story += [
                Table(rows, style=[("GRID", (0, 0), (-1, -1), 0.5, "black")], repeatRows=1),
                Spacer(1, 12),
            ]
        else:
            level, text = heading(part)
            style = title_style if level == 1 else chapter_style if level else text_style
            story.append(Paragraph(html.escape(text), style))

    def decorate(canvas, template) -> None:  # type: ignore[no-untyped-def]
        canvas.setFont(FONT, 9)
        if header:
            canvas.drawString(72, A4[1] - 40, header)
        if page_numbers:
            canvas.drawCentredString(A4[0] / 2, 36, f"— {template.page} —")

    out = io.BytesIO()
    SimpleDocTemplate(out, pagesize=A4).build(story, onFirstPage=decorate, onLaterPages=decorate)
    return out.getvalue()
