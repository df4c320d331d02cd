"""Any sentence-transformers model: prefixes, order, errors."""

import threading
from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import EmbeddingModelError, Int8Embedder, SentenceTransformerEmbedder
from knowledge.embedding.embedder import BATCH

TEXTS = ["居住证怎么办理，要带什么材料", "税", "公积金可以提取出来租房吗", ""]


def test_vectors_have_length_1_and_the_models_dimension(exact: SentenceTransformerEmbedder) -> None:
    vectors = exact.queries(TEXTS)
    assert vectors.shape == (4, 384) == (4, exact.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_nothing_gives_no_vectors_of_the_right_dimension(exact: SentenceTransformerEmbedder) -> None:
    assert exact.queries([]).shape == (0, 384)
    assert exact.passages([]).shape == (0, 384)


def test_a_passage_is_not_a_query(exact: SentenceTransformerEmbedder) -> None:
    assert not np.allclose(exact.queries(TEXTS), exact.passages(TEXTS), atol=1e-3)


def test_the_prefixes_are_put_before_the_text(models_dir: Path, exact: SentenceTransformerEmbedder) -> None:
    bare = SentenceTransformerEmbedder(
        "bundled", models_dir, query_prefix="", passage_prefix="", precision="float32"
    )
    bare._model = exact._model  # the same weights need no second loading
    assert bare.queries(["query: 居住证"]) == pytest.approx(exact.queries(["居住证"]), abs=1e-5)
    assert bare.passages(["passage: 居住证"]) == pytest.approx(exact.passages(["居住证"]), abs=1e-5)
    assert not np.allclose(bare.queries(["居住证"]), exact.queries(["居住证"]), atol=1e-3)


def test_a_model_in_a_folder_uses_its_own_prompts(
    models_dir: Path, exact: SentenceTransformerEmbedder, tmp_path: Path
) -> None:
    folder = SentenceTransformerEmbedder(
        str(models_dir / "multilingual-e5-small"), tmp_path, precision="float32"
    )
    assert folder.queries(TEXTS) == pytest.approx(exact.queries(TEXTS), abs=1e-5)
    assert folder.passages(TEXTS) == pytest.approx(exact.passages(TEXTS), abs=1e-5)
    assert list(tmp_path.iterdir()) == []


def test_passages_of_many_lengths_come_back_in_order(exact: SentenceTransformerEmbedder) -> None:
    texts = [f"第{number}条" + "内容" * (number * 7 % 12) for number in range(40)]
    steps: list[tuple[int, int]] = []
    together = exact.passages(texts, lambda done, total: steps.append((done, total)))
    assert steps == [(min(done, 40), 40) for done in range(BATCH, 40 + BATCH, BATCH)]
    for number in (0, 1, 17, 39):
        assert together[number] == pytest.approx(exact.passages([texts[number]])[0], abs=1e-4)


def test_many_questions_of_many_lengths_come_back_in_order(exact: SentenceTransformerEmbedder) -> None:
    texts = [f"第{number}问" + "怎么办" * (number * 7 % 12) for number in range(40)]
    together = exact.queries(texts)
    for number in (0, 1, 17, 39):
        assert together[number] == pytest.approx(exact.queries([texts[number]])[0], abs=1e-4)


def test_text_longer_than_the_model_reads_is_cut(exact: SentenceTransformerEmbedder) -> None:
    assert exact.queries(["公积金提取条件" * 2000]).shape == (1, 384)


def test_a_lone_surrogate_is_no_error(exact: SentenceTransformerEmbedder) -> None:
    assert exact.queries(["居住证\ud83d怎么办"]) == pytest.approx(exact.queries(["居住证?怎么办"]), abs=1e-5)


def test_alike_questions_are_nearer_than_others(exact: SentenceTransformerEmbedder) -> None:
    asked, alike, other = exact.queries(["怎么提取公积金", "住房公积金如何支取", "新生儿怎么上户口"])
    assert asked @ alike > asked @ other


def test_threads_may_embed_at_once(exact: SentenceTransformerEmbedder) -> None:
    expected = exact.queries(TEXTS)
    failures: list[BaseException] = []

    def embed() -> None:
        try:
            for _ in range(5):
                for row, text in enumerate(TEXTS):
                    assert exact.queries([text])[0] @ expected[row] > 0.99
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=embed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_fingerprints_tell_models_prefixes_and_precisions_apart(tmp_path: Path) -> None:
    made = [
        SentenceTransformerEmbedder("bundled", tmp_path),
        SentenceTransformerEmbedder("bundled", tmp_path, precision="bfloat16"),
        SentenceTransformerEmbedder("bundled", tmp_path, passage_prefix=""),
        SentenceTransformerEmbedder("bundled", tmp_path, query_prefix=""),
        SentenceTransformerEmbedder("BAAI/bge-small-zh-v1.5", tmp_path),
        Int8Embedder(tmp_path),
        Int8Embedder(tmp_path, query_prefix=""),
        Int8Embedder(tmp_path, passage_prefix=""),
    ]
    assert len({embedder.fingerprint for embedder in made}) == 8
    assert Int8Embedder(tmp_path / "b").fingerprint == made[5].fingerprint
    assert SentenceTransformerEmbedder("bundled", tmp_path / "b").fingerprint == made[0].fingerprint


def test_nothing_is_loaded_before_the_first_use(tmp_path: Path) -> None:
    SentenceTransformerEmbedder("no such model", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_model_names_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    embedder = SentenceTransformerEmbedder("no-such-owner/no-such-model", tmp_path)
    with pytest.raises(
        EmbeddingModelError, match=r"(?s)no-such-owner/no-such-model.*WENZHENG_EMBEDDING_MODEL"
    ):
        embedder.queries(["居住证"])


def test_a_folder_that_holds_no_model_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text('[{"idx": 0, "path": "", "type": "no.such.Module"}]')
    with pytest.raises(EmbeddingModelError, match=r"(?s)无法加载.*WENZHENG_EMBEDDING_MODEL"):
        SentenceTransformerEmbedder(str(tmp_path), tmp_path).load()
