"""Staff look things up on the production path, and nothing is kept of it."""

from collections.abc import Callable

import pytest
from knowledge_fakes import document, faq
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from knowledge.consult import consult
from knowledge.errors import NothingPublished
from knowledge.service import KnowledgeService
from knowledge.tables import answers

PERMIT = document(
    "permit",
    "居住证管理办法",
    "申领居住证应当在本市居住满半年。凭身份证和租房合同到派出所办理。",
    "居住证每年签注一次。逾期未签注的，居住证使用功能中止。",
    doc_number="澜政规〔2024〕2号",
    source_url="https://www.example.gov.cn/permit",
)
APPLY = faq("FAQ-1", "怎么申请居住证", "带身份证到派出所。", basis=("permit#第一条", "permit#第九十九条"))
RENT = faq("FAQ-2", "公积金提取租房", "租房提取。")
Publish = Callable[..., KnowledgeService]


def test_what_citizens_would_be_answered_comes_first_with_its_basis(publish: Publish) -> None:
    service = publish(PERMIT, APPLY, RENT)
    first, *others = consult(service, "怎么申请居住证")
    assert first.answer
    assert (first.source.id, first.text) == ("FAQ-1", service.answer("怎么申请居住证").text)
    assert [each.id for each in first.basis] == ["permit#第一条"]
    assert "permit#第二条" in [each.source.id for each in others]
    assert not any(each.answer for each in others)
    row = first.to_dict()
    assert (row["title"], row["basis"][0]["article"]) == ("怎么申请居住证", "第一条")


def test_what_is_only_likely_is_found_too(publish: Publish) -> None:
    found = consult(publish(PERMIT, APPLY, RENT), "签注")
    assert "permit#第二条" in [each.source.id for each in found]


def test_nothing_is_kept_of_a_search(publish: Publish, engine: Engine) -> None:
    consult(publish(PERMIT, APPLY), "怎么申请居住证")
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(answers)).scalar() == 0


def test_no_more_are_given_than_asked_for(publish: Publish) -> None:
    assert len(consult(publish(PERMIT, APPLY, RENT), "居住证", limit=2)) == 2


def test_what_is_no_chinese_finds_nothing(publish: Publish) -> None:
    assert consult(publish(PERMIT, APPLY), "?!") == []


def test_without_a_release_there_is_nothing_to_look_in(service: KnowledgeService) -> None:
    with pytest.raises(NothingPublished):
        consult(service, "居住证")
