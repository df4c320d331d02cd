"""Vectors kept by content hash, so that publishing embeds only what changed."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from knowledge.embedding.embedder import Embedder, Progress
from knowledge.embedding.token_vectors import DIMENSION, no_tokens

_LOOKUP = 500  # rows a SELECT: below SQLite's limit of variables
_CHUNK = 512  # texts embedded between two commits: a killed import keeps what it had

_Known = tuple[np.ndarray, np.ndarray | None]  # a vector, and tokens where they were wanted


class EmbeddingCache:
    """A file of one embedder's vectors of passages, and of their tokens. Losing the file costs time, never content.

    Vectors are stored as float16: the rounding (1e-3) is far below the differences that ranking sees.
    """

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"embeddings-{embedder.fingerprint}.sqlite"
        self._embedder = embedder
        with closing(self._connect()) as connection:
            for table, column in (("vectors", "vector"), ("tokens", "tokens")):
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {table} (hash BLOB PRIMARY KEY, {column} BLOB NOT NULL)"
                )
            connection.commit()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=60)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Vectors of ``texts`` in their order, shape (len(texts), dimension), float32; embeds what is not known.

        ``progress(done, total)`` counts only the texts that have to be embedded.
        """
        return self._all(texts, [False] * len(texts), progress)[0]

    def passages_with_token_vectors(
        self, texts: Sequence[str], wanted: Sequence[bool], progress: Progress | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """The same, and the tokens of those texts that are marked in ``wanted``; of others there are none."""
        return self._all(texts, wanted, progress)

    def _all(
        self, texts: Sequence[str], wanted: Sequence[bool], progress: Progress | None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        keys = [
            hashlib.sha256(f"passage\n{text}".encode("utf-8", "surrogatepass")).digest() for text in texts
        ]
        with_tokens = {key for key, want in zip(keys, wanted, strict=True) if want}
        with closing(self._connect()) as connection:
            known = self._read(connection, keys, with_tokens)
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            # Sorted by length, because the texts of a batch may be padded to its longest.
            todo = sorted(missing, key=lambda key: (key in with_tokens, len(missing[key])))
            for start, part in _parts(todo, with_tokens, _CHUNK):

                def step(done: int, _total: int, start: int = start) -> None:
                    if progress:
                        progress(start + done, len(todo))

                made = self._embed([missing[key] for key in part], part[0] in with_tokens, step)
                vectors = [(key, vector.tobytes()) for key, (vector, _) in zip(part, made, strict=True)]
                tokens = [
                    (key, own.tobytes()) for key, (_, own) in zip(part, made, strict=True) if own is not None
                ]
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", vectors)
                connection.executemany("INSERT OR REPLACE INTO tokens VALUES (?, ?)", tokens)
                connection.commit()
                known.update(zip(part, made, strict=True))
        if not keys:
            return np.zeros((0, 0), dtype=np.float32), []
        own = [known[key][1] if want else None for key, want in zip(keys, wanted, strict=True)]
        return (
            np.stack([known[key][0] for key in keys]).astype(np.float32),
            [no_tokens() if each is None else each for each in own],
        )

    def _embed(self, texts: list[str], with_tokens: bool, step: Progress) -> list[_Known]:
        if with_tokens:
            vectors, tokens = self._embedder.passages_with_token_vectors(texts, step)
            return list(zip(vectors.astype(np.float16), tokens, strict=True))
        return [(vector, None) for vector in self._embedder.passages(texts, step).astype(np.float16)]

    @staticmethod
    def _read(
        connection: sqlite3.Connection, keys: Sequence[bytes], with_tokens: Collection[bytes]
    ) -> dict[bytes, _Known]:
        """What is known whole, by key: vector, and tokens where they are wanted."""
        found: dict[bytes, _Known] = {}
        unique = sorted(dict.fromkeys(keys), key=with_tokens.__contains__)
        for _, part in _parts(unique, with_tokens, _LOOKUP):
            marks = ",".join("?" * len(part))
            columns, tables = ("vector, NULL", "vectors")
            if part[0] in with_tokens:
                columns, tables = ("vector, tokens", "vectors JOIN tokens USING (hash)")
            query = f"SELECT hash, {columns} FROM {tables} WHERE hash IN ({marks})"
            for key, vector, tokens in connection.execute(query, part):
                own = None if tokens is None else np.frombuffer(tokens, np.int8).reshape(-1, DIMENSION)
                found[key] = (np.frombuffer(vector, dtype=np.float16), own)
        return found


def _parts(
    keys: Sequence[bytes], with_tokens: Collection[bytes], most: int
) -> Iterator[tuple[int, list[bytes]]]:
    """Runs of at most so many ``keys`` of which all are in ``with_tokens``, or none is, and where each begins."""
    start = 0
    for _, grouped in itertools.groupby(keys, key=with_tokens.__contains__):
        run = list(grouped)
        for at in range(0, len(run), most):
            yield start + at, run[at : at + most]
        start += len(run)
