"""Who gets a waiting conversation, and what happens when they do not answer, leave, or pass it on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from desk_fakes import FakeHours
from sqlalchemy import event, select, update

from desk.errors import BadInput, HandoffClosed, NotAllowed, NotYours, UnknownStaff
from desk.records import StaffMember
from desk.tables import handoffs, staff

PASSWORD = "correct horse battery"
HOUSING = "市住房和城乡建设局"
SOCIAL = "市人力资源和社会保障局"


def at_the_desk(world: Any, username: str, name: str = "王敏", **values: str) -> StaffMember:
    member: StaffMember = world.staff(username, name, **values)
    world.accounts.sign_in(username, PASSWORD)
    world.desk.arrive(member)
    return member


def ask(world: Any, conversation_id: str, department: str | None = SOCIAL, **values: Any) -> Any:
    reason = values.get("reason", "complex")
    return world.desk.open_handoff(
        conversation_id, reason, department, values.get("question", "灵活就业怎么参保")
    )


def holder(world: Any, conversation_id: str) -> str | None:
    claimed_by = world.desk.latest_handoff(conversation_id).claimed_by
    return claimed_by.username if claimed_by else None


def test_a_handoff_goes_at_once_to_whoever_of_the_department_is_free(world: Any) -> None:
    at_the_desk(world, "housing", department=HOUSING)
    at_the_desk(world, "social", department=SOCIAL)
    receipt = ask(world, "web:a")
    assert (receipt.status, receipt.position) == ("claimed", 0)
    assert holder(world, "web:a") == "social"
    assert world.desk.owner("web:a") == "staff"
    assert world.told("web:a") == []  # the receipt says it


def test_conversations_are_spread_by_load_and_stop_at_capacity(world: Any) -> None:
    for username in ("wang", "zhao"):
        at_the_desk(world, username, department=SOCIAL)
    capacity = world.desk.rules.assigning.capacity
    for number in range(2 * capacity + 3):
        ask(world, f"web:{number}")
    loads = {member.username: member.load for member in world.desk.present()}
    assert loads == {"wang": capacity, "zhao": capacity}
    assert [handoff.position for handoff in world.desk.queue()] == [1, 2, 3]


def test_the_next_goes_to_the_least_busy_and_of_equals_to_who_waits_longest_for_one(world: Any) -> None:
    def next_goes_to(conversation_id: str) -> str | None:
        world.clock.now += 1
        ask(world, conversation_id)
        return holder(world, conversation_id)

    for username in ("wang", "zhao"):
        at_the_desk(world, username, department=SOCIAL)
    assert [next_goes_to(f"web:{number}") for number in range(4)] == ["wang", "zhao", "wang", "zhao"]
    account = world.accounts.account("wang").member
    world.desk.resolve("web:2", account)
    assert [next_goes_to("web:4"), next_goes_to("web:5")] == ["wang", "zhao"]  # 1 and 2, then 2 and 2
    world.accounts.change("wang", account.display_name, SOCIAL, "staff", "10")
    assert [next_goes_to("web:6"), next_goes_to("web:7")] == ["wang", "wang"]  # of 10, the other of fewer


@pytest.mark.parametrize(
    ("department", "said"), [(SOCIAL, "另一位工作人员"), (HOUSING, f"{HOUSING}的工作人员")]
)
def test_who_takes_over_from_a_colleague_does_not_ask_for_the_question_again(
    world: Any, department: str, said: str
) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    at_the_desk(world, "li", department=department)
    world.desk.transfer("web:a", wang, "他更熟悉", colleague="li")
    assert said in world.told("web:a")[-1]
    assert "不用重新说" in world.told("web:a")[-1]


def test_signing_in_brings_what_waits_oldest_first_and_the_citizen_is_told(world: Any) -> None:
    capacity = world.desk.rules.assigning.capacity
    for number in range(capacity + 1):
        ask(world, f"web:{number}")
        world.clock.now += 1
    wang = at_the_desk(world, "wang", department=SOCIAL)
    assert {handoff.conversation_id for handoff in world.desk.serving(wang)} == {
        f"web:{number}" for number in range(capacity)
    }
    assert SOCIAL in world.told("web:0")[0]
    assert world.told(f"web:{capacity}") == []


def test_a_slot_that_frees_takes_the_next_in_the_same_transaction(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    for number in range(world.desk.rules.assigning.capacity + 1):
        ask(world, f"web:{number}")
    assert world.desk.queue()
    world.desk.resolve("web:0", wang)
    assert world.desk.queue() == []


def test_what_no_department_of_its_own_takes_goes_to_the_default_one_and_else_to_everyone(world: Any) -> None:
    at_the_desk(world, "wang", department=SOCIAL)
    assert ask(world, "web:a", HOUSING).status == "claimed"  # nobody else has an account
    at_the_desk(world, "general", department="综合受理")
    assert ask(world, "web:b", HOUSING).status == "claimed"
    assert holder(world, "web:b") == "general"


def test_the_department_a_citizen_asks_for_beats_the_one_of_the_source(world: Any) -> None:
    world.staff("housing", department=HOUSING)
    assert ask(world, "web:a", SOCIAL, question="帮我转住建局的人").department == HOUSING
    assert ask(world, "web:b", SOCIAL, question="公安局发的居住证社保能用吗").department == SOCIAL
    assert ask(world, "web:c", None, question="我要找车管所").department == "市公安局交通管理局"


def test_only_the_departments_staff_and_supervisors_claim_from_its_queue(world: Any) -> None:
    world.staff("social", department=SOCIAL)
    housing = world.staff("housing", department=HOUSING)
    chief = world.staff("chief", department="综合受理", role="supervisor")
    number = ask(world, "web:a").number
    with pytest.raises(NotAllowed, match=SOCIAL):
        world.desk.claim(number, housing)
    assert world.desk.queue(housing) == []
    assert [handoff.number for handoff in world.desk.queue(chief)] == [number]
    assert world.desk.claim(number, chief).claimed_by == chief


def test_whoever_pauses_keeps_what_they_have_and_gets_nothing_new(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    world.desk.pause(wang)
    assert ask(world, "web:b").status == "queued"
    assert holder(world, "web:a") == "wang"
    world.desk.arrive(wang)
    assert holder(world, "web:b") == "wang"


def test_an_emergency_is_first_and_goes_to_somebody_beyond_capacity_and_department(world: Any) -> None:
    at_the_desk(world, "wang", department=HOUSING)
    for number in range(world.desk.rules.assigning.capacity):
        ask(world, f"web:{number}", HOUSING)
    assert ask(world, "web:x", SOCIAL, reason="crisis").status == "claimed"
    assert holder(world, "web:x") == "wang"


def test_with_nobody_there_an_emergency_is_first_in_the_queue(world: Any) -> None:
    ask(world, "web:a")
    receipt = ask(world, "web:x", reason="crisis")
    assert receipt.position == 1
    assert [handoff.conversation_id for handoff in world.desk.queue()] == ["web:x", "web:a"]


def test_an_emergency_told_of_while_waiting_gets_the_numbers_and_the_first_place(make_world: Any) -> None:
    world = make_world(is_crisis=lambda text: "不想活" in text)
    ask(world, "web:a")
    ask(world, "web:b")
    [told] = world.desk.receive("web:b", "等了这么久，我不想活了")
    assert "120" in told
    assert "12356" in told
    [first, _] = world.desk.queue()
    assert (first.conversation_id, first.reason) == ("web:b", "crisis")
    assert first.question.startswith("等了这么久，我不想活了")  # what staff see in the list
    [more] = world.desk.receive("web:b", "我在楼顶")
    assert "12356" in more
    assert "返回" not in more
    at_the_desk(world, "wang", department=SOCIAL)
    assert "您在哪里" in world.told("web:b")[-1]


def test_an_emergency_told_to_staff_gets_the_numbers_at_once(make_world: Any) -> None:
    world = make_world(is_crisis=lambda text: "不想活" in text)
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    [told] = world.desk.receive("web:a", "我不想活了")
    assert "120" in told
    assert world.desk.serving(wang)[0].reason == "crisis"


def test_who_no_longer_waits_in_an_emergency_keeps_the_numbers(world: Any) -> None:
    ask(world, "web:a", reason="crisis")
    [told] = world.desk.receive("web:a", "返回")
    assert "12356" in told
    assert world.desk.owner("web:a") == "bot"


def test_nobody_is_asked_for_a_rating_of_an_emergency(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    for conversation_id, end in (
        ("web:staff", lambda: world.desk.resolve("web:staff", wang)),
        ("web:citizen", lambda: world.desk.receive("web:citizen", "结束")),
    ):
        ask(world, conversation_id, reason="crisis")
        end()
        said = world.outbox()[-1]
        assert (said.conversation_id, said.payload) == (conversation_id, None)
        assert "满意" not in said.text
        assert "12356" in said.text
        assert world.desk.recipient(conversation_id, "5") == "bot"


def test_who_answers_others_meanwhile_is_given_more_time(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    within = world.desk.rules.assigning.answer_within
    ask(world, "web:a")
    ask(world, "web:b")
    for _ in range(2):
        world.clock.now += within - 1
        world.accounts.sign_in("wang", PASSWORD)  # the page is open
        world.desk.reply("web:a", wang, "还要带户口簿。")
        world.clock.now += 1
        world.desk.housekeeping.tick()
        assert (holder(world, "web:b"), world.desk.is_ready(wang)) == ("wang", True)
    world.clock.now += within
    world.accounts.sign_in("wang", PASSWORD)
    world.desk.housekeeping.tick()
    assert (holder(world, "web:b"), world.desk.is_ready(wang)) == (None, False)


def test_an_assigned_conversation_nobody_answers_goes_to_a_colleague_and_the_first_is_paused(
    world: Any,
) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    zhao = at_the_desk(world, "zhao", department=SOCIAL)
    world.clock.now += world.desk.rules.assigning.answer_within - 1
    world.desk.housekeeping.tick()
    assert holder(world, "web:a") == "wang"
    world.clock.now += 1
    for member in (wang, zhao):
        world.accounts.sign_in(member.username, PASSWORD)  # both pages are open
    world.desk.housekeeping.tick()
    assert holder(world, "web:a") == "zhao"
    assert not world.desk.is_ready(wang)
    with pytest.raises(NotYours, match="王敏"):
        world.desk.reply("web:a", wang, "来了")


def test_an_answered_or_a_claimed_conversation_stays(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    world.desk.reply("web:a", wang, "您好")
    world.desk.pause(wang)
    number = ask(world, "web:b").number
    world.desk.claim(number, wang)
    world.clock.now += world.desk.rules.assigning.answer_within + 1
    world.accounts.sign_in("wang", PASSWORD)
    world.desk.housekeeping.tick()
    assert holder(world, "web:a") == holder(world, "web:b") == "wang"


def test_whoever_leaves_gives_the_conversations_back_to_the_front_of_the_queue(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    world.clock.now += 60
    world.desk.pause(wang)
    ask(world, "web:b")
    world.desk.leave(wang)
    assert [handoff.conversation_id for handoff in world.desk.queue()] == ["web:a", "web:b"]
    assert "其他同事" in world.told("web:a")[-1]
    assert world.desk.owner("web:a") == "queue"


def test_whose_page_is_gone_is_not_there_any_more(world: Any) -> None:
    at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    world.clock.now += world.desk.rules.assigning.gone_after + 1
    world.desk.housekeeping.tick()
    assert world.desk.owner("web:a") == "queue"
    at_the_desk(world, "zhao", department=SOCIAL)
    assert holder(world, "web:a") == "zhao"


def test_the_tick_finds_a_free_slot_that_nobody_announced(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    world.clock.now += world.desk.rules.assigning.present_for + 1  # the page was closed for a while
    assert ask(world, "web:a").status == "queued"
    world.accounts.sign_in("wang", PASSWORD)
    world.desk.housekeeping.tick()
    assert holder(world, "web:a") == wang.username


def test_a_transfer_to_a_department_keeps_the_place_and_tells_the_citizen(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    world.staff("housing", department=HOUSING)
    ask(world, "web:a")
    world.clock.now += 100
    ask(world, "web:b", HOUSING)
    world.desk.transfer("web:a", wang, "这是公租房的事", department=HOUSING)
    assert [handoff.conversation_id for handoff in world.desk.queue()] == ["web:a", "web:b"]
    assert HOUSING in world.told("web:a")[-1]
    assert any("这是公租房的事" in text for author, text in world.said("web:a") if author == "system")
    with pytest.raises(NotYours):
        world.desk.reply("web:a", wang, "再说一句")


def test_a_transfer_to_a_colleague_needs_one_who_is_there(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    zhao = world.staff("zhao", "赵云", department=SOCIAL)
    with pytest.raises(BadInput, match="赵云 现在不在岗"):
        world.desk.transfer("web:a", wang, "请接一下", colleague="zhao")
    with pytest.raises(UnknownStaff):
        world.desk.transfer("web:a", wang, "请接一下", colleague="nobody")
    world.accounts.sign_in("zhao", PASSWORD)
    world.desk.arrive(zhao)
    world.desk.transfer("web:a", wang, "请接一下", colleague="zhao")
    assert holder(world, "web:a") == "zhao"
    assert world.desk.owner("web:a") == "staff"


def test_a_transfer_says_why_where_to_and_not_too_often(make_world: Any) -> None:
    world = make_world(hours=FakeHours({HOUSING}))
    wang = at_the_desk(world, "wang", department=SOCIAL)
    chief = at_the_desk(world, "chief", department=SOCIAL, role="supervisor")
    world.staff("housing", department=HOUSING)
    world.desk.pause(chief)
    ask(world, "web:a")
    with pytest.raises(BadInput):
        world.desk.transfer("web:a", wang, " ", department=SOCIAL)
    with pytest.raises(BadInput, match="没有坐席"):
        world.desk.transfer("web:a", wang, "因为", department="市气象局")
    with pytest.raises(BadInput, match="不在工作时间"):
        world.desk.transfer("web:a", wang, "因为", department=HOUSING)
    for _ in range(world.desk.rules.waiting.hops):
        world.desk.transfer("web:a", wang, "因为", department=SOCIAL)  # comes back to the one who is free
    with pytest.raises(NotAllowed, match="3 次"):
        world.desk.transfer("web:a", wang, "因为", department=SOCIAL)
    world.desk.arrive(chief)
    world.desk.leave(wang)
    assert holder(world, "web:a") == "chief"
    world.desk.transfer("web:a", chief, "主管决定", department=SOCIAL)


def test_of_many_slots_and_many_citizens_each_conversation_has_one_holder(world: Any) -> None:
    members = [at_the_desk(world, f"staff{n}", f"坐席{n}", department=SOCIAL) for n in range(4)]
    total = len(members) * world.desk.rules.assigning.capacity + 6
    barrier = Barrier(8)

    def work(lane: int) -> None:
        barrier.wait()
        for number in range(lane, total, 8):
            ask(world, f"web:{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    held = [one.conversation_id for member in members for one in world.desk.serving(member)]
    waiting = [one.conversation_id for one in world.desk.queue()]
    assert len(held) == len(set(held)) == total - 6
    assert sorted(held + waiting) == sorted(f"web:{number}" for number in range(total))
    with world.engine.connect() as connection:
        numbers = connection.execute(select(handoffs.c.number)).scalars().all()
    assert len(set(numbers)) == total


def test_however_many_staff_are_free_giving_out_asks_the_database_the_same(world: Any) -> None:
    ask(world, "web:a", HOUSING)
    world.staff("housing", department=HOUSING)  # not there: it goes on waiting

    def statements(work: Callable[[], Any]) -> int:
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(world.engine, "before_cursor_execute", note)
        work()
        event.remove(world.engine, "before_cursor_execute", note)
        return len(seen)

    counts = []
    for number in range(12):
        at_the_desk(world, f"staff{number}", department=SOCIAL)
        counts.append(statements(world.desk.housekeeping.tick))
    assert holder(world, "web:a") is None
    assert len(set(counts)) == 1, counts


def test_two_departments_queues_are_given_out_together(world: Any) -> None:
    for department, username in ((HOUSING, "housing"), (SOCIAL, "social")):
        world.staff(username, department=department)
    for number in range(3):
        ask(world, f"web:h{number}", HOUSING)
        ask(world, f"web:s{number}", SOCIAL)
    with world.engine.begin() as connection:
        connection.execute(update(staff).values(available=True))
    for username in ("housing", "social"):
        world.accounts.sign_in(username, PASSWORD)
    world.desk.housekeeping.tick()
    assert world.desk.queue() == []
    assert {holder(world, f"web:h{number}") for number in range(3)} == {"housing"}
    assert {holder(world, f"web:s{number}") for number in range(3)} == {"social"}


def test_a_process_that_was_away_gives_staff_time_to_come_back_and_to_answer(
    world: Any, make_world: Callable[..., Any]
) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    rules = world.desk.rules.assigning
    world.clock.now += rules.gone_after + rules.answer_within + 1  # the office's machine was off
    later = make_world(clock=world.clock)
    later.desk.housekeeping.tick()
    assert later.desk.serves("web:a", wang)
    world.clock.now += rules.present_for
    world.accounts.sign_in("wang", PASSWORD)  # the page is there again
    later.desk.housekeeping.tick()
    assert later.desk.serves("web:a", wang)
    world.clock.now += rules.answer_within - rules.present_for
    later.desk.housekeeping.tick()
    assert later.desk.owner("web:a") == "queue"


def test_whose_page_does_not_come_back_with_the_process_is_gone(
    world: Any, make_world: Callable[..., Any]
) -> None:
    at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    rules = world.desk.rules.assigning
    world.clock.now += rules.gone_after + 1
    later = make_world(clock=world.clock)
    world.clock.now += rules.present_for
    later.desk.housekeeping.tick()
    assert later.desk.owner("web:a") == "queue"


def test_a_supervisor_takes_over_from_a_colleague_of_the_department_and_nobody_else_does(world: Any) -> None:
    wang = at_the_desk(world, "wang", "王敏", department=SOCIAL)
    zhao = at_the_desk(world, "zhao", department=SOCIAL)
    world.desk.pause(zhao)
    chief = world.staff("chief", "李强", department=SOCIAL, role="supervisor")
    other = world.staff("other", department=HOUSING, role="supervisor")
    ask(world, "web:a")
    assert holder(world, "web:a") == "wang"
    for member in (zhao, other, world.staff("boss", role="administrator")):
        with pytest.raises(NotAllowed):
            world.desk.take_over("web:a", member)
    world.desk.take_over("web:a", chief)
    assert holder(world, "web:a") == "chief"
    assert ("system", "李强 从 王敏 接手了会话") in world.said("web:a")
    with pytest.raises(NotYours):
        world.desk.reply("web:a", wang, "我还在写")
    world.desk.reply("web:a", chief, "您好")
    world.desk.resolve("web:a", chief)
    with pytest.raises(HandoffClosed):
        world.desk.take_over("web:a", chief)


def test_a_conversation_left_alone_for_half_an_hour_goes_to_a_colleague_and_the_citizen_is_told(
    world: Any,
) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    world.desk.reply("web:a", wang, "您好")
    world.desk.pause(wang)
    claimed = ask(world, "web:b")
    world.desk.claim(claimed.number, wang)
    zhao = at_the_desk(world, "zhao", department=SOCIAL)
    world.desk.receive("web:a", "那材料呢")
    for seconds, holders in ((world.desk.rules.serving.answer_within - 1, "wang"), (1, "zhao")):
        world.clock.now += seconds
        for member in (wang, zhao):
            world.accounts.sign_in(member.username, PASSWORD)
        world.desk.housekeeping.tick()
        assert holder(world, "web:a") == holder(world, "web:b") == holders
    assert "没能及时回复" in world.told("web:a")[-2]
    assert SOCIAL in world.told("web:a")[-1]


def test_until_the_first_reply_a_citizen_is_told_that_the_message_is_there(world: Any) -> None:
    wang = at_the_desk(world, "wang", department=SOCIAL)
    ask(world, "web:a")
    assert len(world.desk.receive("web:a", "我在临港区")) == 1
    assert world.desk.receive("web:a", "是灵活就业") == []
    world.desk.reply("web:a", wang, "您好")
    world.clock.now += world.desk.rules.waiting.tell_every
    assert world.desk.receive("web:a", "谢谢") == []
