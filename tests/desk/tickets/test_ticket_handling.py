"""Who has a ticket, where it goes, and who may do what."""

import threading
from typing import Any

import pytest
from ticket_world import CITIZEN, OTHER

from desk.errors import NotAllowed
from desk.tickets import Filters
from desk.tickets.errors import BadField, NotReopenable, TicketTaken, TooManyHops, UnknownTicket, WrongState


def numbers(listing: Any) -> list[str]:
    return [ticket.number for ticket in listing.tickets]


@pytest.mark.parametrize("_round", range(5))
def test_of_two_who_take_at_once_one_wins_and_the_other_is_told_who(desk: Any, _round: int) -> None:
    number = desk.open().number
    start = threading.Barrier(2)
    won: list[str] = []
    refused: list[str] = []

    def take(member: Any) -> None:
        start.wait()
        try:
            desk.tickets.take(number, member)
            won.append(member.display_name)
        except TicketTaken as error:
            refused.append(error.message)

    threads = [threading.Thread(target=take, args=(member,)) for member in (desk.wang, desk.li)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = won
    [message] = refused
    assert winner in message
    assert desk.now(number).assignee.display_name == winner
    assert desk.events(number) == ["created", "taken"]


def test_tickets_opened_at_once_have_different_numbers(desk: Any) -> None:
    opened: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: opened.append(desk.open(message_id=f"m{n % 4}").number))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 12
    assert sorted(set(opened)) == [f"G20261123-000{n}" for n in range(1, 5)]


def test_taking_ones_own_again_changes_nothing(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    assert desk.tickets.take(number, desk.wang).assignee == desk.wang
    assert desk.events(number) == ["created", "taken"]


def test_a_transfer_gives_it_to_the_other_department_and_takes_it_from_who_had_it(desk: Any) -> None:
    desk.world.staff("sun", "孙丽", department="公安局")
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    moved = desk.tickets.transfer(number, desk.wang, "公安局", "属于交通设施")
    assert (moved.status, moved.assignee, moved.department, moved.hops) == ("new", None, "公安局", 1)
    with pytest.raises(NotAllowed):
        desk.tickets.get(number, desk.wang)
    [*_, event] = desk.tickets.get(number, desk.zhao).events
    assert (event.kind, event.staff, event.text) == (
        "transferred",
        "王敏",
        "由 城管局 转到 公安局：属于交通设施",
    )
    assert desk.delivered() == []


@pytest.mark.parametrize(
    ("department", "reason", "field"),
    [
        ("不存在的局", "转", "department"),
        ("", "转", "department"),
        ("城管局", "转", "department"),
        ("综合受理", " ", "reason"),
    ],
)
def test_a_transfer_needs_another_department_with_staff_and_a_reason(
    desk: Any, department: str, reason: str, field: str
) -> None:
    number = desk.open().number
    with pytest.raises(BadField) as refused:
        desk.tickets.transfer(number, desk.wang, department, reason)
    assert refused.value.field == field
    assert desk.events(number) == ["created"]


def test_after_three_hops_only_a_supervisor_moves_it_on(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.give_back(number, desk.wang, "不归我们管")
    desk.tickets.transfer(number, desk.chen, "城管局", "归你们管")
    desk.tickets.give_back(number, desk.wang, "真的不归我们管")
    assert "transfer" not in desk.tickets.get(number, desk.chen).acts
    with pytest.raises(TooManyHops, match="已转办、退回 3 次"):
        desk.tickets.transfer(number, desk.chen, "城管局", "归你们管")
    assert desk.now(number).department == "综合受理"
    assert desk.tickets.transfer(number, desk.zhao, "城管局", "请城管局办理").hops == 4


def test_what_is_with_the_default_department_cannot_be_returned_to_it(desk: Any) -> None:
    number = desk.open(department=None).number
    with pytest.raises(BadField, match="已经在 综合受理"):
        desk.tickets.give_back(number, desk.chen, "退")


def test_a_colleague_sees_and_notes_but_does_not_act(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    assert desk.tickets.get(number, desk.li).acts == {"note"}
    desk.tickets.note(number, desk.li, "上周也有人反映")
    for act in (
        lambda: desk.tickets.answer(number, desk.li, "抢答"),
        lambda: desk.tickets.transfer(number, desk.li, "综合受理", "转"),
        lambda: desk.tickets.give_back(number, desk.li, "退"),
        lambda: desk.tickets.merge(number, desk.open().number, desk.li),
    ):
        with pytest.raises(TicketTaken, match="由 王敏 办理"):
            act()
    assert desk.delivered() == []


def test_one_must_take_it_before_answering(desk: Any) -> None:
    number = desk.open().number
    with pytest.raises(NotAllowed, match="请先领取"):
        desk.tickets.answer(number, desk.wang, "已修好。")


def test_another_departments_tickets_are_neither_seen_nor_acted_on(desk: Any) -> None:
    sun = desk.world.staff("sun", "孙丽", department="公安局")
    number = desk.open().number
    for act in (
        lambda: desk.tickets.get(number, sun),
        lambda: desk.tickets.take(number, sun),
        lambda: desk.tickets.note(number, sun, "x"),
        lambda: desk.tickets.answer(number, sun, "x"),
        lambda: desk.tickets.close(number, sun, "x"),
    ):
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(UnknownTicket, match="G20261123-0099"):
        desk.tickets.get("G20261123-0099", sun)
    assert numbers(desk.tickets.listed(sun, "department")) == []
    assert numbers(desk.tickets.listed(sun, "mine", Filters(words="路灯"))) == []


def test_the_default_department_sees_all_that_nobody_has_taken(desk: Any) -> None:
    number = desk.open().number
    assert numbers(desk.tickets.listed(desk.chen, "department")) == [number]
    desk.tickets.take(number, desk.wang)
    assert numbers(desk.tickets.listed(desk.chen, "department")) == []
    with pytest.raises(NotAllowed):
        desk.tickets.get(number, desk.chen)


def test_what_one_has_stays_ones_own_in_another_department(desk: Any) -> None:
    number = desk.open(department="公安局").number
    desk.tickets.assign(number, desk.zhao, desk.wang.id)
    assert numbers(desk.tickets.listed(desk.wang, "mine")) == [number]
    assert desk.tickets.answer(number, desk.wang, "已转告。").status == "answered"


def test_only_supervisors_assign_and_only_to_who_is_there(desk: Any) -> None:
    number = desk.open().number
    with pytest.raises(NotAllowed, match="只有主管"):
        desk.tickets.assign(number, desk.wang, desk.li.id)
    with pytest.raises(BadField, match="没有这位工作人员"):
        desk.tickets.assign(number, desk.zhao, 999)
    desk.world.accounts.deactivate("li")
    with pytest.raises(BadField, match="已停用"):
        desk.tickets.assign(number, desk.zhao, desk.li.id)
    assert desk.tickets.assign(number, desk.zhao, desk.wang.id).assignee == desk.wang
    assert desk.events(number) == ["created", "assigned"]


def test_a_follow_up_is_for_supervisors_and_never_told_to_the_citizen(desk: Any) -> None:
    number = desk.open(kind="follow_up", subject="回访：评价不满意", department=None).number
    for member in (desk.wang, desk.chen):
        with pytest.raises(NotAllowed):
            desk.tickets.get(number, member)
        assert desk.tickets.counts(member).department == 0
    assert numbers(desk.tickets.listed(desk.zhao, "department")) == [number]
    with pytest.raises(BadField, match="只能指派给主管"):
        desk.tickets.assign(number, desk.zhao, desk.wang.id)
    with pytest.raises(WrongState, match="不能转办"):
        desk.tickets.transfer(number, desk.zhao, "城管局", "转")
    with pytest.raises(WrongState, match="内部工单"):
        desk.tickets.answer(number, desk.zhao, "抱歉")
    with pytest.raises(WrongState, match="不能合并"):
        desk.tickets.merge(number, desk.open().number, desk.zhao)
    desk.tickets.take(number, desk.zhao)
    closed = desk.tickets.close(number, desk.zhao, "已电话致歉")
    assert (closed.status, closed.result) == ("closed", "已电话致歉")
    assert desk.delivered() == []
    with pytest.raises(UnknownTicket):
        desk.tickets.reopen(CITIZEN, number, "再来")


def test_closing_without_an_answer_is_a_supervisors_and_the_citizen_is_told_why(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    with pytest.raises(NotAllowed, match="请先答复"):
        desk.tickets.close(number, desk.wang, "不办")
    with pytest.raises(BadField, match="原因是空的"):
        desk.tickets.close(number, desk.zhao, "")
    assert desk.tickets.close(number, desk.zhao, "不属于本市管辖").status == "closed"
    [(told, text)] = desk.delivered()
    assert told == CITIZEN
    assert "不属于本市管辖" in text
    assert desk.tickets.reopen(CITIZEN, number, "属于本市").status == "working"


def test_merged_tickets_get_one_answer_and_one_message(desk: Any) -> None:
    first, second, third = (desk.open(subject=subject).number for subject in ("路灯一", "路灯二", "路灯三"))
    desk.tickets.merge(second, first, desk.wang)
    desk.tickets.take(first, desk.wang)
    assert desk.tickets.merge(first, third, desk.wang).number == third  # what was merged before goes along
    assert desk.tickets.get(third, desk.wang).absorbed == [first, second]
    assert desk.now(second).merged_into == third
    with pytest.raises(WrongState, match="已合并"):
        desk.tickets.take(second, desk.wang)
    desk.tickets.take(third, desk.wang)
    desk.tickets.answer(third, desk.wang, "都修好了。")
    [(told, text)] = desk.delivered()
    assert told == CITIZEN
    assert f"工单 {third}" in text
    assert f"{first}、{second}" in text
    of_citizen = desk.tickets.of_conversation(CITIZEN)
    assert {(ticket.status, ticket.result) for ticket in of_citizen} == {
        ("answered", "都修好了。"),
        ("merged", "都修好了。"),
    }


def test_a_supervisor_merges_citizens_tickets_and_each_is_told_once_of_their_own(desk: Any) -> None:
    mine, theirs = desk.open(), desk.open(conversation_id=OTHER, subject="同一盏灯")
    with pytest.raises(NotAllowed, match="不同的市民"):
        desk.tickets.merge(theirs.number, mine.number, desk.wang)
    desk.tickets.merge(theirs.number, mine.number, desk.zhao)
    desk.tickets.take(mine.number, desk.wang)
    desk.tickets.answer(mine.number, desk.wang, "已修好。")
    told = dict(desk.delivered())
    assert len(desk.delivered()) == 2
    assert theirs.number in told[OTHER]
    assert mine.number not in told[OTHER]
    assert theirs.number not in told[CITIZEN]

    # Answered a second time, only who asked again is told.
    desk.tickets.reopen(CITIZEN, mine.number, "又坏了")
    desk.tickets.answer(mine.number, desk.wang, "换了灯泡。")
    assert [conversation for conversation, _ in desk.delivered()] == [CITIZEN, OTHER, CITIZEN]


def test_a_merged_ticket_reopens_on_its_own_once_it_was_answered(desk: Any) -> None:
    first, second = desk.open().number, desk.open().number
    desk.tickets.merge(second, first, desk.wang)
    with pytest.raises(NotReopenable, match=f"正与 {first} 合并办理"):
        desk.tickets.reopen(CITIZEN, second, "快点")
    desk.tickets.take(first, desk.wang)
    desk.tickets.answer(first, desk.wang, "已修好。")
    again = desk.tickets.reopen(CITIZEN, second, "这盏没修")
    assert (again.status, again.assignee, again.merged_into) == ("working", desk.wang, None)
    assert desk.now(first).status == "answered"


@pytest.mark.parametrize(
    ("into", "error"), [("0001", UnknownTicket), ("", BadField), ("20261123-0001", BadField)]
)
def test_a_ticket_is_merged_only_into_another_that_exists(desk: Any, into: str, error: type) -> None:
    number = desk.open().number
    with pytest.raises(error):
        desk.tickets.merge(number, into, desk.wang)
    assert desk.now(number).status == "new"
