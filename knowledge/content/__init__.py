"""Content as values: documents, clauses and FAQs, read from files and written back. No database here."""

from knowledge.content.clauses import split_clauses
from knowledge.content.documents import ReadResult, read_document, write_document
from knowledge.content.faq_tables import FaqTable, read_faq_table
from knowledge.content.faq_writer import write_faq_table
from knowledge.content.formats.detect import holds_table
from knowledge.content.identifiers import document_slug, is_valid_id
from knowledge.content.model import (
    STATUSES,
    Clause,
    ClauseKind,
    Document,
    Faq,
    Synonym,
    content_hash,
    from_json,
    to_json,
)
from knowledge.content.numerals import chinese_numeral, normalize_anchor, parse_numeral
from knowledge.content.problems import ContentError, Problem
from knowledge.content.synonym_tables import is_synonym_table, read_synonym_table, write_synonym_table

__all__ = [
    "STATUSES",
    "Clause",
    "ClauseKind",
    "ContentError",
    "Document",
    "Faq",
    "FaqTable",
    "Problem",
    "ReadResult",
    "Synonym",
    "chinese_numeral",
    "content_hash",
    "document_slug",
    "from_json",
    "holds_table",
    "is_synonym_table",
    "is_valid_id",
    "normalize_anchor",
    "parse_numeral",
    "read_document",
    "read_faq_table",
    "read_synonym_table",
    "split_clauses",
    "to_json",
    "write_document",
    "write_faq_table",
    "write_synonym_table",
]
