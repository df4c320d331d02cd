"""Identifiers of documents and FAQs: stable, and safe in ``document-id#第八条`` and ``;``-separated lists."""

import hashlib
import re
import unicodedata

LIMIT = 100
_UNSAFE = re.compile(r"[^\w.\u3400-\u9fff]+")
_FORBIDDEN = re.compile(r"[\s#;；/\\\x00-\x1f]")


def is_valid_id(text: str) -> bool:
    """Whether ``text`` may be an id: not empty, not long, none of white space, ``#``, ``;`` and slashes."""
    return 0 < len(text) <= LIMIT and not _FORBIDDEN.search(text)


def document_slug(name: str) -> str:
    """An id from a file's name: ``劳动法(2018-12-29).md`` is ``劳动法-2018-12-29``.

    The same name always gives the same id; versions with different dates in their names get different ids.
    """
    stem = re.split(r"[/\\]", name)[-1]
    stem = stem.rsplit(".", 1)[0] if re.search(r"\.\w{1,8}\Z", stem) else stem
    slug = _UNSAFE.sub("-", unicodedata.normalize("NFKC", stem)).strip("-.")
    if not slug:
        return "doc-" + _digest(name)
    return slug if len(slug) <= LIMIT else f"{slug[: LIMIT - 13]}-{_digest(slug)}"


def faq_id(question: str) -> str:
    """A stable id for a question without a 编号, from its words alone (spaces and full-width forms aside)."""
    return "faq-" + _digest("".join(unicodedata.normalize("NFKC", question).split()).casefold())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
