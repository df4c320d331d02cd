"""Why there are no vectors.

EmbeddingModelError
└── BundledModelError     the bundled model's own file
"""

from __future__ import annotations


class EmbeddingModelError(RuntimeError):
    """The configured embedding model cannot be loaded; the text is Chinese and says what to do."""


class BundledModelError(EmbeddingModelError):
    """The bundled model's file is missing or is not what this code can read."""
