"""What a waiting citizen is told, and that nobody waits for good."""

from typing import Any

import pytest
from desk_fakes import FakeHours, FakeTickets
from sqlalchemy import event, text

from desk.conversations import housekeeping
from desk.records import StaffMember

PASSWORD = "correct horse battery"
SOCIAL = "市人力资源和社会保障局"


@pytest.fixture
def hours() -> FakeHours:
    return FakeHours()


@pytest.fixture
def tickets() -> FakeTickets:
    return FakeTickets()


@pytest.fixture
def world(make_world: Any, hours: FakeHours, tickets: FakeTickets) -> Any:
    return make_world(hours=hours, tickets=tickets)


def at_the_desk(world: Any, username: str = "wang") -> StaffMember:
    member: StaffMember = world.staff(username, department=SOCIAL)
    world.accounts.sign_in(username, PASSWORD)
    world.desk.arrive(member)
    return member


def ask(world: Any, conversation_id: str, question: str = "灵活就业怎么参保", reason: str = "complex") -> Any:
    return world.desk.open_handoff(conversation_id, reason, SOCIAL, question)


def serve_some(world: Any, member: StaffMember, seconds: float, times: int) -> None:
    """Conversations that took so long each."""
    for number in range(times):
        ask(world, f"web:done{number}")
        world.desk.reply(f"web:done{number}", member, "好")
        world.clock.now += seconds
        world.accounts.sign_in(member.username, PASSWORD)
        world.desk.resolve(f"web:done{number}", member)


def test_no_estimate_is_given_before_enough_conversations_were_served(world: Any) -> None:
    member = at_the_desk(world)
    serve_some(world, member, 400, world.desk.rules.estimate.at_least - 1)
    world.desk.pause(member)
    assert ask(world, "web:a").wait is None


def test_the_estimate_follows_from_how_long_conversations_take_and_how_many_are_served_at_once(
    world: Any,
) -> None:
    member = at_the_desk(world)
    serve_some(world, member, 800, world.desk.rules.estimate.at_least)
    capacity = world.desk.rules.assigning.capacity
    for number in range(capacity):
        assert ask(world, f"web:{number}").status == "claimed"
    waits = [ask(world, f"web:w{number}").wait for number in range(4)]
    # One of four slots frees every 200 s; whole five minutes are told.
    assert waits == [300, 600, 600, 900]
    [told] = world.desk.receive("web:w3", "在吗")
    assert "前面还有 3 人" in told
    assert "15 分钟" in told


def test_with_nobody_at_the_desk_no_estimate_is_given(world: Any) -> None:
    member = at_the_desk(world)
    serve_some(world, member, 300, world.desk.rules.estimate.at_least)
    world.desk.leave(member)
    assert ask(world, "web:a").wait is None


def test_a_ticket_is_offered_once_after_a_while_and_made_when_the_citizen_wants_it(
    world: Any, tickets: FakeTickets
) -> None:
    ask(world, "web:a")
    world.desk.receive("web:a", "我是个体户")
    world.clock.now += world.desk.rules.waiting.offer_ticket_after
    for _ in range(3):
        world.desk.housekeeping.tick()
    [offer] = world.told("web:a")
    assert "第 1 位" in offer
    assert "留言" in offer
    [told] = world.desk.receive("web:a", "留言。")
    assert "G1" in told
    assert "11月27日" in told
    [made] = tickets.made
    assert made["kind"] == "question"
    assert made["department"] == SOCIAL
    assert made["details"].splitlines()[:2] == ["灵活就业怎么参保", "我是个体户"]
    handoff = world.desk.latest_handoff("web:a")
    assert (handoff.status, handoff.outcome, handoff.ticket_number) == ("resolved", "ticket", "G1")
    assert world.desk.owner("web:a") == "bot"
    assert world.returned == ["web:a"]


def test_nobody_waits_longer_than_the_rules_allow(world: Any, tickets: FakeTickets) -> None:
    ask(world, "web:a", reason="complaint")
    ask(world, "web:x", reason="crisis")
    world.clock.now += world.desk.rules.waiting.ticket_after
    world.desk.housekeeping.tick()
    [_, told] = world.told("web:a")
    assert "G1" in told
    assert [made["kind"] for made in tickets.made] == ["complaint"]
    assert world.desk.owner("web:a") == "bot"
    assert world.desk.owner("web:x") == "queue"  # an emergency is never put off
    assert world.returned == ["web:a"]


def test_who_waits_when_the_office_closes_gets_a_ticket(world: Any, hours: FakeHours) -> None:
    ask(world, "web:a")
    hours.closed.add(SOCIAL)
    world.desk.housekeeping.tick()
    [told] = world.told("web:a")
    assert "900 分钟后上班" in told
    assert "G1" in told


def test_many_who_wait_for_an_open_office_do_not_hide_those_of_one_that_closes(
    world: Any, hours: FakeHours, monkeypatch: Any
) -> None:
    monkeypatch.setattr(housekeeping, "AT_ONCE", 2)
    for number in range(2):
        ask(world, f"web:{number}")
    world.desk.open_handoff("web:z", "complex", "市民政局", "怎么登记")
    hours.closed.add("市民政局")
    world.desk.housekeeping.tick()
    assert world.desk.owner("web:z") == "bot"
    assert world.desk.queue_length() == 2


def test_while_somebody_stays_after_hours_looking_at_their_queue_locks_nothing(
    world: Any, hours: FakeHours
) -> None:
    at_the_desk(world)
    for number in range(world.desk.rules.assigning.capacity + 3):
        ask(world, f"web:{number}")
    hours.closed.add(SOCIAL)
    written: list[bool] = []

    @event.listens_for(world.engine, "begin")
    def begun(connection: Any) -> None:
        written.append(connection.get_execution_options().get("writing", False))

    world.desk.housekeeping.tick()
    assert world.desk.queue_length() == 3
    assert written
    assert not any(written)


def test_outside_hours_a_handoff_is_a_ticket_and_the_bot_keeps_the_conversation(
    world: Any, hours: FakeHours, tickets: FakeTickets
) -> None:
    hours.closed.add(SOCIAL)
    receipt = ask(world, "web:a")
    assert (receipt.status, receipt.ticket.number, receipt.opens_text) == ("resolved", "G1", "900 分钟后")
    assert world.desk.owner("web:a") == "bot"
    again = ask(world, "web:a", "还想问医保")
    assert (again.ticket.number, again.already_open) == ("G1", True)
    assert tickets.added == [("G1", "还想问医保")]
    tickets.finished.add("G1")
    assert ask(world, "web:a", "新的问题").ticket.number == "G2"
    assert world.desk.queue() == []


def test_over_lunch_citizens_wait_as_at_any_other_time(world: Any, hours: FakeHours) -> None:
    hours.closed.add(SOCIAL)
    hours.back_after = world.desk.rules.waiting.break_of
    assert ask(world, "web:a").status == "queued"
    world.desk.housekeeping.tick()
    assert world.desk.owner("web:a") == "queue"
    hours.back_after += 1
    world.desk.housekeeping.tick()
    assert world.desk.owner("web:a") == "bot"


def test_outside_hours_another_matter_is_another_ticket(
    world: Any, hours: FakeHours, tickets: FakeTickets
) -> None:
    housing = "市住房和城乡建设局"
    hours.closed |= {SOCIAL, housing}
    assert ask(world, "web:a").ticket.number == "G1"
    other = world.desk.open_handoff("web:a", "complex", housing, "公租房怎么申请")
    assert (other.ticket.number, other.department) == ("G2", housing)
    assert ask(world, "web:a", "窗口不给办", "complaint").ticket.number == "G3"
    assert ask(world, "web:a", "材料呢").ticket.number == "G1"
    assert [(made["department"], made["kind"]) for made in tickets.made] == [
        (SOCIAL, "question"),
        (housing, "question"),
        (SOCIAL, "complaint"),
    ]


def test_where_no_ticket_can_be_made_the_citizen_waits_for_a_person(
    world: Any, hours: FakeHours, tickets: FakeTickets, monkeypatch: Any, caplog: Any
) -> None:
    def broken(connection: Any, **_values: Any) -> Any:
        connection.execute(text("SELECT * FROM no_such_table"))

    monkeypatch.setattr(tickets, "make", broken)
    hours.closed.add(SOCIAL)
    receipt = ask(world, "web:a")
    assert (receipt.status, receipt.ticket, receipt.position) == ("queued", None, 1)
    assert "no ticket could be made" in caplog.text
    [told] = world.desk.receive("web:a", "留言")
    assert receipt.number in told
    world.clock.now += world.desk.rules.waiting.ticket_after
    world.desk.housekeeping.tick()
    assert world.desk.owner("web:a") == "queue"
    monkeypatch.undo()
    world.desk.housekeeping.tick()
    assert world.desk.latest_handoff("web:a").ticket_number == "G1"


def test_outside_hours_somebody_who_is_there_all_the_same_takes_it(world: Any, hours: FakeHours) -> None:
    hours.closed.add(SOCIAL)
    at_the_desk(world)
    assert ask(world, "web:a").status == "claimed"


def test_an_emergency_outside_hours_waits_for_a_person(world: Any, hours: FakeHours) -> None:
    hours.closed.add(SOCIAL)
    assert ask(world, "web:a", reason="crisis").status == "queued"


def test_without_tickets_everybody_waits(make_world: Any) -> None:
    world = make_world(hours=FakeHours({SOCIAL}))
    assert ask(world, "web:a").status == "queued"
    world.clock.now += world.desk.rules.waiting.ticket_after
    world.desk.housekeeping.tick()
    assert world.desk.owner("web:a") == "queue"
    [told] = world.desk.receive("web:a", "留言")
    assert "没有工作人员在线" in told


def test_staff_make_a_ticket_of_a_conversation(world: Any, tickets: FakeTickets) -> None:
    member = at_the_desk(world)
    ask(world, "web:a")
    world.desk.receive("web:a", "编号 123 的事")
    ticket = world.desk.make_ticket("web:a", member, "需要查档案")
    assert ticket.number in world.told("web:a")[-1]
    [made] = tickets.made
    assert made["subject"] == "需要查档案"
    assert made["details"].splitlines() == ["需要查档案", "灵活就业怎么参保", "编号 123 的事"]
    assert world.desk.owner("web:a") == "bot"
    assert world.returned == ["web:a"]


def test_one_conversation_that_fails_keeps_back_no_other(world: Any, monkeypatch: Any, caplog: Any) -> None:
    deliver = world.deliver

    def broken(connection: Any, conversation_id: str, *said: Any) -> Any:
        if conversation_id == "web:a":
            raise OSError("disk")
        return deliver(connection, conversation_id, *said)

    monkeypatch.setattr(world.desk.housekeeping, "_deliver", broken)
    for name in ("web:a", "web:b"):
        ask(world, name)
    world.clock.now += world.desk.rules.waiting.ticket_after
    world.desk.housekeeping.tick()
    assert [world.desk.owner(name) for name in ("web:a", "web:b")] == ["queue", "bot"]
    assert "web:a was not done" in caplog.text


def test_a_step_of_the_housekeeping_that_fails_keeps_back_no_other(
    world: Any, monkeypatch: Any, caplog: Any
) -> None:
    def broken(_at: float) -> None:
        raise OSError("disk")

    monkeypatch.setattr(world.desk.housekeeping, "_offer_tickets", broken)
    ask(world, "web:a")
    world.clock.now += world.desk.rules.waiting.ticket_after
    broken.__name__ = "_offer_tickets"
    world.desk.housekeeping.tick()
    assert world.desk.owner("web:a") == "bot"
    assert "_offer_tickets failed" in caplog.text


def test_outside_hours_nothing_is_opened_of_a_bare_wish_for_a_person(
    world: Any, hours: FakeHours, tickets: FakeTickets
) -> None:
    hours.closed.add(SOCIAL)
    receipt = world.desk.open_handoff("web:a", "asked_for_human", SOCIAL, "", said="转人工")
    assert (receipt.status, receipt.number, receipt.opens_text) == ("closed", "", "900 分钟后")
    assert tickets.made == []
    assert world.desk.owner("web:a") == "bot"


def test_a_ticket_is_made_of_what_was_said_and_not_of_commands(world: Any, tickets: FakeTickets) -> None:
    world.desk.open_handoff("web:a", "asked_for_human", SOCIAL, "", said="转人社局")
    world.desk.receive("web:a", "转人社局")
    assert "先把您的事写在这里" in world.desk.receive("web:a", "留言")[0]
    assert world.desk.owner("web:a") == "queue"
    world.desk.receive("web:a", "我的社保卡丢了，在外地怎么补办")
    world.desk.receive("web:a", "有人吗")
    assert "G1" in world.desk.receive("web:a", "我要留言")[0]
    [made] = tickets.made
    assert (made["subject"], made["details"]) == (
        "我的社保卡丢了，在外地怎么补办",
        "转人社局\n我的社保卡丢了，在外地怎么补办",
    )


def test_commands_and_ratings_are_read_in_traditional_chinese_too(make_world: Any) -> None:
    table = str.maketrans("隊滿轉會", "队满转会")
    world = make_world(simplify=lambda text: text.translate(table))
    world.desk.open_handoff("web:a", "complex", None, "问")
    assert "已为您取消排队" in world.desk.receive("web:a", "取消排隊")[0]
    member = at_the_desk(world)
    world.desk.open_handoff("web:b", "complex", SOCIAL, "问")
    world.desk.resolve("web:b", member)
    assert world.desk.recipient("web:b", "非常滿意") == "desk"


def test_the_department_asked_for_is_found_in_the_words_left_out_of_the_question(world: Any) -> None:
    receipt = world.desk.open_handoff("web:a", "asked_for_human", None, "", said="转人社局")
    assert receipt.department == SOCIAL
