"""Vectors of questions and content."""

from knowledge.embedding.cache import EmbeddingCache
from knowledge.embedding.embedder import Embedder, SentenceTransformerEmbedder
from knowledge.embedding.errors import BundledModelError, EmbeddingModelError
from knowledge.embedding.int8 import Int8Embedder

__all__ = [
    "BundledModelError",
    "Embedder",
    "EmbeddingCache",
    "EmbeddingModelError",
    "Int8Embedder",
    "SentenceTransformerEmbedder",
]
