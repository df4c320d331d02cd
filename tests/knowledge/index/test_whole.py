"""What a document as a whole says counts for its clauses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from knowledge_fakes import FakeEmbedder, document, faq

from knowledge.config import RetrievalConfig, load_search_config
from knowledge.content import Document, Faq
from knowledge.embedding import EmbeddingCache
from knowledge.index.lexical import LexicalIndex
from knowledge.index.release import ReleaseIndex, build_release_index
from knowledge.index.whole import WholeIndex, whole_entries, whole_text
from knowledge.source import sources_of

# Characters alone, so that nothing but the words decides.
CONFIG = replace(load_search_config().retrieval, passage_dense_weight=0.0, overhang=100.0)
PERMIT = document("permit", "第一号办法", "居住证每年签注一次。", "应当带身份证。")
MOTOR = document("motor", "第二号办法", "摩托车应当上牌。", "应当带身份证。")
FUND = faq("FAQ-1", "公积金怎么提取", "带身份证到柜台。", similar_questions=("取公积金要什么",))
RIVAL = document("permit2", "第三号办法", "居住证签注要本人到场。居住证签注不收费。")


def built(
    folder: Path, *items: Document | Faq, previous: Path | None = None, config: RetrievalConfig = CONFIG
) -> ReleaseIndex:
    cache = EmbeddingCache(folder.parent / "cache", FakeEmbedder())
    build_release_index(folder, items, cache, config, previous=previous)
    return ReleaseIndex(folder, 1, config)


def fused(index: ReleaseIndex, question: str) -> dict[str, float]:
    asked = FakeEmbedder().queries([question])[0]
    return {source.id: hit.fused for source, hit in index.search("passages", question, asked, 20)}


def shares(index: ReleaseIndex, question: str) -> dict[str, float]:
    """The scores of the items that have one, by id."""
    scores = index._whole.scores(question, "", index._dead)
    return {index.stored.items[item].id: float(scores[item]) for item in np.flatnonzero(scores)}


@pytest.mark.parametrize(("weight", "prefers"), [(0.0, False), (0.7, True)])
def test_a_clause_counts_more_in_the_document_that_the_question_is_about(
    tmp_path: Path, weight: float, prefers: bool
) -> None:
    config = replace(CONFIG, whole_weight=weight)
    found = fused(built(tmp_path / "index", PERMIT, MOTOR, config=config), "居住证签注带身份证")
    assert (found["permit#第二条"] > found["motor#第二条"]) is prefers
    if not prefers:
        assert found["permit#第二条"] == found["motor#第二条"]


def test_the_best_item_has_the_whole_weight_and_the_others_their_share(tmp_path: Path) -> None:
    scores = shares(built(tmp_path / "index", PERMIT, MOTOR, FUND), "居住证签注带身份证")
    assert scores["permit"] == 1.0
    assert 0 < scores["motor"] < 1
    assert 0 < scores["FAQ-1"] < 1


def test_an_faqs_answer_counts_and_its_similar_questions_do_not(tmp_path: Path) -> None:
    index = built(tmp_path / "index", PERMIT, FUND)
    assert shares(index, "柜台") == {"FAQ-1": 1.0}
    assert shares(index, "要什么") == {}


def test_nothing_in_common_counts_nothing(tmp_path: Path) -> None:
    index = built(tmp_path / "index", PERMIT)
    assert shares(index, "天气预报") == {}
    assert shares(index, "？？？") == {}


def test_official_words_count_too(tmp_path: Path) -> None:
    index = built(tmp_path / "index", PERMIT, MOTOR)
    scores = index._whole.scores("暂住证", "居住证", index._dead)
    assert [index.stored.items[item].id for item in np.flatnonzero(scores)] == ["permit"]


def test_an_increment_scores_as_an_index_made_anew(tmp_path: Path) -> None:
    built(tmp_path / "a", MOTOR, FUND)
    grown = built(tmp_path / "b", MOTOR, FUND, PERMIT, previous=tmp_path / "a")
    assert grown.stored.tail is not None
    anew = built(tmp_path / "c", MOTOR, FUND, PERMIT)
    question = "居住证签注带身份证"
    assert shares(grown, question) == pytest.approx(shares(anew, question), rel=1e-5)
    assert fused(grown, question) == pytest.approx(fused(anew, question), rel=1e-5)


def test_what_is_taken_out_neither_counts_nor_measures_the_others(tmp_path: Path) -> None:
    index = built(tmp_path / "a", MOTOR, PERMIT, RIVAL)
    [gone] = [item.hash for item in index.stored.items if item.id == "permit2"]
    assert shares(index, "居住证签注")["permit"] < 1
    assert shares(index.without([gone]), "居住证签注") == {"permit": 1.0}
    smaller = built(tmp_path / "b", MOTOR, PERMIT, previous=tmp_path / "a")
    assert shares(smaller, "居住证签注") == {"permit": 1.0}


def test_an_item_without_sources_has_no_entry_and_keeps_its_number(tmp_path: Path) -> None:
    empty = Document(id="d", title="办法", body="# 办法\n\n## 第一章　总则\n")
    groups = [list(sources_of([each])) for each in (empty, PERMIT)]
    assert groups[0] == []
    assert whole_text(groups[0]) == ""
    assert [entry.row for entry in whole_entries(groups, first=5)] == [6]
    LexicalIndex.build(tmp_path / "whole", whole_entries(groups))
    whole = WholeIndex(tmp_path / "whole", CONFIG)
    assert whole.scores("居住证", "", np.zeros(2, dtype=bool)).tolist() == [0.0, 1.0]
