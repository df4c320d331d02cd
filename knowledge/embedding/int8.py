"""The bundled model in int8 by ONNX Runtime: without PyTorch, small in memory."""

from __future__ import annotations

import hashlib
import os
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from knowledge.embedding.bundled import (
    BOS,
    EOS,
    PASSAGE_PREFIX,
    QUERY_PREFIX,
    ModelFile,
    bundled_model_file,
    token_weights,
)
from knowledge.embedding.embedder import Progress, encodable, give_back_memory
from knowledge.embedding.errors import EmbeddingModelError
from knowledge.embedding.int8_model import MODEL_FILE, TOKENIZER_FILE, VERSION, make_int8_model
from knowledge.embedding.token_vectors import projection_version, token_projection

STEP = 64  # texts between two calls of ``progress``
_REMEMBERED = 1024  # questions that are kept as they were read, 2 to 54 kB each: citizens repeat each other


class _Read(NamedTuple):
    """What the model made of a text: its vector, the numbers of its tokens and their projected states."""

    vector: np.ndarray
    numbers: np.ndarray
    states: np.ndarray


class _Engine:
    """The loaded model: one text in, what it is read as out. May be called from several threads at once."""

    def __init__(self, folder: Path, file: ModelFile) -> None:
        import onnxruntime
        from sentencepiece import SentencePieceProcessor

        options = onnxruntime.SessionOptions()
        # One thread a text: texts run side by side instead, which loses nothing to waiting and keeps the cores free
        # for the other processes when citizens ask at the same time.
        options.intra_op_num_threads = 1
        options.enable_mem_pattern = False  # it would keep a plan for every length of text
        self._session = onnxruntime.InferenceSession(
            str(folder / MODEL_FILE), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = SentencePieceProcessor(model_file=str(folder / TOKENIZER_FILE))
        shape = file.shape
        self.dimension = shape.hidden
        self._words = file.blocks("emb.word", shape.vocabulary)
        # Every token is of type 0.
        types = file.values("emb.type", shape.token_types, shape.hidden)
        self._positions = file.values("emb.pos", shape.positions, shape.hidden) + types[0]

    def tokens(self, text: str) -> list[int]:
        """The numbers of the text's pieces, as many as the model reads."""
        normal = " ".join(unicodedata.normalize("NFKC", encodable(text)).split())
        pieces = self._tokenizer.encode(normal)
        return [BOS, *pieces[: len(self._positions) - 2], EOS]

    def read(self, text: str) -> _Read:
        tokens = np.array(self.tokens(text))
        embeddings = self._words.rows(tokens) + self._positions[: len(tokens)]
        vectors, states = self._session.run(None, {"embeddings": embeddings[None]})
        return _Read(np.asarray(vectors[0], dtype=np.float32), tokens, states[0])


class _Remembered:
    """The last texts as they were read; one that another thread is making is waited for, not made twice."""

    def __init__(self, make: Callable[[str], _Read], size: int) -> None:
        self._make = make
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Future[_Read]] = OrderedDict()

    def __call__(self, text: str) -> _Read:
        with self._lock:
            known = self._known.get(text)
            future = self._known[text] = known or Future()
            self._known.move_to_end(text)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        if known is None:
            try:
                future.set_result(self._make(text))
            except BaseException as error:
                with self._lock:
                    self._known.pop(text, None)
                future.set_exception(error)
        return future.result()


class Int8Embedder:
    """The bundled model in int8. A text's vector does not depend on what else is embedded with it.

    Parameters: ``models_dir`` is where its files are made at the first use; the prefixes default to the model's own.
    Loaded at the first use. Raises EmbeddingModelError when it cannot be.
    """

    def __init__(
        self, models_dir: Path, *, query_prefix: str | None = None, passage_prefix: str | None = None
    ) -> None:
        version = f"{VERSION}-{projection_version()}"
        self.folder = models_dir / f"multilingual-e5-small-int8-v{version}"
        """Where the model's files are or will be."""
        self._query_prefix = QUERY_PREFIX if query_prefix is None else query_prefix
        self._passage_prefix = PASSAGE_PREFIX if passage_prefix is None else passage_prefix
        self._lock = threading.Lock()
        self._engine: _Engine | None = None
        # Kept: starting threads takes as long as embedding a short question.
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)), "embedding")
        self._query = _Remembered(self._read, _REMEMBERED)
        identity = "|".join(["bundled", self._query_prefix, self._passage_prefix, f"int8-{version}"])
        self.fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]

    def load(self) -> None:
        """Load the model now rather than at the first question."""
        self._loaded()

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._loaded().dimension

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        texts = [f"{self._query_prefix}{text}" for text in texts]
        return self._vectors([each.vector for each in self._all(self._query, texts, None)])

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        return self._vectors([each.vector for each in self._passages(texts, progress)])

    def query_token_vectors(self, text: str) -> np.ndarray:
        read = self._query(f"{self._query_prefix}{text}")
        own = self._own(self._query_prefix)
        return token_projection().of_question(read.states[own], token_weights()[read.numbers[own]])

    def passages_with_token_vectors(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        own, projection = self._own(self._passage_prefix), token_projection()
        vectors, tokens = [], []
        for read in self._passages(texts, progress):
            vectors.append(read.vector)
            tokens.append(projection.of_passage(read.states[own]))
        return self._vectors(vectors), tokens

    def _own(self, prefix: str) -> slice:
        """Where a text's own tokens are: not those of the prefix, nor the end."""
        return slice(len(self._loaded().tokens(prefix)) - 1, -1)

    def _vectors(self, vectors: list[np.ndarray]) -> np.ndarray:
        return np.stack(vectors) if vectors else np.zeros((0, self.dimension), dtype=np.float32)

    def _passages(self, texts: Sequence[str], progress: Progress | None) -> Iterator[_Read]:
        return self._all(self._read, [f"{self._passage_prefix}{text}" for text in texts], progress)

    def _all(
        self, read: Callable[[str], _Read], texts: list[str], progress: Progress | None
    ) -> Iterator[_Read]:
        # One text needs no other thread. The map has no name, so that it ends with this, also while somebody keeps the
        # error that ended it: what it has not begun is not read then.
        for done, each in enumerate(map(read, texts) if len(texts) == 1 else self._pool.map(read, texts), 1):
            yield each
            if progress and (done % STEP == 0 or done == len(texts)):
                progress(done, len(texts))

    def _read(self, text: str) -> _Read:
        return self._loaded().read(text)

    def _loaded(self) -> _Engine:
        if self._engine is not None:
            return self._engine
        with self._lock:
            if self._engine is None:
                try:
                    file = ModelFile(bundled_model_file())
                    self._engine = _Engine(make_int8_model(file, self.folder), file)
                except EmbeddingModelError:
                    raise
                except Exception as error:  # onnxruntime and sentencepiece have errors of their own
                    raise EmbeddingModelError(
                        f"无法加载自带的向量模型：{error}。请删除文件夹 {self.folder} 后重试，它会重新生成；"
                        "仍不行时请重新运行 make setup。"
                    ) from error
                give_back_memory()
            return self._engine
