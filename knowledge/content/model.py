"""What the assistant knows, as plain values: a document, its clauses, and an FAQ.

Dates are ISO strings (``2024-01-31``) or ``None``; other missing facts are empty strings or tuples.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from knowledge.content.display import plain_text
from knowledge.content.table_text import read_row, row_text

STATUSES = ("现行有效", "已修改", "已废止")

ClauseKind = Literal["preamble", "toc", "heading", "article", "section", "paragraph", "item", "table", "row"]


@dataclass(frozen=True)
class Document:
    """A policy document. ``body`` is Markdown or plain text, lines end in ``\\n``, no front matter.

    ``attachments`` are the names of those that it has, whether their text is in ``body`` or not.
    """

    id: str
    title: str
    doc_number: str = ""
    issuer: str = ""
    published: str | None = None
    effective_from: str | None = None
    effective_to: str | None = None
    status: str = ""
    supersedes: tuple[str, ...] = ()
    superseded_by: str = ""
    region: str = ""
    topics: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    source_url: str = ""
    body: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Faq:
    """One question and its approved answer (plain text).

    ``link`` is where to get it done, ``picture`` the address of the picture that stands above that link.
    """

    id: str
    standard_question: str
    answer: str
    similar_questions: tuple[str, ...] = ()
    topic: str = ""
    department: str = ""
    region: str = ""
    audience: tuple[str, ...] = ()
    basis: tuple[str, ...] = ()
    link: str = ""
    effective_from: str | None = None
    effective_to: str | None = None
    picture: str = ""


@dataclass(frozen=True)
class Clause:
    """A citable unit of a document.

    ``anchor`` is unique within the document (``第八条``, ``第八条第（二）项``, ``一、（一）``); ``article``
    is the article's label as written, empty outside articles. ``text`` is verbatim: ``body[start:end]``.
    ``path`` holds the headings above it, outermost first. ``lead_in`` is what a reader must have read
    before this part makes sense (an article's opening words); it is empty for whole articles.
    A table's row has its table's ``header`` and, as lead-in, the table's caption. A ``part`` stands in a clause
    before it that is short enough to be found whole: it is there to be cited, and is not searched by itself.
    """

    document_id: str
    anchor: str
    kind: ClauseKind
    text: str
    start: int
    end: int
    path: tuple[str, ...] = ()
    article: str = ""
    lead_in: str = ""
    header: tuple[str, ...] = ()
    part: bool = False

    @property
    def quote(self) -> str:
        """The text without Markdown signs and comments, for people to read.

        A row of a table stands below its caption, which often has the unit, and every cell behind its column's name.
        """
        if self.kind == "row":
            cells = [plain_text(cell) for cell in read_row(self.text)]
            shown = row_text([plain_text(name) for name in self.header], cells)
            return f"{self.lead_in}\n{shown}" if self.lead_in else shown
        return plain_text(self.text)

    @property
    def retrieval_text(self) -> str:
        """What is to be found by: the lead-in, then the quote."""
        return f"{self.lead_in}\n{self.quote}" if self.lead_in and self.kind != "row" else self.quote


@dataclass(frozen=True)
class Synonym:
    """An everyday ``word`` and the official words for it, the likeliest first. Its ``id`` is the word."""

    word: str
    official: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.word


_LATER = ("picture", "attachments")

Content = Document | Faq | Clause | Synonym
_TYPES: dict[str, type[Content]] = {
    "document": Document,
    "faq": Faq,
    "clause": Clause,
    "synonym": Synonym,
}


def to_json(item: Content) -> str:
    """Canonical JSON: sorted keys, no spaces, every field present. Equal items give equal text.

    A field that came later is left out while it is empty, so that what was stored before keeps its hash.
    """
    data: dict[str, Any] = {"type": type(item).__name__.lower(), **asdict(item)}
    for name in _LATER:
        if not data.get(name, True):
            del data[name]
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Content:
    """Read what ``to_json`` wrote.

    Raises:
        ValueError: not JSON, an unknown type, or fields that are unknown, missing or of the wrong shape.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("type") not in _TYPES:
        raise ValueError("not a stored document, faq, clause or synonym")
    cls = _TYPES[data.pop("type")]
    values = {name: _thaw(cls, name, value) for name, value in data.items()}
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(f"fields do not fit {cls.__name__}: {error}") from error


def content_hash(item: Content) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(to_json(item).encode("utf-8", "surrogatepass")).hexdigest()


def _thaw(cls: type[Content], name: str, value: Any) -> Any:
    declared = {field.name: str(field.type) for field in fields(cls)}.get(name)
    if declared is None:
        raise ValueError(f"{cls.__name__} has no field {name}")
    if declared.startswith("tuple"):
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValueError(f"{name} must be a list of strings")
        return tuple(value)
    expected: type = next((kind for kind in (bool, int) if kind.__name__ in declared), str)
    if not isinstance(value, expected) and not (value is None and "None" in declared):
        raise ValueError(f"{name} has the wrong type")
    return value
