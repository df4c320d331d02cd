"""Reading and writing document files. The bytes choose the reader, rarely the name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from knowledge.content.display import is_invisible
from knowledge.content.encoding import decode_text
from knowledge.content.front_matter import read_front_matter, write_front_matter
from knowledge.content.identifiers import document_slug
from knowledge.content.model import Document
from knowledge.content.outline import INFO_END
from knowledge.content.problems import ContentError, Problem, ProblemList
from knowledge.content.recognise import recognise

MAX_BYTES = 20 * 1024 * 1024
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class ReadResult:
    """``document`` is ``None`` exactly when there is an error among the problems.

    ``recognised`` names the facts taken from the text or the file name, for the editor to confirm.
    """

    document: Document | None
    problems: tuple[Problem, ...]
    recognised: tuple[str, ...] = ()


@dataclass(frozen=True)
class DocumentReader:
    """One file format. ``extract`` gives the file as Markdown text, with or without front matter.

    ``extract`` is ``None`` for a format that is known but cannot be read yet. It raises ContentError.
    """

    format: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes, str], bool]
    extract: Callable[[bytes], str] | None = None


def _starts(*signatures: bytes) -> Callable[[bytes, str], bool]:
    return lambda data, suffix: data.startswith(signatures)


def _is_html(data: bytes, suffix: str) -> bool:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return suffix in (".html", ".htm") or head.startswith((b"<!doctype html", b"<html"))


_OLD_OFFICE, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"

# The first reader whose sniff says yes reads the file; plain text takes the rest.
READERS: list[DocumentReader] = [
    DocumentReader(" PDF（.pdf）", (".pdf",), _starts(b"%PDF")),
    DocumentReader(" WPS（.wps）", (".wps",), lambda data, suffix: suffix == ".wps"),
    DocumentReader("旧版 Word（.doc）", (".doc",), _starts(_OLD_OFFICE, b"{\\rtf")),
    DocumentReader(
        " Word（.docx）", (".docx",), lambda data, suffix: data.startswith(_ZIP) and b"word/" in data
    ),
    DocumentReader("表格（.xlsx）或压缩", (".xlsx", ".zip"), _starts(_ZIP)),
    DocumentReader(
        "图片或扫描", (".png", ".jpg"), _starts(b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8")
    ),
    DocumentReader("网页（.html）", (".html", ".htm"), _is_html),
    DocumentReader("Markdown、纯文本", (".md", ".txt"), lambda data, suffix: True, decode_text),
]


def read_document(data: bytes, name: str, max_bytes: int = MAX_BYTES) -> ReadResult:
    """Read one document file.

    Args:
        data: the file's content.
        name: the file's name, with or without folders; gives the default id and hints at dates.
        max_bytes: larger files are refused.

    Returns:
        The document, or none and at least one error. Never raises for what the file contains.
    """
    problems = ProblemList(name)
    try:
        text = _text(data, name, max_bytes)
    except ContentError as error:
        problems.error(error.code, **error.values)
        return ReadResult(None, tuple(problems.items))
    matter = read_front_matter(text, problems)
    body = text[matter.body_start :]
    if not problems.has_errors and not _has_text(body):
        problems.error("no_text")
    if problems.has_errors:
        return ReadResult(None, tuple(problems.items))
    found = {key: value for key, value in recognise(body, name).items() if key not in matter.given}
    facts = _consistent({**found, **matter.values}, found)
    facts.setdefault("id", document_slug(name))
    if "title" not in facts:
        facts["title"] = document_slug(name)
        problems.warning("title_from_name", 0, "title", title=facts["title"])
    start, end = facts.get("effective_from"), facts.get("effective_to")
    if start and end and end < start:
        problems.error("dates_reversed", 0, "effective_to", **{"from": start, "to": end})
        return ReadResult(None, tuple(problems.items))
    broken = body.count("\ufffd")
    if broken:
        problems.warning("broken_characters", count=broken)
    recognised = tuple(sorted(key for key in found if key in facts))
    return ReadResult(Document(**facts, body=body), tuple(problems.items), recognised)


def write_document(document: Document) -> str:
    """The file of a document. Reading it back (as UTF-8) gives an equal document."""
    return f"{write_front_matter(document)}\n{document.body}"


def register_reader(reader: DocumentReader) -> None:
    """Put a reader before all others, in place of readers for the same suffixes that cannot read yet."""
    READERS[:] = [reader] + [
        each for each in READERS if each.extract or not set(each.suffixes) <= set(reader.suffixes)
    ]


def _text(data: bytes, name: str, max_bytes: int) -> str:
    if len(data) > max_bytes:
        megabytes = f"{len(data) / _MEGABYTE:.1f}"
        raise ContentError("too_large", size=megabytes, limit=f"{max_bytes / _MEGABYTE:g}")
    if not data:
        raise ContentError("empty_file")
    suffix = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    reader = next(each for each in READERS if each.sniff(data, suffix))
    if reader.extract is None:
        readable = [f"{each.format}（{'、'.join(each.suffixes)}）" for each in READERS if each.extract]
        raise ContentError("unsupported_format", format=reader.format, supported="；".join(readable))
    return reader.extract(data)


def _has_text(body: str) -> bool:
    return any(line.strip() and not is_invisible(line) for line in body.split("\n") if INFO_END not in line)


def _consistent(facts: dict[str, Any], found: dict[str, str | tuple[str, ...]]) -> dict[str, Any]:
    """A recognised date that contradicts a given one is dropped: the editor's word counts."""
    start, end = facts.get("effective_from"), facts.get("effective_to")
    if isinstance(start, str) and isinstance(end, str) and end < start:
        for key in ("effective_to", "effective_from"):
            if key in found:
                facts = {name: value for name, value in facts.items() if name != key}
                break
    return facts
