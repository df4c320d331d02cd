"""Regions and groups of people: read, recalled, asked for, preferred."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from knowledge_fakes import TODAY, document, fake_config, faq
from sqlalchemy import update
from sqlalchemy.engine import Engine

from knowledge.answer import Answer
from knowledge.config import SearchConfig
from knowledge.pipeline.residence import read_reply
from knowledge.service import KnowledgeService
from knowledge.tables import conversation_facts

Publish = Callable[..., KnowledgeService]
CITY = document(
    "city", "公租房办法", "公租房轮候期不超过三年。", "公租房按月交租。", region="澜川市", topics=("公租房",)
)
PORT = document("port", "临港区公租房细则", "公租房轮候期不超过一年。", region="临港区", topics=("公租房",))
PERMIT = document("permit", "居住证办法", "居住证每年签注一次。", region="澜川市", topics=("居住证",))
ASKED = "公租房轮候期不超过几年"


def options(answer: Answer) -> list[tuple[str, str | None]]:
    return [(option.label, option.region) for option in answer.options]


def first(answer: Answer) -> str:
    assert answer.status == "answered"
    return answer.sources[0].id


@pytest.fixture
def config() -> SearchConfig:
    """That something answers is sure enough: who it is for is what is tested."""
    config = fake_config()
    return replace(config, weights={**config.weights, "none": 4.0})


@pytest.fixture
def housing(publish: Publish) -> KnowledgeService:
    return publish(CITY, PORT, PERMIT)


def test_where_regions_differ_the_citizen_is_asked(housing: KnowledgeService) -> None:
    answer = housing.answer(ASKED, "web:1")
    assert (answer.status, answer.sources) == ("clarify", ())
    assert options(answer) == [("临港区", "临港区"), ("其他区", "")]
    assert {option.id for option in answer.options} == {"port#第一条", "city#第一条"}
    assert "哪个区" in answer.text


@pytest.mark.parametrize(
    ("reply", "source"),
    [
        (1, "port#第一条"),
        ("临港的", "port#第一条"),
        ("我住在临港区", "port#第一条"),
        (2, "city#第一条"),
        ("其他区", "city#第一条"),
        ("我在望江区", "city#第一条"),
        ("都不是", "city#第一条"),
    ],
)
def test_the_choice_is_taken_and_remembered(housing: KnowledgeService, reply: int | str, source: str) -> None:
    housing.answer(ASKED, "web:1")
    given = housing.choose("web:1", reply) if isinstance(reply, int) else housing.answer(reply, "web:1")
    assert first(given) == source
    again = housing.answer(ASKED, "web:1")
    assert first(again) == source
    assert housing.answer(ASKED, "web:2").status == "clarify"
    assert housing.answer(ASKED).status == "clarify"


def test_what_is_recalled_is_said_with_the_answer(housing: KnowledgeService) -> None:
    housing.answer(ASKED, "web:1")
    assert "以上是临港区的规定" not in housing.choose("web:1", 1).text
    assert "以上是临港区的规定" in housing.answer(ASKED, "web:1").text
    assert "临港区" not in housing.answer("居住证每年签注一次", "web:1").text


def test_the_region_counts_until_the_citizen_says_otherwise(housing: KnowledgeService) -> None:
    assert first(housing.answer(f"临港区{ASKED}", "web:1")) == "port#第一条"
    assert first(housing.answer(ASKED, "web:1")) == "port#第一条"
    assert first(housing.answer(f"澜川市{ASKED}", "web:1")) == "city#第一条"
    assert first(housing.answer(ASKED, "web:1")) == "port#第一条"
    housing.forget("web:1")
    assert housing.answer(ASKED, "web:1").status == "clarify"


def test_what_was_told_too_long_ago_is_forgotten(housing: KnowledgeService, engine: Engine) -> None:
    housing.answer(f"临港区{ASKED}", "web:1")
    day = 24 * 3600
    with engine.begin() as connection:
        connection.execute(
            update(conversation_facts).values(updated_at=conversation_facts.c.updated_at - day)
        )
    assert housing.answer(ASKED, "web:1").status == "clarify"
    housing.answer(f"临港区{ASKED}", "web:2")
    with engine.connect() as connection:
        kept = [row.conversation_id for row in connection.execute(conversation_facts.select())]
    assert kept == ["web:2"]


def test_options_that_differ_in_more_than_regions_stay_as_they_are(publish: Publish) -> None:
    more = document(
        "more", "公租房交租办法", "公租房轮候期不超过三年的先交租。", region="澜川市", topics=("公租房",)
    )
    answer = publish(CITY, PORT, more).answer(ASKED)
    assert answer.status == "clarify"
    assert {option.region for option in answer.options} == {None}
    assert {option.id for option in answer.options} >= {"city#第一条", "port#第一条", "more#第一条"}


def test_a_question_of_its_own_is_no_reply_to_where_one_lives(housing: KnowledgeService) -> None:
    housing.answer(ASKED, "web:1")
    assert first(housing.answer("居住证每年签注一次", "web:1")) == "permit#第一条"


def test_the_general_rule_gives_way_with_its_share(housing: KnowledgeService) -> None:
    answer = housing.answer(f"临港区{ASKED}")
    rejected = housing.log.explained(answer.id)["trace"]["rejected"]
    assert ("city#第一条", "local") in [(row["id"], row["reason"]) for row in rejected]


def test_an_faq_for_a_district_and_its_basis_in_the_citys_rule_are_one_rule(publish: Publish) -> None:
    rule = document("d", "安家办法", "到青岭县就业发放安家补贴。", region="澜川市", topics=("就业",))
    about = faq("F", "到青岭就业的安家补贴", region="青岭县", basis=("d#第一条",), topic="就业")
    publish(rule, about, PERMIT)
    answer = publish(rule, about, PERMIT).answer("就业的安家补贴")
    assert not any(option.region is not None for option in answer.options)


WORKERS = faq("F1", "职工医保住院报销多少", "报85%。", audience=("参保职工",), topic="医保")
RESIDENTS = faq("F2", "居民医保住院报销多少", "报70%。", audience=("城乡居民",), topic="医保")


def test_where_groups_of_people_differ_the_citizen_is_asked_and_it_is_remembered(publish: Publish) -> None:
    service = publish(WORKERS, RESIDENTS, PERMIT)
    answer = service.answer("医保住院报销多少", "web:1")
    assert answer.status == "clarify"
    assert {(option.label, option.audience) for option in answer.options} == {
        ("参保职工", ("参保职工",)),
        ("城乡居民", ("城乡居民",)),
    }
    assert first(service.answer("我是职工", "web:1")) == "F1"
    again = service.answer("医保住院报销多少", "web:1")
    assert first(again) == "F1"
    rejected = service.log.explained(again.id)["trace"]["rejected"]
    assert [(row["id"], row["reason"]) for row in rejected] == [("F2", "audience")]


def test_who_says_what_they_are_is_not_asked(publish: Publish) -> None:
    service = publish(WORKERS, RESIDENTS, PERMIT)
    assert first(service.answer("我是城乡居民，医保住院报销多少", "web:1")) == "F2"
    assert service.citizens.known("web:1").audience == "城乡居民"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("临港", 1),
        ("临港区的呢", 1),
        ("我户口在青岭", 2),
        ("青岭縣", 2),
        ("别的", 3),
        ("其他区县", 3),
        ("不在这两个区", None),
        ("高新区", 3),
        ("临港区怎么申请居住证", None),
        ("望江区公租房多少钱", None),
        ("谢谢", None),
        ("", None),
        ("？", None),
    ],
)
def test_free_words_are_read_as_a_reply_only_when_they_are_one(text: str, number: int | None) -> None:
    offered: list[dict[str, Any]] = [
        {"id": "1", "region": "临港区"},
        {"id": "2", "region": "青岭县"},
        {"id": "3", "region": ""},
    ]
    assert read_reply(text, offered) == number


def test_the_day_is_the_services(housing: KnowledgeService) -> None:
    answer = housing.answer(ASKED, "web:1")
    assert housing.log.explained(answer.id)["trace"]["today"] == TODAY.isoformat()


@pytest.mark.parametrize(
    ("place", "source"),
    [("澜川市临港区海滨路1号", "port#第一条"), ("澜川市望江区解放路2号（市民中心）", "city#第一条")],
)
def test_a_location_answers_where_the_citizen_is(housing: KnowledgeService, place: str, source: str) -> None:
    housing.answer(ASKED, "web:1")
    assert first(housing.locate("web:1", place)) == source
    assert first(housing.answer(ASKED, "web:1")) == source


@pytest.mark.parametrize(
    ("place", "told", "source"),
    [
        ("澜川市临港区海滨路1号", "已记下您在临港区", "port#第一条"),
        ("澜川市望江区解放路2号", "之后按全市的规定", "city#第一条"),
    ],
)
def test_a_location_that_nobody_asked_for_is_remembered(
    housing: KnowledgeService, place: str, told: str, source: str
) -> None:
    noted = housing.locate("web:1", place, "7")
    assert (noted.status, told in noted.text) == ("small_talk", True)
    assert housing.log.given_to("web:1", "7") == json.loads(json.dumps(noted.to_dict()))
    assert first(housing.answer(ASKED, "web:1")) == source


@pytest.mark.parametrize("place", ["北京市海淀区中关村", "海滨路", "临港路5号", ""])
def test_a_location_elsewhere_is_said_not_to_be_understood(housing: KnowledgeService, place: str) -> None:
    assert "没有看出" in housing.locate("web:1", place).text
    assert housing.answer(ASKED, "web:1").status == "clarify"


def test_a_location_before_anything_is_published_is_no_error(service: KnowledgeService) -> None:
    assert service.locate("web:1", "澜川市临港区").reason == "not_ready"
