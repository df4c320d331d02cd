"""The bundled model in int8: near to the reference, the same whatever else is embedded, without PyTorch."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from embedding_texts import cosines, real_texts

from knowledge.embedding import EmbeddingModelError, Int8Embedder, SentenceTransformerEmbedder
from knowledge.embedding.int8 import STEP, _Engine, _Read
from tests.conftest import TEST_HOME

ROOT = Path(__file__).parents[3]
PASSAGE = "申请人应当向居住地的社区服务中心提交身份证和居住证明。" * 9


def test_vectors_have_length_1_and_the_models_dimension(int8: Int8Embedder) -> None:
    vectors = int8.queries(real_texts())
    assert vectors.shape == (100, 384) == (100, int8.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(100), abs=1e-5)


def test_vectors_are_near_to_those_of_float32(int8: Int8Embedder, exact: SentenceTransformerEmbedder) -> None:
    questions = cosines(int8.queries(real_texts()), exact.queries(real_texts()))
    assert questions.min() >= 0.99
    assert questions.mean() >= 0.996
    passages = [PASSAGE, *real_texts()[:12]]
    assert cosines(int8.passages(passages), exact.passages(passages)).min() >= 0.99


def test_the_order_of_nearness_is_that_of_float32(
    int8: Int8Embedder, exact: SentenceTransformerEmbedder
) -> None:
    """With the nearest of the other texts that float32 finds, its cosine is lost by less than 0.01."""
    texts = real_texts()
    reference, vectors = exact.queries(texts), int8.queries(texts)
    true = reference @ reference.T - 2 * np.eye(len(texts))
    nearest = (vectors @ vectors.T - 2 * np.eye(len(texts))).argmax(axis=1)
    assert (true.max(axis=1) - true[np.arange(len(texts)), nearest]).max() < 0.01


def test_a_vector_does_not_depend_on_what_else_is_embedded(int8: Int8Embedder) -> None:
    texts = [f"第{number}条" + "内容" * (number * 7 % 12) for number in range(STEP + 6)]
    steps: list[tuple[int, int]] = []
    together = int8.passages(texts, lambda done, total: steps.append((done, total)))
    assert steps == [(STEP, STEP + 6), (STEP + 6, STEP + 6)]
    for number, text in enumerate(texts):
        assert np.array_equal(int8.passages([text])[0], together[number])
    questions = int8.queries(texts)
    fresh = Int8Embedder(TEST_HOME / "models")
    assert np.array_equal(fresh.queries(texts[5:6])[0], questions[5])


def test_a_run_that_is_stopped_embeds_nothing_more(
    int8: Int8Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        raise Stopped

    begun: list[str] = []
    make = _Engine.read

    def counted(engine: _Engine, text: str) -> _Read:
        begun.append(text)
        return make(engine, text)

    int8.load()
    monkeypatch.setattr(_Engine, "read", counted)
    with pytest.raises(Stopped) as kept:
        int8.passages([PASSAGE] * 3 * STEP, stop)
    soon = len(begun)
    int8.passages(["这一批之后", "的另一批"])  # takes its turn behind whatever would still be waiting
    assert soon < 2 * STEP
    assert len(begun) <= soon + 2 + len(os.sched_getaffinity(0))
    assert kept.value, "which holds all that ran, and must not keep it running"


def test_a_question_asked_again_has_the_same_vector_and_cannot_be_spoilt(int8: Int8Embedder) -> None:
    first = int8.queries(["居住证怎么办"])
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(int8.queries(["居住证怎么办"]), kept)


def test_a_question_that_is_being_embedded_is_waited_for(
    int8: Int8Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    both_ask = threading.Event()
    make = _Engine.read

    def slow(engine: _Engine, text: str) -> _Read:
        made.append(text)
        assert both_ask.wait(5)
        return make(engine, text)

    int8.load()
    monkeypatch.setattr(_Engine, "read", slow)
    question = "同一个问题两处同时在问"
    vectors: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: vectors.append(int8.queries([question])[0])) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    both_ask.set()
    for thread in threads:
        thread.join()
    assert made == [f"query: {question}"]
    assert all(np.array_equal(vector, vectors[0]) for vector in vectors)
    assert len(vectors) == 3


def test_a_failure_is_not_remembered(int8: Int8Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_engine: _Engine, _text: str) -> _Read:
        raise RuntimeError("broken")

    int8.load()
    with monkeypatch.context() as patch:
        patch.setattr(_Engine, "read", broken)
        with pytest.raises(RuntimeError):
            int8.queries(["第一次没有成功的问题"])
    assert np.linalg.norm(int8.queries(["第一次没有成功的问题"])[0]) == pytest.approx(1, abs=1e-5)


def test_a_passage_is_not_a_query(int8: Int8Embedder) -> None:
    assert cosines(int8.queries(["居住证"]), int8.passages(["居住证"]))[0] < 0.99


def test_the_prefixes_are_put_before_the_text(int8: Int8Embedder) -> None:
    bare = Int8Embedder(TEST_HOME / "models", query_prefix="", passage_prefix="")
    assert np.array_equal(bare.queries(["query: 居住证"]), int8.queries(["居住证"]))
    assert np.array_equal(bare.passages(["passage: 居住证"]), int8.passages(["居住证"]))


def test_pieces_are_those_of_the_reference_tokenizer(
    int8: Int8Embedder, exact: SentenceTransformerEmbedder
) -> None:
    exact.load()
    texts = [*real_texts(), PASSAGE, "", " \t\n　", "ﬁ㍿Ⅷ½", "a\u200bb\ufeffc\x00", "𠮷野家👨‍👩‍👧"]
    expected = exact._model.tokenizer([f"query: {text}" for text in texts])["input_ids"]
    assert [int8._loaded().tokens(f"query: {text}") for text in texts] == expected


def test_text_longer_than_the_model_reads_is_cut(int8: Int8Embedder) -> None:
    assert len(int8._loaded().tokens("公积金提取条件" * 2000)) == 512
    long = int8.passages(["公积金提取条件" * 2000, "公积金提取条件" * 2000 + "新生儿上户口"])
    assert np.array_equal(long[0], long[1])


@pytest.mark.parametrize("text", ["", " ", "？！。", "😀😀", "\ud83d", "\x00", "'; DROP TABLE faq; --<b>"])
def test_every_text_has_a_vector(int8: Int8Embedder, text: str) -> None:
    vectors = np.concatenate([int8.queries([text]), int8.passages([text])])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2), abs=1e-5)


def test_nothing_gives_no_vectors_of_the_right_dimension(int8: Int8Embedder) -> None:
    assert int8.queries([]).shape == int8.passages([]).shape == (0, 384)


def test_threads_may_embed_at_once(int8: Int8Embedder) -> None:
    texts = real_texts()[:20]
    expected = int8.passages(texts)
    found: list[bool] = []

    def embed() -> None:
        found.append(np.array_equal(int8.passages(texts), expected))

    threads = [threading.Thread(target=embed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_the_files_are_made_once_and_whole(tmp_path: Path) -> None:
    embedder = Int8Embedder(tmp_path / "models")
    assert not (tmp_path / "models").exists()
    embedder.load()
    assert list((tmp_path / "models").iterdir()) == [embedder.folder]
    made = {path.name: path.stat().st_mtime_ns for path in embedder.folder.iterdir()}
    Int8Embedder(tmp_path / "models").load()
    assert {path.name: path.stat().st_mtime_ns for path in embedder.folder.iterdir()} == made


def test_a_damaged_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    embedder = Int8Embedder(tmp_path)
    embedder.folder.mkdir()
    (embedder.folder / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(EmbeddingModelError, match=f"请删除文件夹 {embedder.folder}"):
        embedder.load()


def test_neither_pytorch_nor_the_makers_are_in_memory_when_questions_are_embedded(int8: Int8Embedder) -> None:
    int8.load()
    code = """
import sys
from wenzheng.parts import build_embedder
from wenzheng.settings import load_settings
vector = build_embedder(load_settings()).queries(["居住证怎么办"])
assert vector.shape == (1, 384)
heavy = {"torch", "transformers", "sentence_transformers", "tokenizers", "tensorflow", "onnx", "sympy"}
print(sorted(heavy & set(sys.modules)))
"""
    environment = {**os.environ, "WENZHENG_HOME": str(TEST_HOME), "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr
