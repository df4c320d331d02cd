"""Content values survive being stored, and equal content has an equal hash."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.content import Clause, Document, Faq, content_hash, from_json, normalize_anchor, to_json
from knowledge.content.numerals import chinese_numeral, parse_numeral

TEXTS = st.text(max_size=30)
FAQS = st.builds(
    Faq, id=TEXTS, standard_question=TEXTS, answer=TEXTS, similar_questions=st.lists(TEXTS).map(tuple)
)


@given(FAQS)
def test_json_gives_the_same_faq_back(faq: Faq) -> None:
    assert from_json(to_json(faq)) == faq
    assert content_hash(from_json(to_json(faq))) == content_hash(faq)


def test_json_gives_documents_and_clauses_back() -> None:
    document = Document(
        id="d", title="标题", published="2024-01-31", topics=("户籍", "社保"), body="第一条 文字"
    )
    clause = Clause("d", "第一条", "article", "第一条 文字", 0, 6, ("第一章 总则",), "第一条")
    assert from_json(to_json(document)) == document
    assert from_json(to_json(clause)) == clause


def test_the_hash_depends_on_every_field_and_not_on_key_order() -> None:
    document = Document(id="d", title="标题")
    assert content_hash(document) != content_hash(Document(id="d", title="标题", status="已废止"))
    shuffled = json.dumps(dict(reversed(json.loads(to_json(document)).items())))
    assert content_hash(from_json(shuffled)) == content_hash(document)


def test_a_field_that_came_later_leaves_the_hash_of_what_was_stored_before_as_it_was() -> None:
    stored = (
        '{"answer":"答","audience":[],"basis":[],"department":"","effective_from":null,"effective_to":null,"id":"1",'
        '"link":"","region":"","similar_questions":[],"standard_question":"问","topic":"","type":"faq"}'
    )
    faq = Faq(id="1", standard_question="问", answer="答")
    assert (to_json(faq), from_json(stored)) == (stored, faq)
    pictured = replace(faq, picture="https://a.example/1.png")
    assert from_json(to_json(pictured)) == pictured
    assert content_hash(pictured) != content_hash(faq)


def test_a_document_stored_before_it_had_attachments_keeps_its_hash() -> None:
    stored = (
        '{"audience":[],"body":"文","doc_number":"","effective_from":null,"effective_to":null,"id":"d","issuer":"",'
        '"published":null,"region":"","source_url":"","status":"","superseded_by":"","supersedes":[],"title":"标题",'
        '"topics":[],"type":"document"}'
    )
    document = Document(id="d", title="标题", body="文")
    assert (to_json(document), from_json(stored)) == (stored, document)
    with_some = replace(document, attachments=("申请表", "流程图"))
    assert from_json(to_json(with_some)) == with_some
    assert content_hash(with_some) != content_hash(document)


@pytest.mark.parametrize(
    "change",
    [{"type": "user"}, {"colour": "red"}, {"topics": "户籍"}, {"title": 3}, {"title": None}, {"topics": [1]}],
)
def test_json_of_another_shape_is_refused(change: dict[str, object]) -> None:
    data = json.loads(to_json(Document(id="d", title="标题"))) | change
    with pytest.raises(ValueError, match=r"."):
        from_json(json.dumps(data))


@given(st.integers(1, 9999))
def test_chinese_numerals_read_back_as_the_number(number: int) -> None:
    assert parse_numeral(chinese_numeral(number)) == number


@pytest.mark.parametrize(
    ("written", "anchor"),
    [
        ("第8条", "第八条"),
        ("第 ２１ 条", "第二十一条"),
        ("第八条第二项", "第八条第（二）项"),
        ("第八条第(二)项", "第八条第（二）项"),
        ("第133条之1", "第一百三十三条之一"),
        ("第110条第2款", "第一百一十条第二款"),
        ("一、（一）", "一、（一）"),
    ],
)
def test_article_numbers_have_one_spelling_for_look_ups(written: str, anchor: str) -> None:
    assert normalize_anchor(written) == anchor
