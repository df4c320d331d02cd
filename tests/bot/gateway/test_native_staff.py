"""Handoffs to the platform's own customer service: the gateway, a real desk and the platform's stand-in together."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.gateway.inbox import Arrival
from bot.gateway.ports import conversation_id
from bot.gateway.wechat.simulator import PlatformApi
from bot.gateway.wechat.simulator.service_api import CLOSE, ONLINE, SESSION, WAITING
from desk.errors import SignInRefused, UnknownStaff
from desk.tables import staff

from .city import DANGER, NATIVE, PASSWORD, City, city
from .support import AES_KEY, CITIZEN, Now, until

TALK = conversation_id("wechat", CITIZEN)
LI, WANG = "li@gh", "wang@gh"
TRANSFER = "transfer_customer_service"
PUSHING = replace(NATIVE, customer_messages=True)
HELD = ("staff", "公众平台客服")


def kind(exchange: Any) -> str | None:
    """Of the passive reply; None for `success`."""
    return exchange.reply.kind if exchange.reply else None


async def waits(c: City) -> None:
    """A citizen is with the agents, and none has taken them yet."""
    c.api.service.set_online(LI, True)
    c.api.service.accepts = False
    assert kind(await c.platform.say(CITIZEN, "转人工")) == TRANSFER


async def talks(c: City) -> None:
    """A citizen and an agent talk, and the event of it has come."""
    await waits(c)
    c.api.service.accept(CITIZEN, LI)
    [told] = await c.platform.deliver_events()
    assert told.statuses == [200]
    await until(lambda: c.inbox()[-1].status == "done")


# The transfer


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
async def test_who_wants_a_person_is_transferred(tmp_path: Path, mode: Any, as_json: bool) -> None:
    account = replace(NATIVE, mode=mode, aes_key=AES_KEY)
    async with city(tmp_path, account, as_json=as_json) as c:
        c.api.service.set_online(LI, True)
        exchange = await c.platform.say(CITIZEN, "转人工")
        assert (kind(exchange), exchange.tries) == (TRANSFER, 1)
        assert exchange.reply
        assert exchange.reply.agent == ""
        assert c.owner(TALK) == HELD
        assert c.api.service.session(CITIZEN).agent == LI  # type: ignore[union-attr]


async def test_every_kind_of_message_can_be_transferred(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        for name, fields in {
            "image": {"PicUrl": "https://p.example/1.jpg", "MediaId": "m"},
            "voice": {"MediaId": "m", "Format": "amr", "Recognition": ""},
            "location": {"Location_X": 1, "Location_Y": 2, "Scale": 20, "Label": "城关区"},
        }.items():
            assert kind(await c.platform.send(CITIZEN, name, fields)) == TRANSFER
        assert len(c.rasa.heard) == 1


async def test_an_event_is_never_transferred_and_the_next_message_is(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        assert kind(await c.platform.event(CITIZEN, "CLICK", "HUMAN")) == "text"
        assert c.owner(TALK) == ("queue", None)
        assert kind(await c.platform.say(CITIZEN, "我的社保断了")) == TRANSFER
        assert c.owner(TALK) == HELD
        assert c.said(TALK, "citizen")[-1] == "我的社保断了"


async def test_a_tapped_option_is_not_transferred(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        assert kind(await c.platform.say(CITIZEN, "转人工", option="101")) == "text"
        assert c.owner(TALK) == ("queue", None)


async def test_a_tap_is_not_transferred_by_a_message_whose_reply_failed(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        claim = c.gateway.claim_reply

        async def failing(*_: Any) -> str | None:
            c.gateway.claim_reply = claim  # type: ignore[method-assign]
            raise OperationalError("SELECT", {}, Exception("the disk is gone"))

        c.gateway.claim_reply = failing  # type: ignore[method-assign]
        assert kind(await c.platform.say(CITIZEN, "居住证怎么办")) is None
        assert kind(await c.platform.event(CITIZEN, "CLICK", "HUMAN")) == "text"
        assert c.owner(TALK) == ("queue", None)


async def test_what_is_tapped_while_waiting_is_not_passed_on_and_the_citizen_is_told(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        exchange = await c.platform.event(CITIZEN, "CLICK", "HUMAN")
        assert exchange.text
        assert "请直接输入文字" in exchange.text
        assert c.owner(TALK) == HELD


async def test_a_tap_after_a_restart_takes_nobody_from_their_agent(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await talks(c)
        api = c.api
    async with city(tmp_path, api=api) as c:
        exchange = await c.platform.event(CITIZEN, "CLICK", "HUMAN")
        assert exchange.text
        assert "请直接输入文字" in exchange.text
        assert (c.owner(TALK), c.desk.outside.stray()) == (HELD, [])
        await c.close()
        assert c.api.service.session(CITIZEN)


async def test_a_tap_takes_nobody_from_their_agent_because_another_could_not_be_transferred(
    tmp_path: Path,
) -> None:
    async with city(tmp_path) as c:
        await talks(c)
        c.api.errors_at[ONLINE].append(-1)
        assert kind(await c.platform.say("oOther", "转人工")) == "text"
        await c.platform.event(CITIZEN, "CLICK", "HUMAN")
        assert (c.owner(TALK), c.desk.outside.stray()) == (HELD, [])
        await c.close()
        assert c.api.service.session(CITIZEN)


async def test_a_message_while_waiting_is_transferred_again_and_the_assistant_is_silent(
    tmp_path: Path,
) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        assert kind(await c.platform.say(CITIZEN, "居住证怎么办")) == TRANSFER
        assert [text for _, text in c.rasa.heard] == ["转人工"]
        assert c.said(TALK, "citizen") == ["转人工", "居住证怎么办"]


async def test_the_same_message_gets_the_transfer_again(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        c.api.service.accepts = False
        assert kind(await c.platform.say(CITIZEN, "转人工", "77")) == TRANSFER
        assert kind(await c.platform.say(CITIZEN, "转人工", "77")) == TRANSFER
        assert len(c.inbox()) == 1


async def test_a_later_try_carries_the_transfer(tmp_path: Path) -> None:
    impatient = replace(NATIVE, reply_within=0.15, hold_for=0.6)
    async with city(tmp_path, impatient) as c:
        c.api.service.set_online(LI, True)
        gate = c.rasa.hold("转人工")
        asyncio.get_running_loop().call_later(0.7, gate.set)
        exchange = await c.platform.say(CITIZEN, "转人工")
        assert (kind(exchange), exchange.tries) == (TRANSFER, 2)


async def test_web_citizens_are_the_desks(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        message = await c.gateway.accept("web", "c1", "转人工", "web:1")
        assert await c.gateway.wait(message, 10.0)
        assert c.owner("web:c1") == ("queue", None)


# Nobody to transfer to


async def test_with_nobody_online_the_desk_has_it(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, False)
        assert (await c.platform.say(CITIZEN, "转人工")).text == "请打 110。已为您转人工。"
        assert c.owner(TALK) == ("queue", None)


@pytest.mark.parametrize("code", [-1, 45009])
async def test_what_passes_by_itself_is_no_trouble_for_the_operator(tmp_path: Path, code: int) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        c.api.errors_at[ONLINE].append(code)
        assert kind(await c.platform.say(CITIZEN, "转人工")) == "text"
        assert c.owner(TALK) == ("queue", None)
        assert c.gateway.troubles == {}


@pytest.mark.parametrize("code", [48001, 65400, 40164])
async def test_where_the_platform_does_not_say_who_is_online_the_desk_has_it(
    tmp_path: Path, code: int
) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        c.api.errors_at[ONLINE].append(code)
        assert kind(await c.platform.say(CITIZEN, "转人工")) == "text"
        assert c.owner(TALK) == ("queue", None)
        assert c.gateway.troubles["wechat"].startswith(str(code))
        assert kind(await c.platform.say(CITIZEN, "在吗")) == TRANSFER
        assert c.gateway.troubles == {}


async def test_a_platform_that_does_not_answer_in_time_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with city(tmp_path, replace(NATIVE, agents_asked_within=0.05)) as c:
        c.api.service.set_online(LI, True)
        assert c.gateway._wechat._api

        async def never() -> list[str]:
            await asyncio.sleep(60)
            return [LI]

        monkeypatch.setattr(c.gateway._wechat._api, "online_agents", never)
        exchange = await c.platform.say(CITIZEN, "转人工")
        assert kind(exchange) == "text"
        assert exchange.seconds < 2


async def test_when_the_agents_go_the_citizen_comes_back_to_the_desk(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        c.api.service.set_online(LI, False)
        exchange = await c.platform.say(CITIZEN, "还在吗")
        assert exchange.text
        assert "已为您转给其他工作人员" in exchange.text
        assert c.owner(TALK) == ("queue", None)
        assert c.said(TALK, "citizen") == ["转人工", "还在吗"]


async def test_agents_are_asked_once_for_several_citizens(tmp_path: Path) -> None:
    async with city(tmp_path, replace(NATIVE, agents_known_for=60.0)) as c:
        c.api.service.set_online(LI, True)
        for number in range(3):
            assert kind(await c.platform.say(f"oC{number}", "转人工")) == TRANSFER
        c.api.service.set_online(LI, False)
        assert kind(await c.platform.say("oC9", "转人工")) == TRANSFER


async def test_for_what_the_desks_staff_have_nobody_is_asked_who_is_online(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        assert c.gateway._wechat._api
        ask, asked = c.gateway._wechat._api.online_agents, 0

        async def counting() -> list[str]:
            nonlocal asked
            asked += 1
            return await ask()

        c.gateway._wechat._api.online_agents = counting  # type: ignore[method-assign]
        assert kind(await c.platform.say(CITIZEN, "转人工")) == "text"
        assert (c.owner(TALK), asked) == (("queue", None), 1)
        await c.platform.say(CITIZEN, "有人吗")
        assert asked == 2
        handoff = c.desk.latest_handoff(TALK)
        assert handoff
        c.desk.claim(handoff.number, c.staff("zhao", "赵敏"))
        await c.platform.say(CITIZEN, "您好")
        await c.platform.say("oOther", DANGER)
        assert kind(await c.platform.say("oOther", "有人吗")) == "text"
        assert asked == 2


# What the citizen is told


async def test_what_is_told_beside_the_transfer_goes_by_customer_message(tmp_path: Path) -> None:
    async with city(tmp_path, PUSHING) as c:
        await waits(c)
        await until(lambda: c.api.sent == [(CITIZEN, "请打 110。已为您转人工。")])
        await until(lambda: [row.status for row in c.rows()] == ["delivered"])


async def test_where_nothing_can_be_pushed_it_is_dropped_with_the_reason(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        [row] = c.rows()
        assert (row.status, row.error) == ("dropped", "the reply was the transfer to customer service")


async def test_what_an_earlier_reply_left_is_kept_for_after_the_agents(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        with c.engine.begin() as connection:
            c.gateway.deliver(connection, TALK, "system", "工单已答复")
        assert kind(await c.platform.say(CITIZEN, "在吗")) == TRANSFER
        c.api.service.accept(CITIZEN, LI)
        c.api.service.close(CITIZEN)
        await c.platform.deliver_events()
        await until(lambda: c.owner(TALK)[0] == "bot")
        exchange = await c.platform.say(CITIZEN, "居住证怎么办")
        assert exchange.text
        assert exchange.text.startswith("工单已答复")


# The conversation with an agent


async def test_from_the_question_to_the_rating(tmp_path: Path) -> None:
    async with city(tmp_path, PUSHING) as c:
        await c.platform.say(CITIZEN, "居住证怎么办")
        await talks(c)
        assert c.said(TALK, "system")[-1].startswith(f"公众平台客服（{LI}）接入了会话")
        assert (await c.platform.say(CITIZEN, "你好")).tries == 0
        c.api.service.say(CITIZEN, "请说")
        c.api.service.set_online(WANG, True)
        c.api.service.switch(CITIZEN, WANG)
        c.api.service.close(CITIZEN)
        assert [told.tries for told in await c.platform.deliver_events()] == [1, 1]
        await until(lambda: c.owner(TALK)[0] == "bot")
        assert any(WANG in line for line in c.said(TALK, "system"))
        handoff = c.desk.latest_handoff(TALK)
        assert handoff
        assert (handoff.outcome, handoff.claimed_by and handoff.claimed_by.display_name) == (
            "resolved",
            "公众平台客服",
        )
        await until(lambda: any("您对这次服务满意吗" in text for _, text in c.api.sent))
        await until(lambda: c.rows()[-1].status == "delivered")
        exchange = await c.platform.say(CITIZEN, "满意")
        assert exchange.text
        assert exchange.text.startswith("谢谢您的评价")
        assert c.rasa.restarted == []
        assert (await c.platform.say(CITIZEN, "那要带什么")).text == "答：那要带什么"
        assert len(c.rasa.restarted) == 1


async def test_an_event_that_comes_twice_counts_once(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await talks(c)
        c.api.service.events.append((CITIZEN, "kf_create_session", {"KfAccount": LI}))
        assert [told.statuses for told in await c.platform.deliver_events()] == [[200]]
        await until(lambda: c.inbox()[-1].status == "done")
        assert len([line for line in c.said(TALK, "system") if LI in line]) == 1


async def test_events_that_got_lost_are_found_out(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await waits(c)
        c.api.service.accept(CITIZEN, LI)
        c.api.service.events.clear()
        await c.look()
        assert any(LI in line for line in c.said(TALK, "system"))
        c.api.service.close(CITIZEN)
        c.api.service.events.clear()
        clock.offset += 60
        await c.look()
        assert c.owner(TALK)[0] == "bot"


@pytest.mark.parametrize("after", [0.0, 3.0])
async def test_an_end_that_is_told_late_does_not_end_the_next_wait(tmp_path: Path, after: float) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await talks(c)
        clock.offset += 60
        c.api.service.close(CITIZEN)
        clock.offset += after
        assert kind(await c.platform.say(CITIZEN, "还有一件事")) == TRANSFER
        assert [told.statuses for told in await c.platform.deliver_events()] == [[200]]
        await until(lambda: c.inbox()[-1].status == "done")
        assert c.owner(TALK) == HELD
        assert [one.agent for one in c.desk.outside.held()] == [None]
        clock.offset += 3
        c.api.service.accept(CITIZEN, LI)
        c.api.service.close(CITIZEN)
        await c.platform.deliver_events()
        await until(lambda: c.owner(TALK)[0] == "bot")


@pytest.mark.parametrize("after", [0.0, 3.0])
async def test_an_end_that_is_told_late_and_was_found_out_does_not_end_the_next_handoff(
    tmp_path: Path, after: float
) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await talks(c)
        clock.offset += 60
        c.api.service.close(CITIZEN)
        await c.look()
        assert c.owner(TALK)[0] == "bot"
        clock.offset += after
        assert kind(await c.platform.say(CITIZEN, "转人工")) == TRANSFER
        await c.platform.deliver_events()
        await until(lambda: c.inbox()[-1].status == "done")
        assert c.owner(TALK) == HELD


async def test_the_end_that_the_platform_tells_nobody_of_is_found_out(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await talks(c)
        clock.offset += 900
        await c.platform.say(CITIZEN, "还有一个问题")
        await c.look()
        clock.offset += 1750
        await c.look()
        assert c.owner(TALK) == HELD  # the agent still has them: they spoke 29 minutes ago
        clock.offset += 100
        await c.look()
        assert c.owner(TALK)[0] == "bot"
        assert (await c.platform.say(CITIZEN, "居住证怎么办")).text.endswith("答：居住证怎么办")  # type: ignore[union-attr]
        assert len(c.rasa.restarted) == 1


async def test_with_the_platform_away_silence_ends_it(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await talks(c)
        c.api.errors_at[WAITING].extend([45009] * 5)
        clock.offset += 1700
        await c.look()
        c.desk.housekeeping.tick()
        assert c.owner(TALK) == HELD
        clock.offset += 200
        c.desk.housekeeping.tick()
        assert c.owner(TALK)[0] == "bot"
        handoff = c.desk.latest_handoff(TALK)
        assert handoff
        assert handoff.outcome == "idle"


async def test_whom_no_agent_takes_comes_back_to_the_desk(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, PUSHING, clock=clock) as c:
        await waits(c)
        clock.offset += 590
        await c.look()
        c.desk.housekeeping.tick()
        assert c.owner(TALK) == HELD
        clock.offset += 20
        c.desk.housekeeping.tick()
        assert c.owner(TALK) == ("queue", None)
        await until(lambda: any("已为您转给其他工作人员" in text for _, text in c.api.sent))


async def test_an_agent_who_takes_them_from_the_desks_queue_has_them(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await waits(c)
        clock.offset += 610
        c.desk.housekeeping.tick()
        assert c.owner(TALK) == ("queue", None)
        c.api.service.accept(CITIZEN, LI)
        await c.platform.deliver_events()
        await until(lambda: c.owner(TALK) == HELD)


async def test_a_conversation_that_an_agent_began_by_themselves_is_no_handoff(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await c.platform.say(CITIZEN, "居住证怎么办")
        c.api.service.set_online(LI, True)
        c.api.service.create(CITIZEN, LI)
        c.api.service.close(CITIZEN)
        assert [told.statuses for told in await c.platform.deliver_events()] == [[200], [200]]
        await until(lambda: all(row.status == "done" for row in c.inbox()))
        assert c.desk.latest_handoff(TALK) is None
        assert (await c.platform.say(CITIZEN, "要带什么")).text == "答：要带什么"


async def test_a_citizen_who_ends_it_gets_the_assistant_back(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        exchange = await c.platform.say(CITIZEN, "结束")
        assert exchange.text
        assert "本次人工服务已结束" in exchange.text
        assert c.owner(TALK)[0] == "bot"


# Emergencies


async def test_an_emergency_is_told_the_numbers_and_goes_to_the_desk(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        exchange = await c.platform.say(CITIZEN, DANGER)
        assert exchange.text
        assert "110" in exchange.text
        assert c.owner(TALK) == ("queue", None)
        assert kind(await c.platform.say(CITIZEN, "有人吗")) == "text"
        assert c.owner(TALK) == ("queue", None)


async def test_an_emergency_while_waiting_for_an_agent_comes_back_to_the_desk(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        zhao = c.staff("zhao", "赵主任")
        c.at_the_desk(zhao)
        exchange = await c.platform.say(CITIZEN, DANGER)
        assert exchange.text
        assert "120" in exchange.text
        assert c.owner(TALK) == ("staff", "赵主任")
        handoff = c.desk.latest_handoff(TALK)
        assert handoff
        assert (handoff.reason, handoff.priority) == ("crisis", 1)


async def test_danger_told_again_is_told_the_numbers_where_an_agent_took_the_emergency(
    tmp_path: Path,
) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        await c.platform.say(CITIZEN, DANGER)
        c.api.service.create(CITIZEN, LI)
        await c.platform.deliver_events()
        await until(lambda: c.owner(TALK) == HELD)
        c.api.service.close(CITIZEN)
        c.api.service.events.clear()
        exchange = await c.platform.say(CITIZEN, DANGER)
        assert exchange.text
        assert "120" in exchange.text
        assert c.owner(TALK) == ("queue", None)


async def test_an_agent_who_takes_an_emergency_while_it_is_answered_does_not_take_its_reply(
    tmp_path: Path,
) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        c.rasa.after = asyncio.Event()
        saying = asyncio.create_task(c.platform.say(CITIZEN, DANGER))
        await until(lambda: c.desk.latest_handoff(TALK))
        await asyncio.to_thread(c.desk.outside.seen, TALK, LI)
        assert c.owner(TALK) == HELD
        c.rasa.after.set()
        exchange = await saying
        assert exchange.text
        assert "110" in exchange.text
        assert c.owner(TALK) == HELD


# The desk's staff


async def test_agents_who_are_online_come_before_the_desks_queue(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        zhao = c.staff("zhao", "赵敏")
        c.at_the_desk(zhao)
        assert kind(await c.platform.say(CITIZEN, "转人工")) == TRANSFER
        assert c.owner(TALK) == HELD


async def test_a_supervisor_takes_it_over_and_the_conversation_there_is_closed(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await talks(c)
        chief = c.staff("chief", "周主任", "supervisor")
        c.desk.take_over(TALK, chief)
        assert c.owner(TALK) == ("staff", "周主任")
        await c.close()
        assert c.api.service.session(CITIZEN) is None
        await c.platform.deliver_events()
        await until(lambda: c.inbox()[-1].status == "done")
        assert c.owner(TALK) == ("staff", "周主任")
        assert (await c.platform.say(CITIZEN, "在吗")).tries == 1
        assert c.said(TALK, "citizen")[-1] == "在吗"
        assert c.desk.outside.stray() == []


def tries_again_after(c: City, seconds: float) -> None:
    """The first pause after closing was refused; by the setting the gateway would close by itself, too."""
    assert c.gateway._wechat.sessions
    c.gateway._wechat.sessions._close_every = seconds


async def test_closing_it_there_is_tried_until_it_is_done(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        tries_again_after(c, 2.0)
        await talks(c)
        c.desk.take_over(TALK, c.staff("chief", "周主任", "supervisor"))
        for call in (CLOSE, SESSION):
            c.api.errors_at[call].append(45009)
            clock.offset += 10
            await c.close()
            assert c.desk.outside.stray() == [TALK]
        clock.offset += 10
        c.api.errors_at[CLOSE].append(65413)  # the agent ended it meanwhile
        await c.close()
        assert c.desk.outside.stray() == []


async def test_closing_what_cannot_be_closed_is_tried_more_and_more_rarely(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        tries_again_after(c, 2.0)
        await talks(c)
        c.desk.take_over(TALK, c.staff("chief", "周主任", "supervisor"))
        c.api.errors_at[CLOSE].extend([65415] * 100)
        for _ in range(300):
            await c.close()
            clock.offset += 2
        assert 10 < 100 - len(c.api.errors_at[CLOSE]) < 20
        assert c.desk.outside.stray() == [TALK]  # the supervisor waits for what the citizen writes
        c.api.errors_at[CLOSE].clear()
        clock.offset += 60
        await c.close()
        assert c.desk.outside.stray() == []


async def test_closing_what_the_desk_has_ended_too_is_given_up_after_some_minutes(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        tries_again_after(c, 2.0)
        await talks(c)
        chief = c.staff("chief", "周主任", "supervisor")
        c.desk.take_over(TALK, chief)
        c.desk.resolve(TALK, chief)
        c.api.errors_at[CLOSE].extend([65415] * 100)
        for _ in range(100):
            await c.close()
            clock.offset += 2
        assert c.desk.outside.stray() == [TALK]
        for _ in range(100):
            await c.close()
            clock.offset += 2
        assert c.desk.outside.stray() == []
        assert c.owner(TALK)[0] == "bot"


async def test_what_was_to_be_closed_is_not_once_the_agents_have_the_citizen_again(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        tries_again_after(c, 2.0)
        await talks(c)
        chief = c.staff("chief", "周主任", "supervisor")
        c.desk.take_over(TALK, chief)
        c.api.errors_at[SESSION].append(-1)
        await c.close()
        c.api.service.close(CITIZEN)  # the agent ends it there, and the event of it is lost
        c.api.service.events.clear()
        c.desk.resolve(TALK, chief)
        assert c.desk.outside.stray() == [TALK]
        assert kind(await c.platform.say(CITIZEN, "转人工")) == TRANSFER
        c.api.service.accept(CITIZEN, LI)
        await c.platform.deliver_events()
        await until(lambda: c.inbox()[-1].status == "done")
        clock.offset += 10
        await c.close()
        assert c.api.service.session(CITIZEN)
        assert c.owner(TALK) == HELD


async def test_who_left_the_account_keeps_no_other_from_being_looked_at(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        c.api.service.set_online(LI, True)
        for citizen in ("oLeft", CITIZEN):
            assert kind(await c.platform.say(citizen, "转人工")) == TRANSFER
        c.api.service.events.clear()
        c.api.errors_at[SESSION].append(40003)
        await c.look()
        assert [one.agent for one in c.desk.outside.held()] == [None, LI]
        chief = c.staff("chief", "周主任", "supervisor")
        c.desk.outside.seen("wechat:oLeft", LI)
        c.desk.take_over("wechat:oLeft", chief)
        c.api.errors_at[SESSION].append(40003)
        await c.close()
        assert c.desk.outside.stray() == []


async def test_an_agent_who_takes_whom_the_desk_serves_does_not_keep_them(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await waits(c)
        zhao = c.staff("zhao", "赵敏")
        clock.offset += 610
        c.desk.housekeeping.tick()
        handoff = c.desk.latest_handoff(TALK)
        assert handoff
        c.desk.claim(handoff.number, zhao)
        c.api.service.accept(CITIZEN, LI)
        await c.platform.deliver_events()
        await until(lambda: c.desk.outside.stray() == [TALK])
        await c.close()
        assert c.api.service.session(CITIZEN) is None
        assert c.owner(TALK) == ("staff", "赵敏")


# Processes that die


async def test_a_transfer_that_was_decided_is_given_by_the_next_process(tmp_path: Path) -> None:
    api = PlatformApi(clock=Now())
    api.service.set_online(LI, True)
    api.service.accepts = False
    key = f"wechat:gh_simulator:message:{77}"
    async with city(tmp_path, api=api) as c:
        # The request ended with its process; what it brought was worked on.
        taken = Arrival("wechat", CITIZEN, "转人工", key, "text", 16.0, "message", transfer="possible")
        message, _ = await c.gateway.take_in(taken)
        assert await c.gateway.done(message.id, 10.0)
        assert c.inbox()[0].transfer == "given"
    async with city(tmp_path, api=api) as c:
        assert kind(await c.platform.say(CITIZEN, "转人工", "77")) == TRANSFER
        assert len(c.inbox()) == 1
        assert c.owner(TALK) == HELD


async def test_a_process_that_dies_between_the_handoff_and_the_reply_loses_neither(tmp_path: Path) -> None:
    api = PlatformApi(clock=Now())
    api.service.set_online(LI, True)
    async with city(tmp_path, api=api) as c:
        c.rasa.after = asyncio.Event()  # the handoff is open, and nothing was said to the citizen yet
        key = "wechat:gh_simulator:message:78"
        taken = Arrival("wechat", CITIZEN, "转人工", key, "text", 16.0, "message", transfer="possible")
        await c.gateway.take_in(taken)
        await until(lambda: c.desk.latest_handoff(TALK))
        assert c.inbox()[0].status == "waiting"
    async with city(tmp_path, api=api) as c:
        assert kind(await c.platform.say(CITIZEN, "转人工", "78")) == TRANSFER
        assert c.owner(TALK) == HELD


async def test_a_transfer_that_never_got_there_comes_back_to_the_desk(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as c:
        await waits(c)
        c.api.service._waiting.clear()  # the reply was lost on its way, and it was the last try
        await c.look()
        assert c.owner(TALK) == HELD  # it may be on its way
        clock.offset += 30
        await c.look()
        assert c.owner(TALK) == ("queue", None)
        assert any("没有转到公众平台客服" in line for line in c.said(TALK, "system"))


async def test_where_no_request_can_carry_the_transfer_the_desk_has_it(tmp_path: Path) -> None:
    """The answer came when the platform had been told `success`: it asks no more."""
    hasty = replace(PUSHING, reply_within=0.3, typing_after=0.1)
    async with city(tmp_path, hasty) as c:
        c.api.service.set_online(LI, True)
        c.rasa.after = asyncio.Event()
        exchange = await c.platform.say(CITIZEN, "转人工")
        assert kind(exchange) is None
        assert c.owner(TALK) == HELD  # the dialogue has asked, and is still at it
        c.rasa.after.set()
        await until(lambda: c.owner(TALK) == ("queue", None))
        await until(lambda: any("已为您转给其他工作人员" in text for _, text in c.api.sent))


async def test_a_transfer_that_is_decided_as_the_request_is_let_go_is_not_lost(tmp_path: Path) -> None:
    """The turn ends after the request has found it undone, and before that has been answered with `success`."""
    hasty = replace(PUSHING, reply_within=0.3, typing_after=0.1)
    async with city(tmp_path, hasty) as c:
        c.api.service.set_online(LI, True)
        c.rasa.after = asyncio.Event()
        claim = c.gateway.claim_reply

        async def claim_and_wait(*given: Any) -> str | None:
            text = await claim(*given)
            assert c.rasa.after
            c.rasa.after.set()
            await until(lambda: c.inbox()[0].status == "done")
            return text

        c.gateway.claim_reply = claim_and_wait  # type: ignore[method-assign]
        exchange = await c.platform.say(CITIZEN, "转人工")
        assert (kind(exchange), exchange.tries) == (None, 1)
        assert c.owner(TALK) == ("queue", None)
        await until(lambda: any("已为您转给其他工作人员" in text for _, text in c.api.sent))


async def test_a_handoff_that_opens_too_late_for_the_transfer_waits_at_the_desk(tmp_path: Path) -> None:
    hasty = replace(PUSHING, reply_within=0.3, typing_after=0.1)
    async with city(tmp_path, hasty) as c:
        c.api.service.set_online(LI, True)
        gate = c.rasa.hold("转人工")
        assert kind(await c.platform.say(CITIZEN, "转人工")) is None
        gate.set()
        await until(lambda: c.inbox()[0].status == "done")
        assert c.owner(TALK) == ("queue", None)
        assert kind(await c.platform.say(CITIZEN, "我的社保断了")) == TRANSFER


# Without the setting


async def test_without_the_setting_nothing_changes(tmp_path: Path) -> None:
    async with city(tmp_path, replace(NATIVE, native_staff=False)) as c:
        c.api.service.set_online(LI, True)
        assert (await c.platform.say(CITIZEN, "转人工")).text == "请打 110。已为您转人工。"
        assert c.owner(TALK) == ("queue", None)
        assert c.gateway._wechat is None
        assert c.inbox()[0].transfer is None
        c.api.service.events.append((CITIZEN, "kf_create_session", {"KfAccount": LI}))
        await c.platform.deliver_events()
        assert len(c.inbox()) == 1
        with c.engine.connect() as connection:
            assert connection.execute(select(staff.c.id)).all() == []


async def test_what_was_out_there_when_the_setting_goes_comes_back_to_the_desk(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        api = c.api
    async with city(tmp_path, replace(NATIVE, native_staff=False), api=api) as c:
        assert c.owner(TALK) == HELD
        exchange = await c.platform.say(CITIZEN, "在吗")
        assert kind(exchange) == "text"
        assert c.owner(TALK) == ("queue", None)


async def test_nobody_signs_in_as_the_tool(tmp_path: Path) -> None:
    async with city(tmp_path) as c:
        await waits(c)
        c.staff("zhao", "赵敏")
        assert [account.member.username for account in c.accounts.everyone()] == ["zhao"]
        for password in ("", PASSWORD):
            with pytest.raises(SignInRefused):
                c.accounts.sign_in("(outside)", password)
        with pytest.raises(UnknownStaff):
            c.accounts.reactivate("(outside)")
        with c.engine.connect() as connection:
            row = connection.execute(select(staff).where(staff.c.outside)).one()
        assert (row.display_name, row.active, row.password_hash) == ("公众平台客服", False, "")
