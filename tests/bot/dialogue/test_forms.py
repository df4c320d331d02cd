"""The forms, in conversations with the trained dialogue and the real actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from fake_backend import State
from talking import Citizen

from wenzheng.settings import PROJECT_ROOT

SETTINGS = yaml.safe_load((PROJECT_ROOT / "endpoints.yml").read_text(encoding="utf-8"))["tracker_store"]
DETAILS = "三号窗口的工作人员昨天下午骂人，不给我办手续"


async def test_a_complaint_is_told_step_by_step_and_becomes_a_ticket(agent: Any) -> None:
    citizen = Citizen(agent)
    assert "什么事" in (await citizen.says("我要投诉"))["text"]
    assert "哪里" in (await citizen.says(DETAILS))["text"]
    assert "电话" in (await citizen.says("市政务服务中心一楼"))["text"]
    assert "部门" in (await citizen.says("１３８ ０００１ ２３４５"))["text"]
    summary = (await citizen.says("是"))["text"]
    assert all(part in summary for part in (DETAILS, "一楼", "13800012345", "1 提交"))
    done = await citizen.says("1")
    assert done["status"] == "small_talk"
    (ticket,) = citizen.tickets
    assert ticket == {
        "conversation_id": citizen.id,
        "kind": "complaint",
        "subject": DETAILS,
        "details": DETAILS,
        "place": "市政务服务中心一楼",
        "contact": "13800012345",
        "contact_consent": True,
        "message_id": citizen.message_id,
    }
    assert State.tickets[-1]["number"] in done["text"]
    assert await citizen.form() is None
    assert await citizen.held() == {}


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("我要投诉三号窗口的工作人员昨天下午骂人还不给办", "complaint"),
        ("我要举报城南菜市场有人天天卖病死猪肉", "report"),
        ("建议大厅多放几把椅子", "suggestion"),
    ],
)
async def test_a_first_message_that_says_enough_is_the_matter(agent: Any, first: str, kind: str) -> None:
    citizen = Citizen(agent)
    await citizen.says(first)
    if kind != "suggestion":
        await citizen.says("跳过")
    assert first in (await citizen.says("不留"))["text"]
    await citizen.says("提交")
    (ticket,) = citizen.tickets
    assert (ticket["kind"], ticket["details"], ticket["contact_consent"]) == (kind, first, False)
    assert {"place", "contact"}.isdisjoint(ticket)


async def test_a_message_for_later_is_a_question(agent: Any) -> None:
    citizen = Citizen(agent)
    await citizen.says("我要留言")
    await citizen.says("想知道我们村的自来水什么时候能通，问了好几回")
    await citizen.says("没有")
    await citizen.says("1")
    assert citizen.tickets[0]["kind"] == "question"


async def test_a_short_beginning_is_kept_with_what_follows(agent: Any) -> None:
    citizen = Citizen(agent)
    assert "具体" in (await citizen.says("我要投诉你们窗口态度差"))["text"]
    await citizen.says("昨天下午三号窗口，问两句就骂我")
    await citizen.says("跳过")
    await citizen.says("跳过")
    await citizen.says("1")
    assert citizen.tickets[0]["details"] == "我要投诉你们窗口态度差\n昨天下午三号窗口，问两句就骂我"
    assert citizen.tickets[0]["subject"] == "我要投诉你们窗口态度差"


STEPS = ["我要投诉", DETAILS, "一楼大厅", "13800012345", "是"]


@pytest.mark.parametrize("reached", range(1, len(STEPS) + 1))
@pytest.mark.parametrize("word", ["取消", "不填了", "退出"])
async def test_cancelling_works_at_every_step(agent: Any, reached: int, word: str) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:reached]:
        await citizen.says(text)
    said = await citizen.says(word)
    assert "没有提交" in said["text"]
    assert await citizen.form() is None
    assert await citizen.held() == {}
    assert citizen.tickets == []
    assert (await citizen.says("居住证怎么办"))["status"] == "answered"


@pytest.mark.parametrize("reached", range(1, len(STEPS) + 1))
async def test_a_person_is_reached_from_every_step_and_learns_what_was_told(agent: Any, reached: int) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:reached]:
        await citizen.says(text)
    said = await citizen.says("人工")
    assert (said["status"], said["reason"]) == ("handoff", "complaint")
    assert citizen.handoff is not None
    assert (DETAILS in citizen.handoff["question"]) is (reached > 1)
    assert "13800012345" not in citizen.handoff["question"]
    assert await citizen.form() is None
    assert await citizen.held() == {}


@pytest.mark.parametrize("reached", range(1, len(STEPS) + 1))
async def test_danger_leaves_every_step_with_the_numbers_first(agent: Any, reached: int) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:reached]:
        await citizen.says(text)
    numbers, told = await citizen.hears("我不想活了")
    assert "120" in numbers["text"]
    assert told["reason"] == "crisis"
    assert await citizen.form() is None
    assert await citizen.held() == {}


async def test_the_numbers_are_said_in_a_form_while_the_action_server_is_away(
    agent: Any, agent_with: Callable[[str], Any]
) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:2]:
        await citizen.says(text)
    alone = agent_with("http://127.0.0.1:9/webhook")
    alone.tracker_store = alone.processor.tracker_store = agent.tracker_store
    citizen.agent = alone
    (numbers,) = await citizen.hears("我不想活了")
    assert "120" in numbers["text"]
    assert await citizen.form() is None


@pytest.mark.parametrize("reached", range(2, len(STEPS) + 1))
async def test_a_question_in_between_is_answered_and_the_form_asks_again(agent: Any, reached: int) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:reached]:
        asked = await citizen.says(text)
    before = await citizen.held()
    for _ in range(3):
        answered, again = await citizen.hears("居住证怎么办")
        assert (answered["status"], answered["text"]) == ("answered", "答：居住证怎么办")
        assert again["text"] == asked["text"]
    assert await citizen.held() == before
    for text in STEPS[reached:]:
        await citizen.says(text)
    await citizen.says("1")
    assert len(citizen.tickets) == 1
    assert citizen.tickets[0]["details"] == DETAILS
    assert citizen.tickets[0]["contact"] == "13800012345"


async def test_the_longest_turn_of_a_form_fits_into_what_the_tracker_keeps(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS:
        await citizen.says(text)
    for _ in range(4):
        await citizen.hears("居住证怎么办")
    events = list((await citizen.tracker()).events)
    users = [index for index, event in enumerate(events) if event.type_name == "user"]
    assert len(events) <= SETTINGS["max_events"]
    assert len(events) - users[-1] <= SETTINGS["max_events"]
    assert await citizen.form() == "ticket_form"


@pytest.mark.parametrize("text", ["我要投诉", "好的", "谢谢"])
async def test_what_names_no_place_is_no_place(agent: Any, text: str) -> None:
    citizen = Citizen(agent)
    for step in STEPS[:2]:
        asked = await citizen.says(step)
    assert (await citizen.says(text))["text"] == asked["text"]
    assert "ticket_place" not in await citizen.held()


async def test_while_the_matter_is_told_a_question_is_part_of_it(agent: Any) -> None:
    citizen = Citizen(agent)
    await citizen.says("我要投诉")
    assert "哪里" in (await citizen.says("我去问居住证怎么办，窗口说不知道，让我自己查"))["text"]


@pytest.mark.parametrize("reached", [2, 4])
@pytest.mark.parametrize(
    ("text", "reason"), [("我的补贴怎么还没发", "appeal"), ("居住证坏了怎么办", "error")]
)
async def test_what_goes_to_a_person_in_between_ends_the_form(
    agent: Any, text: str, reason: str, reached: int
) -> None:
    citizen = Citizen(agent)
    for step in STEPS[:reached]:
        await citizen.says(step)
    said = await citizen.says(text)
    assert (said["status"], said["reason"]) == ("handoff", reason)
    assert citizen.handoff is not None
    assert DETAILS in citizen.handoff["question"]
    assert await citizen.form() is None
    assert await citizen.held() == {}


async def test_the_own_tickets_are_looked_up_in_between(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:2]:
        await citizen.says(text)
    looked_up, again = await citizen.hears("查工单")
    assert "没有查到" in looked_up["text"]
    assert "哪里" in again["text"]


async def test_a_wrong_number_is_asked_for_once_more_and_then_left_out(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:3]:
        await citizen.says(text)
    assert "好像不对" in (await citizen.says("1380001"))["text"]
    summary = (await citizen.says("1380001234"))["text"]
    assert "1 提交" in summary
    await citizen.says("1")
    assert "contact" not in citizen.tickets[0]


async def test_without_consent_the_number_is_dropped(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:4]:
        await citizen.says(text)
    summary = (await citizen.says("不同意"))["text"]
    assert "13800012345" not in summary
    assert "13800012345" not in str(await citizen.held())
    await citizen.says("1")
    assert "contact" not in citizen.tickets[0]
    assert citizen.tickets[0]["contact_consent"] is False


async def test_two_fills_it_in_anew(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS:
        await citizen.says(text)
    assert "什么事" in (await citizen.says("2"))["text"]
    assert set(await citizen.held()) == {"ticket_kind", "requested_slot"}
    for text in ["小区门口的路灯坏了一个月没人来修", "望江路", "没有", "1"]:
        await citizen.says(text)
    assert citizen.tickets[0]["details"].startswith("小区门口")


async def test_three_sends_nothing(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS:
        await citizen.says(text)
    assert "没有提交" in (await citizen.says("3"))["text"]
    assert citizen.tickets == []


async def test_what_could_not_be_sent_is_kept_and_sent_later(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in ["我要投诉", "电梯停机半个月，物业一直说在等配件", "跳过", "跳过"]:
        await citizen.says(text)
    said = await citizen.says("1")
    assert said["reason"] == "error"
    assert "ticket_details" in await citizen.held()
    assert (await citizen.says_again("1"))[0]["reason"] == "error"
    assert citizen.tickets == []


async def test_a_message_processed_again_opens_no_second_ticket(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS:
        await citizen.says(text)
    first = await citizen.says("1")
    assert await citizen.says_again("1") == [first]
    assert len(citizen.tickets) == 1


@pytest.mark.parametrize("reached", range(1, len(STEPS) + 1))
async def test_a_step_that_the_action_server_missed_is_taken_when_it_is_back(
    agent: Any, agent_with: Callable[[str], Any], reached: int
) -> None:
    citizen = Citizen(agent)
    texts = [*STEPS, "1"]
    for text in texts[:reached]:
        await citizen.says(text)
    alone = agent_with("http://127.0.0.1:9/webhook")
    alone.tracker_store = alone.processor.tracker_store = agent.tracker_store
    citizen.agent = alone
    assert await citizen.hears(texts[reached]) == []
    citizen.agent = agent
    assert len(await citizen.says_again(texts[reached])) == 1
    for text in texts[reached + 1 :]:
        await citizen.says(text)
    assert len(citizen.tickets) == 1
    assert citizen.tickets[0]["contact"] == "13800012345"


async def test_each_step_said_again_is_answered_as_before(agent: Any) -> None:
    citizen = Citizen(agent)
    for text in STEPS:
        first = await citizen.says(text)
        held = await citizen.held()
        assert [one["text"] for one in await citizen.says_again(text)] == [first["text"]]
        assert await citizen.held() == held


async def test_a_complaint_that_asks_for_a_person_gets_one(agent: Any) -> None:
    citizen = Citizen(agent)
    said = await citizen.says("我要投诉，转人工")
    assert (said["status"], said["reason"]) == ("handoff", "complaint")
    assert await citizen.form() is None


@pytest.mark.parametrize("choice", ["1", "2"])
async def test_a_question_in_between_that_is_asked_back_can_be_chosen_from(agent: Any, choice: str) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:3]:
        await citizen.says(text)
    asked = await citizen.hears("选哪个，公积金怎么提取")
    assert [one["status"] for one in asked] == ["clarify", "small_talk"]
    said = await citizen.hears(choice)
    assert [one["status"] for one in said] == ["answered", "small_talk"]
    assert "电话" in said[1]["text"]
    assert "号码好像不对" in (await citizen.says("1"))["text"]  # nothing stands open any more


async def test_who_asks_for_a_person_at_night_without_a_matter_is_asked_for_it(
    agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(State, "closed", True)
    citizen = Citizen(agent)
    said = await citizen.hears("转人工服务")
    assert [one["status"] for one in said] == ["handoff", "small_talk"]
    assert "08:30" in said[0]["text"]
    assert "写在一条消息里" in said[1]["text"]
    await citizen.says("我的社保卡丢了，人在外地怎么补办")
    await citizen.says("不留")
    await citizen.says("1")
    (ticket,) = citizen.tickets
    assert (ticket["kind"], ticket["details"]) == ("question", "我的社保卡丢了，人在外地怎么补办")


async def test_after_an_hour_the_form_is_gone_and_the_next_message_begins_anew(
    agent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    citizen = Citizen(agent)
    for text in STEPS[:4]:
        await citizen.says(text)
    monkeypatch.setattr(agent.processor, "_has_session_expired", lambda tracker: True)
    said = await citizen.hears("跳过")
    monkeypatch.undo()
    assert [one["status"] for one in said] == ["small_talk"]
    assert await citizen.form() is None
    assert await citizen.held() == {}
    assert (await citizen.says("公积金怎么提取"))["status"] == "answered"
    assert "什么事" in (await citizen.says("我要投诉"))["text"]


async def test_a_ticket_is_reopened_with_its_reason(agent: Any) -> None:
    citizen = Citizen(agent)
    said = await citizen.says("重开 G20261125-0007 路灯还是没修好")
    assert "G20261125-0007" in said["text"]
    assert State.reopened[-1]["reason"] == "路灯还是没修好"


def answered(citizen: Citizen) -> None:
    """G20261125-0007 is theirs, and can be reopened."""
    asked = {"conversation_id": citizen.id, "message_id": None}
    State.tickets.append({"number": "G20261125-0007", "reopenable_until": "2026-12-02", "asked": asked})


@pytest.mark.parametrize(("told", "reason"), [("还是没修好", "还是没修好"), ("跳过", "")])
async def test_a_missing_reason_is_asked_for_once(agent: Any, told: str, reason: str) -> None:
    citizen = Citizen(agent)
    answered(citizen)
    assert "哪里没解决" in (await citizen.says("重开ｇ20261125-7"))["text"]
    assert "已重新办理" in (await citizen.says(told))["text"]
    assert State.reopened[-1] == {
        "conversation_id": citizen.id,
        "reason": reason,
        "message_id": citizen.message_id,
        "number": "G20261125-0007",
    }
    assert await citizen.form() is None
    assert await citizen.held() == {}


async def test_reopening_is_cancelled_and_left_for_a_person(agent: Any) -> None:
    citizen = Citizen(agent)
    answered(citizen)
    before = len(State.reopened)
    await citizen.says("重新办理 G20261125-0007")
    assert "不重新办理" in (await citizen.says("取消"))["text"]
    await citizen.says("重开 G20261125-0007")
    assert (await citizen.says("转人工"))["status"] == "handoff"
    assert await citizen.held() == {}
    await citizen.says("重开 G20261125-0007")
    assert len(await citizen.hears("救命")) == 2
    assert await citizen.form() is None
    assert len(State.reopened) == before
