"""A source that is alike in wording, but about another year, place or kind, is offered and not given."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from knowledge_fakes import document, faq

from knowledge.pipeline.other_matters import (
    is_of_another_matter,
    of_a_year_to_come,
    of_another_kind,
    of_another_place,
)
from knowledge.source import Source, clause_sources, faq_source


def asked(question: str) -> Any:
    return SimpleNamespace(
        text=question,
        today=date(2026, 6, 15),
        index=SimpleNamespace(regions=frozenset(("澜川市", "临港区")), documents=()),
    )


def source(question: str, answer: str, *similar: str) -> Source:
    return faq_source(faq("FAQ-9", question, answer, similar_questions=similar))


@pytest.mark.parametrize(
    "said", ["每年6月1日。", "每年6月1日，自2024年3月1日起施行。", "2024年6月以后出生的免交。"]
)
def test_from_when_something_holds_is_no_year_it_is_about(said: str) -> None:
    given = source("几号报名", said)
    assert not of_a_year_to_come(given, asked("2027年几号报名"))
    assert of_a_year_to_come(replace(given, text="2026年6月1日。"), asked("2027年几号报名"))


LOAN = source("公积金贷款最高能贷多少", "个人最高60万元，夫妻90万元。")


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("广州公积金贷款最高能贷多少", True),
        ("黑龙江那边公积金贷款最高能贷多少", True),
        ("公积金贷款最高能贷多少", False),
        ("澜川公积金贷款最高能贷多少", False),
        ("我从广州到临港上班，公积金贷款最高能贷多少", False),  # this place is named too
        ("南京路的房子公积金贷款最高能贷多少", False),
        ("我是河南人,公积金贷款最高能贷多少", False),
        ("老家在四川,公积金贷款最高能贷多少", False),
        ("从广东打工回来,公积金贷款最高能贷多少", False),
        ("社保给算多少天津贴", False),
    ],
)
def test_another_citys_rule_is_not_told_by_ours(question: str, other: bool) -> None:
    assert of_another_place(LOAN, asked(question)) is other


@pytest.mark.parametrize("said", ["在异地缴存的，也可以申请。", "与广州互认。", "外地缴存的，凭证明办理。"])
def test_a_source_for_those_who_are_elsewhere_answers_them(said: str) -> None:
    given = replace(LOAN, text=f"{LOAN.text}{said}")
    assert not of_another_place(given, asked("广州公积金贷款最高能贷多少"))


def test_people_from_elsewhere_are_here() -> None:
    given = replace(LOAN, text=f"{LOAN.text}外地人、外地户口同等办理。")
    assert of_another_place(given, asked("广州公积金贷款最高能贷多少"))


@pytest.mark.parametrize("regions", [("广州市",), ("广东省广州市",), ("天河区",), ()])
def test_a_city_on_the_list_is_not_elsewhere_to_itself(regions: tuple[str, ...]) -> None:
    context = asked("广州公积金贷款最高能贷多少")
    context.index = SimpleNamespace(
        regions=frozenset(regions), documents=(SimpleNamespace(department="广州市住房公积金管理中心"),)
    )
    assert not of_another_place(LOAN, context)


HOSPITAL = source(
    "居民医保住院能报多少", "三级医院报65%。不能与职工医保同时参加。", "城乡居民医疗保险住院报几成"
)


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("职工医保住院能报多少", True),
        ("单位给交的医保住院能报几成", True),
        ("居民医保住院能报多少", False),
        ("职工医保和居民医保住院各报多少", False),
        ("住院能报多少", False),
        ("二套房住院能报多少", False),  # nothing of that group is spoken of
        ("老公在公司上班,孩子医保住院能报多少", False),
    ],
)
def test_one_kind_is_not_answered_by_the_other(question: str, other: bool) -> None:
    assert of_another_kind(HOSPITAL, asked(question)) is other


def test_of_an_faq_its_questions_say_the_kind_and_of_a_clause_its_text() -> None:
    clause = next(clause_sources(document("rule", "医疗保险办法", "居民医保住院，三级医院报65%。")))
    assert of_another_kind(clause, asked("职工医保住院报多少"))
    both = replace(clause, text=f"{clause.text}职工医保报80%。")
    assert not of_another_kind(both, asked("职工医保住院报多少"))


@pytest.mark.parametrize(
    "question", ["2027年居民医保住院报多少", "广州居民医保住院报多少", "职工医保住院报多少"]
)
def test_any_of_them_is_reason_enough(question: str) -> None:
    given = replace(HOSPITAL, text=f"2026年{HOSPITAL.text}")
    assert is_of_another_matter(given, asked(question))
    assert not is_of_another_matter(given, asked("居民医保住院报多少"))
