"""Search by meaning, exact and approximate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from knowledge.config import load_search_config
from knowledge.index import approximate
from knowledge.index.approximate import choose, open_approximate, read_choice
from knowledge.index.dense import DenseIndex

CONFIG = replace(load_search_config().retrieval, exact_rows=1, depth=20)


def vectors(count: int, seed: int = 1) -> np.ndarray:
    """Unit vectors in loose groups, as texts make them."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((40, 32))
    rows = centres[random.integers(40, size=count)] + 0.7 * random.standard_normal((count, 32))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def nearest(rows: np.ndarray, vector: np.ndarray, depth: int) -> set[int]:
    return set(np.argsort(-(rows @ vector))[:depth].tolist())


def test_exact_search_finds_the_nearest_rows_of_all_parts() -> None:
    rows = vectors(300)
    index = DenseIndex([rows[:200], rows[200:]])
    for asked in vectors(5, seed=2):
        assert set(index.search(asked, 20).tolist()) == nearest(rows, asked, 20)


def test_dead_rows_are_not_found_and_not_counted() -> None:
    rows, asked = vectors(300), vectors(1, seed=2)[0]
    dead = np.zeros(300, dtype=bool)
    dead[list(nearest(rows, asked, 30))] = True
    index = DenseIndex([rows[:200], rows[200:]], dead=dead)
    assert len(index) == 270
    assert set(index.search(asked, 20).tolist()) == nearest(rows, asked, 50) - nearest(rows, asked, 30)


def test_more_rows_can_be_taken_out_of_an_index_in_use() -> None:
    rows, asked = vectors(100), vectors(1, seed=2)[0]
    index = DenseIndex([rows])
    gone = np.zeros(100, dtype=bool)
    gone[list(nearest(rows, asked, 10))] = True
    assert not nearest(rows, asked, 10) & set(index.without(gone).search(asked, 20).tolist())
    assert set(index.search(asked, 10).tolist()) == nearest(rows, asked, 10)


def test_cosines_are_those_of_the_rows_asked_for_whatever_part_they_are_in() -> None:
    rows, asked = vectors(300), vectors(1, seed=2)[0]
    chosen = np.array([0, 199, 200, 299])
    found = DenseIndex([rows[:200], rows[200:]]).cosines(chosen, asked)
    assert found == pytest.approx(rows[chosen] @ asked, abs=1e-6)


def test_an_index_of_no_rows_finds_none() -> None:
    index = DenseIndex([np.zeros((0, 0), dtype=np.float32)])
    assert len(index) == 0
    assert index.search(vectors(1)[0], 5).tolist() == []


def test_few_vectors_are_searched_exactly(tmp_path: Path) -> None:
    choice = choose(tmp_path, vectors(1500), replace(CONFIG, exact_rows=1500))
    assert (choice.kind, choice.recall) == ("exact", 1.0)
    assert open_approximate(tmp_path) is None


def test_many_vectors_are_searched_approximately_and_the_recall_is_written_down(tmp_path: Path) -> None:
    rows = vectors(3000)
    choice = choose(tmp_path, rows, CONFIG)
    assert choice == read_choice(tmp_path)
    assert (choice.kind, choice.rows) == ("pq4", 3000)
    assert choice.recall >= CONFIG.recall
    index = DenseIndex([rows], open_approximate(tmp_path))
    shares = [
        len(nearest(rows, asked, 20) & set(index.search(asked, 20).tolist())) / 20
        for asked in vectors(100, seed=3)
    ]
    assert np.mean(shares) >= 0.98


def test_an_approximate_index_that_misses_too_much_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approximate, "_SURPLUS", (1,))
    choice = choose(tmp_path, vectors(3000), replace(CONFIG, recall=1.0))
    assert choice.kind == "exact"
    assert open_approximate(tmp_path) is None


def test_approximate_search_passes_over_dead_rows_however_many_stand_near(tmp_path: Path) -> None:
    rows, asked = vectors(3000), vectors(1, seed=2)[0]
    choose(tmp_path, rows, CONFIG)
    dead = np.zeros(3000, dtype=bool)
    dead[list(nearest(rows, asked, 1200))] = True
    tail = vectors(50, seed=4)
    index = DenseIndex([rows, tail], open_approximate(tmp_path), np.concatenate([dead, np.zeros(50, bool)]))
    found = set(index.search(asked, 20).tolist())
    everything = np.concatenate([np.where(dead[:, None], -asked, rows), tail])
    assert len(found) == 20
    assert len(found & nearest(everything, asked, 20)) >= 18
    assert not dead[[row for row in found if row < 3000]].any()
