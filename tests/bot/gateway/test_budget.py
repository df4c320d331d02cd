"""Customer messages: how many a citizen may be sent, what they are made of, and what the platform's refusals change."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.gateway.tables import outbox
from bot.gateway.wechat.api import WeChatApi
from bot.gateway.wechat.budget import Budget
from bot.gateway.wechat.channel import TYPING_AT_ONCE
from bot.gateway.wechat.simulator import Transcript

from .support import CITIZEN, PUSHING, FakeRasa, Now, push, until, world

HOUR = 3600.0
CONVERSATION = f"wechat:{CITIZEN}"
OPTIONS = {
    "status": "clarify",
    "text": "您问的是哪一项？",
    "options": [{"id": "F1", "label": "公积金怎么提取"}, {"id": "F2", "label": "公积金怎么贷款"}],
}


def left(w: Any) -> int:
    return int(w.gateway.budget(CONVERSATION).left)


def staff_says(w: Any, text: str) -> None:
    with w.engine.begin() as connection:
        w.gateway.deliver(connection, CONVERSATION, "staff", text)


def held(w: Any) -> list[str]:
    return [row.text for row in w.rows() if row.status == "pending"]


async def test_a_message_allows_five_in_48_hours_and_the_sixth_waits_for_the_next(tmp_path: Path) -> None:
    clock = Now()
    async with world(tmp_path, PUSHING, enforce=True, clock=clock) as w:
        await w.platform.say(CITIZEN, "你好")
        assert w.gateway.budget(CONVERSATION).until == pytest.approx(clock() + 48 * HOUR, abs=5)
        for number in range(6):
            staff_says(w, f"第{number}条")
            if number < 5:
                await until(lambda number=number: len(w.api.sent) == number + 1)
        await until(lambda: w.rows()[-1].error)
        assert (left(w), len(w.api.sent)) == (0, 5)
        assert held(w) == ["【工作人员】第5条"]
        assert "第5条" in ((await w.platform.say(CITIZEN, "还有吗")).text or "")
        assert left(w) == 5


async def test_nothing_is_sent_that_the_platform_would_refuse(tmp_path: Path) -> None:
    clock = Now()
    async with world(tmp_path, PUSHING, enforce=True, clock=clock) as w:
        await w.platform.say(CITIZEN, "你好")
        clock.offset = 48 * HOUR
        staff_says(w, "晚了")
        await until(lambda: w.rows()[-1].error)
        assert w.rows()[-1].error == "no customer message left", "we knew, and did not ask the platform"
        assert (w.api.sent, w.gateway.budget(CONVERSATION)) == ([], Budget(0, 0.0))


@pytest.mark.parametrize("act", ["click", "scan", "follow"])
async def test_a_tap_a_scan_and_following_allow_three_in_a_minute(tmp_path: Path, act: str) -> None:
    clock = Now()
    async with world(tmp_path, PUSHING, enforce=True, clock=clock) as w:
        if act == "follow":
            await w.platform.event(CITIZEN, "subscribe")
        else:
            await w.platform.event(CITIZEN, act.upper(), "ask:怎么办理居住证")
        assert left(w) == 3
        staff_says(w, "一")
        await until(lambda: w.api.sent)
        assert left(w) == 2
        clock.offset = 56.0
        assert left(w) == 0, "what is sent now may come too late"
        await w.platform.event(CITIZEN, "VIEW", "https://example.gov.cn")
        assert left(w) == 0


async def test_what_was_not_sent_is_not_counted(tmp_path: Path) -> None:
    async with world(tmp_path, replace(PUSHING), send_after_error=60.0) as w:
        w.api.errors.append(-1)
        push(w, "您好")
        await until(lambda: w.rows()[0].error)
        assert left(w) == 5


async def test_a_window_that_was_opened_anew_gains_nothing_by_an_older_message(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        await w.platform.say(CITIZEN, "你好")
        ledger = w.gateway._ledger
        with w.engine.begin() as connection:
            before = ledger.charge(connection, CONVERSATION)
        await w.platform.say(CITIZEN, "还有")
        ledger.refund(CONVERSATION, before)
        assert left(w) == 5
        with w.engine.begin() as connection:
            now = ledger.charge(connection, CONVERSATION)
        assert left(w) == 4
        ledger.refund(CONVERSATION, now)
        assert left(w) == 5


async def test_the_platform_corrects_the_ledger(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        w.api.errors.append(45047)
        push(w, "您好")
        await until(lambda: w.rows()[0].error)
        assert left(w) == 0
        await w.platform.say(CITIZEN, "在吗")
        assert left(w) == 5


async def test_what_waits_is_merged_into_few_messages_in_its_order(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        with w.engine.begin() as connection:
            for number in range(8):
                w.gateway.deliver(connection, CONVERSATION, "staff", f"第{number}条")
            connection.execute(outbox.update().values(next_try_at=1e12))
        push(w, "最后")  # and the window is opened
        with w.engine.begin() as connection:
            connection.execute(outbox.update().values(next_try_at=0))
        await until(lambda: w.api.sent and all(row.status == "delivered" for row in w.rows()))
        everything = "\n\n".join(text for _, text in w.api.sent)
        assert everything.split("\n\n") == [*(f"【工作人员】第{n}条" for n in range(8)), "【工作人员】最后"]
        assert len(w.api.sent) <= 2


async def test_a_citizen_whose_message_fails_keeps_nobody_else_waiting_and_gets_all_in_order(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, PUSHING, send_after_error=0.4) as w:
        w.api.errors.append(-1)
        push(w, "一", "oFirst")
        await until(lambda: w.rows()[0].error)
        push(w, "二", "oFirst")
        push(w, "别人", "oOther")
        await until(lambda: len(w.api.sent) == 2)
        assert w.api.sent == [
            ("oOther", "【工作人员】别人"),
            ("oFirst", "【工作人员】一\n\n【工作人员】二"),
        ]


async def test_the_web_page_has_no_budget(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        assert w.gateway.budget("web:c1") is None
    async with world(tmp_path) as w:
        assert w.gateway.budget(CONVERSATION) == Budget(0, 0.0), "an account that cannot send any"


# Options


def offering() -> FakeRasa:
    rasa = FakeRasa()
    rasa.answer = lambda _sender, text: (
        [{"text": OPTIONS["text"], "custom": OPTIONS}] if text == "公积金" else [{"text": f"答：{text}"}]
    )
    return rasa


async def menu(w: Any) -> list[Any]:
    """The options a citizen can tap, once they are there."""
    transcript: Transcript = w.api.transcript
    await until(lambda: transcript.last_options(CITIZEN))
    return transcript.last_options(CITIZEN)


async def test_options_are_a_menu_to_tap_and_a_tap_chooses(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, rasa=offering(), enforce=True) as w:
        assert (await w.platform.say(CITIZEN, "公积金")).raw == "success"
        options = await menu(w)
        assert [each.label for each in options] == ["公积金怎么提取", "公积金怎么贷款"]
        assert all(each.id.isdigit() for each in options)
        assert (await w.platform.say(CITIZEN, options[1].label, option=options[1].id)).text == "答：2"
        assert w.inbox()[-1].text == "公积金怎么贷款", "staff read what was tapped, not a number"


async def test_an_option_of_an_older_menu_is_asked_in_its_words(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, rasa=offering(), enforce=True) as w:
        await w.platform.say(CITIZEN, "公积金")
        options = await menu(w)
        await w.platform.say(CITIZEN, "你好")
        tapped = await w.platform.say(CITIZEN, options[0].label, option=options[0].id)
        assert tapped.text == "答：公积金怎么提取"


@pytest.mark.parametrize("option", ["0", "999999999999", "12x", "-1", "1" * 30])
async def test_an_option_that_is_none_of_ours_is_a_text(tmp_path: Path, option: str) -> None:
    async with world(tmp_path, PUSHING, rasa=offering()) as w:
        assert (await w.platform.say(CITIZEN, "随便", option=option)).text == "答：随便"


async def test_a_tap_counts_as_a_tap_of_the_menu(tmp_path: Path) -> None:
    clock = Now()
    async with world(tmp_path, PUSHING, rasa=offering(), enforce=True, clock=clock) as w:
        await w.platform.say(CITIZEN, "公积金")
        options = await menu(w)
        clock.offset = 49 * HOUR
        await w.platform.say(CITIZEN, options[0].label, option=options[0].id)
        assert left(w) == 3


@pytest.mark.parametrize("reason", ["refused", "switched off", "nothing left"])
async def test_where_a_menu_cannot_be_sent_options_are_numbered_text(tmp_path: Path, reason: str) -> None:
    account = replace(PUSHING, menus=reason != "switched off")
    async with world(tmp_path, account, rasa=offering(), enforce=True) as w:
        w.api.msgmenu = reason != "refused"
        if reason == "nothing left":
            w.gateway._ledger.of = lambda _conversation: Budget(0, 0.0)
        told = (await w.platform.say(CITIZEN, "公积金")).text
        if reason == "refused":
            await until(lambda: w.api.sent)
            told = w.api.sent[0][1]
            assert (await w.platform.say(CITIZEN, "公积金")).text == told, "the next ones at once"
        assert told
        assert "1. 公积金怎么提取\n2. 公积金怎么贷款" in told


# What the platform says


async def test_a_text_it_finds_too_long_is_cut(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        w.api.errors.append(45002)
        push(w, "请到窗口办理。" * 60)
        await until(lambda: len(w.api.sent) == 2)
        assert "".join(text for _, text in w.api.sent) == "【工作人员】" + "请到窗口办理。" * 60


async def test_too_often_makes_everybody_wait_a_moment(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, send_after_error=0.3) as w:
        w.api.errors.append(45009)
        push(w, "一", "oFirst")
        await until(lambda: w.rows()[0].error)
        push(w, "二", "oOther")
        assert await w.gateway._couriers["wechat"].deliver_due() == 0
        await until(lambda: len(w.api.sent) == 2)


@pytest.mark.parametrize("code", [40164, 45009])
async def test_however_often_one_message_was_refused_all_others_wait_a_minute(
    tmp_path: Path, code: int
) -> None:
    clock = Now()
    async with world(tmp_path, PUSHING, clock=clock, send_after_error=10.0) as w:
        w.api.errors.extend([code] * 2)
        push(w, "一", "oFirst")
        await until(lambda: w.rows()[0].error)
        with w.engine.begin() as connection:
            connection.execute(outbox.update().values(attempts=9, next_try_at=0.0))
        clock.offset = 61.0
        await until(lambda: w.rows()[0].attempts == 10 and w.rows()[0].status == "pending")
        assert w.rows()[0].next_try_at > clock() + 3000
        push(w, "二", "oOther")
        assert await w.gateway._couriers["wechat"].deliver_due() == 0
        clock.offset = 122.0
        await until(lambda: w.api.sent == [("oOther", "【工作人员】二")])


async def test_what_the_operator_has_to_mend_is_told_until_it_is_mended(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, send_after_error=0.2) as w:
        assert w.gateway.troubles == {}
        w.api.errors.append(40164)
        push(w, "您好")
        await until(lambda: "40164" in w.gateway.troubles.get("wechat", ""))
        await until(lambda: w.api.sent)
        await until(lambda: w.gateway.troubles == {})


async def test_a_citizen_who_waits_sees_that_an_answer_is_written(tmp_path: Path) -> None:
    account = replace(PUSHING, typing_after=0.05, reply_within=0.4)
    async with world(tmp_path, account, enforce=True) as w:
        gate = w.rasa.hold("慢")
        await w.platform.say(CITIZEN, "慢")
        assert "typing" in [entry.kind for entry in w.api.transcript.of(CITIZEN)]
        w.api.errors_at["/cgi-bin/message/custom/typing"].append(45081)
        await w.platform.say("oOther", "快")
        gate.set()
        await until(lambda: w.api.sent)


async def test_that_an_answer_is_written_is_shown_to_few_at_a_time(tmp_path: Path, monkeypatch: Any) -> None:
    shown: list[str] = []
    gate = asyncio.Event()

    async def slow(_api: WeChatApi, openid: str) -> None:
        shown.append(openid)
        await gate.wait()

    monkeypatch.setattr(WeChatApi, "show_typing", slow)
    async with world(tmp_path, PUSHING) as w:
        for number in range(3 * TYPING_AT_ONCE):
            w.gateway.show_typing(f"o{number}")
        await until(lambda: len(shown) == TYPING_AT_ONCE)
        gate.set()
        for _ in range(5):  # until those are over
            await asyncio.sleep(0)
        w.gateway.show_typing(CITIZEN)
        await until(lambda: shown[-1] == CITIZEN)
        assert len(shown) == TYPING_AT_ONCE + 1


async def test_what_waited_for_a_message_does_not_keep_its_late_answer_back(tmp_path: Path) -> None:
    account = replace(PUSHING, reply_within=0.3, typing_after=0.1)
    async with world(tmp_path, account) as w:
        w.api.errors.append(45047)
        push(w, "您好")
        await until(lambda: w.rows()[0].error)
        gate = w.rasa.hold("慢")
        assert (await w.platform.say(CITIZEN, "慢")).raw == "success"
        gate.set()
        await until(lambda: w.api.sent and "答：慢" in w.api.sent[-1][1])
        assert "您好" in w.api.sent[0][1]
        await until(lambda: all(row.status == "delivered" for row in w.rows()))


async def test_an_error_of_our_own_while_sending_is_tried_again(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, send_after_error=0.1) as w:
        send, failures = w.gateway._wechat._api.send_text, [OSError("disk full")]

        async def stumble(openid: str, text: str) -> None:
            if failures:
                raise failures.pop()
            await send(openid, text)

        w.gateway._wechat._api.send_text = stumble
        push(w, "您好")
        await until(lambda: w.api.sent)
        await until(lambda: w.rows()[0].status == "delivered")
