"""A citizen in WeCom's customer service, from their message to what they read."""

from pathlib import Path
from typing import Any

import pytest

from bot.gateway.wecom.simulator.standing import ASSISTANT, NEW

from ..support import PUSHING, FakeRasa, Now, until
from .kf_world import CITIZEN, CONVERSATION, account, kf_world, make_server

HOUR = 3600.0
OPTIONS = {
    "status": "clarify",
    "text": "您问的是哪一项？",
    "options": [{"id": "F1", "label": "公积金怎么提取"}, {"id": "F2", "label": "公积金怎么贷款"}],
}


def asking(options: dict[str, Any] = OPTIONS) -> FakeRasa:
    """A dialogue that asks back once."""
    rasa = FakeRasa()
    rasa.answer = lambda _who, text: (
        [{"text": options["text"], "custom": options}] if text == "公积金" else [{"text": f"答：{text}"}]
    )
    return rasa


async def test_a_question_is_pulled_answered_and_recorded_for_staff(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "怎么办居住证")
        await until(lambda: k.said() == ["答：怎么办居住证"])
        await until(lambda: k.statuses() == ["delivered"])
        [message] = k.w.inbox()
        assert (message.conversation_id, message.channel, message.reply) == (CONVERSATION, "kf", None)
        assert k.w.desk.log == [
            (CONVERSATION, "citizen", "怎么办居住证"),
            (CONVERSATION, "bot", "答：怎么办居住证"),
        ]
        assert k.server.standing(CITIZEN).state == ASSISTANT, "nobody at WeCom's desk is given it"


async def test_staff_of_our_desk_serve_it_like_any_other(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.w.desk.owners[CONVERSATION] = "staff"
        await k.wecom.say(CITIZEN, "在吗")
        await until(lambda: k.w.desk.received == [(CONVERSATION, "在吗")])
        with k.w.engine.begin() as connection:
            row = k.w.gateway.deliver(connection, CONVERSATION, "staff", "请带身份证")
        assert row is not None
        await until(lambda: k.said() == ["【工作人员】请带身份证"])
        await until(lambda: k.w.gateway.deliveries.of([row]) == {row: "delivered"})
        assert k.w.gateway.budget(CONVERSATION).left == 4


async def test_options_are_a_menu_and_a_tap_chooses(tmp_path: Path) -> None:
    async with kf_world(tmp_path, rasa=asking()) as k:
        await k.wecom.say(CITIZEN, "公积金")
        await until(lambda: k.server.transcript.last_options(CITIZEN))
        option = k.server.transcript.last_options(CITIZEN)[1]
        assert option.label == "公积金怎么贷款"
        await k.wecom.say(CITIZEN, option.label, option.id)
        await until(lambda: k.said()[1:] == ["答：2"])
        assert k.w.inbox()[1].menu_option == option.id


@pytest.mark.parametrize(
    "change",
    [{"text": "长" * 342}, {"options": [{"id": f"F{n}", "label": f"第{n}项"} for n in range(11)]}],
    ids=["a long text", "many options"],
)
async def test_what_does_not_fit_into_a_menu_is_numbered_text(tmp_path: Path, change: dict[str, Any]) -> None:
    answer = {**OPTIONS, **change}
    async with kf_world(tmp_path, rasa=asking(answer)) as k:
        await k.wecom.say(CITIZEN, "公积金")
        await until(k.said)
        assert f"2. {answer['options'][1]['label']}" in k.said()[0]
        assert not k.server.transcript.last_options(CITIZEN)


async def test_an_option_is_cut_to_its_length_and_chooses_all_the_same(tmp_path: Path) -> None:
    answer = {**OPTIONS, "options": [{"id": "F1", "label": "住房公积金" * 20}, {"id": "F2", "label": "别的"}]}
    async with kf_world(tmp_path, rasa=asking(answer)) as k:
        await k.wecom.say(CITIZEN, "公积金")
        await until(lambda: k.server.transcript.last_options(CITIZEN))
        option = k.server.transcript.last_options(CITIZEN)[0]
        assert option.label == ("住房公积金" * 20)[:41] + "…"
        await k.wecom.say(CITIZEN, option.label, option.id)
        await until(lambda: k.said()[1:] == ["答：1"])


async def test_without_menus_options_are_numbered_text(tmp_path: Path) -> None:
    async with kf_world(tmp_path, account=account(menus=False), rasa=asking()) as k:
        await k.wecom.say(CITIZEN, "公积金")
        await until(lambda: k.said() and "1. 公积金怎么提取" in k.said()[0])


async def test_a_long_answer_comes_in_parts_that_wecom_takes(tmp_path: Path) -> None:
    rasa = FakeRasa()
    rasa.answer = lambda *_: [{"text": "请到窗口办理。" * 200}]
    async with kf_world(tmp_path, rasa=rasa) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: "".join(k.said()) == "请到窗口办理。" * 200)
        assert len(k.said()) > 1


async def test_addresses_are_written_out(tmp_path: Path) -> None:
    source = {"kind": "clause", "title": "办法", "url": "https://example.gov.cn/a"}
    rasa = FakeRasa()
    rasa.answer = lambda *_: [{"text": "可以。", "custom": {"status": "answered", "sources": [source]}}]
    async with kf_world(tmp_path, rasa=rasa) as k:
        await k.wecom.say(CITIZEN, "问")
        await until(k.said)
        assert k.said()[0].endswith("https://example.gov.cn/a")
        assert "<a" not in k.said()[0]


async def test_five_messages_are_sent_and_the_sixth_waits_for_the_next_message(tmp_path: Path) -> None:
    clock = Now()
    async with kf_world(tmp_path, clock=clock) as k:
        await k.wecom.say(CITIZEN, "你好")
        await until(lambda: k.statuses() == ["delivered"])
        for number in range(5):
            with k.w.engine.begin() as connection:
                k.w.gateway.deliver(connection, CONVERSATION, "staff", f"第{number}条")
            await until(lambda number=number: k.w.rows()[-1].status == "delivered" or number == 4)
        await until(lambda: k.w.rows()[-1].error)
        assert k.w.gateway.budget(CONVERSATION).left == 0
        assert len(k.said()) == 5, "we knew, and did not ask WeCom"
        await k.wecom.say(CITIZEN, "还有吗")
        await until(lambda: "【工作人员】第4条" in "".join(k.said()) and "答：还有吗" in k.said()[-1])
        clock.offset = 48 * HOUR
        assert k.w.gateway.budget(CONVERSATION).left == 0


async def test_continue_only_asks_for_what_waits(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.say(CITIZEN, "你好")
        await until(lambda: k.statuses() == ["delivered"])
        k.server.errors_at["send_msg"].extend([45009] * 3)
        with k.w.engine.begin() as connection:
            k.w.gateway.deliver(connection, CONVERSATION, "staff", "请带身份证")
        await k.wecom.say(CITIZEN, "继续")
        await until(lambda: k.said()[1:] == ["【工作人员】请带身份证"])
        assert k.w.heard() == ["你好"]


async def test_who_enters_is_welcomed_once(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await k.wecom.enter(CITIZEN)
        await until(lambda: k.said() == [k.w.texts.say("kf.welcome")])
        await k.wecom.enter(CITIZEN)
        await until(lambda: k.cursor() == "2")
        assert (len(k.said()), k.calls("send_msg_on_event")) == (1, 1)
        await k.wecom.say(CITIZEN, "你好")
        await until(lambda: k.said()[1:] == ["答：你好"])


async def test_a_welcome_that_comes_too_late_is_not_tried(tmp_path: Path) -> None:
    clock = Now()
    server = make_server(clock)
    async with kf_world(tmp_path, server, clock=clock) as k:
        k.wecom.silent = True
        await k.wecom.enter(CITIZEN)
        clock.offset = 30.0
        k.wecom.silent = False
        await k.wecom.say(CITIZEN, "你好")
        await until(lambda: k.said() == ["答：你好"])
        assert k.calls("send_msg_on_event") == 0


async def test_a_welcome_that_is_refused_keeps_nothing_back(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.server.errors_at["send_msg_on_event"].append(-1)
        await k.wecom.enter(CITIZEN)
        await k.wecom.say(CITIZEN, "你好")
        await until(lambda: k.said() == ["答：你好"])


async def test_the_official_account_and_wecom_run_side_by_side(tmp_path: Path) -> None:
    """The same citizen's id in both: two conversations, two budgets, two couriers."""
    async with kf_world(tmp_path, wechat=PUSHING, enforce=True) as k:
        reply = await k.w.platform.say(CITIZEN, "你好")
        assert reply.text == "答：你好"
        await k.wecom.say(CITIZEN, "您好")
        await until(lambda: k.said() == ["答：您好"])
        k.server.errors_at["send_msg"].extend([45009] * 100)
        for conversation in (f"wechat:{CITIZEN}", CONVERSATION):
            with k.w.engine.begin() as connection:
                k.w.gateway.deliver(connection, conversation, "staff", "请带身份证")
        await until(lambda: k.w.api.sent == [(CITIZEN, "【工作人员】请带身份证")])
        assert k.said() == ["答：您好"], "what keeps one back does not keep back the other"
        k.server.errors_at["send_msg"].clear()
        await until(lambda: k.said()[1:] == ["【工作人员】请带身份证"])
        assert k.w.gateway.budget(f"wechat:{CITIZEN}").left == 4
        assert k.w.gateway.budget(CONVERSATION).left == 3
        assert k.w.gateway.budget("web:x") is None


async def test_what_cannot_be_read_is_said_to_the_citizen_and_named_for_staff(tmp_path: Path) -> None:
    cases: list[tuple[str, dict[str, Any], str, str]] = [
        ("image", {"media_id": "m"}, "kf.replies.image", "［图片］ 本系统看不到"),
        ("voice", {"media_id": "m"}, "kf.replies.unheard", "［语音］ 本系统听不到"),
        ("video", {"media_id": "m"}, "kf.replies.video", "［视频］"),
        ("file", {"media_id": "m"}, "replies.unsupported", "［文件］"),
        ("link", {"title": "补贴通知", "url": "http://x"}, "replies.link", "［链接］ 补贴通知"),
        ("business_card", {"userid": "z"}, "replies.unsupported", "［名片］"),
        ("miniprogram", {"title": "t"}, "replies.unsupported", "［小程序］"),
        ("brand_new", {}, "replies.unsupported", "［brand_new消息］"),
        ("location", {"latitude": 1.0, "longitude": 2.0}, "replies.unplaced", "［位置］"),
        ("text", {"content": "  "}, "replies.empty", "［空消息］"),
    ]
    async with kf_world(tmp_path) as k:
        for number, (kind, fields, answer, read) in enumerate(cases):
            await k.wecom.send(f"wm{number}", kind, fields)
            await until(lambda number=number: k.said(f"wm{number}"))
            assert k.said(f"wm{number}") == [k.w.texts.say(answer)], kind
            assert any(who == f"kf:wm{number}" and read in text for who, _, text in k.w.desk.log), kind


async def test_a_place_gives_the_district_by_its_address(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        place = {"latitude": 1.0, "longitude": 2.0, "name": "办事大厅", "address": "城关区海滨路1号"}
        await k.wecom.send(CITIZEN, "location", place)
        await until(lambda: k.said() == ["已记下：城关区海滨路1号"])


async def test_a_conversation_that_cannot_be_taken_over_is_answered_all_the_same(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.server.errors_at["service_state/trans"].append(95016)
        await k.wecom.say(CITIZEN, "你好")
        await until(lambda: k.said() == ["答：你好"])
        assert k.server.standing(CITIZEN).state == NEW
