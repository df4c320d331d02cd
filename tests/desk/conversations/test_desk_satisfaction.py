"""The rating: asked once when a human service ends, whoever ended it."""

from collections.abc import Callable
from typing import Any

import pytest
from desk_fakes import FakeTickets
from sqlalchemy import select

from desk.records import StaffMember
from desk.tables import ratings

CITIZEN = "wechat:oABC1234"


@pytest.fixture
def tickets() -> FakeTickets:
    return FakeTickets()


@pytest.fixture
def world(make_world: Any, tickets: FakeTickets) -> Any:
    return make_world(tickets=tickets)


@pytest.fixture
def member(world: Any) -> StaffMember:
    member: StaffMember = world.staff("wang")
    world.accounts.sign_in("wang", "correct horse battery")
    world.desk.arrive(member)
    world.desk.open_handoff(CITIZEN, "complex", None, "灵活就业怎么参保")
    world.desk.reply(CITIZEN, member, "您好")
    return member


def rating(world: Any) -> Any:
    with world.engine.connect() as connection:
        [row] = connection.execute(select(ratings)).all()
        return row


def answer(world: Any, text: str) -> list[str]:
    """What the gateway does with a message."""
    if world.desk.recipient(CITIZEN, text) == "bot":
        world.desk.record(CITIZEN, ("citizen", text, None))
        return []
    told: list[str] = world.desk.receive(CITIZEN, text)
    return told


def test_staff_end_it_and_the_citizen_is_asked_with_options(world: Any, member: StaffMember) -> None:
    world.desk.resolve(CITIZEN, member)
    question = world.outbox()[-1]
    assert [option["label"] for option in question.payload["options"]] == [
        "非常满意",
        "满意",
        "一般",
        "不满意",
        "非常不满意",
    ]
    assert "不评价也没关系" in question.payload["choose"]
    assert rating(world).score is None


@pytest.mark.parametrize(
    ("said", "score"),
    [("1", 5), ("１", 5), ("非常满意", 5), ("满意！", 4), ("三", 3), ("一般", 3), ("3星", 3)],
)
def test_a_number_or_the_words_are_a_rating(world: Any, member: StaffMember, said: str, score: int) -> None:
    world.desk.resolve(CITIZEN, member)
    [told] = answer(world, said)
    assert "谢谢" in told
    assert rating(world).score == score
    assert answer(world, said) == []  # once


def test_a_bad_rating_asks_why_and_opens_a_follow_up(
    world: Any, member: StaffMember, tickets: FakeTickets
) -> None:
    world.desk.resolve(CITIZEN, member)
    assert answer(world, "5") == []
    why = world.outbox()[-1]
    assert (why.author, why.conversation_id) == ("system", CITIZEN)
    assert "主管" in why.text
    assert [option["label"] for option in why.payload["options"]][:2] == ["问题没有解决", "等得太久"]
    assert "不想说也没关系" in why.payload["choose"]
    [made] = tickets.made
    assert made["kind"] == "follow_up"
    assert "非常不满意" in made["subject"]
    assert "王敏" in made["details"]
    [told] = answer(world, "2")
    assert "我们会改进" in told
    assert (rating(world).score, rating(world).reason, rating(world).follow_up) == (1, "等得太久", "G1")
    assert answer(world, "2") == []


def test_another_question_passes_the_rating_over_and_a_number_is_the_bots_again(
    world: Any, member: StaffMember
) -> None:
    world.desk.resolve(CITIZEN, member)
    assert answer(world, "公积金怎么提取") == []
    assert answer(world, "1") == []
    assert rating(world).score is None


def test_the_question_is_open_for_a_day(world: Any, member: StaffMember) -> None:
    world.desk.resolve(CITIZEN, member)
    world.clock.now += world.desk.rules.rating.open_for + 1
    assert world.desk.recipient(CITIZEN, "1") == "bot"


def test_a_rating_that_came_too_late_belongs_to_the_bot(world: Any, member: StaffMember) -> None:
    world.desk.resolve(CITIZEN, member)
    world.desk.record(CITIZEN, ("citizen", "别的", None))
    assert world.desk.receive(CITIZEN, "1") is None


def test_the_citizen_ends_it_and_is_asked(world: Any, member: StaffMember) -> None:
    assert world.desk.receive(CITIZEN, "没有问题了。") == []
    assert world.desk.owner(CITIZEN) == "bot"
    assert "满意吗" in world.told(CITIZEN)[-1]
    assert world.desk.latest_handoff(CITIZEN).outcome == "resolved"
    assert world.returned == [CITIZEN]
    assert world.desk.serving(member) == []


def test_silence_after_a_reply_ends_it_and_the_citizen_is_asked(world: Any, member: StaffMember) -> None:
    def later(seconds: float) -> None:
        world.clock.now += seconds
        world.accounts.sign_in("wang", "correct horse battery")
        world.desk.housekeeping.tick()

    world.desk.receive(CITIZEN, "那材料呢")
    later(world.desk.rules.serving.answer_within - 1)
    assert world.desk.owner(CITIZEN) == "staff"  # it is staff who owe an answer
    world.desk.reply(CITIZEN, member, "身份证")
    later(world.desk.rules.serving.idle_after)
    assert world.desk.owner(CITIZEN) == "bot"
    assert world.desk.latest_handoff(CITIZEN).outcome == "idle"
    assert len([text for text in world.told(CITIZEN) if "满意吗" in text]) == 1


def test_whoever_only_waited_is_not_asked(world: Any) -> None:
    world.desk.open_handoff(CITIZEN, "complex", None, "问题")
    world.desk.receive(CITIZEN, "返回")
    with world.engine.connect() as connection:
        assert connection.execute(select(ratings)).all() == []


def test_a_follow_up_that_cannot_be_opened_loses_no_rating(
    world: Any, member: StaffMember, tickets: FakeTickets, monkeypatch: Any, caplog: Any
) -> None:
    def broken(_connection: Any, **_values: Any) -> Any:
        raise OSError("disk")

    monkeypatch.setattr(tickets, "make", broken)
    world.desk.resolve(CITIZEN, member)
    assert answer(world, "5") == []
    assert "主管" in world.outbox()[-1].text
    assert (rating(world).score, rating(world).follow_up) == (1, None)
    assert "no follow-up" in caplog.text


def test_what_the_citizen_says_before_the_question_has_reached_them_does_not_answer_it(
    make_world: Callable[..., Any],
) -> None:
    """An account that may not send unasked: the question goes out with the reply to the citizen's next message."""
    out: set[int] = set()
    world = make_world(told=lambda _connection, outbox_id: outbox_id in out)
    wang = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "灵活就业怎么参保").number, wang)
    world.desk.reply(CITIZEN, wang, "您要办哪一种？1 新参保 2 续保")
    world.desk.resolve(CITIZEN, wang)
    assert answer(world, "2") == []  # the bot's
    assert rating(world).score is None
    out.add(world.outbox()[-1].id)
    [told] = answer(world, "满意")
    assert "谢谢" in told
    assert rating(world).score == 4


def test_a_number_is_no_reason_before_the_question_for_it_has_reached_the_citizen(
    make_world: Callable[..., Any],
) -> None:
    out: set[int] = set()
    world = make_world(told=lambda _connection, outbox_id: outbox_id in out)
    wang = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "灵活就业怎么参保").number, wang)
    world.desk.reply(CITIZEN, wang, "您要办哪一种？1 新参保 2 续保")
    world.desk.resolve(CITIZEN, wang)
    out.add(world.outbox()[-1].id)
    assert answer(world, "非常不满意") == []
    assert rating(world).score == 1
    assert answer(world, "2") == []  # the bot's
    assert rating(world).reason is None
    out.add(world.outbox()[-1].id)
    [told] = answer(world, "等得太久")
    assert "我们会改进" in told
    assert rating(world).reason == "等得太久"
