"""Which format a document file is in, by what is in it, and its text."""

import re

from knowledge.content.encoding import decode_text
from knowledge.content.formats.blocks import Extract
from knowledge.content.formats.docx import main_part, read_docx
from knowledge.content.formats.html_page import (
    is_html,
    is_web_archive,
    page_text,
    read_html,
    read_web_archive,
)
from knowledge.content.formats.package import open_package
from knowledge.content.formats.pdf import read_pdf
from knowledge.content.problems import ContentError

_ZIP, _OLE = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8", b"BM", b"RIFF")
_OTHER_ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b\x08")
# Names of streams in an OLE container (MS-CFB writes them in UTF-16); the first that is there tells the kind.
_OLE_STREAMS = (
    ("EncryptedPackage", "encrypted_file", ""),
    ("WordDocument", "old_word", ""),
    ("Workbook", "unsupported_format", "旧版 Excel（.xls）"),
    ("PowerPoint Document", "unsupported_format", "旧版 PowerPoint（.ppt）"),
)
_WORD_XML = re.compile(r"<\?xml.{0,300}(?:progid=\"Word\.Document\"|<pkg:package)", re.S)
_PDF_WITHIN = 1024  # bytes before %PDF that readers put up with


def read_any(data: bytes) -> Extract:
    """The text of a document file as Markdown; a Markdown or plain text file as it is, front matter and all.

    Raises:
        ContentError: a format that cannot be read, or a file that is broken; the message says what to do.
    """
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return read_pdf(data)
    if data.startswith(_ZIP):
        return _read_zip(data)
    if data.startswith(_OLE[:4]):
        raise _ole_error(data)
    if data.startswith(b"{\\rtf"):
        raise ContentError("old_word")
    if data.startswith(_PICTURES):
        raise ContentError("picture_file")
    if data.startswith(_OTHER_ARCHIVES):
        raise ContentError("archive_file")
    if is_web_archive(data):
        return read_web_archive(data)
    text = page_text(data) if b"<" in data[:1000] else decode_text(data)
    if _WORD_XML.match(text[:2000]):
        raise ContentError("old_word")
    return read_html(text) if is_html(text[:20_000] + text[-100:]) else Extract(text)


def holds_table(data: bytes) -> bool | None:
    """Whether a content file is a spreadsheet (an FAQ table) or a document; ``None`` where its name must tell.

    Text is either: a .csv file and a notice look alike.
    """
    if data.startswith(_ZIP):
        try:
            part = main_part(open_package(data))
        except ContentError:
            return None
        return part.startswith("xl/") if part else None
    if data.startswith(_OLE[:4]):
        streams = [stream for stream, *_ in _OLE_STREAMS if stream.encode("utf-16-le") in data]
        return {"Workbook": True, "WordDocument": False}.get(streams[0]) if len(streams) == 1 else None
    return False if b"%PDF-" in data[:_PDF_WITHIN] or data.startswith((b"{\\rtf", *_PICTURES)) else None


def _read_zip(data: bytes) -> Extract:
    package = open_package(data)
    part = main_part(package)
    if part.startswith("word/"):
        return read_docx(data)
    names = package.names
    if part.startswith("xl/"):
        raise ContentError("unsupported_format", format="Excel 表格（.xlsx）")
    if "OFD.xml" in names:
        raise ContentError("ofd_file")
    if part.startswith("ppt/") or "mimetype" in names:
        raise ContentError("unsupported_format", format="PowerPoint 或 OpenDocument")
    if "word/document.xml" in names or "[Content_Types].xml" in names:
        raise ContentError("broken_file")
    raise ContentError("archive_file")


def _ole_error(data: bytes) -> ContentError:
    for stream, code, kind in _OLE_STREAMS:
        if stream.encode("utf-16-le") in data:
            return ContentError(code, **({"format": kind} if kind else {}))
    return ContentError("old_word")
