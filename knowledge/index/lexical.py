"""BM25 over character bigrams and unigrams, in tantivy."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import tantivy

from knowledge.index.tokens import tokenise

_HEAP = 128_000_000  # bytes of tantivy's writer buffer: 100,000 pieces fit into one segment


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("row", stored=True, indexed=False, fast=True)
    for name in ("bigrams", "unigrams"):
        builder.add_text_field(name, stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


class LexicalIndex:
    """Searches pieces by their characters. A piece is known by its row number."""

    def __init__(self, folder: Path, *, bigram_weight: float, unigram_weight: float) -> None:
        self._schema = _schema()
        self._index = tantivy.Index(self._schema, path=str(folder))
        self._searcher = self._index.searcher()
        self._weights = {"bigrams": bigram_weight, "unigrams": unigram_weight}

    @staticmethod
    def build(folder: Path, texts: Sequence[str]) -> None:
        """Write the index of ``texts`` (row number = position) into ``folder``, which is emptied first."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        index = tantivy.Index(_schema(), path=str(folder))
        writer = index.writer(_HEAP, num_threads=1)
        for row, text in enumerate(texts):
            tokens = tokenise(text)
            writer.add_document(
                tantivy.Document(
                    row=row, bigrams=" ".join(tokens.bigrams), unigrams=" ".join(tokens.unigrams)
                )
            )
        writer.commit()
        writer.wait_merging_threads()

    def document_frequency(self, bigram: str) -> int:
        """In how many rows a character pair or word stands."""
        return int(self._searcher.doc_freq("bigrams", bigram))

    def search(self, query: str, limit: int) -> list[tuple[int, float]]:
        """The ``limit`` best rows with their BM25 scores, best first; empty when no character matches."""
        clauses: list[tuple[tantivy.Occur, tantivy.Query]] = []
        tokens_of: dict[str, list[str]] = tokenise(query)._asdict()
        for field, weight in self._weights.items():
            if weight <= 0:
                continue
            for token, count in Counter(tokens_of[field]).items():
                term = tantivy.Query.term_query(self._schema, field, token, "freq")
                clauses.append((tantivy.Occur.Should, tantivy.Query.boost_query(term, weight * count)))
        if not clauses:
            return []
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), limit).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        return [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
