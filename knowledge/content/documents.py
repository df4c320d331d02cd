"""Reading and writing document files. What is in a file decides how it is read, never its name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from knowledge.content.display import is_invisible
from knowledge.content.formats.blocks import Extract
from knowledge.content.formats.detect import read_any
from knowledge.content.front_matter import read_front_matter, write_front_matter
from knowledge.content.identifiers import document_slug
from knowledge.content.model import Document
from knowledge.content.outline import INFO_END
from knowledge.content.problems import ContentError, Problem, ProblemList, message
from knowledge.content.recognise import Fact, recognise

MAX_BYTES = 20 * 1024 * 1024
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class ReadResult:
    """``document`` is ``None`` exactly when there is an error among the problems.

    ``recognised`` holds the facts taken from the text or the file name, for the editor to confirm, by the keys of
    the front matter. The same is said in notes among the problems.
    """

    document: Document | None
    problems: tuple[Problem, ...]
    recognised: Mapping[str, Fact] = field(default_factory=dict)


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
        extract = _extract(data, max_bytes)
    except ContentError as error:
        problems.error(error.code, **error.values)
        return ReadResult(None, tuple(problems.items))
    matter = read_front_matter(extract.text, problems)
    body = extract.text[matter.body_start :]
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
    for code, values in extract.notes:
        problems.note(code, **values)
    recognised = {key: value for key, value in found.items() if key in facts}
    _report(recognised, problems)
    return ReadResult(Document(**facts, body=body), tuple(problems.items), recognised)


def write_document(document: Document) -> str:
    """The file of a document. Reading it back (as UTF-8) gives an equal document."""
    return f"{write_front_matter(document)}\n{document.body}"


def _extract(data: bytes, max_bytes: int) -> Extract:
    if len(data) > max_bytes:
        megabytes = f"{len(data) / _MEGABYTE:.1f}"
        raise ContentError("too_large", size=megabytes, limit=f"{max_bytes / _MEGABYTE:g}")
    if not data:
        raise ContentError("empty_file")
    return read_any(data)


def _report(found: Mapping[str, Fact], problems: ProblemList) -> None:
    """Tell the editor what was recognised, for confirmation."""
    shown = [
        message(
            "fact", name=message(f"fact_{key}"), value="、".join(value) if isinstance(value, tuple) else value
        )
        for key, value in found.items()
        if key != "attachments"
    ]
    if shown:
        problems.note("recognised", facts="；".join(shown))
    # Attachments need more than to be confirmed: their text may be missing.
    if names := found.get("attachments", ()):
        problems.note("attachments", count=len(names), names="、".join(names))


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
