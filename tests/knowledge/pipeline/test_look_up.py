"""A question that names an article is answered with that article, whatever else is alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from knowledge_fakes import TODAY, FakeEmbedder, document, fake_config

from knowledge.content import Document
from knowledge.embedding import EmbeddingCache
from knowledge.index.release import ReleaseIndex, build_release_index
from knowledge.pipeline import Context
from knowledge.pipeline.look_up import look_up
from knowledge.pipeline.understand import normalise_question

PERMIT = document(
    "permit", "澜川市居住证管理办法", "居住证由公安机关签发。", "居住证每年签注一次。", region="澜川市"
)
CONTRACT = document("contract", "中华人民共和国劳动合同法", "合同应当书面订立。", "试用期不超过六个月。")
RULES = document("rules", "中华人民共和国劳动合同法实施条例", "条例依法制定。", "职工名册应当备查。")
ARABIC = Document(id="arabic", title="停车管理规定", body="第1条 停车按次收费。\n\n第2条 夜间停车免费。\n")


def run(tmp_path: Path, question: str, *documents: Document) -> Context:
    config = fake_config()
    folder = tmp_path / "index"
    cache = EmbeddingCache(tmp_path / "cache", FakeEmbedder())
    build_release_index(folder, documents or (PERMIT, CONTRACT, RULES, ARABIC), cache, config.retrieval)
    context = Context(question, TODAY, ReleaseIndex(folder, 1, config.retrieval), FakeEmbedder(), config)
    for step in (normalise_question, look_up):
        step(context)
    return context


def looked_up(tmp_path: Path, question: str, *documents: Document) -> list[str]:
    context = run(tmp_path, question, *documents)
    if context.answer is None:
        return []
    assert context.answer.status == "answered"
    return [source.id for source in context.answer.sources]


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("居住证管理办法第二条怎么说", "permit#第二条"),
        ("《澜川市居住证管理办法》第2条", "permit#第二条"),
        ("居住證管理辦法第 ２ 條寫了什麼", "permit#第二条"),
        ("劳动合同法第二条是什么", "contract#第二条"),
        ("劳动合同法实施条例第二条是什么", "rules#第二条"),
        ("停车管理规定第二条", "arabic#第2条"),
    ],
)
def test_the_article_of_the_named_document_answers(tmp_path: Path, question: str, clause: str) -> None:
    assert looked_up(tmp_path, question) == [clause]


@pytest.mark.parametrize(
    "question",
    [
        "第二条怎么说",
        "居住证管理办法第九十九条",
        "居住证怎么办理",
        "户口管理规定第二条",
        "公交二条线路怎么走",
    ],
)
def test_anything_else_is_left_to_retrieval(tmp_path: Path, question: str) -> None:
    assert looked_up(tmp_path, question) == []


def test_of_two_versions_the_one_in_force_answers_and_a_repealed_one_alone_does_not(tmp_path: Path) -> None:
    old = replace(PERMIT, id="old", status="已废止")
    assert looked_up(tmp_path / "both", "居住证管理办法第一条", old, PERMIT) == ["permit#第一条"]
    answer = run(tmp_path / "old", "居住证管理办法第一条", old).answer
    assert answer is not None
    assert answer.notice is not None
    assert (answer.notice.kind, answer.notice.id) == ("repealed", "old")
    assert "签发" not in answer.text
