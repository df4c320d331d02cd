"""The embedding model that the settings name."""

from pathlib import Path

import pytest

from knowledge.embedding import Int8Embedder, SentenceTransformerEmbedder
from wenzheng.parts import build_embedder
from wenzheng.settings import SettingsError, load_settings


@pytest.mark.parametrize("precision", ["", "int8"])
def test_the_bundled_model_runs_in_int8(tmp_path: Path, precision: str) -> None:
    settings = load_settings(home=tmp_path, embedding_precision=precision, embedding_query_prefix="问：")
    embedder = build_embedder(settings)
    assert isinstance(embedder, Int8Embedder)
    assert embedder.fingerprint == Int8Embedder(tmp_path, query_prefix="问：").fingerprint


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_bundled_model_runs_in_other_precisions_on_request(tmp_path: Path, precision: str) -> None:
    embedder = build_embedder(load_settings(home=tmp_path, embedding_precision=precision))
    same = SentenceTransformerEmbedder("bundled", tmp_path, precision=precision)
    assert embedder.fingerprint == same.fingerprint


def test_another_model_runs_in_float32(tmp_path: Path) -> None:
    embedder = build_embedder(load_settings(home=tmp_path, embedding_model="BAAI/bge-small-zh-v1.5"))
    same = SentenceTransformerEmbedder("BAAI/bge-small-zh-v1.5", tmp_path, precision="float32")
    assert embedder.fingerprint == same.fingerprint


def test_another_model_has_no_int8(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, embedding_model="BAAI/bge-m3", embedding_precision="int8")
    with pytest.raises(SettingsError, match=r"WENZHENG_EMBEDDING_PRECISION.*bge-m3"):
        build_embedder(settings)
