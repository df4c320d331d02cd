"""Staff who answer in a tool outside the desk, seen from the desk."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from desk_client import JSON, sign_in, token_of
from desk_fakes import FakeHours, FakeTickets
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.engine import Connection

from desk.errors import BadInput, HandoffClosed, NotYours, UnknownStaff, UsernameTaken
from desk.pages import build_pages
from desk.ports import OutsideTool, Passing
from desk.tables import staff

PASSWORD = "correct horse battery"
SOCIAL = "市人力资源和社会保障局"
A = "wechat:oA"
HELD = "公众平台客服"


@dataclass
class Tool:
    """Says what the test wants."""

    says: Passing = "yes"
    looked: list[str] = field(default_factory=list)

    def passing(self, connection: Connection, conversation_id: str) -> Passing:
        assert connection.in_transaction()
        return self.says if conversation_id.startswith("wechat:") else "nobody"


@pytest.fixture
def tool() -> Tool:
    return Tool()


@pytest.fixture
def hours() -> FakeHours:
    return FakeHours()


@pytest.fixture
def world(make_world: Any, tool: Tool, hours: FakeHours) -> Any:
    outside = OutsideTool(HELD, tool.looked.append, tool.passing)
    tickets = FakeTickets()
    world = make_world(outside=outside, hours=hours, tickets=tickets, is_crisis=lambda text: "不想活" in text)
    world.tickets = tickets
    world.clock.now += 1000  # the process has been up for a while when something happens
    return world


def ask(world: Any, conversation_id: str = A, reason: str = "complex") -> Any:
    return world.desk.open_handoff(conversation_id, reason, SOCIAL, "灵活就业怎么参保")


def at_the_desk(world: Any, username: str = "wang") -> Any:
    member = world.staff(username, department=SOCIAL)
    world.accounts.sign_in(username, PASSWORD)
    world.desk.arrive(member)
    return member


def holder(world: Any, conversation_id: str = A) -> str:
    """The owner, or the name of who has it."""
    conversation = world.desk.conversation(conversation_id)
    if conversation.owner != "staff":
        return str(conversation.owner)
    return str(conversation.handoff.claimed_by.display_name)


def test_a_handoff_is_theirs_before_anybody_at_the_desk(world: Any, tool: Tool) -> None:
    at_the_desk(world)
    receipt = ask(world)
    assert (receipt.status, receipt.position, receipt.already_open) == ("claimed", 0, False)
    assert receipt.department == world.desk.rules.default_department
    assert holder(world) == HELD
    assert world.told(A) == []
    assert tool.looked == [A]


@pytest.mark.parametrize(("conversation", "reason"), [("web:a", "complex"), (A, "crisis")])
def test_other_channels_and_emergencies_are_the_desks(world: Any, conversation: str, reason: str) -> None:
    at_the_desk(world)
    ask(world, conversation, reason)
    assert holder(world, conversation) == "王敏"


def test_for_an_emergency_nobody_is_asked_who_is_there(world: Any, tool: Tool) -> None:
    ask(world, A, "crisis")
    assert tool.looked == []


@pytest.mark.parametrize("says", ["not_this", "nobody"])
def test_what_cannot_be_passed_on_waits_at_the_desk(world: Any, tool: Tool, says: Passing) -> None:
    tool.says = says
    assert ask(world).status == "queued"
    assert world.desk.receive(A, "有人吗")
    assert holder(world) == "queue"


def test_what_waits_at_the_desk_is_theirs_with_the_next_message(world: Any, tool: Tool) -> None:
    tool.says = "not_this"
    ask(world)
    tool.says = "yes"
    assert world.desk.receive(A, "我的社保断了") == []
    assert holder(world) == HELD
    assert world.said(A)[-2:] == [("citizen", "我的社保断了"), ("system", "已分配给 公众平台客服")]


@pytest.mark.parametrize(("command", "owner"), [("返回", "bot"), ("留言", "bot")])
def test_a_command_in_the_queue_is_still_one(world: Any, tool: Tool, command: str, owner: str) -> None:
    tool.says = "not_this"
    ask(world)
    tool.says = "yes"
    assert world.desk.receive(A, command)
    assert holder(world) == owner


def test_while_they_are_there_nothing_becomes_a_ticket_outside_hours(world: Any, hours: FakeHours) -> None:
    hours.closed.add(SOCIAL)
    assert ask(world).status == "claimed"
    assert world.tickets.made == []


def test_with_nobody_there_it_does(world: Any, tool: Tool, hours: FakeHours) -> None:
    tool.says = "nobody"
    hours.closed.add(SOCIAL)
    assert ask(world).ticket.number == "G1"


def test_the_rules_for_staff_at_the_desk_are_not_theirs(world: Any) -> None:
    ask(world)
    for _ in range(10):
        world.clock.now += 55
        world.desk.housekeeping.tick()
    assert holder(world) == HELD
    world.desk.outside.seen(A, "kf1")
    world.clock.now += world.desk.rules.outside.quiet_for - 10
    world.desk.housekeeping.tick()
    assert holder(world) == HELD


def test_whom_nobody_there_takes_waits_at_the_desk_where_they_came(world: Any) -> None:
    ask(world)
    world.clock.now += 10
    ask(world, "web:b")
    world.clock.now += world.desk.rules.outside.accept_within - 10
    world.desk.housekeeping.tick()
    assert [each.conversation_id for each in world.desk.queue()] == [A, "web:b"]
    assert world.told(A) == [world.desk.texts.say("citizen.outside_back")]
    assert world.said(A)[-1] == ("system", "公众平台客服一直没有人接入，会话回到队列最前面")
    world.desk.housekeeping.tick()
    assert len(world.told(A)) == 1


def test_what_is_quiet_there_has_ended(world: Any) -> None:
    ask(world)
    world.desk.outside.seen(A, "kf1")
    world.clock.now += world.desk.rules.outside.quiet_for
    world.desk.housekeeping.tick()
    assert holder(world) == "bot"
    assert world.desk.latest_handoff(A).outcome == "idle"
    assert world.returned == [A]
    assert world.desk.outside.stray() == []


def test_a_process_that_was_just_started_waits_before_it_takes_anything_back(
    world: Any, make_world: Any, tool: Tool
) -> None:
    ask(world)
    world.clock.now += world.desk.rules.outside.accept_within
    started = make_world(clock=world.clock, outside=OutsideTool(HELD, tool.looked.append, tool.passing))
    started.desk.housekeeping.tick()
    assert holder(world) == HELD
    world.clock.now += world.desk.rules.assigning.present_for
    started.desk.housekeeping.tick()
    assert holder(world) == "queue"


def test_accepting_counts_as_the_first_reply_and_ending_as_the_end(world: Any) -> None:
    ask(world)
    world.clock.now += 30
    world.desk.outside.seen(A, "kf1")
    world.desk.outside.seen(A, "kf1")
    world.desk.outside.seen(A, "kf2")
    lines = [text for author, text in world.said(A) if author == "system" and "接入了会话" in text]
    assert [line.partition("）")[0] for line in lines] == ["公众平台客服（kf1", "公众平台客服（kf2"]
    world.clock.now += 60
    world.desk.outside.ended(A)
    assert (holder(world), world.returned) == ("bot", [A])
    today = world.desk.numbers.overview().today
    assert (today.answered, today.first_response.median, today.handling.median) == (1, 30.0, 90.0)
    assert world.desk.receive(A, "满意")
    assert world.desk.numbers.overview().today.handoffs == 1


def test_they_count_for_no_estimate_and_no_department(world: Any, tool: Tool) -> None:
    member = at_the_desk(world)
    for number in range(world.desk.rules.estimate.at_least):
        ask(world, f"wechat:o{number}")
        world.desk.outside.ended(f"wechat:o{number}")
    tool.says = "nobody"
    world.desk.pause(member)
    assert ask(world).wait is None
    assert world.desk.departments() == [SOCIAL]
    assert world.desk.staff_online() == 1


def test_signs_of_what_they_do_not_have_change_nothing(world: Any, tool: Tool) -> None:
    world.desk.record(A, ("citizen", "居住证怎么办", None))
    world.desk.outside.seen(A, "kf1")
    world.desk.outside.ended(A)
    world.desk.outside.lost(A)
    world.desk.outside.ended("wechat:oNobody")
    assert holder(world) == "bot"
    tool.says = "nobody"
    member = at_the_desk(world)
    ask(world)
    world.desk.outside.ended(A)
    world.desk.outside.lost(A)
    assert holder(world) == member.display_name


def test_who_is_heard_there_is_theirs_also_from_the_queue(world: Any, tool: Tool) -> None:
    tool.says = "nobody"
    ask(world)
    world.desk.outside.seen(A, "kf1")
    assert holder(world) == HELD
    assert world.desk.outside.held()[0].agent == "kf1"


def test_whom_the_desk_serves_is_to_be_closed_there(world: Any, tool: Tool) -> None:
    tool.says = "nobody"
    member = at_the_desk(world)
    ask(world)
    world.desk.outside.seen(A, "kf1")
    assert holder(world) == member.display_name
    assert world.desk.outside.stray() == [A]
    world.desk.outside.closed(A)
    assert world.desk.outside.stray() == []


def test_danger_while_they_have_it_brings_it_back_first_in_the_queue(world: Any) -> None:
    ask(world, "web:b")
    ask(world)
    assert "120" in world.desk.receive(A, "我不想活了")[0]
    assert [each.conversation_id for each in world.desk.queue()] == [A, "web:b"]
    assert world.told(A) == []


def test_a_supervisor_takes_it_over(world: Any) -> None:
    ask(world)
    world.desk.outside.seen(A, "kf1")
    other = world.staff("li", "李明", department=SOCIAL)
    with pytest.raises(NotYours, match=HELD):
        world.desk.reply(A, other, "您好")
    chief = world.staff("chief", "周主任", department=SOCIAL, role="supervisor")
    world.desk.take_over(A, chief)
    assert holder(world) == "周主任"
    assert world.said(A)[-1] == ("system", "周主任 从 公众平台客服 接手了会话")
    assert world.desk.outside.stray() == [A]
    world.desk.reply(A, chief, "您好")


def test_nobody_hands_a_conversation_to_the_row_that_stands_for_them(world: Any, tool: Tool) -> None:
    ask(world)
    tool.says = "nobody"
    member = at_the_desk(world)
    ask(world, "web:b")
    with pytest.raises(UnknownStaff):
        world.desk.transfer("web:b", member, "请接", colleague="(outside)")
    with pytest.raises(UnknownStaff):
        world.accounts.find("(outside)")
    with pytest.raises((BadInput, UsernameTaken)):
        world.accounts.create("(outside)", PASSWORD, "某人", SOCIAL)
    assert [account.member.username for account in world.accounts.everyone()] == ["wang"]


def test_there_is_one_row_for_them_however_many_conversations_they_have(world: Any) -> None:
    ask(world)
    ask(world, "wechat:oB")
    with world.engine.connect() as connection:
        rows = connection.execute(select(staff).where(staff.c.outside)).all()
    assert [(row.display_name, row.active) for row in rows] == [(HELD, False)]


def test_the_page_shows_who_has_it_and_a_supervisor_takes_it_over_there(world: Any) -> None:
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    staff_page, chief_page = (TestClient(app, follow_redirects=False) for _ in range(2))
    world.staff("wang", department=SOCIAL)
    world.staff("zhang", "张强", department="公安局")
    world.staff("chief", "周主任", department=SOCIAL, role="supervisor")
    sign_in(staff_page)
    sign_in(chief_page, "chief")
    ask(world)
    page = staff_page.get("/console/desk").text
    assert re.search(r"<h2>公众平台客服 <span class=\"count\">1</span></h2>", page)
    assert "等待接入" in page
    world.desk.outside.seen(A, "kf1")
    opened = staff_page.get("/console/desk", params={"c": A}).text
    assert "公众平台客服 接待中" in opened
    assert "您可以查看，不能回复" in opened
    state = staff_page.get("/console/desk/state", headers=JSON).json()
    assert "公众平台客服" in state["parts"]["queue"][1]
    other = TestClient(app, follow_redirects=False)
    sign_in(other, "zhang")
    assert "公众平台客服" not in other.get("/console/desk").text

    opened = chief_page.get("/console/desk", params={"c": A}).text
    assert "您是主管，需要时可以接手" in opened
    form = {"c": A, "form_token": token_of(opened)}
    assert chief_page.post("/console/desk/take-over", data=form).status_code == 303
    assert holder(world) == "周主任"
    assert "公众平台客服 <span" not in staff_page.get("/console/desk").text


def test_what_has_ended_is_not_taken_over(world: Any) -> None:
    ask(world)
    world.desk.outside.ended(A)
    chief = world.staff("chief", "周主任", department=SOCIAL, role="supervisor")
    with pytest.raises(HandoffClosed):
        world.desk.take_over(A, chief)
