"""A message that leans on the one before is read together with it; any other is not."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from knowledge_fakes import document, faq
from sqlalchemy import update
from sqlalchemy.engine import Engine

from knowledge.decision.calibration import Calibration
from knowledge.pipeline.follow import leans
from knowledge.service import KnowledgeService
from knowledge.tables import answers

Publish = Callable[..., KnowledgeService]
PERMIT = document("permit", "居住证办法", "申领居住证应当住满半年。", "居住证每年签注一次。")
ASK = faq("FAQ-1", "居住证怎么申请", "到派出所。", basis=("permit#第一条",))
FUND = faq("FAQ-2", "公积金提取租房", "租房提取。")


@pytest.mark.parametrize(
    "text", ["那要带什么材料", "临港区的呢", "临港区呢?", "要多久", "多少钱", "还有别的吗"]
)
def test_what_leans(text: str) -> None:
    assert leans(text, frozenset({"临港区"}))


@pytest.mark.parametrize("text", ["居住证怎么办理", "公积金提取要多久", "停车多少钱", "第8条怎么说"])
def test_what_stands_by_itself(text: str) -> None:
    assert not leans(text, frozenset({"临港区"}))


def trace(service: KnowledgeService, question: str) -> dict[str, object]:
    given = service.answer(question, "web:1")
    return dict(service.log.explained(given.id)["trace"])


def test_a_follow_up_is_searched_with_the_question_before_it(publish: Publish) -> None:
    service = publish(PERMIT, ASK, FUND)
    service.answer("居住证怎么申请", "web:1")
    found = trace(service, "那要多久")
    assert (found["follows"], found["text"]) == (True, "居住证怎么申请 那要多久")


def test_a_new_subject_that_is_sure_is_not(publish: Publish) -> None:
    service = publish(PERMIT, ASK, faq("FAQ-3", "那达慕大会", "在体育场。"))
    service.answer("居住证怎么申请", "web:1")
    found = trace(service, "那达慕大会")
    assert (found["follows"], found["text"]) == (False, "那达慕大会")


@pytest.mark.parametrize("question", ["公积金提取租房的呢", "公积金提取租房的呢？"])
def test_another_case_belongs_to_the_question_before_it_however_sure(publish: Publish, question: str) -> None:
    service = publish(PERMIT, ASK, FUND)
    service.calibrations.put(service.store.current(), Calibration(nothing=-30.0, answer=0.0, clarify=0.0))
    service.answer("居住证怎么申请", "web:1")
    assert trace(service, question)["follows"]
    assert not trace(service, question.replace("的呢", "呢"))[
        "follows"
    ]  # sure of itself, and a question of its own


def test_an_old_conversation_is_not_leaned_on(publish: Publish, engine: Engine) -> None:
    service = publish(PERMIT, ASK, FUND)
    service.answer("居住证怎么申请", "web:1")
    long_ago = time.time() - 60 * service.config.conversation.minutes - 1
    with engine.begin() as connection:
        connection.execute(update(answers).values(asked_at=long_ago))
    assert trace(service, "那要多久")["previous"] is None


def test_a_follow_up_is_never_told_the_same_again(publish: Publish) -> None:
    service = publish(PERMIT, ASK, FUND)
    assert service.answer("居住证怎么申请", "web:1").text == "到派出所。"
    assert service.answer("那要多久", "web:1").text != "到派出所。"


def test_an_article_by_itself_is_of_the_document_talked_about(publish: Publish) -> None:
    service = publish(PERMIT, ASK, FUND)
    service.answer("居住证怎么申请", "web:1")
    assert [each.id for each in service.answer("第2条怎么说", "web:1").sources] == ["permit#第二条"]
