"""Who owns a conversation, and that of two people at once exactly one wins."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from desk.conversations.returning import Returns
from desk.errors import AlreadyClaimed, BadInput, HandoffClosed, NotYours, UnknownHandoff
from desk.records import StaffMember

CITIZEN = "wechat:oABC1234"


def test_an_unknown_conversation_is_the_bots(world: Any) -> None:
    assert world.desk.owner(CITIZEN) == "bot"


def test_the_owner_goes_from_bot_to_queue_to_staff_and_back(world: Any) -> None:
    staff = world.staff("wang")
    receipt = world.desk.open_handoff(CITIZEN, "complex", "人社局", "灵活就业怎么参保？")
    assert world.desk.owner(CITIZEN) == "queue"
    world.desk.claim(receipt.number, staff)
    assert world.desk.owner(CITIZEN) == "staff"
    world.desk.resolve(CITIZEN, staff)
    assert world.desk.owner(CITIZEN) == "bot"
    assert world.desk.latest_handoff(CITIZEN).status == "resolved"


def test_of_many_staff_claiming_at_once_exactly_one_wins(world: Any) -> None:
    members = [world.staff(f"staff{n}", f"坐席{n}") for n in range(6)]
    for turn in range(5):
        number = world.desk.open_handoff(f"web:c{turn}", "asked_for_human", None, "转人工").number
        barrier = Barrier(len(members))

        def claim(member: StaffMember, number: str = number, barrier: Barrier = barrier) -> str:
            barrier.wait()
            try:
                return str(world.desk.claim(number, member).claimed_by.username)
            except AlreadyClaimed as late:
                return late.message

        with ThreadPoolExecutor(len(members)) as pool:
            outcomes = list(pool.map(claim, members))
        [winner] = [member for member in members if member.username in outcomes]
        assert outcomes.count(winner.username) == 1
        refusals = [outcome for outcome in outcomes if outcome != winner.username]
        assert len(refusals) == len(members) - 1
        assert all(f"已由 {winner.display_name} 领取" in refusal for refusal in refusals)
        assert world.desk.conversation(f"web:c{turn}").staff_id == winner.id


def test_many_handoffs_opened_at_once_for_one_citizen_are_one(world: Any) -> None:
    barrier = Barrier(6)

    def open_one(_: int) -> Any:
        barrier.wait()
        return world.desk.open_handoff(CITIZEN, "complaint", None, "投诉")

    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(open_one, range(6)))
    assert len({receipt.number for receipt in receipts}) == 1
    assert sorted(receipt.already_open for receipt in receipts) == [False] + [True] * 5
    assert len(world.desk.queue()) == 1


def test_a_claim_and_a_cancellation_at_once_leave_one_owner_and_one_story(world: Any) -> None:
    staff = world.staff("wang")
    for turn in range(8):
        conversation_id = f"web:c{turn}"
        number = world.desk.open_handoff(conversation_id, "asked_for_human", None, "转人工").number
        barrier = Barrier(2)

        def claim(number: str = number, barrier: Barrier = barrier) -> bool:
            barrier.wait()
            try:
                world.desk.claim(number, staff)
            except HandoffClosed:
                return False
            return True

        def cancel(conversation_id: str = conversation_id, barrier: Barrier = barrier) -> list[str]:
            barrier.wait()
            return world.desk.receive(conversation_id, "返回")

        with ThreadPoolExecutor(2) as pool:
            claimed, told = pool.submit(claim), pool.submit(cancel)
        cancelled = any("取消" in text for text in told.result())
        assert claimed.result() is not cancelled
        assert world.desk.owner(conversation_id) == ("staff" if claimed.result() else "bot")


def test_claiming_twice_oneself_changes_nothing(world: Any) -> None:
    staff = world.staff("wang")
    number = world.desk.open_handoff(CITIZEN, "complex", None, "问题").number
    world.desk.claim(number, staff)
    before = world.said(CITIZEN)
    assert world.desk.claim(number, staff).claimed_by == staff
    assert world.said(CITIZEN) == before


def test_an_unknown_number_cannot_be_claimed(world: Any) -> None:
    with pytest.raises(UnknownHandoff, match="20260101-0001"):
        world.desk.claim("20260101-0001", world.staff("wang"))


def test_a_reply_is_delivered_logged_and_no_longer_awaited(world: Any) -> None:
    staff = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问题").number, staff)
    assert world.desk.serving(staff)[0].awaiting_reply
    world.desk.reply(CITIZEN, staff, " 请带身份证。\r\n地址：政务中心 ")
    assert world.delivered() == [(CITIZEN, "请带身份证。\n地址：政务中心")]
    assert world.said(CITIZEN)[-1] == ("staff", "请带身份证。\n地址：政务中心")
    assert not world.desk.serving(staff)[0].awaiting_reply
    world.desk.receive(CITIZEN, "还有一个问题")
    assert world.desk.serving(staff)[0].awaiting_reply


def test_after_losing_ownership_nothing_is_delivered_or_logged(world: Any) -> None:
    first, second = world.staff("wang"), world.staff("li", "李强")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问题").number, first)
    world.desk.resolve(CITIZEN, first)
    delivered, said = world.delivered(), world.said(CITIZEN)
    with pytest.raises(NotYours, match="机器人"):
        world.desk.reply(CITIZEN, first, "晚到的回复")
    assert (world.delivered(), world.said(CITIZEN)) == (delivered, said)

    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问题").number, second)
    said = world.said(CITIZEN)
    for action in (world.desk.reply, world.desk.note, world.desk.resolve):
        with pytest.raises(NotYours, match="李强"):
            action(CITIZEN, first, "晚到的回复")
    assert (world.delivered(), world.said(CITIZEN)) == (delivered, said)
    assert world.desk.owner(CITIZEN) == "staff"


def test_nobody_replies_before_claiming(world: Any) -> None:
    world.desk.open_handoff(CITIZEN, "complex", None, "问题")
    with pytest.raises(NotYours, match="领取"):
        world.desk.reply(CITIZEN, world.staff("wang"), "你好")
    with pytest.raises(UnknownHandoff):
        world.desk.reply("web:nobody", world.staff("li"), "你好")
    assert world.delivered() == []


class DiskFull(Exception):
    pass


def test_a_reply_the_outbox_refuses_is_not_in_the_log_either(world: Any, monkeypatch: Any) -> None:
    staff = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问题").number, staff)
    before = world.said(CITIZEN)

    def full(*_: object) -> None:
        raise DiskFull

    monkeypatch.setattr(world.desk._serving, "_deliver", full)
    monkeypatch.setattr(world.desk._serving._ending, "_deliver", full)
    with pytest.raises(DiskFull):
        world.desk.reply(CITIZEN, staff, "你好")
    with pytest.raises(DiskFull):
        world.desk.resolve(CITIZEN, staff)
    assert world.said(CITIZEN) == before
    assert world.desk.owner(CITIZEN) == "staff"
    assert world.returned == []


@pytest.mark.parametrize("text", ["", " \n ", "字" * 2001])
def test_an_empty_or_too_long_reply_is_refused(world: Any, text: str) -> None:
    staff = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问题").number, staff)
    with pytest.raises(BadInput):
        world.desk.reply(CITIZEN, staff, text)
    assert world.delivered() == []


def test_resolving_tells_the_citizen_keeps_the_note_and_restarts_the_dialogue_after_the_commit(
    make_world: Any, monkeypatch: Any
) -> None:
    world = make_world()
    staff = world.staff("wang")
    owners: list[str] = []
    seen = Returns(world.engine, lambda conversation_id: owners.append(world.desk.owner(conversation_id)))
    monkeypatch.setattr(world.desk, "_returns", seen)
    receipt = world.desk.open_handoff(CITIZEN, "complex", None, "问题")
    world.desk.claim(receipt.number, staff)
    world.desk.resolve(CITIZEN, staff, "已电话说明")
    [_, text] = world.told(CITIZEN)
    assert receipt.number in text
    assert "智能助手" in text
    assert ("note", "已电话说明") in world.said(CITIZEN)
    assert owners == ["bot"]  # seen from another connection: it was committed


def test_a_restart_that_failed_is_tried_again_before_the_bot_speaks(
    world: Any, monkeypatch: Any, caplog: Any
) -> None:
    staff = world.staff("wang")
    calls: list[str] = []

    def restart(conversation_id: str) -> None:
        calls.append(conversation_id)
        if len(calls) == 1:
            raise ConnectionError("Rasa is away")

    monkeypatch.setattr(world.desk, "_returns", Returns(world.engine, restart))
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问题").number, staff)
    with caplog.at_level(logging.ERROR):
        world.desk.resolve(CITIZEN, staff)
    assert "could not be restarted" in caplog.text
    assert world.desk.recipient(CITIZEN, "问题") == "bot"
    assert world.desk.recipient(CITIZEN, "问题") == "bot"
    assert calls == [CITIZEN, CITIZEN]
