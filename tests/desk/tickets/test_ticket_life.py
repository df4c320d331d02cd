"""A ticket's life: from the citizen's words to the answer, and again."""

from typing import Any

import pytest
from sqlalchemy import func, select
from ticket_world import CITIZEN, OTHER

from desk.database import transaction
from desk.tickets import TicketRequest, store
from desk.tickets.errors import BadField, NotReopenable, UnknownTicket, WrongState
from desk.tickets.tables import ticket_events, tickets


def test_a_ticket_is_opened_taken_answered_and_closed_by_time(desk: Any) -> None:
    ticket = desk.open()
    assert (ticket.number, ticket.status, ticket.deadline) == ("G20261123-0001", "new", "in_time")
    assert desk.tickets.calendar.describe(ticket.due_at.timestamp(), 0) == "11月30日（周一）17:00"

    taken = desk.tickets.take(ticket.number, desk.wang)
    assert (taken.status, taken.assignee) == ("working", desk.wang)
    desk.tickets.note(ticket.number, desk.wang, "已联系路灯管理所")
    assert desk.delivered() == []

    answered = desk.tickets.answer(ticket.number, desk.wang, "路灯已修好。")
    assert (answered.status, answered.result) == ("answered", "路灯已修好。")
    [(told, text)] = desk.delivered()
    assert told == CITIZEN
    for part in ("G20261123-0001", "路灯不亮", "路灯已修好。", "11月30日（周一）09:00", "重新办理"):
        assert part in text

    desk.wait_until("2026-11-30", "08:59")
    assert desk.tickets.tick() == 0
    desk.wait_until("2026-11-30")
    assert desk.tickets.tick() == 1
    assert desk.now(ticket.number).status == "closed"
    assert desk.events(ticket.number) == ["created", "taken", "noted", "answered", "closed"]
    assert len(desk.delivered()) == 1


def test_the_citizen_has_it_handled_again_by_the_same_person_with_a_new_deadline(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "已修好。")
    desk.wait_until("2026-11-30", "08:59")
    again = desk.tickets.reopen(CITIZEN, "g20261123 0001", "晚上还是不亮", "m9")
    assert (again.status, again.assignee, again.reopened) == ("working", desk.wang, 1)
    assert (again.result, again.answered_at, again.reopenable_until) == (None, None, None)
    assert desk.tickets.calendar.describe(again.due_at.timestamp(), 0) == "12月7日（周一）17:00"
    repeated = desk.tickets.reopen(CITIZEN, number, "晚上还是不亮", "m9")
    assert (repeated.reopened, repeated.already_open) == (1, True)
    desk.wait_until("2026-11-30", "09:00")
    assert desk.tickets.tick() == 0  # what would have closed the answer no longer holds
    events = desk.tickets.get(number, desk.wang).events
    assert [(event.kind, event.actor, event.text) for event in events][-1] == (
        "reopened",
        "citizen",
        "晚上还是不亮",
    )


def test_one_whose_handler_has_left_goes_back_to_the_department(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "已修好。")
    desk.world.accounts.deactivate("wang")
    again = desk.tickets.reopen(CITIZEN, number, "还是不亮")
    assert (again.status, again.assignee, again.department) == ("new", None, "城管局")


def test_reopening_is_refused_with_the_reason(desk: Any) -> None:
    number = desk.open().number
    with pytest.raises(NotReopenable, match="还在办理中，最晚11月30日"):
        desk.tickets.reopen(CITIZEN, number, "快点")
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "已修好。")
    with pytest.raises(UnknownTicket, match="没有查到您的工单"):
        desk.tickets.reopen(OTHER, number, "别人的")
    with pytest.raises(BadField, match="最多 500 个字"):
        desk.tickets.reopen(CITIZEN, number, "长" * 501)
    desk.wait_until("2026-11-30", "09:00")
    with pytest.raises(
        NotReopenable, match="已在 11月30日（周一）09:00 截止"
    ):  # though no tick has closed it
        desk.tickets.reopen(CITIZEN, number, "晚了")
    assert desk.now(number).reopened == 0


def test_one_closed_early_can_still_be_reopened_in_time(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "已修好。")
    assert desk.tickets.close(number, desk.wang).status == "closed"
    assert len(desk.delivered()) == 1
    assert desk.tickets.reopen(CITIZEN, number, "又坏了").status == "working"


def test_the_same_message_opens_one_ticket(desk: Any) -> None:
    first = desk.open(message_id="m1")
    again = desk.open(message_id="m1", subject="别的说法")
    assert (again.number, again.subject, again.already_open) == (first.number, "路灯不亮", True)
    assert not first.already_open
    assert desk.open(message_id="m2").number == "G20261123-0002"
    assert desk.open(conversation_id=OTHER, message_id="m1").number == "G20261123-0003"
    assert desk.events(first.number) == ["created"]


def test_a_citizens_message_never_brings_back_the_internal_ticket_of_the_same_message(desk: Any) -> None:
    internal = desk.open(kind="follow_up", message_id="m1")
    own = desk.open(kind="complaint", message_id="m1")
    assert own.number != internal.number
    assert desk.open(kind="follow_up", message_id="m1").number == internal.number
    assert desk.open(message_id="m1").number == own.number


def test_a_ticket_opened_in_anothers_transaction_is_gone_when_that_fails(desk: Any, engine: Any) -> None:
    request = TicketRequest(CITIZEN, "complaint", "投诉")

    def fail_after_opening() -> None:
        with transaction(engine) as connection:
            desk.tickets.open(request, connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_opening()
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tickets)).scalar() == 0
    with transaction(engine) as connection:
        desk.tickets.open(request, connection)
    assert [ticket.subject for ticket in desk.tickets.of_conversation(CITIZEN)] == ["投诉"]


def test_an_answer_that_cannot_be_delivered_is_no_answer(desk: Any, make_tickets: Any) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("the outbox is full")

    broken = make_tickets(clock=desk.world.clock, deliver=fails)
    number = desk.open().number
    broken.take(number, desk.wang)
    with pytest.raises(RuntimeError):
        broken.answer(number, desk.wang, "已修好。")
    assert (desk.now(number).status, desk.now(number).result) == ("working", None)
    assert desk.events(number) == ["created", "taken"]


def test_the_contact_is_kept_only_with_consent_and_the_log_says_so(desk: Any) -> None:
    without = desk.open(contact="13800000000", contact_consent=False)
    assert without.contact is None
    [created] = desk.tickets.get(without.number, desk.wang).events
    assert "没有同意" in created.text
    assert desk.open(contact=" 13800000000 ", contact_consent=True).contact == "13800000000"


def test_a_ticket_without_department_is_the_default_departments(desk: Any) -> None:
    assert desk.open(department=None).department == "综合受理"
    assert desk.open(department="  ").department == "综合受理"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"subject": "  "}, "subject"),
        ({"subject": "长" * 101}, "subject"),
        ({"details": "长" * 5001}, "details"),
        ({"place": "长" * 201}, "place"),
        ({"contact": "1" * 101, "contact_consent": True}, "contact"),
        ({"department": "局" * 129}, "department"),
        ({"kind": "praise"}, "kind"),
    ],
)
def test_bad_input_is_named_and_opens_nothing(desk: Any, values: dict[str, Any], field: str) -> None:
    with pytest.raises(BadField) as refused:
        desk.open(**values)
    assert refused.value.field == field
    assert desk.tickets.of_conversation(CITIZEN) == []


def test_a_citizen_sees_their_five_newest_and_nothing_internal_or_of_others(desk: Any) -> None:
    for place in range(6):
        desk.open(subject=f"第{place}件")
    desk.open(kind="follow_up", subject="内部")
    other = desk.open(conversation_id=OTHER, subject="别人的")
    seen = desk.tickets.of_conversation(CITIZEN)
    assert [ticket.subject for ticket in seen] == ["第5件", "第4件", "第3件", "第2件", "第1件"]
    assert [t.subject for t in desk.tickets.of_conversation(CITIZEN, "Ｇ２０２６１１２３－０００１")] == [
        "第0件"
    ]
    for number in (other.number, "G20261123-0007", "G20261123-9999", "工单"):
        assert desk.tickets.of_conversation(CITIZEN, number) == []


def test_what_has_ended_cannot_be_acted_on(desk: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "已修好。")
    for act in (
        lambda: desk.tickets.take(number, desk.li),
        lambda: desk.tickets.answer(number, desk.wang, "再答一次"),
        lambda: desk.tickets.transfer(number, desk.wang, "综合受理", "转"),
        lambda: desk.tickets.assign(number, desk.zhao, desk.li.id),
    ):
        with pytest.raises(WrongState, match="已答复"):
            act()
    assert len(desk.delivered()) == 1
    desk.tickets.note(number, desk.wang, "电话回访满意")
    assert desk.events(number)[-1] == "noted"


def test_every_change_has_its_event_and_grows_the_version(desk: Any, engine: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    desk.tickets.give_back(number, desk.wang, "不归我们管")
    desk.tickets.assign(number, desk.zhao, desk.chen.id)
    desk.tickets.answer(number, desk.chen, "已转告。")
    with engine.connect() as connection:
        assert connection.execute(select(tickets.c.version)).scalar() == 5
        logged = connection.execute(select(ticket_events.c.kind, ticket_events.c.staff_id)).all()
    assert logged == [
        ("created", None),
        ("taken", desk.wang.id),
        ("returned", desk.wang.id),
        ("assigned", desk.zhao.id),
        ("answered", desk.chen.id),
    ]


def test_who_read_a_ticket_before_it_changed_changes_nothing(desk: Any, engine: Any) -> None:
    number = desk.open().number
    with engine.connect() as connection:
        stale = store.by_number(connection, number)
    desk.tickets.take(number, desk.wang)
    with engine.begin() as connection:
        assert not store.change(connection, stale, status="new", assignee_id=None)
    assert desk.now(number).assignee == desk.wang
