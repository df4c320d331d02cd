"""The desk, its tickets and the working calendar together, across a week with a make-up day."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.engine import Connection, Engine

from desk.calendar import WorkingCalendar
from desk.service import Desk
from desk.tickets import Maker, Tickets

PASSWORD = "correct horse battery"
SOCIAL = "市人力资源和社会保障局"
CITIZEN = "wechat:oABC1234"


@pytest.fixture
def at(make_world: Callable[..., Any], engine: Engine) -> Callable[[str], Any]:
    """A world whose clock can be set to a moment in Shanghai."""
    calendar = WorkingCalendar.load()
    clock: list[Any] = []

    def deliver(
        connection: Connection, conversation_id: str, author: str, text: str, payload: Any = None
    ) -> None:
        clock[0].deliver(connection, conversation_id, author, text, payload)

    tickets = Tickets(engine, calendar, deliver, clock=lambda: clock[0].clock.now)
    world = make_world(hours=calendar, tickets=Maker(tickets))
    clock.append(world)
    world.tickets = tickets

    def move(moment: str) -> Any:
        local = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        world.clock.now = local.timestamp()
        return world

    return move


def test_a_question_after_hours_before_the_spring_festival_is_due_after_the_make_up_day(
    at: Callable[[str], Any],
) -> None:
    world = at("2026-02-13 18:30")  # Friday evening; Saturday the 14th is worked, then nine days off
    receipt = world.desk.open_handoff(CITIZEN, "complex", SOCIAL, "灵活就业怎么参保")
    assert receipt.opens_text == "明天（周六）09:00"
    assert receipt.ticket.due_text == "2月25日（周三）17:00"  # day 0 is the 14th, then the 24th and 25th
    desk: Desk = world.desk
    assert desk.owner(CITIZEN) == "bot"


def test_a_ticket_from_the_queue_is_answered_to_the_citizen_and_handled_again_on_request(
    at: Callable[[str], Any],
) -> None:
    world = at("2026-11-25 10:00")
    wang = world.staff("wang", department=SOCIAL)
    world.desk.open_handoff(CITIZEN, "complex", SOCIAL, "灵活就业怎么参保")
    world.desk.receive(CITIZEN, "我在临港区")
    [told] = world.desk.receive(CITIZEN, "留言")
    [ticket] = world.tickets.of_conversation(CITIZEN)
    assert ticket.number in told
    assert ticket.details.splitlines()[:2] == ["灵活就业怎么参保", "我在临港区"]
    assert ticket.handoff_number == "20261125-0001"

    world.tickets.take(ticket.number, wang)
    world.tickets.answer(ticket.number, wang, "请到临港区政务中心 12 号窗口办理。")
    assert "12 号窗口" in world.told(CITIZEN)[-1]
    world = at("2026-11-27 10:00")
    again = world.tickets.reopen(CITIZEN, ticket.number, "窗口说不能办")
    assert again.status == "working"


def test_a_bad_rating_is_a_supervisors_ticket_that_the_citizen_never_sees(at: Callable[[str], Any]) -> None:
    world = at("2026-11-25 10:00")
    wang = world.staff("wang", department=SOCIAL)
    chief = world.staff("chief", "赵军", department=SOCIAL, role="supervisor")
    number = world.desk.open_handoff(CITIZEN, "complex", SOCIAL, "灵活就业怎么参保").number
    world.desk.claim(number, wang)
    world.desk.resolve(CITIZEN, wang)
    assert world.desk.receive(CITIZEN, "非常不满意") == []
    assert "主管会看到" in world.told(CITIZEN)[-1]
    assert world.tickets.of_conversation(CITIZEN) == []
    [follow_up] = world.tickets.listed(chief, "department").tickets
    assert follow_up.kind == "follow_up"
    assert "王敏" in follow_up.details
    assert world.tickets.listed(wang, "department").tickets == []


def test_a_very_long_question_still_becomes_a_ticket(at: Callable[[str], Any]) -> None:
    world = at("2026-11-25 22:00")
    receipt = world.desk.open_handoff(CITIZEN, "complex", SOCIAL, "很长" * 5000)
    [ticket] = world.tickets.of_conversation(CITIZEN, receipt.ticket.number)
    assert ticket.details.endswith("（其余见会话记录）")


def test_the_same_message_again_after_a_crash_is_added_to_the_ticket_once(at: Callable[[str], Any]) -> None:
    world = at("2026-11-25 22:00")
    wang = world.staff("wang", department=SOCIAL)

    def say(question: str) -> str:
        number: str = world.desk.open_handoff(CITIZEN, "complex", SOCIAL, question).ticket.number
        return number

    first = say("灵活就业怎么参保")
    assert {say("灵活就业怎么参保"), say("我在临港区"), say("我在临港区")} == {first}
    events = world.tickets.get(first, wang).events
    assert [event.text for event in events if event.kind == "noted"] == ["我在临港区"]
