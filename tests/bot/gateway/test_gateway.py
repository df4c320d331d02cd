"""What the gateway promises about every message, whatever channel it came by."""

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.gateway.ports import Owner
from bot.gateway.rasa_client import RasaAway
from bot.gateway.tables import outbox
from bot.gateway.wechat.splitting import size

from .support import CITIZEN, PLAIN, PUSHING, FakeDesk, FakeRasa, push, until, world

HANDOFF = {"status": "handoff", "text": "正在为您转人工。", "reason": "asked_for_human"}


async def say(w: Any, text: str, key: str, citizen: str = "c1") -> int:
    accepted: int = await w.gateway.accept("web", citizen, text, key)
    return accepted


async def test_a_message_is_stored_before_it_is_acknowledged_and_answered_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        first = await say(w, "医保", "k1")
        assert await say(w, "医保", "k1") == first
        said = await w.gateway.wait(first, 5)
        assert [message.text for message in said or []] == ["答：医保"]
        assert w.heard() == ["医保"]
        assert w.desk.log == [("web:c1", "citizen", "医保"), ("web:c1", "bot", "答：医保")]


async def test_one_citizens_messages_are_worked_on_in_order_one_at_a_time(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        gate = w.rasa.hold("第0句")
        ids = [await say(w, f"第{number}句", f"k{number}") for number in range(12)]
        other = await say(w, "别人", "other", citizen="c2")
        assert await w.gateway.wait(other, 5), "another citizen does not wait"
        assert w.heard() == ["第0句", "别人"]
        gate.set()
        await w.gateway.wait(ids[-1], 5)
        assert [text for sender, text in w.rasa.heard if sender == "web:c1"] == [
            f"第{n}句" for n in range(12)
        ]
        assert w.rasa.most_at_once["web:c1"] == 1


async def test_many_citizens_at_once_are_bounded_and_all_answered(tmp_path: Path) -> None:
    async with world(tmp_path, concurrency=3) as w:
        gate = w.rasa.hold("问")
        ids = await asyncio.gather(*(say(w, "问", f"k{n}", f"c{n}") for n in range(30)))
        await until(lambda: len(w.rasa.heard) == 3)
        await asyncio.sleep(0.05)
        assert len(w.rasa.heard) == 3
        gate.set()
        for message in ids:
            assert await w.gateway.wait(message, 5)


async def test_wait_ends_without_an_answer_after_its_time(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.rasa.hold("慢")
        assert await w.gateway.wait(await say(w, "慢", "k"), 0.05) is None


# Owners


@pytest.mark.parametrize("owner", ["queue", "staff"])
async def test_what_is_said_while_staff_own_the_conversation_goes_to_the_desk(
    tmp_path: Path, owner: Any
) -> None:
    desk = FakeDesk(owners={"web:c1": owner}, tells=["您排在第2位。"])
    async with world(tmp_path, desk=desk) as w:
        said = await w.gateway.wait(await say(w, "还在吗", "k"), 5)
        assert [(one.author, one.text) for one in said or []] == [("system", "您排在第2位。")]
        assert desk.received == [("web:c1", "还在吗")]
        assert w.heard() == []


async def test_a_late_bot_message_is_dropped_when_staff_own_the_conversation(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        gate = w.rasa.hold("慢")
        message = await say(w, "慢", "k")
        await until(lambda: w.heard() == ["慢"])
        w.desk.owners["web:c1"] = "staff"
        gate.set()
        assert await w.gateway.wait(message, 5) == []
        assert w.desk.received == [("web:c1", "慢")], "staff read what the citizen said"
        assert w.rows() == []
        assert w.desk.drops == [("web:c1", "答：慢")], "and what the bot would have said"


async def test_an_answer_that_waits_to_be_sent_is_dropped_once_staff_own_the_conversation(
    tmp_path: Path,
) -> None:
    conversation = f"wechat:{CITIZEN}"
    slow = replace(PUSHING, reply_within=0.05, hold_for=0.1)
    async with world(tmp_path, slow, send_after_error=0.2) as w:
        w.api.errors.extend([-1, -1])
        gate = w.rasa.hold("慢")
        await w.platform.say(CITIZEN, "慢")
        gate.set()
        await until(lambda: w.rows() and w.rows()[0].error)
        w.desk.owners[conversation] = "staff"
        await until(lambda: w.rows()[0].status == "dropped")
        push(w, "您好，我是工作人员")
        await until(lambda: len(w.api.sent) == 1)
        assert "工作人员" in str(w.api.sent[0])
        assert w.desk.drops == [(conversation, "答：慢")]


async def test_no_reply_carries_an_old_answer_into_the_conversation_with_staff(tmp_path: Path) -> None:
    conversation = f"wechat:{CITIZEN}"
    slow = replace(PLAIN, reply_within=0.05, hold_for=0.1)
    async with world(tmp_path, slow) as w:
        gate = w.rasa.hold("慢")
        await w.platform.say(CITIZEN, "慢")
        gate.set()
        await until(lambda: len(w.rows()) == 1)
        w.desk.owners[conversation] = "staff"
        w.desk.tells = ["已转给工作人员"]
        assert (await w.platform.say(CITIZEN, "在吗")).text == "已转给工作人员"
        assert [row.status for row in w.rows() if row.author == "bot"] == ["dropped"]
        assert w.desk.drops == [(conversation, "答：慢")]


async def test_the_announcement_of_this_very_handoff_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as w:

        def hand_over(sender: str, _text: str) -> list[dict[str, Any]]:
            w.desk.owners[sender] = "queue"
            return [{"text": "闲话"}, {"text": HANDOFF["text"], "custom": HANDOFF}]

        w.rasa.answer = hand_over
        said = await w.gateway.wait(await say(w, "转人工", "k"), 5)
        assert [one.text for one in said or []] == [HANDOFF["text"]]


async def test_the_announcement_is_told_also_when_staff_have_it_by_then(tmp_path: Path) -> None:
    conversation = f"wechat:{CITIZEN}"
    async with world(tmp_path, PLAIN) as w:

        def hand_over(sender: str, _text: str) -> list[dict[str, Any]]:
            w.desk.owners[sender] = "staff"
            return [{"text": HANDOFF["text"], "custom": HANDOFF}]

        w.rasa.answer = hand_over
        assert HANDOFF["text"] in ((await w.platform.say(CITIZEN, "转人工")).text or "")
        assert w.desk.owners[conversation] == "staff"
        assert w.desk.drops == []


async def test_what_the_desk_says_comes_without_the_name_of_staff(tmp_path: Path) -> None:
    async with world(tmp_path, PLAIN) as w:
        options = {"status": "handoff", "options": [{"id": "rating:5", "label": "非常满意"}]}
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, f"wechat:{CITIZEN}", "system", "您满意吗？", options)
        [row] = w.rows()
        assert row.text.startswith("您满意吗？")
        assert "1. 非常满意" in row.text


async def test_a_message_that_comes_as_the_service_ends_is_the_bots_at_once(
    tmp_path: Path, caplog: Any, monkeypatch: Any
) -> None:
    async with world(tmp_path, desk=FakeDesk(takes=False), backoff=30.0) as w:
        asked = []

        def ending(_conversation: str, text: str) -> str:
            asked.append(text)
            return "desk" if len(asked) == 1 else "bot"

        monkeypatch.setattr(w.desk, "recipient", ending)
        said = await w.gateway.wait(await say(w, "再问一个", "k"), 5)
        assert [one.text for one in said or []] == ["答：再问一个"]
        assert w.desk.received == []
        assert "could not be processed" not in caplog.text


async def test_a_reply_of_staff_is_visible_only_after_its_transaction(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        with w.engine.connect() as connection:
            w.gateway.deliver(connection, "web:c1", "staff", "不该看到")
            connection.rollback()
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, "web:c1", "staff", "您好")
        assert [(row.author, row.text) for row in w.rows()] == [("staff", "您好")]


# Failures


async def test_a_new_process_takes_up_what_the_old_one_left(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.rasa.hold("一")
        for number, text in enumerate(["一", "二", "三"]):
            await say(w, text, f"k{number}")
        await until(lambda: w.heard() == ["一"])
    async with world(tmp_path) as w:
        await until(lambda: all(row.status == "done" for row in w.inbox()))
        assert w.heard() == ["一", "二", "三"]
        assert all(each["again"] for each in w.rasa.metadata), "the dialogue may have had them before"
        assert [row.text for row in w.rows()] == ["答：一", "答：二", "答：三"]
    async with world(tmp_path) as w:
        await asyncio.sleep(0.05)
        assert w.heard() == []


async def test_a_retry_after_a_crash_joins_the_job_that_was_taken_up(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.rasa.hold("问")
        asking = asyncio.create_task(w.platform.say(CITIZEN, "问", message_id="77"))
        await until(lambda: w.heard() == ["问"])
        asking.cancel()
    async with world(tmp_path) as w:
        assert (await w.platform.say(CITIZEN, "问", message_id="77")).text == "答：问"
        assert w.heard() == ["问"]


async def test_nothing_is_lost_while_rasa_is_away(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.rasa.away = True
        ids = [await say(w, text, text) for text in ("一", "二")]
        await asyncio.sleep(0.1)
        assert await w.gateway.wait(ids[0], 0) is None
        w.rasa.away = False
        await w.gateway.wait(ids[1], 5)
        assert w.heard() == ["一", "二"]


async def test_rasa_away_too_long_hands_the_citizen_to_staff(tmp_path: Path) -> None:
    async with world(tmp_path, give_up_after=0.05) as w:
        w.rasa.away = True
        said = await w.gateway.wait(await say(w, "医保", "k"), 5)
        assert [one.text for one in said or []] == [w.texts.say("replies.gave_up", question="医保")]
        assert w.desk.handoffs == [("web:c1", "error", "医保")]


async def test_what_became_a_ticket_is_told_with_its_number(tmp_path: Path) -> None:
    desk = FakeDesk(ticket=SimpleNamespace(number="G20261125-0001", due_text="11月27日（周五）17:00"))
    async with world(tmp_path, desk=desk, give_up_after=0.05) as w:
        w.rasa.away = True
        [said] = await w.gateway.wait(await say(w, "医保", "k"), 5) or []
        assert "G20261125-0001" in said.text
        assert "11月27日（周五）17:00" in said.text


async def test_danger_to_life_does_not_wait_for_a_dialogue_that_is_away(tmp_path: Path) -> None:
    async with world(tmp_path, is_crisis=lambda text: "不想活" in text) as w:
        w.rasa.away = True
        patient = await say(w, "医保", "other", "c2")
        [said] = await w.gateway.wait(await say(w, "我不想活了", "k"), 5) or []
        assert "120" in said.text
        assert "12356" in said.text
        assert w.desk.handoffs == [("web:c1", "crisis", "我不想活了")]
        assert await w.gateway.wait(patient, 0) is None


async def test_the_emergency_numbers_are_told_also_where_no_handoff_can_be_opened(tmp_path: Path) -> None:
    class Broken(FakeDesk):
        def open_handoff(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("disk")

    async with world(tmp_path, desk=Broken(), is_crisis=lambda text: "不想活" in text) as w:
        w.rasa.away = True
        [said] = await w.gateway.wait(await say(w, "我不想活了", "k"), 5) or []
        assert "120" in said.text
        assert "没能通知到工作人员" in said.text


async def test_the_bot_does_not_say_that_it_has_nothing_to_say_once_staff_own_the_conversation(
    tmp_path: Path,
) -> None:
    def silent(sender: str, _text: str) -> list[dict[str, Any]]:
        return []

    class Later(FakeDesk):
        """Staff have it by the time something is stored, but not before."""

        def owner(self, conversation_id: str, connection: Any = None) -> Owner:
            return "bot" if connection is None else "staff"

    rasa, desk = FakeRasa(), Later()
    rasa.answer = silent
    async with world(tmp_path, rasa=rasa, desk=desk, silent_after=0.05) as w:
        assert await w.gateway.wait(await say(w, "转人工", "k"), 5) == []
        assert desk.received == [("web:c1", "转人工")]
        assert desk.drops == [("web:c1", w.texts.say("replies.silent"))]


async def test_what_the_dialogue_is_told_is_expected_before_it_has_decided(tmp_path: Path) -> None:
    expected: list[str] = []
    async with world(tmp_path, expect=expected.append) as w:
        gate = w.rasa.hold("居住证怎么办")
        await say(w, "居住证怎么办", "k")
        await until(lambda: w.heard() == ["居住证怎么办"])
        assert expected == ["居住证怎么办"]
        gate.set()
        w.desk.owners["web:c1"] = "staff"
        await say(w, "这是说给坐席的", "k2")
        await until(lambda: w.desk.received)
        assert expected == ["居住证怎么办"]


async def test_an_error_inside_is_tried_again(tmp_path: Path) -> None:
    class Stumbling(FakeDesk):
        stumbles = 2

        def record(self, *args: Any, **kwargs: Any) -> None:
            if self.stumbles:
                self.stumbles -= 1
                raise OSError("database is locked")
            super().record(*args, **kwargs)

    async with world(tmp_path, desk=Stumbling()) as w:
        said = await w.gateway.wait(await say(w, "医保", "k"), 5)
        assert [one.text for one in said or []] == ["答：医保"]
        assert len(w.rows()) == 1


async def test_a_dialogue_that_stays_silent_is_not_the_end_of_the_conversation(tmp_path: Path) -> None:
    rasa = FakeRasa()
    rasa.answer = lambda _sender, _text: []
    async with world(tmp_path, rasa=rasa, silent_after=0.05) as w:
        said = await w.gateway.wait(await say(w, "？", "k"), 5)
        assert [one.text for one in said or []] == [w.texts.say("replies.silent")]


async def test_silence_is_tried_again_as_the_same_message(tmp_path: Path) -> None:
    """Silence is what is left of a turn whose action server was killed."""
    rasa = FakeRasa()
    replies = [[], [], [{"text": "答"}]]
    rasa.answer = lambda _sender, _text: replies.pop(0)
    async with world(tmp_path, rasa=rasa) as w:
        message = await say(w, "问", "k")
        said = await w.gateway.wait(message, 5)
        assert [one.text for one in said or []] == ["答"]
        assert rasa.metadata == [
            {"message_id": str(message), "again": again} for again in (False, True, True)
        ]


async def test_a_restart_is_posted_to_the_conversations_tracker_or_fails_loudly(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await asyncio.to_thread(w.gateway.restart, "wechat:o/1")
        assert w.rasa.restarted == ["http://rasa/conversations/wechat%3Ao%2F1/tracker/events?token=t"]
        w.rasa.away = True
        with pytest.raises(RasaAway):
            await asyncio.to_thread(w.gateway.restart, "wechat:o1")


# Customer messages


async def test_a_slow_answer_follows_by_customer_message(tmp_path: Path) -> None:
    async with world(tmp_path, replace(PUSHING, reply_within=0.15)) as w:
        gate = w.rasa.hold("慢")
        exchange = await w.platform.say(CITIZEN, "慢")
        assert (exchange.raw, exchange.tries) == ("success", 1)
        gate.set()
        await until(lambda: w.api.sent)
        assert w.api.sent == [(CITIZEN, "答：慢")]
        await until(lambda: w.rows()[0].status == "delivered")


async def test_an_answer_given_in_the_reply_is_not_sent_again(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        assert (await w.platform.say(CITIZEN, "快")).text == "答：快"
        await asyncio.sleep(0.1)
        assert w.api.sent == []


async def test_replies_of_staff_are_pushed_in_order_and_long_ones_in_parts(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        text = "工作人员的详细说明。" * 100
        push(w, text)
        push(w, "最后")
        await until(lambda: w.api.sent and "最后" in w.api.sent[-1][1])
        assert all(size(part) <= 2048 for _, part in w.api.sent)
        told = w.texts.say("parts.staff", text=text) + w.texts.say("parts.staff", text="最后")
        assert "".join(part for _, part in w.api.sent).replace("\n\n", "") == told


async def test_without_customer_messages_a_reply_of_staff_comes_with_the_next_message(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, f"wechat:{CITIZEN}", "staff", "请带身份证")
        assert (await w.platform.say(CITIZEN, "好")).text == "【工作人员】请带身份证\n\n答：好"


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_token_that_is_no_longer_valid_is_refreshed_once(tmp_path: Path, code: int) -> None:
    async with world(tmp_path, PUSHING) as w:
        w.api.errors.append(code)
        push(w, "您好")
        await until(lambda: w.api.sent)
        assert w.api.tokens == 2


@pytest.mark.parametrize("code", [45015, 45047])
async def test_what_may_not_be_pushed_now_comes_with_the_next_message(tmp_path: Path, code: int) -> None:
    async with world(tmp_path, PUSHING) as w:
        w.api.errors.append(code)
        push(w, "您好")
        await until(lambda: w.rows()[0].error)
        await asyncio.sleep(0.1)
        assert w.api.sent == []
        assert "您好" in ((await w.platform.say(CITIZEN, "在吗")).text or "")


@pytest.mark.parametrize("code", [48001, 48004])
async def test_an_account_that_may_not_push_stops_pushing(tmp_path: Path, code: int) -> None:
    async with world(tmp_path, PUSHING) as w:
        w.api.errors.append(code)
        push(w, "您好")
        await until(lambda: not w.gateway.can_push)
        assert "您好" in ((await w.platform.say(CITIZEN, "在吗")).text or "")


async def test_other_errors_are_tried_again_and_who_left_is_not_written_to(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING) as w:
        w.api.errors.extend([-1, 45009])
        push(w, "您好")
        await until(lambda: w.api.sent)
        w.api.errors.append(43004)
        push(w, "再见")
        await until(lambda: w.rows()[1].status == "dropped")


async def test_a_delivery_cut_off_by_a_crash_is_made_by_the_next_process(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        push(w, "您好")
        with w.engine.begin() as connection:
            connection.execute(outbox.update().values(status="sending"))
    async with world(tmp_path, PUSHING) as w:
        await until(lambda: w.rows()[0].status == "delivered")
        assert len(w.api.sent) == 1


async def test_stopping_is_heard_also_at_the_very_moment_of_news(tmp_path: Path) -> None:
    async with world(tmp_path, PUSHING, poll_every=60.0) as w:
        courier = w.gateway._couriers["wechat"]
        await until(lambda: courier._woken._waiters)
        courier.wake()
        async with asyncio.timeout(5):
            await w.gateway.stop()
