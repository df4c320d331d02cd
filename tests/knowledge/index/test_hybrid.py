"""Lexical and dense search, and their fusion."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from knowledge_fakes import DIMENSION, FakeEmbedder

from knowledge.config import RetrievalConfig, load_search_config
from knowledge.index.hybrid import HybridIndex
from knowledge.index.lexical import LexicalIndex, numbered

TEXTS = [
    "居住证怎么办理",
    "居住证到期怎么签注",
    "公积金怎么提取",
    "新生儿怎么上户口",
    "失业金怎么申领",
]


@pytest.fixture
def lexical(tmp_path: Path) -> LexicalIndex:
    LexicalIndex.build(tmp_path / "lexical", numbered(TEXTS))
    return LexicalIndex(tmp_path / "lexical")


def hybrid(folder: Path, dense_weight: float, texts: list[str] = TEXTS) -> HybridIndex:
    vectors = FakeEmbedder().passages(texts) if texts else np.zeros((0, 0), dtype=np.float32)
    HybridIndex.build(folder, texts, vectors)
    return HybridIndex(folder, retrieval(), dense_weight)


def retrieval() -> RetrievalConfig:
    return load_search_config().retrieval


def question(text: str) -> np.ndarray:
    return FakeEmbedder().queries([text])[0]


def test_lexical_search_finds_what_shares_characters_best_first(lexical: LexicalIndex) -> None:
    hits = lexical.search("居住证签注", 5)
    assert [row for row, _ in hits] == [1, 0]
    assert hits[0][1] > hits[1][1] > 0


def test_lexical_search_finds_nothing_where_no_pair_matches(lexical: LexicalIndex) -> None:
    assert lexical.search("天气预报", 5) == []
    assert lexical.search("？？？", 5) == []
    assert lexical.search("", 5) == []


def test_lexical_search_keeps_to_its_limit(lexical: LexicalIndex) -> None:
    assert len(lexical.search("怎么", 2)) == 2


def test_lexical_search_bears_the_signs_of_a_query_language(lexical: LexicalIndex) -> None:
    assert [row for row, _ in lexical.search('tokens:居住证 AND (签注^2 OR "', 1)] == [1]


def test_rare_pairs_count_for_more_than_common_ones(lexical: LexicalIndex) -> None:
    scores = dict(lexical.search("公积 怎么", 5))
    assert max(scores, key=lambda row: scores[row]) == 2


def test_building_again_replaces_what_was_there(tmp_path: Path) -> None:
    LexicalIndex.build(tmp_path / "lexical", numbered(TEXTS))
    LexicalIndex.build(tmp_path / "lexical", numbered(["驾驶证换领"]))
    index = LexicalIndex(tmp_path / "lexical")
    assert index.search("居住证", 5) == []
    assert [row for row, _ in index.search("驾驶证", 5)] == [0]


def test_document_frequency_counts_pieces(lexical: LexicalIndex) -> None:
    assert lexical.document_frequency("居住") == 2
    assert lexical.document_frequency("怎么") == 5
    assert lexical.document_frequency("天气") == 0


def test_fused_scores_are_within_0_and_1_and_the_best_of_both_has_1(tmp_path: Path) -> None:
    hits = hybrid(tmp_path, 0.5).search("公积金怎么提取", question("公积金怎么提取"), 5)
    assert hits[0].row == 2
    assert hits[0].fused == pytest.approx(1.0)
    assert all(0 <= hit.fused <= 1 for hit in hits)
    assert [hit.fused for hit in hits] == sorted((hit.fused for hit in hits), reverse=True)


def test_hits_carry_exact_cosines_also_where_only_characters_found_them(tmp_path: Path) -> None:
    index, vector = hybrid(tmp_path, 0.5), question("居住证签注")
    expected = FakeEmbedder().queries(TEXTS) @ vector
    for hit in index.search("居住证签注", vector, 5):
        assert hit.dense == pytest.approx(float(expected[hit.row]), abs=1e-5)


def test_the_weight_says_which_search_decides(tmp_path: Path) -> None:
    """The question's characters speak for row 1, its vector for row 2."""
    vector = question("公积金怎么提取")
    dense = hybrid(tmp_path / "dense", 1.0).search("居住证签注", vector, 1)
    lexical = hybrid(tmp_path / "lexical", 0.0).search("居住证签注", vector, 1)
    assert (dense[0].row, lexical[0].row) == (2, 1)


def test_fusion_is_the_weighted_sum_of_min_max_scores(tmp_path: Path) -> None:
    hits = hybrid(tmp_path, 0.3).search("居住证签注", question("居住证签注"), 5)
    dense = np.array([hit.dense for hit in hits])
    lexical = np.array([hit.lexical for hit in hits])
    scaled = [(each - each.min()) / (each.max() - each.min()) for each in (dense, lexical)]
    assert [hit.fused for hit in hits] == pytest.approx(list(0.3 * scaled[0] + 0.7 * scaled[1]), abs=1e-5)


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    index = hybrid(tmp_path, 0.5, [])
    assert len(index) == 0
    assert index.search("居住证", np.zeros(DIMENSION, dtype=np.float32), 5) == []


def test_an_index_of_one_piece_finds_it(tmp_path: Path) -> None:
    hits = hybrid(tmp_path, 0.5, TEXTS[:1]).search("居住证", question("居住证"), 5)
    assert [hit.row for hit in hits] == [0]


def test_times_of_both_searches_are_added_up(tmp_path: Path) -> None:
    timings: dict[str, float] = {"dense": 1000.0}
    hybrid(tmp_path, 0.5).search("居住证", question("居住证"), 5, timings)
    assert timings["dense"] > 1000.0
    assert timings["lexical"] > 0


def test_what_is_hidden_is_not_found_and_lets_no_more_be_found_than_without_it(tmp_path: Path) -> None:
    texts = [f"公积金提取第{number}种情形" for number in range(40)]
    HybridIndex.build(tmp_path, texts, FakeEmbedder().passages(texts))
    index = HybridIndex(tmp_path, replace(retrieval(), depth=5), 0.5)
    hidden = frozenset(range(0, 40, 2))
    asked = "公积金提取第3种情形"
    found = [hit.row for hit in index.search(asked, question(asked), 40, hidden=hidden)]
    assert found[0] == 3
    assert hidden.isdisjoint(found)
    assert len(found) <= 2 * 5  # five that each of the two searches brings
