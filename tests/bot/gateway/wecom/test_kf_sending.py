"""Sending: what is refused, what gets lost on the way, and who has the conversation."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bot.gateway.tables import outbox
from bot.gateway.wechat.api import NextMessageOnly
from bot.gateway.wecom.simulator.standing import ENDED, POOL

from ..support import FakeDesk, Now, until
from .kf_world import CITIZEN, CONVERSATION, KfWorld, kf_world, make_server


def tell(k: KfWorld, author: Any, text: str) -> None:
    with k.w.engine.begin() as connection:
        k.w.gateway.deliver(connection, CONVERSATION, author, text)


OPTIONS = {"status": "clarify", "text": "哪一项？", "options": [{"id": "1", "label": "甲"}] * 2}


async def at_once(k: KfWorld) -> None:
    """What waits after a failure is sent now."""
    with k.w.engine.begin() as connection:
        connection.execute(update(outbox).values(next_try_at=0.0))
    await until(lambda: k.statuses() == ["delivered"])


# The same message twice


@pytest.mark.parametrize("known_message", [40058, 95021, 40097])
async def test_a_message_whose_answer_got_lost_is_not_said_twice(tmp_path: Path, known_message: int) -> None:
    async with kf_world(tmp_path, send_after_error=0.05) as k:
        k.server.known_message = known_message
        k.server.lost = 1
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        assert (k.said(), k.calls("send_msg")) == (["答：问"], 2)


async def test_a_process_that_dies_after_sending_leaves_nothing_to_be_said_twice(tmp_path: Path) -> None:
    server = make_server()
    async with kf_world(tmp_path, server) as k:

        def dying(*_: Any) -> None:
            raise OperationalError("UPDATE", {}, Exception("the disk is gone"))

        k.w.gateway._outbox.sent = dying  # type: ignore[method-assign]
        await k.wecom.say(CITIZEN, "问")
        await until(k.said)
        assert k.statuses() == ["sending"]
        tell(k, "staff", "另有一事")
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.statuses() == ["delivered", "delivered"])
        assert k.said() == ["答：问", "【工作人员】另有一事"]


async def test_a_process_that_dies_before_sending_leaves_it_to_the_next(tmp_path: Path) -> None:
    server = make_server()
    async with kf_world(tmp_path, server) as k:

        async def dying(*_: Any) -> None:
            raise MemoryError

        k.w.gateway._kf._api.send = dying
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.w.rows() and k.w.rows()[0].error)
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.statuses() == ["delivered"])
        assert k.said() == ["答：问"]


async def test_parts_of_a_message_that_is_too_long_are_not_said_twice(tmp_path: Path) -> None:
    async with kf_world(tmp_path, send_after_error=0.05) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        k.server.text_bytes = 1000
        k.server.lost = 1
        tell(k, "staff", "请到窗口办理。" * 60)
        await until(lambda: k.statuses() == ["delivered", "delivered"])
        assert "".join(k.said()[1:]) == "【工作人员】" + "请到窗口办理。" * 60


@pytest.mark.parametrize("code", [-1, 45009, 48002])
async def test_a_repetition_that_is_refused_for_another_reason_stays_the_same_message(
    tmp_path: Path, code: int
) -> None:
    clock = Now()
    async with kf_world(tmp_path, clock=clock, send_after_error=30.0) as k:
        k.server.lost = 1
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.w.rows() and k.w.rows()[0].error)
        k.server.errors_at["send_msg"].append(code)
        clock.offset = 61.0
        await until(lambda: "simulated" in k.w.rows()[0].error)
        clock.offset = 600.0
        await until(lambda: k.statuses() == ["delivered"])
        assert (k.said(), k.calls("send_msg")) == (["答：问"], 3)


@pytest.mark.parametrize("restarted", [False, True])
async def test_options_that_came_as_text_are_not_said_again(tmp_path: Path, restarted: bool) -> None:
    server = make_server()
    async with kf_world(tmp_path, server, send_after_error=60.0) as k:
        k.w.rasa.answer = lambda *_: [{"text": OPTIONS["text"], "custom": OPTIONS}]
        server.errors_at["send_msg"].append(40058)  # the menu
        server.lost = 1  # the answer to the text
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.w.rows() and k.w.rows()[0].status == "pending" and len(k.said()) == 1)
        if not restarted:
            await at_once(k)
    async with kf_world(tmp_path, server) as k:
        if restarted:
            await at_once(k)
        assert len(k.said()) == 1
        assert "1. 甲" in k.said()[0]


@pytest.mark.parametrize("where", ["composing", "token"])
async def test_what_failed_before_it_was_sent_is_not_taken_to_have_arrived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    async with kf_world(tmp_path, send_after_error=0.02) as k:
        failed = []

        def failing(*_: Any) -> Any:
            monkeypatch.undo()
            k.server.errors_at["send_msg"].append(44004)
            failed.append(where)
            raise OperationalError("SELECT", {}, Exception("the disk is gone"))

        async def failing_too(*_: Any) -> Any:
            failing()

        await k.wecom.say(CITIZEN, "早")
        await until(lambda: k.statuses() == ["delivered"])
        if where == "composing":
            monkeypatch.setattr(k.w.gateway._couriers["kf"]._composer, "together", failing)
        else:
            monkeypatch.setattr(k.w.gateway._kf._api._tokens, "get", failing_too)
        tell(k, "staff", "答复")
        await until(lambda: k.said() == ["答：早", "【工作人员】答复"])
        assert failed == [where]


async def test_a_refusal_that_nobody_knows_is_not_taken_for_an_arrival(tmp_path: Path) -> None:
    async with kf_world(tmp_path, send_after_error=0.02) as k:
        k.server.errors_at["send_msg"].extend([44004, 40058, 95021])
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])


# Refusals


@pytest.mark.parametrize("code", [-1, 6000, 45009, 45033, 41001, 48002, 60020])
async def test_what_passes_is_waited_for(tmp_path: Path, code: int) -> None:
    async with kf_world(tmp_path, send_after_error=0.02) as k:
        k.server.errors_at["send_msg"].extend([code] * 2)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])


@pytest.mark.parametrize("code", [95001, 95002, 95013])
async def test_what_only_the_next_message_changes_waits_for_it(tmp_path: Path, code: int) -> None:
    async with kf_world(tmp_path) as k:
        k.server.errors_at["send_msg"].append(code)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.w.rows() and k.w.rows()[0].error)
        assert k.w.gateway.budget(CONVERSATION).left == 0
        [row] = k.w.rows()
        assert k.w.gateway.deliveries.of([row.id]) == {row.id: "held"}
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: "".join(k.said()).replace("\n\n", "") == "答：问答：在吗")


async def test_many_who_have_to_write_first_do_not_keep_others_back(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        with k.w.engine.begin() as connection:
            for number in range(60):
                for text in ("一", "二"):
                    k.w.gateway.deliver(connection, f"kf:wmSilent{number}", "system", text)
        await until(lambda: all(row.error for row in k.w.rows()[::2]))
        with k.w.engine.begin() as connection:  # what is said later does not know that it has to wait
            connection.execute(update(outbox).where(outbox.c.text == "二").values(next_try_at=0.0))
        k.w.moved.clear()
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])
        assert {who for who in k.w.moved if "Silent" in who} == set(), "nobody's page is told of nothing"


async def test_who_is_not_there_any_more_is_sent_nothing(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.server.errors_at["send_msg"].append(40096)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["dropped"])


async def test_a_menu_that_is_refused_comes_as_numbered_text(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.w.rasa.answer = lambda *_: [{"text": OPTIONS["text"], "custom": OPTIONS}]
        k.server.errors_at["send_msg"].append(40058)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() and "1. 甲" in k.said()[0])


# What WeCom took and could not deliver


@pytest.mark.parametrize("kind", [0, 4, 5, 6])
async def test_what_did_not_arrive_comes_with_the_next_message(tmp_path: Path, kind: int) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        name = k.w.rows()[0].send_key
        await k.wecom.event("msg_send_fail", CITIZEN, fail_msgid=name, fail_type=kind)
        await until(lambda: k.statuses() == ["pending"])
        assert k.w.gateway.budget(CONVERSATION).left == (4 if kind == 0 else 0)
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: k.statuses() == ["delivered", "delivered"])
        assert "答：问" in k.said()[1]


@pytest.mark.parametrize("kind", [4, 5, 6])
async def test_what_did_not_arrive_comes_with_a_message_that_is_pulled_together_with_the_failure(
    tmp_path: Path, kind: int
) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        name = k.w.rows()[0].send_key
        k.wecom.silent = True
        await k.wecom.event("msg_send_fail", CITIZEN, fail_msgid=name, fail_type=kind)
        k.wecom.silent = False
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: k.statuses() == ["delivered", "delivered"])
        assert "".join(k.said()[1:]).replace("\n\n", "") == "答：问答：在吗"


@pytest.mark.parametrize("kind", [0, 4])
async def test_a_failure_that_is_told_after_the_citizens_next_message_keeps_nothing_back(
    tmp_path: Path, kind: int
) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        name = k.w.rows()[0].send_key
        gate = k.w.rasa.hold("慢")
        await k.wecom.say(CITIZEN, "慢")
        await until(lambda: k.w.heard() == ["问", "慢"])
        await k.wecom.event("msg_send_fail", CITIZEN, fail_msgid=name, fail_type=kind)
        await until(lambda: k.said() == ["答：问", "答：问"])
        gate.set()
        await until(lambda: k.statuses() == ["delivered", "delivered"])
        assert k.said()[2:] == ["答：慢"]


@pytest.mark.parametrize("code", [95001, 95002, 95013])
async def test_what_is_refused_while_the_citizen_writes_keeps_their_answer_from_nobody(
    tmp_path: Path, code: int
) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        api = k.w.gateway._kf._api
        send, sending, gate = api.send, asyncio.Event(), asyncio.Event()

        async def refused_later(*_: Any) -> None:
            api.send = send
            sending.set()
            await gate.wait()
            raise NextMessageOnly(code, "simulated")

        api.send = refused_later
        tell(k, "staff", "答复")
        await sending.wait()
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: len(k.w.rows()) == 3)
        gate.set()
        await until(lambda: k.statuses() == ["delivered"] * 3)
        assert "".join(k.said()[1:]).replace("\n\n", "") == "【工作人员】答复答：在吗"
        assert k.w.gateway.budget(CONVERSATION).left == 5 - len(k.said()[1:])


async def test_what_waits_because_five_were_sent_is_let_go_by_a_message_at_the_same_moment(
    tmp_path: Path,
) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        for number in range(4):
            tell(k, "staff", f"答复{number}")
            await until(lambda: set(k.statuses()) == {"delivered"})
        box, loop = k.w.gateway._outbox, asyncio.get_running_loop()
        hold, noting, gate = box.hold, asyncio.Event(), threading.Event()

        def later(*noted: Any) -> None:
            box.hold = hold  # type: ignore[method-assign]
            loop.call_soon_threadsafe(noting.set)
            assert gate.wait(10)
            hold(*noted)

        box.hold = later  # type: ignore[assignment, method-assign]
        tell(k, "staff", "第六条")
        await noting.wait()
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: k.w.rows()[-1].text == "答：在吗")
        gate.set()
        await until(lambda: set(k.statuses()) == {"delivered"})
        assert "".join(k.said()[5:]).replace("\n\n", "") == "【工作人员】第六条答：在吗"


async def test_what_the_citizen_does_not_want_is_given_up(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        name = k.w.rows()[0].send_key
        await k.wecom.event("msg_send_fail", CITIZEN, fail_msgid=name, fail_type=10)
        await until(lambda: k.statuses() == ["dropped"])


async def test_a_failure_of_what_was_never_sent_from_here_changes_nothing(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["delivered"])
        await k.wecom.event("msg_send_fail", CITIZEN, fail_msgid="somebody-elses", fail_type=4)
        await until(lambda: k.cursor() == "2")
        assert (k.statuses(), k.w.gateway.budget(CONVERSATION).left) == (["delivered"], 4)


# A person at WeCom's own desk


async def test_nobody_talks_over_a_person_in_wecom(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "转接")
        await until(lambda: k.said() == ["答：转接"])
        await k.wecom.person_takes(CITIZEN)
        await k.wecom.say(CITIZEN, "您是人工吗")
        await k.wecom.person_says(CITIZEN, "是的")
        await until(lambda: k.cursor() == "4")
        assert (k.texts(), k.w.heard()) == (["转接"], ["转接"])
        await k.wecom.person_ends(CITIZEN)
        await k.wecom.say(CITIZEN, "又有问题")
        await until(lambda: k.said() == ["答：转接", "答：又有问题"])


async def test_who_waits_in_wecoms_pool_waits_for_a_person(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.server.standing(CITIZEN).state = POOL
        await k.wecom.say(CITIZEN, "有人吗")
        await until(lambda: k.cursor() == "1")
        assert k.texts() == []


async def test_an_answer_that_comes_too_late_for_a_person_is_dropped_and_noted(tmp_path: Path) -> None:
    desk = FakeDesk()
    async with kf_world(tmp_path, desk=desk) as k:
        gate = k.w.rasa.hold("慢")
        await k.wecom.say(CITIZEN, "慢")
        await until(lambda: k.w.heard() == ["慢"])
        await k.wecom.person_takes(CITIZEN)
        gate.set()
        await until(lambda: k.statuses() == ["dropped"])
        assert desk.drops == [(CONVERSATION, "答：慢")]
        tell(k, "system", "您的工单已答复")
        await until(lambda: k.w.rows()[1].error)
        assert k.statuses() == ["dropped", "pending"], "what the desk has to say is not lost"
        await k.wecom.person_ends(CITIZEN)
        await k.wecom.say(CITIZEN, "你好")
        await until(lambda: k.statuses() == ["dropped", "delivered", "delivered"])
        assert "您的工单已答复" in k.said()[0]
        assert "答：慢" not in "".join(k.said())


async def test_what_a_person_answered_while_nobody_was_here_is_answered(tmp_path: Path) -> None:
    server = make_server()
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.cursor() == "0")
    k.wecom.silent = True
    await k.wecom.say(CITIZEN, "有人吗")
    await k.wecom.person_takes(CITIZEN)
    await k.wecom.person_says(CITIZEN, "在的")
    await k.wecom.person_ends(CITIZEN)
    async with kf_world(tmp_path, server) as k:
        await until(lambda: k.cursor() == "4")
        assert k.texts() == []
        await k.wecom.say(CITIZEN, "还有")
        await until(lambda: k.said() == ["答：还有"])


async def test_an_ended_conversation_takes_its_answer_with_the_next_message(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        gate = k.w.rasa.hold("慢")
        await k.wecom.say(CITIZEN, "慢")
        await until(lambda: k.w.heard() == ["慢"])
        k.server.standing(CITIZEN).state = ENDED
        gate.set()
        await until(lambda: k.w.rows() and k.w.rows()[0].error)
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: k.statuses() == ["delivered", "delivered"])
        assert "答：慢" in k.said()[0]


async def test_where_nobody_knows_who_has_it_wecom_keeps_us_from_talking_over(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.person_takes(CITIZEN)
        await until(lambda: k.cursor() == "1")
        k.server.errors_at["service_state/get"].append(-1)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.statuses() == ["dropped"])
        assert k.said() == []
