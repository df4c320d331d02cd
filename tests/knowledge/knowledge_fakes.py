"""What the knowledge service's tests share: an embedder without a model, a configuration to go with it, content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from knowledge.config import SearchConfig, load_search_config
from knowledge.content import Document, Faq
from knowledge.decision.evidence import WEIGHED
from knowledge.embedding.embedder import Progress
from knowledge.embedding.token_vectors import DIMENSION as TOKEN_DIMENSION
from knowledge.index.tokens import tokenise

TODAY = date(2026, 6, 15)
DIMENSION = 64
_TEXT = {"coverage": 10.0, "cosine": 2.0}


def weights(**given: float) -> dict[str, float]:
    """Evidence weights, 0 where not given."""
    unknown = set(given) - {"none", *WEIGHED}
    assert not unknown, unknown
    return {name: given.get(name, 0.0) for name in ("none", *WEIGHED)}


def fake_config(**decision: float) -> SearchConfig:
    """The delivered configuration with weights, and thresholds to start with, that suit vectors of characters."""
    config = load_search_config()
    texts = {f"{kind}_{name}": weight for kind in ("answer", "clause") for name, weight in _TEXT.items()}
    chosen = weights(none=8.0, question_match=10.0, **texts)
    start = {"answer": 0.6, "clarify": 0.4, "option": 0.03, **decision}
    return replace(config, weights=chosen, decision=replace(config.decision, **start))


class FakeEmbedder:
    """Hashed character pairs as vectors: alike texts are near, and every text has the same vector on every machine."""

    fingerprint = "fake-bigrams"

    def __init__(self) -> None:
        self.embedded: list[str] = []
        """Every passage embedded so far."""
        self.broken = False

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors(texts)

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        if self.broken:
            raise RuntimeError("the embedder broke down")
        self.embedded.extend(texts)
        if progress:
            progress(len(texts), len(texts))
        return self._vectors(texts)

    def query_token_vectors(self, text: str) -> np.ndarray:
        tokens = self._tokens(text).astype(np.float32)
        return tokens / max(len(tokens), 1) / 127

    def passages_with_token_vectors(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        return self.passages(texts, progress), [self._tokens(text) for text in texts]

    @staticmethod
    def _tokens(text: str) -> np.ndarray:
        tokens = np.zeros((len(tokenise(text)), TOKEN_DIMENSION), dtype=np.int8)
        for row, token in enumerate(tokenise(text)):
            tokens[row, hashlib.md5(token.encode()).digest()[0] % TOKEN_DIMENSION] = 127
        return tokens

    @staticmethod
    def _vectors(texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in enumerate(texts):
            for token in tokenise(text):
                vectors[row, hashlib.md5(token.encode()).digest()[0] % DIMENSION] += 1.0
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def faq(identifier: str, question: str, answer: str = "", **facts: Any) -> Faq:
    """An FAQ; its answer names it where none is given."""
    return Faq(identifier, question, answer or f"这是{identifier}的答案。", **facts)


def document(identifier: str, title: str, *articles: str, **facts: Any) -> Document:
    """A document in articles, numbered as laws are."""
    numerals = "一二三四五六七八九十"
    body = "\n\n".join(f"第{numerals[i]}条　{article}" for i, article in enumerate(articles))
    return Document(id=identifier, title=title, body=f"# {title}\n\n{body}\n", **facts)
