"""Everyday words widen the search by the official ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from knowledge_fakes import document, faq

from knowledge.content import Synonym
from knowledge.service import KnowledgeService
from knowledge.vocabulary import SynonymTable, common_synonyms

Publish = Callable[..., KnowledgeService]
TABLE = SynonymTable(
    {"上户口": ["出生登记", "户口登记"], "户口": ["户籍"], "户口本": ["居民户口簿"], "本": ["簿"]}
)
MARRY = faq("FAQ-1", "结婚登记", "双方到婚姻登记机关办理。")
RENT = faq("FAQ-2", "公积金提取租房")
PARKING = document("parking", "停车办法", "停车按次收费。")


def eager(service: KnowledgeService) -> KnowledgeService:
    """The service, content with less evidence."""
    service.config = replace(service.config, weights={**service.config.weights, "none": 3.0})
    return service


def test_the_longest_word_wins_from_left_to_right() -> None:
    assert [word for word, _ in TABLE.found("上户口要户口本吗")] == ["上户口", "户口本"]
    assert TABLE.official_words("上户口要户口本吗") == ["出生登记", "户口登记", "居民户口簿"]


def test_official_words_that_the_question_has_are_not_added() -> None:
    assert TABLE.official_words("上户口就是户口登记吗") == ["出生登记", "户籍"]
    assert SynonymTable({"身份证": ["居民身份证"]}).rewritten("居民身份证") == "居民身份证"


def test_a_question_is_rewritten_in_the_first_official_words() -> None:
    assert TABLE.rewritten("上户口要带啥") == "出生登记要带啥"
    assert TABLE.rewritten("停车") == "停车"


def test_an_editors_words_stand_in_place_of_the_common_ones() -> None:
    extended = common_synonyms().extended({"扯証": ["婚姻登记"], "派位": ["随机入学"]})
    assert common_synonyms().official_words("扯证") == ["结婚登记"]
    assert extended.official_words("扯证") == ["婚姻登记"]
    assert extended.official_words("派位") == ["随机入学"]
    assert extended.official_words("户口本") == common_synonyms().official_words("户口本")


def test_a_table_without_words_finds_none() -> None:
    assert (SynonymTable({}).official_words("扯证"), SynonymTable({"": ["甲"]}).found("扯证")) == ([], [])


@pytest.mark.parametrize("asked", ["怎么扯证", "怎麼扯證", "扯证"])
def test_an_everyday_word_finds_what_is_written_officially(publish: Publish, asked: str) -> None:
    answer = eager(publish(MARRY, RENT, PARKING)).answer(asked)
    told = [source.id for source in answer.sources] + [option.id for option in answer.options]
    assert told == ["FAQ-1"]


def test_an_editors_word_counts_from_its_publication_on(publish: Publish) -> None:
    service = eager(publish(MARRY, RENT))
    assert service.answer("走红毯").status == "no_answer"
    publish(Synonym("走红毯", ("结婚登记",)))
    answer = service.answer("走红毯")
    told = [source.id for source in answer.sources] + [option.id for option in answer.options]
    assert told == ["FAQ-1"]
    assert service.log.explained(answer.id)["trace"]["official"] == ["结婚登记"]
