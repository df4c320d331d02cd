"""What only sounds right is mended; what is right is never changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from knowledge_fakes import faq

from knowledge.content import read_document, read_faq_table
from knowledge.service import KnowledgeService
from knowledge.text import normalise
from knowledge.vocabulary import Vocabulary
from knowledge.vocabulary.homophones import HomophoneCorrector, sound, sounding_like

SAMPLE = Path(__file__).parents[3] / "sample"
PHRASES = ("居住证怎么办理", "住房公积金提取", "居民身份证")
CORRECTOR = HomophoneCorrector(PHRASES, lambda pair: any(pair in phrase for phrase in PHRASES))


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("居住正怎么办理", "居住证怎么办理"),
        ("公机金提取", "公积金提取"),
        ("办居民身份正要多久", "办居民身份证要多久"),
        ("居住正和公机金", "居住证和公积金"),
    ],
)
def test_what_sounds_the_same_is_mended(heard: str, meant: str) -> None:
    assert CORRECTOR.correct(heard) == meant


@pytest.mark.parametrize(
    "text", [*PHRASES, "12345热线", "wifi gjj 2026", "", "正", "停车怎么收费", "居住 正", "the 居住"]
)
def test_what_is_right_or_foreign_is_left_as_it_is(text: str) -> None:
    assert CORRECTOR.correct(text) == text


def test_a_pair_that_some_source_has_is_no_mistake() -> None:
    known = HomophoneCorrector(["居住证"], lambda pair: pair in ("居住", "住证", "住正"))
    assert known.correct("居住正") == "居住正"


def test_without_a_corrector_nothing_is_mended() -> None:
    assert Vocabulary().corrected("居住正") == "居住正"


def test_sounds_that_many_do_not_tell_apart_are_one() -> None:
    assert (sound("证"), sound("是"), sound("经")) == (sound("怎"), sound("四"), sound("今"))
    assert sound("办") != sound("住")
    assert "正" in sounding_like("证")
    assert "证" not in sounding_like("证")
    assert sounding_like("A") == sounding_like("7") == ""


def test_every_question_and_title_of_the_sample_is_left_as_it_is(service: KnowledgeService) -> None:
    faqs = read_faq_table((SAMPLE / "faq.csv").read_bytes(), "faq.csv").faqs
    found = [
        read_document(path.read_bytes(), path.name).document for path in (SAMPLE / "documents").glob("*.md")
    ]
    documents = [each for each in found if each is not None]
    service.import_items([*faqs, *documents])
    service.publish()
    vocabulary = service.context("").vocabulary
    right = [
        *(each.title for each in documents),
        *(question for each in faqs for question in (each.standard_question, *each.similar_questions)),
    ]
    changed = [text for text in map(normalise, right) if vocabulary.corrected(text) != text]
    assert (len(right) > 100, changed) == (True, [])
    assert vocabulary.corrected("居住正怎么办") == "居住证怎么办"
    assert vocabulary.corrected("公机金怎么提取") == "公积金怎么提取"


@pytest.mark.parametrize("asked", ["怎么申请居住正", "怎麼申請居住正"])
def test_a_misheard_question_gets_the_answer_of_the_right_one(
    publish: Callable[..., KnowledgeService], asked: str
) -> None:
    service = publish(faq("FAQ-1", "怎么申请居住证", "到派出所。"), faq("FAQ-2", "公积金提取租房"))
    answer = service.answer(asked)
    assert (answer.status, answer.text) == ("answered", "到派出所。")
    assert service.log.explained(answer.id)["question"] == asked
