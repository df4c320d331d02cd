"""A release learns once, and answers by what it has learnt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from knowledge_fakes import TODAY, FakeEmbedder, fake_config, faq
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from knowledge.content import Faq
from knowledge.decision.calibration import Calibration
from knowledge.errors import NothingPublished
from knowledge.service import KnowledgeService
from knowledge.tables import calibrations

Publish = Callable[..., KnowledgeService]
THINGS = (
    "居住证",
    "公积金",
    "养老金",
    "身份证",
    "结婚证",
    "营业执照",
    "驾驶证",
    "公租房",
    "医保卡",
    "生育津贴",
)
WAYS = ("{}怎么领取", "如何申领{}", "办一个{}要去哪个窗口", "{}的手续", "想弄{}找谁", "去哪里办理{}")
LEARNING = [
    faq(f"F{number}", f"{thing}怎么办理", similar_questions=[way.format(thing) for way in WAYS])
    for number, thing in enumerate(THINGS)
]
START = Calibration(answer=fake_config().decision.answer, clarify=fake_config().decision.clarify)


def rows(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(calibrations)).scalar_one())


def test_before_anything_is_published_nothing_can_be_learnt(service: KnowledgeService) -> None:
    with pytest.raises(NothingPublished):
        service.learn()


def test_what_was_learnt_is_stored_once_and_used_by_the_next_answer(publish: Publish, engine: Engine) -> None:
    service = publish(*LEARNING)
    before = service.answer("居住证怎么办理")
    seen: list[tuple[int, int]] = []
    learnt = service.learn(lambda done, total: seen.append((done, total)))
    assert (seen[0], seen[-1]) == ((1, 60), (60, 60))
    assert learnt.questions == 120
    after = service.answer("居住证怎么办理")
    used = [service.log.explained(each.id)["trace"]["calibration"] for each in (before, after)]
    assert [Calibration.from_dict(each) for each in used] == [START, learnt]
    seen.clear()
    assert service.learn(lambda done, total: seen.append((done, total))) == learnt
    assert (seen, rows(engine)) == ([], 1)


def test_the_same_content_teaches_the_same(publish: Publish, engine: Engine, tmp_path: Path) -> None:
    learnt = publish(*LEARNING).learn()
    with engine.begin() as connection:
        connection.execute(calibrations.delete())
    again = KnowledgeService(engine, tmp_path / "other", FakeEmbedder(), fake_config(), today=lambda: TODAY)
    assert again.learn() == learnt


def test_another_configuration_learns_for_itself(publish: Publish, engine: Engine, tmp_path: Path) -> None:
    publish(*LEARNING).learn()
    config = fake_config(wrong=0.5, harder=1.0)
    other = KnowledgeService(engine, tmp_path / "home", FakeEmbedder(), config, today=lambda: TODAY)
    assert other.calibration(other.index()) == START
    other.learn()
    assert rows(engine) == 2


def test_what_other_code_learnt_is_not_used(
    publish: Publish, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(*LEARNING).learn()
    monkeypatch.setattr("knowledge.decision.store.LEARNING", "another way")
    other = KnowledgeService(engine, tmp_path / "home", FakeEmbedder(), fake_config(), today=lambda: TODAY)
    assert other.calibration(other.index()) == START


def test_a_release_that_has_not_learnt_uses_what_was_learnt_last(publish: Publish) -> None:
    service = publish(*LEARNING)
    learnt = service.learn()
    publish(faq("F99", "停车怎么收费"))
    assert service.calibration(service.index()) == learnt
    own = replace(learnt, answer=0.5)
    service.calibrations.put(service.store.current(), own)
    assert service.calibration(service.index()) == own


def test_content_taken_back_to_what_has_learnt_needs_no_new_learning(
    publish: Publish, engine: Engine
) -> None:
    service = publish(*LEARNING)
    first = service.store.current()
    learnt = service.learn()
    publish(faq("F99", "停车怎么收费"))
    service.rollback(first.id)
    assert service.learn() == learnt
    assert rows(engine) == 1


@pytest.mark.parametrize("content", [LEARNING[:2], [faq("F1", "居住证怎么办理")]])
def test_content_without_enough_similar_questions_keeps_the_configured_start(
    publish: Publish, engine: Engine, content: list[Faq]
) -> None:
    service = publish(*content)
    assert service.learn() == START
    assert service.calibration(service.index()) == START
    assert rows(engine) == 0


def test_learning_the_same_at_the_same_time_is_no_error(publish: Publish, engine: Engine) -> None:
    service = publish(*LEARNING)
    learnt = service.learn()
    service.calibrations.put(service.store.current(), learnt)
    assert rows(engine) == 1
