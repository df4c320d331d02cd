"""Vectors of single tokens, which tell more than the one of their text.

A question and a passage are compared token by token: each of the question's tokens counts as much as the passage's
nearest is like it (MaxSim, the "late interaction" of ColBERT; Khattab and Zaharia, SIGIR 2020). The states of the
model's last layer are centred and projected to what differs among the words of government services:
``benchmarks/fit_tokens.py`` finds how, and writes ``token_projection.npz``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

DIMENSION = 64
"""Length of a token's vector."""

PROJECTION_FILE = Path(__file__).with_name("token_projection.npz")
_WHOLE = 127  # what 1 is in int8


@dataclass(frozen=True)
class TokenProjection:
    """How the bundled model's states become vectors of tokens.

    ``matrix`` (hidden, DIMENSION) projects states; ``question`` and ``passage`` (DIMENSION) are the means of projected
    states, which are taken off.
    """

    matrix: np.ndarray
    question: np.ndarray
    passage: np.ndarray

    def of_question(self, projected: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """float32 vectors of a question's tokens from their ``projected`` states, each as long as its share in the
        sum of ``weights``, so that the inner products with a passage's nearest add up to the mean."""
        shares = weights / max(float(weights.sum()), 1e-9)
        return np.asarray(_of_length_1(projected - self.question) * shares[:, None], dtype=np.float32)

    def of_passage(self, projected: np.ndarray) -> np.ndarray:
        """int8 vectors of a passage's tokens, of length 127, from their ``projected`` states."""
        return np.rint(_of_length_1(projected - self.passage) * _WHOLE).astype(np.int8)


@lru_cache(maxsize=1)
def projection_version() -> str:
    """Names the bundled model's projection: vectors of tokens made with another must not be mixed in."""
    return hashlib.sha256(PROJECTION_FILE.read_bytes()).hexdigest()[:8]


@lru_cache(maxsize=1)
def token_projection() -> TokenProjection:
    """The bundled model's."""
    with np.load(PROJECTION_FILE) as arrays:
        return TokenProjection(**{name: arrays[name].astype(np.float32) for name in arrays})


def save_projection(projection: TokenProjection) -> None:
    """Write the bundled model's."""
    np.savez(PROJECTION_FILE, **{name: value.astype(np.float16) for name, value in vars(projection).items()})


def no_tokens() -> np.ndarray:
    """The tokens of a passage that has none, or of a model whose tokens are not compared."""
    return np.zeros((0, DIMENSION), dtype=np.int8)


def max_sim(question: np.ndarray, passages: list[np.ndarray]) -> np.ndarray:
    """How alike each passage is to the question, -1…1; 0 where one of the two has no tokens.

    ``question`` and ``passages`` are as :class:`TokenProjection` makes them.
    """
    found = np.zeros(len(passages), dtype=np.float32)
    filled = [number for number, tokens in enumerate(passages) if len(tokens)]
    if len(question) and filled:
        ends = np.cumsum([len(passages[number]) for number in filled])
        tokens = np.concatenate([passages[number] for number in filled]).astype(np.float32)
        # Not with @, which takes 18 ms in place of 0.3 where other processes keep the cores busy: BLAS's threads wait.
        products = np.einsum("ij,kj->ik", question, tokens)
        nearest = np.maximum.reduceat(products, [0, *ends[:-1]], axis=1)
        found[filled] = nearest.sum(axis=0) / _WHOLE
    return found


def _of_length_1(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
