"""Opening handoffs, their numbers and positions, and what a waiting citizen is told."""

from typing import Any

import pytest

from desk.conversations.log import BOT_MESSAGES_KEPT
from desk.errors import BadInput, HandoffClosed


def test_a_handoff_is_numbered_within_the_citys_day(world: Any) -> None:
    # 23:59 and 00:00 in Shanghai are 15:59 and 16:00 UTC: one UTC day, two city days.
    world.clock.now += 15 * 3600 - 60
    numbers = [world.desk.open_handoff(f"web:{n}", "complex", None, "问").number for n in "ab"]
    world.clock.now += 60
    numbers.append(world.desk.open_handoff("web:c", "complex", None, "问").number)
    assert numbers == ["20261123-0001", "20261123-0002", "20261124-0001"]


def test_opening_again_gives_the_same_handoff_until_it_ends(world: Any) -> None:
    staff = world.staff("wang")
    first = world.desk.open_handoff("web:a", "complex", "住建局", "公租房")
    again = world.desk.open_handoff("web:a", "complaint", "市监局", "别的")
    assert (first.already_open, again.already_open) == (False, True)
    assert (again.number, again.department, again.status, again.position) == (
        first.number,
        "住建局",
        "queued",
        1,
    )
    world.desk.claim(first.number, staff)
    claimed = world.desk.open_handoff("web:a", "complex", None, "公租房")
    assert (claimed.number, claimed.status, claimed.position) == (first.number, "claimed", 0)
    world.desk.resolve("web:a", staff)
    assert world.desk.open_handoff("web:a", "complex", None, "公租房").number != first.number


def test_positions_follow_the_order_of_arrival_and_close_up(world: Any) -> None:
    receipts = [world.desk.open_handoff(f"web:{n}", "complex", None, "问") for n in "abc"]
    assert [receipt.position for receipt in receipts] == [1, 2, 3]
    world.desk.claim(receipts[0].number, world.staff("wang"))
    assert [handoff.conversation_id for handoff in world.desk.queue()] == ["web:b", "web:c"]
    assert world.desk.latest_handoff("web:c").position == 2


def test_a_handoff_without_a_department_goes_to_general_reception(world: Any) -> None:
    assert world.desk.open_handoff("web:a", "error", "  ", "问").department == "综合受理"


def test_a_reason_outside_the_vocabulary_is_refused(world: Any) -> None:
    with pytest.raises(BadInput, match="asked_for_human"):
        world.desk.open_handoff("web:a", "bored", None, "问")
    assert world.desk.owner("web:a") == "bot"


def test_staff_count_as_online_while_their_page_is_seen(world: Any) -> None:
    world.staff("wang")
    world.staff("li")
    token = world.accounts.sign_in("wang", "correct horse battery")
    assert world.accounts.sign_in("wang", "correct horse battery")  # a second browser is the same person
    world.accounts.sign_in("li", "correct horse battery")
    assert world.desk.staff_online() == 2
    world.clock.now += 170
    world.accounts.session(token)
    world.clock.now += 60
    assert world.desk.staff_online() == 1
    assert (
        world.desk.open_handoff("web:a", "complex", None, "问").staff_online == 0
    )  # nobody of them is ready


def test_only_who_is_ready_for_this_department_counts_for_who_waits(world: Any) -> None:
    for username, department in (("wang", "公安局"), ("li", "民政局")):
        member = world.staff(username, department=department)
        world.accounts.sign_in(username, "correct horse battery")
        if username == "li":
            world.desk.arrive(member)
    receipt = world.desk.open_handoff("web:a", "complex", "公安局", "问")
    assert (receipt.status, receipt.staff_online) == ("queued", 0)
    assert "没有工作人员在线" in world.desk.receive("web:a", "我先说一下情况")[0]


def test_the_receipt_names_the_department_that_takes_it(world: Any) -> None:
    world.staff("wang", department="综合受理")
    world.staff("li", department="市公安局")
    for given, named in (("市医疗保障局", "综合受理"), ("澜川市公安局", "市公安局")):
        assert world.desk.open_handoff(f"web:{given}", "complex", given, "问").department == named


def test_a_waiting_citizen_is_told_the_position_first_and_then_only_now_and_again(world: Any) -> None:
    member = world.staff("wang")
    world.accounts.sign_in("wang", "correct horse battery")
    world.desk.arrive(member)
    for n in range(world.desk.rules.assigning.capacity):
        world.desk.open_handoff(f"web:{n}", "complex", None, "问")
    for n in "abc":
        world.desk.open_handoff(f"web:{n}", "complex", None, "问")
    [first] = world.desk.receive("web:c", "我是城关区的")
    assert "前面还有 2 人" in first
    assert "返回" in first
    assert world.desk.receive("web:c", "六十二岁") == []
    world.clock.now += 301
    world.accounts.sign_in("wang", "correct horse battery")  # the page is still open
    assert len(world.desk.receive("web:c", "农村户口")) == 1
    assert [text for author, text in world.said("web:c") if author == "citizen"] == [
        "我是城关区的",
        "六十二岁",
        "农村户口",
    ]


@pytest.mark.parametrize("asking", ["到我了吗", "请问还要等多久？", "查工单", "喂，有人吗", "转人工"])
def test_who_asks_how_far_it_is_is_told_every_time(world: Any, asking: str) -> None:
    world.desk.open_handoff("web:a", "complex", None, "问")
    for _ in range(3):
        [told] = world.desk.receive("web:a", asking)
        assert "第 1 位" in told


def test_with_nobody_online_the_citizen_learns_that_and_the_number(world: Any) -> None:
    number = world.desk.open_handoff("web:a", "complex", None, "问").number
    [text] = world.desk.receive("web:a", "在吗")
    assert "没有工作人员在线" in text
    assert number in text


@pytest.mark.parametrize(
    "command",
    ["返回", " 返回。", "不等了！", "“返回”", "我不想等了，返回", "算了吧", "取消排队，谢谢", "请帮我取消"],
)
def test_a_citizen_who_no_longer_waits_is_back_with_the_bot(world: Any, command: str) -> None:
    number = world.desk.open_handoff("web:a", "complex", None, "问").number
    [text] = world.desk.receive("web:a", command)
    assert "取消排队" in text
    assert world.desk.owner("web:a") == "bot"
    assert world.returned == ["web:a"]
    assert world.desk.queue() == []
    assert world.desk.latest_handoff("web:a").outcome == "cancelled"
    with pytest.raises(HandoffClosed, match="取消"):
        world.desk.claim(number, world.staff("wang"))


def test_a_sentence_that_only_contains_the_command_does_not_cancel(world: Any) -> None:
    world.desk.open_handoff("web:a", "complex", None, "问")
    world.desk.receive("web:a", "返回户籍地办理可以吗")
    assert world.desk.owner("web:a") == "queue"


def test_while_staff_talk_with_the_citizen_the_system_says_nothing(world: Any) -> None:
    staff = world.staff("wang")
    world.desk.claim(world.desk.open_handoff("web:a", "complex", None, "问").number, staff)
    world.desk.reply("web:a", staff, "请说")
    assert world.desk.receive("web:a", "你好") == []
    assert world.desk.receive("web:a", "返回") == []
    assert world.desk.owner("web:a") == "staff"
    assert world.said("web:a")[-2:] == [("citizen", "你好"), ("citizen", "返回")]


def test_a_message_of_a_conversation_the_bot_owns_is_not_swallowed(world: Any) -> None:
    world.desk.record("web:a", ("citizen", "你好", None))
    for conversation_id in ("web:a", "web:new"):
        assert world.desk.receive(conversation_id, "怎么办身份证") is None
    assert world.said("web:a") == [("citizen", "你好")]


def test_in_the_callers_transaction_all_happens_or_nothing(world: Any) -> None:
    world.desk.open_handoff("web:a", "complex", None, "问")
    with world.engine.connect() as connection, connection.begin() as transaction:
        world.desk.receive("web:a", "返回", connection)
        transaction.rollback()
    assert world.desk.owner("web:a") == "queue"
    with world.engine.begin() as connection:
        world.desk.receive("web:a", "返回", connection)
        assert world.returned == []  # not before the caller's commit
    assert world.desk.recipient("web:a", "问") == "bot"
    assert world.returned == ["web:a"]


def test_the_bots_part_is_bounded_and_a_handoffs_part_is_kept(world: Any) -> None:
    answer = {"status": "answered", "text": "答", "sources": []}
    for n in range(BOT_MESSAGES_KEPT + 5):
        world.desk.record("web:a", ("citizen", f"问{n}", None))
    said = world.said("web:a")
    assert (len(said), said[0][1]) == (BOT_MESSAGES_KEPT, "问5")
    staff = world.staff("wang")
    world.desk.claim(world.desk.open_handoff("web:a", "complex", None, "问").number, staff)
    world.desk.reply("web:a", staff, "您好")
    world.desk.resolve("web:a", staff)
    for n in range(BOT_MESSAGES_KEPT):
        world.desk.record("web:a", ("bot", f"答{n}", answer))
    said = world.said("web:a")
    assert ("staff", "您好") in said
    assert ("citizen", "问204") not in said
    assert world.desk.conversation("web:a").messages[-1].payload == answer


def test_only_the_citizens_and_the_bots_words_are_mirrored(world: Any) -> None:
    with pytest.raises(BadInput, match="staff"):
        world.desk.record("web:a", ("staff", "冒充", None))


def test_trying_the_assistant_out_calls_nobody(world: Any) -> None:
    receipt = world.desk.open_handoff("eval:1", "complex", None, "转住建局")
    assert receipt.department == "市住房和城乡建设局"
    assert world.desk.queue() == []
    assert world.desk.conversation("eval:1") is None
