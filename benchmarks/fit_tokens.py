"""Find the projection of token vectors (:mod:`knowledge.embedding.token_vectors`): no question is looked at.

    .venv/bin/python -m benchmarks.fit_tokens

Each line of ``knowledge/vocabulary/common.csv``, an everyday word and the official ones for it, is read by the model
in float32, as a question and as a passage. What is projected to are the principal components of the passages' tokens,
centred and of length 1: in the others, tokens of government services hardly differ. Each is divided by the square root
of its deviation, half-way to components that count the same.
"""

from __future__ import annotations

import csv

import numpy as np

from knowledge.embedding import SentenceTransformerEmbedder
from knowledge.embedding.embedder import PASSAGE, QUESTION
from knowledge.embedding.token_vectors import DIMENSION, TokenProjection, save_projection
from knowledge.vocabulary.synonyms import COMMON_FILE
from wenzheng.settings import load_settings


def words() -> list[str]:
    """The texts that are read."""
    with COMMON_FILE.open(encoding="utf-8") as file:
        return [f"{row['用语']}，{row['规范用语']}" for row in csv.DictReader(file)]


def fit(questions: np.ndarray, passages: np.ndarray) -> TokenProjection:
    """The projection, from the states of tokens (n, hidden) of questions and of passages."""
    centred = passages - passages.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    variances, components = np.linalg.eigh(centred.T @ centred / len(centred))
    matrix = components[:, : -DIMENSION - 1 : -1] * variances[: -DIMENSION - 1 : -1] ** -0.25
    return TokenProjection(matrix, questions.mean(axis=0) @ matrix, passages.mean(axis=0) @ matrix)


def main() -> None:
    """Write the file."""
    embedder, texts = SentenceTransformerEmbedder("bundled", load_settings().models), words()
    questions, passages = embedder.states(texts, QUESTION), embedder.states(texts, PASSAGE)
    save_projection(fit(np.concatenate(questions), np.concatenate(passages)))
    print(f"{len(texts)} texts, {sum(map(len, passages))} tokens")


if __name__ == "__main__":
    main()
