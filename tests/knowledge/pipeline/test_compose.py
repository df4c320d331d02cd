"""Answers are made of their sources' words, within the limit; checked on the whole sample."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from knowledge_fakes import TODAY, FakeEmbedder, document, fake_config, faq

from knowledge import texts
from knowledge.answer import Answer
from knowledge.content import read_document, read_faq_table
from knowledge.embedding import EmbeddingCache
from knowledge.index.release import ReleaseIndex, build_release_index
from knowledge.pipeline import Context, run_pipeline
from knowledge.pipeline.compose import answer_from, full_text
from knowledge.store import Item

SAMPLE = Path(__file__).resolve().parents[3] / "sample"
CONFIG = fake_config()
OURS = ("clause_", "clipped", "full_text_heading", "by_region")


def index_of(folder: Path, *items: Item) -> ReleaseIndex:
    build_release_index(
        folder / "index", items, EmbeddingCache(folder / "cache", FakeEmbedder()), CONFIG.retrieval
    )
    return ReleaseIndex(folder / "index", 1, CONFIG.retrieval)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> ReleaseIndex:
    read = (read_document(path.read_bytes(), path.name) for path in (SAMPLE / "documents").glob("*.md"))
    faqs = read_faq_table((SAMPLE / "faq.csv").read_bytes(), "faq.csv").faqs
    documents = [result.document for result in read if result.document]
    assert (len(documents), len(faqs)) == (25, 152)
    return index_of(tmp_path_factory.mktemp("sample"), *documents, *faqs)


def context(index: ReleaseIndex, question: str, length: int = 0) -> Context:
    config = replace(CONFIG, compose=replace(CONFIG.compose, length=length)) if length else CONFIG
    return Context(question, TODAY, index, FakeEmbedder(), config, text=question)


def templates() -> re.Pattern[str]:
    """The lines that are ours and not a source's."""
    known = yaml.safe_load(Path(texts.__file__).with_name("texts.yml").read_text(encoding="utf-8"))
    ours = [value for key, value in known.items() if key.startswith(OURS)]
    return re.compile("|".join(re.sub(r"\\{\w+\\}", ".*", re.escape(each)) for each in ours))


TEMPLATES = templates()


def foreign_lines(answer: Answer) -> Iterator[str]:
    """The lines that are neither ours nor of a source that is cited, word for word."""
    body = answer.text
    if answer.notice and body.startswith(answer.notice.text):
        body = body[len(answer.notice.text) :]
    quotes = "\n".join(source.quote for source in answer.sources)
    for line in body.split("\n"):
        if line not in quotes and not TEMPLATES.fullmatch(line):
            yield line


@pytest.mark.parametrize("length", [0, 160])
def test_every_source_of_the_sample_is_answered_and_shown_in_its_own_words(
    sample: ReleaseIndex, length: int
) -> None:
    clipped = 0
    for source in sample.sources:
        run = context(sample, source.questions[0] if source.questions else source.text[-40:], length)
        given = answer_from(source, run, 1.0)
        assert list(foreign_lines(given)) == [], source.id
        assert len(given.text) <= run.config.compose.length, source.id
        whole = full_text([source], run)
        assert list(foreign_lines(whole)) == [], source.id
        assert source.text in whole.text
        clipped += given.clipped
        assert given.clipped == (source.text not in given.text)
    assert clipped > 0 if length else clipped < len(sample.sources)


def test_every_question_of_the_sample_gets_only_words_of_its_sources(sample: ReleaseIndex) -> None:
    given = [
        run_pipeline(context(sample, question)) for source in sample.sources for question in source.questions
    ]
    answered = [each for each in given if each.status == "answered"]
    assert len(answered) > 50
    assert [line for each in answered for line in foreign_lines(each)] == []
    assert max(len(each.text) for each in answered) <= CONFIG.compose.length


def test_the_check_sees_a_foreign_sentence(sample: ReleaseIndex) -> None:
    given = answer_from(sample.sources[0], context(sample, "问"), 1.0)
    assert list(foreign_lines(replace(given, text=f"{given.text}\n我猜是这样。"))) == ["我猜是这样。"]


def test_the_label_of_an_article_is_said_once(tmp_path: Path) -> None:
    long = "无关的一句话。" * 100 + "提取公积金凭租约。"
    index = index_of(tmp_path, document("d", "提取办法", "凭身份证提取。", long))
    first, second = (
        answer_from(index.by_id[f"d#第{number}条"], context(index, "提取公积金凭租约"), 1.0)
        for number in "一二"
    )
    assert first.text.split("\n") == ["《提取办法》规定：", "第一条　凭身份证提取。"]
    assert second.text.startswith("《提取办法》第二条规定：\n")
    assert second.text.count("第二条") == 1
    assert "提取公积金凭租约。" in second.text


def test_a_sentence_that_does_not_fit_is_announced_instead_of_cut(tmp_path: Path) -> None:
    index = index_of(tmp_path, document("d", "提取办法", "很长的一句话" * 200 + "。"))
    given = answer_from(index.by_id["d#第一条"], context(index, "很长"), 1.0)
    assert (given.clipped, "很长的一句话" in given.text) == (True, False)
    assert "全文" in given.text


def test_a_long_faq_answer_is_cut_at_a_sentence_and_a_notice_counts(tmp_path: Path) -> None:
    rule = document("d", "提取办法", "凭身份证提取。", status="已修改")
    index = index_of(tmp_path, faq("F", "怎么提取", "先预约再办理。" * 200), rule)
    given = answer_from(index.by_id["F"], context(index, "怎么提取"), 1.0)
    lines = given.text.split("\n")
    assert lines[0].endswith("先预约再办理。")
    assert (given.clipped, len(given.text) <= 600, len(given.text) > 560) == (True, True, True)
    amended = answer_from(index.by_id["d#第一条"], context(index, "怎么提取"), 1.0)
    assert amended.notice is not None
    assert (amended.notice.kind, amended.text.split("\n")[0]) == ("amended", amended.notice.text)
    assert "修改" in amended.notice.text
