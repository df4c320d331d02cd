"""Bring content files into the drafts, and write drafts or releases out as content files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from knowledge.content import (
    Document,
    Faq,
    Problem,
    Synonym,
    holds_table,
    is_synonym_table,
    read_document,
    read_faq_table,
    read_synonym_table,
    write_document,
    write_faq_table,
    write_synonym_table,
)
from knowledge.content.problems import ProblemList
from knowledge.service import KnowledgeService
from knowledge.store import ImportCounts, Item, kind_of

# Names choose what of a folder is content; how a file is read, its content decides. With those that reading refuses
# with an explanation: a file left out of a folder is reported, not passed over.
TABLE_SUFFIXES = (".csv", ".xlsx", ".xls", ".et")
DOCUMENT_SUFFIXES = (
    *(".md", ".markdown", ".txt", ".html", ".htm", ".mht", ".mhtml", ".pdf", ".docx", ".docm"),
    *(".doc", ".wps", ".rtf", ".ofd", ".odt"),
)
NO_CONTENT = "readme"  # a file of this name in a folder tells about the content beside it
Progress = Callable[[int, int], None]


@dataclass
class ImportReport:
    """What an import read and what it could not."""

    files: int = 0
    documents: int = 0
    faqs: int = 0
    synonyms: int = 0
    counts: ImportCounts = field(default_factory=ImportCounts)
    problems: list[Problem] = field(default_factory=list)

    @property
    def items(self) -> int:
        """How many items were read."""
        return self.documents + self.faqs + self.synonyms

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def import_paths(
    service: KnowledgeService, paths: Sequence[Path], progress: Progress | None = None
) -> ImportReport:
    """Import files and folders (with what is below them); ``progress(done, total)`` counts files.

    A file or row that cannot be read becomes a problem in the report; everything good beside it is kept. Each file
    is one transaction.
    """
    files = list(_files(paths))
    report = ImportReport(files=len(files))
    origin: dict[tuple[str, str], Path] = {}
    for done, path in enumerate(files, 1):
        items = _read(path, report)
        for item in items:
            _warn_of_repetition(item, path, origin, report)
        if items:
            report.counts += service.import_items(items)
        if progress:
            progress(done, len(files))
    return report


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as given, and of folders those that are content by their names."""
    known = TABLE_SUFFIXES + DOCUMENT_SUFFIXES
    for path in paths:
        if path.is_dir():
            yield from sorted(
                found
                for found in path.rglob("*")
                if found.is_file()
                and found.suffix.lower() in known
                and not found.name.startswith((".", "~$"))
                and found.stem.lower() != NO_CONTENT
            )
        else:
            yield path


def _read(path: Path, report: ImportReport) -> list[Item]:
    problems = ProblemList(path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        problems.error("file_unreadable", reason=error.strerror or error)
        report.problems.extend(problems.items)
        return []
    items: list[Item]
    is_table = holds_table(data)
    if is_table is not False and is_synonym_table(data, path.name):
        words = read_synonym_table(data, path.name)
        report.problems.extend(words.problems)
        items = list(words.synonyms)
        report.synonyms += len(items)
    elif is_table if is_table is not None else path.suffix.lower() in TABLE_SUFFIXES:
        table = read_faq_table(data, path.name)
        report.problems.extend(table.problems)
        items = list(table.faqs)
        report.faqs += len(items)
    else:
        result = read_document(data, path.name)
        report.problems.extend(result.problems)
        items = [result.document] if result.document else []
        report.documents += len(items)
    return items


def _warn_of_repetition(
    item: Item, path: Path, origin: dict[tuple[str, str], Path], report: ImportReport
) -> None:
    """Two files of one import with the same id: the later one wins, and the editor is told."""
    key = (kind_of(item), item.id)
    before = origin.setdefault(key, path)
    if before.resolve() != path.resolve():
        problems = ProblemList(path.name)
        # Files of the same name, in different folders, are told apart by their paths.
        shown = before.name if before.name != path.name else before
        problems.warning("id_repeated", id=item.id, file=shown)
        report.problems.extend(problems.items)
        origin[key] = path


def export_items(items: Sequence[Item], folder: Path, table: Literal["csv", "xlsx"]) -> list[Path]:
    """Write ``documents/<id>.md``, ``faq.<table>`` and ``synonyms.<table>`` below ``folder``.

    Importing them again changes nothing.
    """
    written: list[Path] = []
    documents = folder / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    for item in items:
        if isinstance(item, Document):
            path = documents / f"{item.id.replace('/', '_')}.md"
            path.write_text(write_document(item), encoding="utf-8", newline="\n")
            written.append(path)
    faqs = [item for item in items if isinstance(item, Faq)]
    if faqs:
        path = folder / f"faq.{table}"
        path.write_bytes(write_faq_table(faqs, table))
        written.append(path)
    synonyms = [item for item in items if isinstance(item, Synonym)]
    if synonyms:
        path = folder / f"synonyms.{table}"
        path.write_bytes(write_synonym_table(synonyms, table))
        written.append(path)
    return written
