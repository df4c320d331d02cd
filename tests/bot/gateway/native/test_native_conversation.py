"""How the conversation with an agent of the platform goes on and ends; emergencies."""

import asyncio
from pathlib import Path

import pytest

from bot.gateway.wechat.simulator.service_api import WAITING

from ..support import CITIZEN, Now, until
from .city import DANGER, city
from .talks import HELD, LI, PUSHING, TALK, TRANSFER, WANG, kind, talks, waits

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
