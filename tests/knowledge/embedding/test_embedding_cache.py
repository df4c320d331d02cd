"""Vectors kept by content."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from knowledge_fakes import DIMENSION, FakeEmbedder

from knowledge.embedding import EmbeddingCache

TEXTS = ["居住证怎么办理", "公积金怎么提取", "失业金怎么申领"]


def test_vectors_come_in_the_order_of_their_texts(tmp_path: Path, embedder: FakeEmbedder) -> None:
    vectors = EmbeddingCache(tmp_path, embedder).passages(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors == pytest.approx(FakeEmbedder().passages(TEXTS), abs=1e-3)
    assert EmbeddingCache(tmp_path, embedder).passages(TEXTS[::-1]) == pytest.approx(vectors[::-1])


def test_only_what_is_new_is_embedded(tmp_path: Path, embedder: FakeEmbedder) -> None:
    cache = EmbeddingCache(tmp_path, embedder)
    cache.passages(TEXTS[:2])
    embedder.embedded.clear()
    cache.passages(TEXTS)
    assert embedder.embedded == TEXTS[2:]


def test_a_text_that_stands_twice_is_embedded_once(tmp_path: Path, embedder: FakeEmbedder) -> None:
    vectors = EmbeddingCache(tmp_path, embedder).passages([TEXTS[0]] * 3)
    assert embedder.embedded == TEXTS[:1]
    assert vectors.shape == (3, DIMENSION)


def test_vectors_survive_reopening(tmp_path: Path, embedder: FakeEmbedder) -> None:
    before = EmbeddingCache(tmp_path, embedder).passages(TEXTS)
    other = FakeEmbedder()
    assert np.array_equal(EmbeddingCache(tmp_path, other).passages(TEXTS), before)
    assert other.embedded == []


def test_vectors_of_another_embedder_are_not_mixed_in(tmp_path: Path, embedder: FakeEmbedder) -> None:
    EmbeddingCache(tmp_path, embedder).passages(TEXTS)
    other = FakeEmbedder()
    other.fingerprint = "another"
    EmbeddingCache(tmp_path, other).passages(TEXTS)
    assert sorted(other.embedded) == sorted(TEXTS)


def test_nothing_gives_nothing(tmp_path: Path, embedder: FakeEmbedder) -> None:
    assert len(EmbeddingCache(tmp_path, embedder).passages([])) == 0


def test_progress_counts_what_has_to_be_embedded(tmp_path: Path, embedder: FakeEmbedder) -> None:
    cache = EmbeddingCache(tmp_path, embedder)
    cache.passages(TEXTS[:1])
    steps: list[tuple[int, int]] = []
    cache.passages(TEXTS, lambda done, total: steps.append((done, total)))
    assert steps == [(2, 2)]


def test_an_interrupted_run_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(FakeEmbedder):
        def passages(self, texts, progress=None):  # type: ignore[no-untyped-def]
            if len(self.embedded) >= 2:
                raise KeyboardInterrupt
            return super().passages(texts, progress)

    monkeypatch.setattr("knowledge.embedding.cache._CHUNK", 1)
    with pytest.raises(KeyboardInterrupt):
        EmbeddingCache(tmp_path, Interrupted()).passages(TEXTS)
    embedder = FakeEmbedder()
    EmbeddingCache(tmp_path, embedder).passages(TEXTS)
    assert len(embedder.embedded) == 1


def test_more_texts_than_a_statement_takes_are_found_again(tmp_path: Path, embedder: FakeEmbedder) -> None:
    texts = [f"第{number}条" for number in range(1200)]
    first = EmbeddingCache(tmp_path, embedder).passages(texts)
    embedder.embedded.clear()
    assert np.array_equal(EmbeddingCache(tmp_path, embedder).passages(texts), first)
    assert embedder.embedded == []


def test_tokens_are_kept_where_they_are_wanted(tmp_path: Path, embedder: FakeEmbedder) -> None:
    wanted = [True, False, True]
    vectors, tokens = EmbeddingCache(tmp_path, embedder).passages_with_token_vectors(TEXTS, wanted)
    expected = embedder.passages_with_token_vectors(TEXTS)
    assert vectors == pytest.approx(expected[0], abs=1e-3)
    for want, own, whole in zip(wanted, tokens, expected[1], strict=True):
        assert np.array_equal(own, whole if want else whole[:0])
    other = FakeEmbedder()
    again, kept = EmbeddingCache(tmp_path, other).passages_with_token_vectors(TEXTS, wanted)
    assert other.embedded == []
    assert np.array_equal(again, vectors)
    assert all(np.array_equal(one, two) for one, two in zip(kept, tokens, strict=True))


def test_a_text_whose_tokens_are_wanted_later_is_embedded_once_more(
    tmp_path: Path, embedder: FakeEmbedder
) -> None:
    cache = EmbeddingCache(tmp_path, embedder)
    cache.passages(TEXTS)
    embedder.embedded.clear()
    _, tokens = cache.passages_with_token_vectors([TEXTS[1], TEXTS[1], TEXTS[0]], [True, False, False])
    assert embedder.embedded == [TEXTS[1]]
    assert [len(each) for each in tokens] == [6, 0, 0]
    cache.passages_with_token_vectors(TEXTS, [False, True, False])
    assert embedder.embedded == [TEXTS[1]]


def test_progress_counts_texts_with_tokens_and_without(
    tmp_path: Path, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.embedding.cache._CHUNK", 2)
    steps: list[tuple[int, int]] = []
    texts = [*TEXTS, *(f"另{each}" for each in TEXTS)]
    wanted = [True, False] * 3
    EmbeddingCache(tmp_path, embedder).passages_with_token_vectors(
        texts, wanted, lambda done, total: steps.append((done, total))
    )
    assert steps == [(2, 6), (3, 6), (5, 6), (6, 6)]
    assert sorted(embedder.embedded) == sorted(texts)


def test_vectors_that_were_kept_before_tokens_were_stay(tmp_path: Path, embedder: FakeEmbedder) -> None:
    cache = EmbeddingCache(tmp_path, embedder)
    vectors = cache.passages(TEXTS)
    (path,) = tmp_path.glob("*.sqlite")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE tokens")
        connection.commit()
    embedder.embedded.clear()
    assert np.array_equal(EmbeddingCache(tmp_path, embedder).passages(TEXTS), vectors)
    assert embedder.embedded == []


def test_a_lone_surrogate_has_a_key_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeEmbedder, "_vectors", staticmethod(lambda texts: np.eye(len(texts), DIMENSION)))
    vectors = EmbeddingCache(tmp_path, FakeEmbedder()).passages(["\ud83d", "\ud83e"])
    assert not np.array_equal(vectors[0], vectors[1])
