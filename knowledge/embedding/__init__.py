"""Vectors of questions and content."""

from knowledge.embedding.cache import EmbeddingCache
from knowledge.embedding.embedder import Embedder, SentenceTransformerEmbedder
from knowledge.embedding.errors import BundledModelError, EmbeddingModelError

__all__ = [
    "BundledModelError",
    "Embedder",
    "EmbeddingCache",
    "EmbeddingModelError",
    "SentenceTransformerEmbedder",
]
