"""Agents of the platform beside the desk's own staff, and processes that die."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.gateway.inbox import Arrival
from bot.gateway.wechat.simulator import PlatformApi
from bot.gateway.wechat.simulator.service_api import CLOSE, SESSION

from ..support import CITIZEN, Now, until
from .city import City, city
from .talks import HELD, LI, PUSHING, TALK, TRANSFER, kind, talks, waits

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
