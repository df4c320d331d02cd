"""BM25 over the tokens of :mod:`knowledge.index.tokens`, in tantivy."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import tantivy

from knowledge.index.tokens import tokenise

_WHOLE_HEAP = 128_000_000  # bytes of tantivy's writer buffer: 100,000 pieces fit into one segment …
_SMALL_HEAP = 15_000_000  # … and the least that tantivy takes, for a few pieces
_META = "meta.json"  # names the segments; the only files of tantivy's that are ever replaced end in .json


class Entry(NamedTuple):
    """A piece to be indexed: its row number, the number of the item that it belongs to, its text."""

    row: int
    item: int
    text: str


def numbered(texts: Iterable[str]) -> Iterator[Entry]:
    """Texts as entries, each an item of its own, whose row is its position."""
    return (Entry(row, row, text) for row, text in enumerate(texts))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("row", stored=True, indexed=False, fast=True)
    builder.add_text_field("item", stored=False, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("tokens", stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _add(writer: tantivy.IndexWriter, entries: Iterable[Entry]) -> None:
    for entry in entries:
        tokens = " ".join(tokenise(entry.text))
        writer.add_document(tantivy.Document(row=entry.row, item=str(entry.item), tokens=tokens))


class LexicalIndex:
    """Searches pieces by their characters. A piece is known by its row number.

    What :meth:`extend` removed leaves no trace in a score but one: the average length of a piece still counts it.
    """

    def __init__(self, folder: Path) -> None:
        self._schema = _schema()
        index = tantivy.Index(self._schema, path=str(folder))
        index.config_reader(reload_policy="manual")  # an index that is read is never written to
        index.reload()
        self._searcher = index.searcher()
        # tantivy counts removed pieces in its statistics until it merges their segment.
        segments = json.loads((folder / _META).read_text(encoding="utf-8"))["segments"]
        self._counted = sum(int(segment["max_doc"]) for segment in segments)
        self._frequencies: dict[str, int] = {}
        self._boosts: dict[str, float] = {}

    @staticmethod
    def build(folder: Path, entries: Iterable[Entry]) -> None:
        """Write the index of ``entries`` into ``folder``, which is emptied first."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        writer = tantivy.Index(_schema(), path=str(folder)).writer(_WHOLE_HEAP, num_threads=1)
        _add(writer, entries)
        writer.commit()
        writer.wait_merging_threads()

    @staticmethod
    def extend(folder: Path, previous: Path, removed: Sequence[int], entries: Iterable[Entry]) -> None:
        """Write the index in ``previous`` without the items ``removed`` and with ``entries`` into a new ``folder``.

        The files of ``previous`` are shared, not changed: tantivy writes its segments once.
        """
        folder.mkdir(parents=True)
        for path in previous.iterdir():
            if path.suffix == ".json":
                shutil.copyfile(path, folder / path.name)
            elif path.suffix != ".lock":
                os.link(path, folder / path.name)
        writer = tantivy.Index(_schema(), path=str(folder)).writer(_SMALL_HEAP, num_threads=1)
        for item in removed:
            writer.delete_documents_by_term("item", str(item))
        _add(writer, entries)
        writer.commit()
        writer.wait_merging_threads()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(
        self, query: str, limit: int, also: str = "", also_weight: float = 0.0
    ) -> list[tuple[int, float]]:
        """The ``limit`` best rows with their BM25 scores, best first; empty when no character matches.

        What only ``also`` has (official words for the query's everyday ones) counts ``also_weight`` times as much.
        """
        counts: dict[str, float] = dict.fromkeys(tokenise(also) if also_weight > 0 else (), also_weight)
        counts |= Counter(tokenise(query))
        if not counts:
            return []
        clauses = [
            (
                tantivy.Occur.Should,
                tantivy.Query.boost_query(self._term(token), count * self._boost(token)),
            )
            for token, count in counts.items()
        ]
        hits = self._searcher.search(tantivy.Query.boolean_query(clauses), limit).hits
        rows = self._searcher.fast_field_values("row", [address for _, address in hits])
        return [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True)]

    def document_frequency(self, token: str) -> int:
        """In how many rows a token stands."""
        known = self._frequencies.get(token)
        if known is None:
            known = int(self._searcher.doc_freq("tokens", token))
            if not known:
                return 0  # and not kept: there is no end of tokens that are not there
            if self._counted != len(self):
                # Constant scores, because tantivy would work out BM25 for every row that it counts.
                query = tantivy.Query.const_score_query(self._term(token), 1.0)
                known = int(self._searcher.search(query, 1, count=True).count)
            self._frequencies[token] = known
        return known

    def _term(self, token: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, "tokens", token, "freq")

    def _boost(self, token: str) -> float:
        """What a token's weight in tantivy must be multiplied with to be as if removed pieces had never been there.

        BM25's inverse document frequency as tantivy has it: ln(1 + (N - n + 0.5) / (n + 0.5)).
        """
        if self._counted == len(self):
            return 1.0
        known = self._boosts.get(token)
        if known is None:
            counted = int(self._searcher.doc_freq("tokens", token))
            present = self.document_frequency(token) if counted else 0
            known = _idf(len(self), present) / _idf(self._counted, counted) if present else 1.0
            self._boosts[token] = known
        return known


def _idf(size: int, frequency: int) -> float:
    return math.log(1 + (size - frequency + 0.5) / (frequency + 0.5))
