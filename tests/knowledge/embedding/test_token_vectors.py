"""Vectors of tokens: compared by hand, and made by both engines of the bundled model."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.fit_tokens import fit, words
from knowledge.embedding import BundledModelError, Int8Embedder, SentenceTransformerEmbedder
from knowledge.embedding.bundled import (
    BLANK,
    BOS,
    EOS,
    PAD,
    UNK,
    ModelFile,
    bundled_model_file,
    token_weights,
)
from knowledge.embedding.token_vectors import (
    DIMENSION,
    TokenProjection,
    max_sim,
    no_tokens,
    token_projection,
)

PASSAGES = ["居住证每年签注一次，不收费。", "公积金提取材料"]


def unit(*places: int) -> np.ndarray:
    """Passage tokens along these axes."""
    return np.eye(DIMENSION, dtype=np.int8)[list(places)] * np.int8(127)


def asked(*places: int) -> np.ndarray:
    """A question's tokens along these axes, each with the same share."""
    return np.eye(DIMENSION, dtype=np.float32)[list(places)] / len(places)


def test_each_token_counts_as_the_passages_nearest_is_like_it() -> None:
    found = max_sim(asked(0, 1), [unit(0, 1, 2), unit(0, 5), unit(5), -unit(0)])
    assert found == pytest.approx([1.0, 0.5, 0.0, -0.5])


def test_order_and_repetition_change_nothing() -> None:
    assert max_sim(asked(0, 1), [unit(1, 1, 0), unit(0, 0, 1)]) == pytest.approx([1.0, 1.0])


def test_what_has_no_tokens_is_like_nothing() -> None:
    assert max_sim(asked(0), [no_tokens(), unit(0), no_tokens()]) == pytest.approx([0.0, 1.0, 0.0])
    assert max_sim(np.zeros((0, DIMENSION), dtype=np.float32), [unit(0)]) == pytest.approx([0.0])
    assert len(max_sim(asked(0), [])) == 0
    assert max_sim(asked(0), [no_tokens()]) == pytest.approx([0.0])


def test_states_are_centred_and_weighed() -> None:
    projection = TokenProjection(
        np.zeros((3, DIMENSION), dtype=np.float32),
        question=np.full(DIMENSION, 2.0, dtype=np.float32),
        passage=np.full(DIMENSION, -1.0, dtype=np.float32),
    )
    states = 5 * np.eye(DIMENSION, dtype=np.float32)[:2]
    question = projection.of_question(states + 2, np.array([3.0, 1.0]))
    assert question == pytest.approx(np.diag([0.75, 0.25])[:, :2] @ np.eye(DIMENSION)[:2])
    passage = projection.of_passage(states - 1)
    assert np.array_equal(passage, unit(0, 1))
    assert max_sim(question, [passage, passage[1:]]) == pytest.approx([1.0, 0.25])


def test_tokens_that_all_weigh_nothing_are_no_error() -> None:
    tokens = token_projection().of_question(np.ones((2, DIMENSION), dtype=np.float32), np.zeros(2))
    assert max_sim(tokens, [unit(0)]) == pytest.approx([0.0])


def test_the_delivered_projection_is_of_the_bundled_model() -> None:
    projection = token_projection()
    assert projection.matrix.shape == (384, DIMENSION)
    assert projection.question.shape == projection.passage.shape == (DIMENSION,)
    lengths = np.linalg.norm(projection.matrix, axis=0)
    cosines = (projection.matrix / lengths).T @ (projection.matrix / lengths)
    assert cosines == pytest.approx(np.eye(DIMENSION), abs=2e-3), "components at right angles"
    assert list(lengths) == sorted(lengths), "the more tokens differ in one, the less it is stretched"


def test_a_projection_finds_what_differs() -> None:
    chance = np.random.default_rng(0)
    middle = np.full(100, 3.0)
    states = middle.copy()[None] + 0.01 * chance.standard_normal((500, 100))
    states[:, 7:87] += chance.standard_normal((500, 80)) * np.linspace(3, 0.2, 80)
    projection = fit(states + 1, states)
    shares = np.linalg.norm(projection.matrix / np.linalg.norm(projection.matrix, axis=0), axis=1)
    assert shares[7:57].min() > 0.8
    assert max(shares[:7].max(), shares[87:].max()) < 0.1
    assert projection.question - projection.passage == pytest.approx(projection.matrix.sum(axis=0))


def test_there_is_a_text_to_fit_for_each_everyday_word() -> None:
    assert len(words()) > 1000
    assert words()[0] == "上户口，出生登记；户口登记"


@pytest.mark.parametrize("engine", ["int8", "exact"])
def test_a_passage_that_says_it_in_other_words_is_more_alike(
    engine: str, request: pytest.FixtureRequest
) -> None:
    embedder = request.getfixturevalue(engine)
    vectors, tokens = embedder.passages_with_token_vectors(PASSAGES)
    assert vectors == pytest.approx(embedder.passages(PASSAGES), abs=1e-6)
    assert all(each.dtype == np.int8 and each.shape[1] == DIMENSION for each in tokens)
    renewal = max_sim(embedder.query_token_vectors("暂住证怎么续"), tokens)
    fund = max_sim(embedder.query_token_vectors("怎么取公积金"), tokens)
    assert renewal[0] > renewal[1] + 0.1
    assert fund[1] > fund[0] + 0.1


def test_both_engines_make_like_tokens(int8: Int8Embedder, exact: SentenceTransformerEmbedder) -> None:
    (ours, _), (theirs, _) = (
        int8.passages_with_token_vectors(PASSAGES)[1],
        exact.passages_with_token_vectors(PASSAGES)[1],
    )
    assert ours.shape == theirs.shape
    cosines = (ours.astype(float) * theirs).sum(axis=1) / 127**2
    assert cosines.min() > 0.9
    assert cosines.mean() > 0.97
    questions = [each.query_token_vectors("居住证怎么续签") for each in (int8, exact)]
    assert questions[0] == pytest.approx(questions[1], abs=0.05)


def test_a_texts_tokens_are_its_own(int8: Int8Embedder) -> None:
    """Neither the prefix nor the marks of beginning and end are among them, whatever the prefix."""
    bare = Int8Embedder(int8.folder.parent, query_prefix="", passage_prefix="")
    for embedder in (int8, bare):
        (passage,) = embedder.passages_with_token_vectors(["公积金"])[1]
        (longer,) = embedder.passages_with_token_vectors(["公积金公积金公积金"])[1]
        assert 1 <= len(passage) <= 4
        assert len(longer) > len(passage)
        assert len(embedder.query_token_vectors("公积金")) == len(passage)
        assert len(embedder.query_token_vectors("")) <= 1


def test_signs_of_the_models_own_and_blanks_count_nothing() -> None:
    file, weights = ModelFile(bundled_model_file()), token_weights()
    assert weights[[BOS, PAD, EOS, UNK, file.number(BLANK)]].tolist() == [0.0] * 5
    assert weights[file.number("居住")] > weights[file.number("的")] > 0
    with pytest.raises(BundledModelError, match="没有词元"):
        file.number("没有这样的词元")


def test_a_prefix_and_its_blank_do_not_count(int8: Int8Embedder) -> None:
    bare = Int8Embedder(int8.folder.parent, query_prefix="")
    first = int8.query_token_vectors("居住证怎么续签")[0]
    assert np.linalg.norm(first) == 0
    assert np.linalg.norm(bare.query_token_vectors("居住证怎么续签"), axis=1).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("engine", ["int8", "exact"])
def test_of_a_text_longer_than_the_model_reads_what_it_reads_has_tokens(
    engine: str, request: pytest.FixtureRequest
) -> None:
    embedder = request.getfixturevalue(engine)
    vectors, (short, long) = embedder.passages_with_token_vectors(["公积金", "公积金提取条件" * 400])
    assert len(vectors) == 2
    assert len(short) < 10
    assert 480 < len(long) < 512
    assert embedder.query_token_vectors("公积金提取条件" * 400).shape == (len(long) - 1, DIMENSION)


@pytest.mark.parametrize("engine", ["int8", "exact"])
def test_nothing_gives_nothing_and_progress_counts_texts(engine: str, request: pytest.FixtureRequest) -> None:
    embedder = request.getfixturevalue(engine)
    vectors, tokens = embedder.passages_with_token_vectors([])
    assert (vectors.shape, tokens) == ((0, 384), [])
    steps: list[tuple[int, int]] = []
    embedder.passages_with_token_vectors(PASSAGES, lambda done, total: steps.append((done, total)))
    assert steps[-1] == (2, 2)


def test_another_projection_has_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names() -> list[object]:
        int8, exact = Int8Embedder(tmp_path), SentenceTransformerEmbedder("bundled", tmp_path)
        return [int8.fingerprint, int8.folder, exact.fingerprint]

    before, other = names(), SentenceTransformerEmbedder("BAAI/bge-small-zh-v1.5", tmp_path).fingerprint
    for module in ("int8", "embedder"):
        monkeypatch.setattr(f"knowledge.embedding.{module}.projection_version", lambda: "other")
    assert not set(before) & set(names())
    assert SentenceTransformerEmbedder("BAAI/bge-small-zh-v1.5", tmp_path).fingerprint == other


def test_the_shares_of_a_question_add_up_to_1(int8: Int8Embedder) -> None:
    lengths = np.linalg.norm(int8.query_token_vectors("居住证怎么续签"), axis=1)
    assert lengths.sum() == pytest.approx(1.0, abs=1e-5)
    assert len(set(lengths.round(4).tolist())) > 1


def test_another_models_texts_have_no_tokens(models_dir: Path, tmp_path: Path) -> None:
    other = SentenceTransformerEmbedder(str(models_dir / "multilingual-e5-small"), tmp_path)
    vectors, tokens = other.passages_with_token_vectors(PASSAGES)
    assert np.array_equal(vectors, other.passages(PASSAGES))
    assert [len(each) for each in (*tokens, other.query_token_vectors("居住证"))] == [0, 0, 0]
