"""Questions in an FAQ's own words, or nearly: answered, or at least offered, however unsure."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from knowledge_fakes import fake_config, faq

from knowledge.config import SearchConfig
from knowledge.decision.calibration import Calibration
from knowledge.service import KnowledgeService

Publish = Callable[..., KnowledgeService]
LOAN = faq("FAQ-1", "公积金贷款最高能贷多少")
OTHER = faq("FAQ-2", "新生儿怎么上户口")


@pytest.fixture
def config() -> SearchConfig:
    return fake_config(same_question_least=0.0)


@pytest.fixture
def unsure(publish: Publish) -> Publish:
    """Publish and let nothing be certain enough by itself, nor likely enough to be asked back."""

    def published(*items: object) -> KnowledgeService:
        service = publish(*items)
        service.calibrations.put(service.store.current(), Calibration(nothing=30.0, answer=1.01, clarify=1.0))
        return service

    return published


@pytest.mark.parametrize(
    "question", ["公积金贷款最高能贷多少", "公积金贷款最高多少", "公积金贷款最高能贷多少？"]
)
def test_what_says_no_more_than_an_faq_is_answered(unsure: Publish, question: str) -> None:
    answer = unsure(LOAN, OTHER).answer(question)
    assert (answer.status, answer.sources[0].id) == ("answered", "FAQ-1")


@pytest.mark.parametrize("question", ["公积金贷款最低能贷多少", "2027年公积金贷款最高能贷多少"])
def test_another_word_or_number_is_asked_back(unsure: Publish, question: str) -> None:
    answer = unsure(LOAN, OTHER).answer(question)
    assert (answer.status, [option.id for option in answer.options]) == ("clarify", ["FAQ-1"])


@pytest.mark.parametrize(
    ("standard", "question"),
    [
        ("没有居住证可以办理转学吗", "有居住证可以办理转学吗"),
        ("有居住证可以办理转学吗", "没有居住证可以办理转学吗"),
        ("非本市户籍怎么申领失业金", "本市户籍怎么申领失业金"),
    ],
)
def test_a_denial_more_or_less_is_asked_back(unsure: Publish, standard: str, question: str) -> None:
    answer = unsure(faq("FAQ-1", standard), OTHER).answer(question)
    assert (answer.status, [option.id for option in answer.options]) == ("clarify", ["FAQ-1"])


def test_either_or_denies_nothing(unsure: Publish) -> None:
    answer = unsure(faq("FAQ-1", "公积金能不能提取出来"), OTHER).answer("公积金能提取出来")
    assert (answer.status, answer.sources[0].id) == ("answered", "FAQ-1")


def test_two_that_say_as_much_are_asked_back(unsure: Publish) -> None:
    service = unsure(faq("FAQ-1", "首套公积金贷款最高多少"), faq("FAQ-2", "二套公积金贷款最高多少"))
    answer = service.answer("公积金贷款最高多少")
    assert answer.status == "clarify"
    assert {option.id for option in answer.options} == {"FAQ-1", "FAQ-2"}


def test_what_is_like_nothing_is_declined(unsure: Publish) -> None:
    assert unsure(LOAN, OTHER).answer("火星移民的签证去哪办").status == "no_answer"


def test_what_is_hardly_likely_is_not_answered_for_its_words_alone(publish: Publish) -> None:
    service = publish(LOAN, OTHER)
    service.config = fake_config(same_question_least=0.5)
    service.calibrations.put(service.store.current(), Calibration(nothing=30.0, answer=1.01, clarify=1.0))
    assert service.answer("公积金贷款最高能贷多少").status == "clarify"


@pytest.fixture
def confident(publish: Publish) -> Publish:
    """Publish and let whatever is best be certain enough."""

    def published(*items: object) -> KnowledgeService:
        service = publish(*items)
        service.calibrations.put(service.store.current(), Calibration(nothing=-30.0, answer=0.0, clarify=0.0))
        return service

    return published


def test_a_subject_of_several_faqs_is_no_question_yet(confident: Publish) -> None:
    service = confident(LOAN, faq("FAQ-3", "怎么提取公积金"), OTHER)
    assert service.answer("公积金").status == "clarify"
    assert service.answer("上户口").status == "answered"  # of one alone


def test_the_question_of_one_faq_is_answered_though_it_stands_in_anothers(confident: Publish) -> None:
    service = confident(faq("FAQ-1", "怎么提取公积金"), faq("FAQ-2", "离开本市退休以后怎么提取公积金和利息"))
    assert service.answer("怎么提取公积金").sources[0].id == "FAQ-1"
