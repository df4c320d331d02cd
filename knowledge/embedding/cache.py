"""Vectors kept by content hash, so that publishing embeds only what changed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from knowledge.embedding.embedder import Embedder, Progress

_LOOKUP = 500  # rows a SELECT: below SQLite's limit of variables
_CHUNK = 512  # texts embedded between two commits: a killed import keeps what it had


class EmbeddingCache:
    """A file of one embedder's vectors of passages and questions. Losing the file costs time, never content.

    Vectors are stored as float16: the rounding (1e-3) is far below the differences that ranking sees.
    """

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"embeddings-{embedder.fingerprint}.sqlite"
        self._embedder = embedder
        with closing(self._connect()) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (hash BLOB PRIMARY KEY, vector BLOB NOT NULL)"
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
        return self._vectors("passage", texts, self._embedder.passages, progress)

    def queries(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """As ``passages``, embedded as questions: for questions that come again at every publication."""

        def embed(part: Sequence[str], step: Progress) -> np.ndarray:
            vectors = self._embedder.queries(part)
            step(len(part), len(part))
            return vectors

        return self._vectors("query", texts, embed, progress)

    def _vectors(
        self,
        kind: str,
        texts: Sequence[str],
        embed: Callable[[Sequence[str], Progress], np.ndarray],
        progress: Progress | None,
    ) -> np.ndarray:
        keys = [hashlib.sha256(f"{kind}\n{text}".encode("utf-8", "surrogatepass")).digest() for text in texts]
        with closing(self._connect()) as connection:
            known = self._read(connection, keys)
            missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
            # Sorted by length, because the texts of a batch may be padded to its longest.
            todo = sorted(missing.items(), key=lambda pair: len(pair[1]))
            for start in range(0, len(todo), _CHUNK):
                part = todo[start : start + _CHUNK]

                def step(done: int, _total: int, start: int = start) -> None:
                    if progress:
                        progress(start + done, len(todo))

                vectors = embed([text for _, text in part], step).astype(np.float16)
                rows = [(key, vector.tobytes()) for (key, _), vector in zip(part, vectors, strict=True)]
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
                connection.commit()
                known.update({key: vector for (key, _), vector in zip(part, vectors, strict=True)})
        if not keys:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([known[key] for key in keys]).astype(np.float32)

    @staticmethod
    def _read(connection: sqlite3.Connection, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        found: dict[bytes, np.ndarray] = {}
        unique = list(dict.fromkeys(keys))
        for start in range(0, len(unique), _LOOKUP):
            part = unique[start : start + _LOOKUP]
            marks = ",".join("?" * len(part))
            for key, blob in connection.execute(
                f"SELECT hash, vector FROM vectors WHERE hash IN ({marks})", part
            ):
                found[key] = np.frombuffer(blob, dtype=np.float16)
        return found
