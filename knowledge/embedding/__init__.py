"""Vectors of questions and content."""

from knowledge.embedding.cache import EmbeddingCache
from knowledge.embedding.embedder import Embedder, EmbeddingModelError, SentenceTransformerEmbedder

__all__ = ["Embedder", "EmbeddingCache", "EmbeddingModelError", "SentenceTransformerEmbedder"]
