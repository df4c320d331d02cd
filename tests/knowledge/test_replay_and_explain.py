"""An answer is explained from its trace, and given again from the release that gave it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from knowledge_fakes import TODAY, document, faq

from knowledge.decision.calibration import Calibration
from knowledge.errors import NothingToShow, NotReplayable, UnknownAnswer
from knowledge.explain import Explanation, explain
from knowledge.service import KnowledgeService

Publish = Callable[..., KnowledgeService]
OLD = document(
    "old",
    "居住证办法（2017年）",
    "居住证满五年可以落户。",
    doc_number="某发〔2017〕1号",
    status="已废止",
)
NEW = document(
    "new",
    "居住证办法",
    "居住证满三年可以落户。",
    doc_number="某发〔2024〕1号",
    effective_from="2024-03-01",
    supersedes=("某发〔2017〕1号",),
)
APPLY = faq("FAQ-1", "怎么申请居住证", "到派出所。", basis=("new#第一条",))
RENT = faq("FAQ-2", "公积金提取租房", "租房提取。")
BUY = faq("FAQ-3", "公积金提取购房", "购房提取。")


def explained(service: KnowledgeService, answer_id: str) -> Explanation:
    explanation = explain(json.loads(json.dumps(service.log.explained(answer_id))))
    assert "{" not in explanation.why
    return explanation


def test_an_answer_is_explained_by_its_steps_candidates_and_thresholds(publish: Publish) -> None:
    service = publish(OLD, NEW, APPLY)
    found = explained(service, service.answer("怎么申请居住证").id)
    assert [step.name for step in found.steps][-1] == "ask_whom"
    assert all(step.ms is not None for step in found.steps)
    assert (found.kept[0].id, found.kept[0].outcome) == ("FAQ-1", "answered")
    assert found.kept[0].scores["confidence"] >= found.thresholds["decision.answer"]
    assert {(row.id, row.outcome, row.outcome_text) for row in found.rejected} == {
        ("old#第一条", "repealed", "已废止")
    }
    assert (found.question, found.searched) == ("怎么申请居住证", "怎么申请居住证")
    assert (found.today, found.release) == (TODAY.isoformat(), 1)
    assert "达到答复的界限 0.60" in found.why


@pytest.mark.parametrize(
    ("question", "status", "why"),
    [
        ("？？？", "no_answer", "没有文字"),
        ("hello", "no_answer", "没有中文"),
        ("今天天气好吗", "no_answer", "不到反问的界限"),
        ("公积金提取", "clarify", "不到答复的界限"),
        ("居住证办法第一条", "answered", "直接查到"),
        ("某发〔2017〕1号还有效吗", "answered", "并提示：《居住证办法（2017年）》"),
    ],
)
def test_why_it_came_to_its_status_is_said(publish: Publish, question: str, status: str, why: str) -> None:
    service = publish(OLD, NEW, APPLY, RENT, BUY)
    answer = service.answer(question, "web:1")
    assert answer.status == status
    assert why in explained(service, answer.id).why


def test_what_was_given_before_any_release_is_explained_as_far_as_it_goes(service: KnowledgeService) -> None:
    answer = service.answer("居住证")
    found = explained(service, answer.id)
    assert (found.status, found.steps, found.kept) == ("no_answer", (), ())
    with pytest.raises(NotReplayable):
        service.replay(answer.id)


def test_choices_and_full_texts_are_explained_and_replayed_too(publish: Publish) -> None:
    service = publish(RENT, BUY)
    asked = service.answer("公积金提取", "web:1")
    chosen = service.choose("web:1", 2)
    whole = service.full_text("web:1")
    assert "选了" in explained(service, chosen.id).why
    assert "全文" in explained(service, whole.id).why
    for answer in (asked, chosen, whole):
        assert service.replay(answer.id).same, answer


def test_an_answer_is_replayed_on_its_release_and_its_day(publish: Publish, tmp_path: Path) -> None:
    service = publish(OLD, replace(NEW, effective_to="2026-06-15"), APPLY)
    given = service.answer("居住证满几年可以落户", "web:1")
    service.import_items([faq("FAQ-9", "居住证满几年可以落户", "满十年。")])
    service.publish()
    service._today = lambda: TODAY + timedelta(days=1)
    assert service.answer("居住证满几年可以落户").sources[0].id == "FAQ-9"
    for folder in (tmp_path / "home" / "index").iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)  # as when the index was deleted since
    replay = service.replay(given.id)
    assert (replay.same, replay.differences, replay.release) == (True, {}, 1)
    assert replay.today == TODAY.isoformat()
    assert replay.answer["text"] == given.text


def test_a_replay_is_as_sure_as_the_release_was_then(publish: Publish) -> None:
    service = publish(RENT, BUY)
    given = service.answer("公积金提取租多少")
    assert given.status == "clarify"
    service.calibrations.put(service.store.current(), Calibration(answer=0.2, clarify=0.4))
    assert service.answer("公积金提取租多少").status == "answered"
    assert service.replay(given.id).differences == {}


def test_what_differs_is_told_and_changed_limits_too(publish: Publish) -> None:
    service = publish(RENT, BUY)
    given = service.answer("公积金提取")
    service.config = replace(service.config, decision=replace(service.config.decision, options=1))
    replay = service.replay(given.id)
    assert not replay.same
    assert len(replay.differences["options"]["now"]) == 1 < len(replay.differences["options"]["then"])
    assert replay.differences["thresholds"] == {
        "then": {"decision.options": 4},
        "now": {"decision.options": 1},
    }


def test_the_learnt_thresholds_are_the_ones_that_explain(publish: Publish) -> None:
    service = publish(RENT, BUY)
    service.calibrations.put(service.store.current(), Calibration(answer=0.77, clarify=0.11))
    asked = explained(service, service.answer("公积金提取").id)
    assert ("0.77" in asked.why, "0.11" in asked.why) == (True, True)
    assert (asked.thresholds["decision.answer"], asked.thresholds["decision.clarify"]) == (0.77, 0.11)


def test_a_follow_up_and_a_mended_or_everyday_word_are_replayed_too(publish: Publish) -> None:
    service = publish(NEW, APPLY, faq("FAQ-8", "怎么办理结婚登记"))
    for question in ("怎么申请居住证", "那要带什么材料", "怎么申请居住正", "怎么办扯证"):
        given = service.answer(question, "web:1")
        replay = service.replay(given.id)
        stored = service.log.explained(given.id)["trace"]
        assert (replay.same, replay.trace["text"]) == (True, stored["text"])
        assert replay.trace["candidates"] == stored["candidates"]


def test_what_was_known_of_the_citizen_is_known_again(publish: Publish) -> None:
    city = document("city", "公租房办法", "公租房轮候期不超过三年。", region="澜川市", topics=("公租房",))
    port = document(
        "port", "临港区公租房细则", "公租房轮候期不超过一年。", region="临港区", topics=("公租房",)
    )
    service = publish(city, port)
    service.answer("临港区公租房轮候期不超过几年", "web:1")
    recalled = service.answer("公租房轮候期不超过几年", "web:1")
    service.forget("web:1")
    assert service.replay(recalled.id).same


def test_an_unknown_answer_cannot_be_replayed(publish: Publish) -> None:
    with pytest.raises(UnknownAnswer):
        publish(RENT).replay("nothing")


def test_the_full_text_is_whole_and_of_what_is_still_in_force(publish: Publish) -> None:
    long = "居住证由派出所签发。" * 100
    service = publish(document("d", "居住证长办法", long), RENT)
    clipped = service.answer("居住证长办法第一条", "web:1")
    assert clipped.clipped
    whole = service.full_text("web:1")
    assert (whole.status, long in whole.text, whole.clipped) == ("answered", True, False)
    assert [source.id for source in whole.sources] == ["d#第一条"]
    assert service.full_text("web:1").text == whole.text
    service.store.remove("document", ["d"])
    service.publish()
    with pytest.raises(NothingToShow):
        service.full_text("web:1")


def test_a_picture_is_cited_with_the_answer_and_not_with_its_full_text_again(publish: Publish) -> None:
    guide = replace(
        APPLY, answer="到派出所。" * 200, link="https://a.example/1", picture="https://a.example/1.png"
    )
    service = publish(NEW, guide)
    given = service.answer("怎么申请居住证", "web:1")
    whole = service.full_text("web:1")
    assert (
        [each.id for each in whole.sources] == [each.id for each in given.sources] == ["FAQ-1", "new#第一条"]
    )
    assert given.sources[0].picture == guide.picture
    assert [each.picture for each in whole.sources] == ["", ""]
    assert whole.sources[0].url == guide.link


def test_of_an_faq_given_whole_the_full_text_is_its_basis(publish: Publish) -> None:
    service = publish(NEW, APPLY)
    assert service.answer("怎么申请居住证", "web:1").text == "到派出所。"
    whole = service.full_text("web:1")
    assert "居住证满三年可以落户。" in whole.text
    assert "到派出所。" not in whole.text


def test_a_question_that_an_ended_rule_fits_best_is_told_what_replaced_it_and_answered_from_that(
    publish: Publish,
) -> None:
    other = document("other", "停车办法", "停车按次收费。")
    service = publish(OLD, NEW, other)
    service.config = replace(service.config, weights={**service.config.weights, "none": 4.0})
    answer = service.answer("按2017年的规定，居住证满五年可以落户吗")
    assert answer.notice is not None
    assert (answer.notice.kind, answer.notice.id) == ("repealed", "old")
    assert [each.id for each in answer.notice.replaced_by] == ["new"]
    assert answer.text.startswith(answer.notice.text)
    assert "《居住证办法（2017年）》（某发〔2017〕1号）已于2024年3月1日废止" in answer.notice.text
    assert "现行的是《居住证办法》（某发〔2024〕1号）" in answer.notice.text
    told = {source.id for source in answer.sources} | {option.id for option in answer.options}
    assert told == {"new#第一条"}
    assert "居住证满五年" not in answer.text


def test_what_ended_with_nothing_in_its_place_is_not_answered_by_something_else(publish: Publish) -> None:
    ended = document("ended", "汽车置换补贴通知", "汽车置换补贴八千元。", effective_to="2025-12-31")
    alike = document("alike", "家电补贴通知", "家电置换补贴两千元。")
    answer = publish(ended, alike).answer("汽车置换补贴八千元")
    assert (answer.status, answer.reason, answer.sources) == ("no_answer", "expired", ())
    assert "2025年12月31日" in answer.text
    assert "没有查到代替它的规定" in answer.text
