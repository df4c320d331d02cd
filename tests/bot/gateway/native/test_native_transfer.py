"""Which replies are the transfer to the platform's own customer service, and what is said beside it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.gateway.wechat.simulator.service_api import ONLINE
from desk.errors import SignInRefused, UnknownStaff
from desk.tables import staff

from ..support import AES_KEY, CITIZEN, until
from .city import DANGER, NATIVE, PASSWORD, city
from .talks import HELD, LI, PUSHING, TALK, TRANSFER, kind, talks, waits

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
        saying = asyncio.create_task(c.platform.say(CITIZEN, "转人工"))
        await until(lambda: c.inbox() and c.inbox()[0].tries == 2)
        gate.set()
        exchange = await saying
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
