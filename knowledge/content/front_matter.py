"""The YAML front matter of a document file: found, checked, and written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from knowledge.content.dates import parse_date
from knowledge.content.identifiers import LIMIT, is_valid_id
from knowledge.content.model import STATUSES, Document
from knowledge.content.problems import ProblemList

KEYS = [
    "id",
    "title",
    "doc_number",
    "issuer",
    "published",
    "effective_from",
    "effective_to",
    "status",
    "supersedes",
    "superseded_by",
    "region",
    "topics",
    "audience",
    "source_url",
    "attachments",
]
_DATES = ("published", "effective_from", "effective_to")
_LISTS = ("supersedes", "topics", "audience", "attachments")
_MAX = 100_000


_NULL_ONLY = {
    key: [pair for pair in pairs if pair[0] == "tag:yaml.org,2002:null"]
    for key, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Loader(yaml.SafeLoader):
    """Every plain value is text (``2024``, ``yes``, ``2024-01-01``), except an empty one."""


class _Dumper(yaml.SafeDumper):
    """Quotes only what ``_Loader`` would not read back as the same text; writes ``None`` as nothing."""


_Loader.yaml_implicit_resolvers = _Dumper.yaml_implicit_resolvers = _NULL_ONLY
_Dumper.add_representer(type(None), lambda dumper, _: dumper.represent_scalar("tag:yaml.org,2002:null", ""))


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML leaves these line ends as they are outside double quotes, and reads them back as spaces.
    style = '"' if any(sign in text for sign in "\n\x85\u2028\u2029") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


@dataclass(frozen=True)
class FrontMatter:
    """``values`` are the facts given; ``given`` also names keys that were written without a value.

    ``body_start`` is where the body begins in the text.
    """

    values: dict[str, Any]
    given: frozenset[str]
    body_start: int


def read_front_matter(text: str, problems: ProblemList) -> FrontMatter:
    """Read the front matter of ``text``; what is wrong with it goes to ``problems``, with its line."""
    if not text.startswith("---") or text[3 : text.find("\n") if "\n" in text else None].strip():
        return FrontMatter({}, frozenset(), 0)
    start = text.find("\n") + 1
    found = _closing(text, start) if start else None
    if found is None:
        problems.error("front_matter_open", 1)
        return FrontMatter({}, frozenset(), 0)
    end, body_start = found
    values: dict[str, Any] = {}
    try:
        node = yaml.compose(text[start:end], Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        detail = getattr(error, "problem", None) or getattr(error, "reason", None) or "YAML"
        problems.error("front_matter_broken", mark.line + 2 if mark else 1, detail=detail)
        return FrontMatter({}, frozenset(), body_start)
    if isinstance(node, yaml.MappingNode):
        for key, value, row in _pairs(node, problems):
            values[key] = _checked(key, value, row, problems)
    elif node is not None:
        problems.error("front_matter_not_keys", node.start_mark.line + 2)
    facts = {key: value for key, value in values.items() if value not in (None, ())}
    return FrontMatter(facts, frozenset(values), body_start)


def write_front_matter(document: Document) -> str:
    """The front matter of ``document``: every key, in the order of ``KEYS``.

    A fact that is missing is written without a value, which says that it is not to be sought in the text.
    """
    data = {key: getattr(document, key) or None for key in KEYS}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}
    return (
        "---\n"
        + yaml.dump(plain, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
        + "---\n"
    )


def _closing(text: str, start: int) -> tuple[int, int] | None:
    position = start
    while position < min(len(text), _MAX):
        newline = text.find("\n", position)
        stop = len(text) if newline < 0 else newline
        if text[position:stop].rstrip() in ("---", "..."):
            body = min(stop + 1, len(text))
            return position, body + 1 if text.startswith("\n", body) else body
        position = stop + 1
    return None


def _pairs(node: yaml.MappingNode, problems: ProblemList) -> Iterator[tuple[str, Any, int]]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        row = key_node.start_mark.line + 2
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
        if key in seen:
            problems.error("front_matter_duplicate", row, key, key=key)
        elif key not in KEYS:
            problems.warning("front_matter_unknown", row, key, key=key, known="、".join(KEYS))
        else:
            yield key, _plain(key, value_node, row, problems), row
        seen.add(key)


def _plain(key: str, node: yaml.Node, row: int, problems: ProblemList) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return None if node.tag.endswith(":null") else node.value.strip()
    if isinstance(node, yaml.SequenceNode) and all(isinstance(each, yaml.ScalarNode) for each in node.value):
        return [each.value.strip() for each in node.value if each.value.strip()]
    problems.error("front_matter_nested", row, key, key=key)
    return None


def _checked(key: str, value: Any, row: int, problems: ProblemList) -> Any:
    if key in _LISTS:
        return tuple(value) if isinstance(value, list) else (value,) if value else ()
    if isinstance(value, list):
        problems.error("front_matter_not_text", row, key, key=key)
        return None
    if not value:
        return None
    if key in _DATES:
        date = parse_date(value)
        if date is None:
            problems.error("bad_date_key", row, key, key=key, value=value)
        return date
    if key == "status" and value not in STATUSES:
        problems.error("bad_status", row, key, value=value, known="、".join(STATUSES))
        return None
    if key == "id" and not is_valid_id(value):
        problems.error("bad_document_id", row, key, value=value, limit=LIMIT)
        return None
    return value
