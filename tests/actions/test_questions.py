"""Questions, options, yes and no."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from actions_fakes import FakeBackend, Say, bot, user

from actions.feedback import ActionFeedback
from actions.payload import answer
from actions.questions import ActionAffirm, ActionAnswer, ActionChooseOption, ActionDeny


def clarify(count: int) -> dict[str, Any]:
    options = [{"id": str(n), "label": f"选项{n}"} for n in range(1, count + 1)]
    return answer("clarify", "您问的是哪一个？", answer_id="c1") | {"options": options}


@pytest.mark.parametrize("status", ["answered", "clarify", "safety", "small_talk"])
async def test_an_answer_passes_through_untouched(fake: FakeBackend, say: Say, status: str) -> None:
    given = clarify(2) | {
        "status": status,
        "sources": [{"kind": "faq", "id": "F1"}],
        "timings_ms": {"all": 3},
    }
    fake.set("POST", "/api/answer", given)
    said = await say(ActionAnswer, "公积金怎么提取", "ask_question")
    assert {key: said[key] for key in given} == given
    assert fake.sent("/api/answer") == {
        "question": "公积金怎么提取",
        "conversation_id": "web:1",
        "message_id": "7",
    }


async def test_the_citizens_own_words_are_asked_not_the_normalised_ones(fake: FakeBackend, say: Say) -> None:
    await say(ActionAnswer, "請問身份證怎麼補辦？", "nlu_fallback")
    assert fake.sent("/api/answer")["question"] == "請問身份證怎麼補辦？"


@pytest.mark.parametrize("reason", ["complex", "sensitive"])
async def test_what_only_a_person_can_answer_goes_to_one_at_once(
    fake: FakeBackend, say: Say, reason: str
) -> None:
    unknown = answer("no_answer", "没有依据。", answer_id="a9", reason=reason, department="住建局")
    fake.set("POST", "/api/answer", unknown)
    said = await say(ActionAnswer, "地下室能落户吗", "ask_question")
    assert (said["status"], said["reason"], said["id"]) == ("handoff", reason, "a9")
    assert "R7" in said["text"]
    assert "第 3 位" in said["text"]
    assert "返回" in said["text"]
    assert fake.sent("/api/handoffs") == {
        "conversation_id": "web:1",
        "reason": reason,
        "question": "地下室能落户吗",
        "department": "住建局",
        "answer_id": "a9",
    }


UNKNOWN = answer("no_answer", "没有依据。", answer_id="a9", reason="low_confidence", department="住建局")
OFFERED = {"offer": "person", "offer_reason": "low_confidence", "misses": 1}


async def test_what_is_not_known_is_said_and_a_person_is_offered(fake: FakeBackend, say: Say) -> None:
    fake.set("POST", "/api/answer", UNKNOWN)
    said = await say(ActionAnswer, "地下室能落户吗", "ask_question")
    assert (said["status"], said["reason"], said["id"]) == ("no_answer", "low_confidence", "a9")
    assert said["text"].startswith("没有依据。")
    assert all(part in said["text"] for part in ("换个说法", "“人工”"))
    assert said["_metadata"] == OFFERED
    assert [path for _, path, _ in fake.calls] == ["/api/answer"]


NOT_KNOWN = bot(UNKNOWN, **OFFERED)
KNOWN = bot(answer("answered", "可以。", answer_id="a1"), misses=0)
BLAMED = bot(answer("small_talk", "抱歉"), offer="person", offer_reason="asked_for_human", misses=1)
ASKED = user("低保怎么办", "ask_question")


@pytest.mark.parametrize(
    ("before", "action", "text", "intent"),
    [
        ([ASKED, NOT_KNOWN], ActionAnswer, "那贫困户呢", "ask_question"),
        ([ASKED, NOT_KNOWN], ActionDeny, "不对", "deny"),
        ([ASKED, NOT_KNOWN], ActionFeedback, "没用", "not_helpful"),
        ([ASKED, KNOWN, user("不对", "deny"), BLAMED], ActionAnswer, "那贫困户呢", "ask_question"),
        ([ASKED, KNOWN, user("不对", "deny"), BLAMED], ActionDeny, "还是不对", "deny"),
        ([ASKED, NOT_KNOWN, ASKED, bot(KNOWN["data"]["custom"], misses=1)], ActionDeny, "不对", "deny"),
        (
            [ASKED, NOT_KNOWN, ASKED, bot(KNOWN["data"]["custom"], misses=1)],
            ActionFeedback,
            "没用",
            "not_helpful",
        ),
        (
            [ASKED, NOT_KNOWN, user("你好", "greet"), bot(answer("small_talk", "您好"))],
            ActionAnswer,
            "x",
            "ask_question",
        ),
        ([ASKED, NOT_KNOWN, ASKED, bot(clarify(2), misses=1)], ActionAnswer, "x", "ask_question"),
    ],
)
async def test_the_second_time_in_a_row_calls_a_person(
    fake: FakeBackend, say: Say, before: list[dict[str, Any]], action: Any, text: str, intent: str
) -> None:
    fake.set("POST", "/api/answer", UNKNOWN)
    said = await say(action, text, intent, before)
    assert (said["status"], said["reason"]) == ("handoff", "declined_twice")
    words = f"\n{text}" if intent == "ask_question" else ""
    assert fake.sent("/api/handoffs")["question"] == f"低保怎么办{words}"
    assert said["_metadata"] == {"misses": 0}


@pytest.mark.parametrize(
    ("before", "action", "text", "intent"),
    [
        (
            [ASKED, NOT_KNOWN, ASKED, bot(KNOWN["data"]["custom"], misses=1)],
            ActionAnswer,
            "那贫困户呢",
            "ask_question",
        ),
        ([ASKED, NOT_KNOWN, {"event": "session_started"}], ActionAnswer, "那贫困户呢", "ask_question"),
        (
            [ASKED, NOT_KNOWN, user("有用", "helpful"), bot(answer("small_talk", "好"), misses=0)],
            ActionAnswer,
            "x",
            "ask_question",
        ),
        ([ASKED, bot(KNOWN["data"]["custom"], misses=0)], ActionDeny, "不对", "deny"),
        ([ASKED, bot(clarify(2), misses=0)], ActionDeny, "都不是", "deny"),
    ],
)
async def test_a_good_answer_in_between_begins_the_count_anew(
    fake: FakeBackend, say: Say, before: list[dict[str, Any]], action: Any, text: str, intent: str
) -> None:
    fake.set("POST", "/api/answer", UNKNOWN)
    said = await say(action, text, intent, before)
    assert said["status"] in ("no_answer", "small_talk")
    assert said["_metadata"]["misses"] == 1


async def test_an_answer_carries_the_count_until_it_is_taken_or_blamed(fake: FakeBackend, say: Say) -> None:
    said = await say(ActionAnswer, "换个说法", "ask_question", [ASKED, NOT_KNOWN])
    assert (said["status"], said["_metadata"]) == ("answered", {"misses": 1})


@pytest.mark.parametrize("text", ["好的", "是的", "要"])
async def test_yes_to_a_person_offered_for_want_of_an_answer_calls_one(
    fake: FakeBackend, say: Say, text: str
) -> None:
    said = await say(ActionAffirm, text, "affirm", [ASKED, NOT_KNOWN])
    assert (said["status"], said["reason"]) == ("handoff", "low_confidence")
    assert fake.sent("/api/handoffs")["question"] == "低保怎么办"
    assert fake.sent("/api/handoffs")["answer_id"] == "a9"


@pytest.mark.parametrize("text", ["返回", "取消排队", "结束服务", "不等了"])
async def test_who_leaves_a_queue_they_are_not_in_is_told_who_answers(
    fake: FakeBackend, say: Say, text: str
) -> None:
    said = await say(ActionDeny, text, "deny", [ASKED, bot(clarify(2), misses=1)])
    assert (said["status"], said["_metadata"]) == ("small_talk", {})
    assert "智能助手" in said["text"]
    assert fake.calls == []


@pytest.mark.parametrize("text", ["不用了", "算了", "不要"])
async def test_declining_the_offer_is_no_blame(fake: FakeBackend, say: Say, text: str) -> None:
    said = await say(ActionDeny, text, "deny", [ASKED, NOT_KNOWN])
    assert (said["status"], said["_metadata"]) == ("small_talk", {})
    assert fake.calls == []


@pytest.mark.parametrize("reason", ["empty", "not_a_question", "no_subject", "not_ready"])
async def test_no_answer_for_another_reason_is_just_said(fake: FakeBackend, say: Say, reason: str) -> None:
    fake.set("POST", "/api/answer", answer("no_answer", "请把问题说完整。", reason=reason))
    said = await say(ActionAnswer, "。", "nlu_fallback")
    assert (said["status"], said["reason"], said["text"]) == ("no_answer", reason, "请把问题说完整。")
    assert [path for _, path, _ in fake.calls] == ["/api/answer"]


async def test_danger_seen_by_the_knowledge_service_reaches_staff(fake: FakeBackend, say: Say) -> None:
    fake.set("POST", "/api/answer", answer("safety", "请拨打 120。", reason="crisis"))
    said = await say(ActionAnswer, "…", "ask_question")
    assert (said["status"], said["reason"]) == ("handoff", "crisis")
    assert said["text"].startswith("请拨打 120。")
    fake.set("POST", "/api/handoffs", httpx.Response(500))
    said = await say(ActionAnswer, "…", "ask_question")
    assert (said["status"], said["reason"]) == ("safety", "crisis")
    assert said["text"].startswith("请拨打 120。")


FAILURES = [
    ConnectionRefusedError("refused"),
    TimeoutError("slow"),
    httpx.Response(500),
    httpx.Response(200, text="not json"),
    httpx.Response(200, json=[1]),
    httpx.Response(200, json={"status": "answered"}),
    httpx.Response(200, json={"status": "who knows", "text": "x"}),
    RuntimeError("unforeseen"),
]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(
    ("action", "text", "intent"),
    [
        (ActionAnswer, "公积金怎么提取", "ask_question"),
        (ActionChooseOption, "1", "choose_option"),
        (ActionAffirm, "是的", "affirm"),
    ],
)
async def test_a_failed_answer_becomes_a_handoff(
    fake: FakeBackend, say: Say, failure: Any, action: Any, text: str, intent: str
) -> None:
    fake.set("POST", "/api/answer", failure)
    said = await say(action, text, intent, [bot(clarify(1))])
    assert (said["status"], said["reason"]) == ("handoff", "error")
    assert fake.sent("/api/handoffs")["reason"] == "error"


@pytest.mark.parametrize("failure", FAILURES[:4])
async def test_with_everything_down_the_hotline_is_named(fake: FakeBackend, say: Say, failure: Any) -> None:
    fake.set("POST", "/api/answer", failure)
    fake.set("POST", "/api/handoffs", failure)
    said = await say(ActionAnswer, "公积金怎么提取", "ask_question")
    assert (said["status"], said["reason"]) == ("no_answer", "error")
    assert "12345" in said["text"]


@pytest.mark.parametrize(("text", "choice"), [("2", 2), ("第二个", 2), ("最后一个", 3)])
async def test_an_option_is_chosen_by_its_number(fake: FakeBackend, say: Say, text: str, choice: int) -> None:
    said = await say(ActionChooseOption, text, "choose_option", [bot(clarify(3))])
    assert said["status"] == "answered"
    assert fake.sent("/api/answer")["choice"] == choice


async def test_a_number_without_open_options_is_explained(fake: FakeBackend, say: Say) -> None:
    fake.set("POST", "/api/answer", httpx.Response(409))
    said = await say(ActionChooseOption, "2", "choose_option")
    assert (said["status"], said["options"]) == ("small_talk", [])
    said = await say(ActionChooseOption, "最后一个", "choose_option")
    assert said["status"] == "small_talk"


async def test_a_number_out_of_range_shows_the_options_again(fake: FakeBackend, say: Say) -> None:
    fake.set("POST", "/api/answer", httpx.Response(422))
    said = await say(ActionChooseOption, "7", "choose_option", [bot(clarify(3))])
    assert said["status"] == "clarify"
    assert len(said["options"]) == 3
    assert "1 到 3" in said["text"]


async def test_a_number_out_of_range_is_explained_after_the_options_scrolled_away(
    fake: FakeBackend, say: Say
) -> None:
    fake.set("POST", "/api/answer", httpx.Response(422))
    said = await say(ActionChooseOption, "7", "choose_option", [bot(answer("small_talk", "不客气"))])
    assert said["status"] == "small_talk"


async def test_two_numbers_at_once_are_asked_back(fake: FakeBackend, say: Say) -> None:
    await say(ActionChooseOption, "1和2", "choose_option", [bot(clarify(3))])
    assert fake.calls == []


async def test_yes_to_the_only_option_takes_it(fake: FakeBackend, say: Say) -> None:
    said = await say(ActionAffirm, "是的", "affirm", [bot(clarify(1))])
    assert said["status"] == "answered"
    assert fake.sent("/api/answer")["choice"] == 1


async def test_yes_to_several_options_asks_which(fake: FakeBackend, say: Say) -> None:
    said = await say(ActionAffirm, "是的", "affirm", [bot(clarify(2))])
    assert (said["status"], len(said["options"])) == ("clarify", 2)
    assert fake.calls == []


async def test_yes_to_an_offered_person_calls_one_about_the_last_question(
    fake: FakeBackend, say: Say
) -> None:
    before = [
        user("低保怎么办", "ask_question"),
        bot(answer("answered", "…", answer_id="a1")),
        user("不对", "deny"),
        bot(answer("small_talk", "要找人吗"), offer="person"),
    ]
    said = await say(ActionAffirm, "好的", "affirm", before)
    assert (said["status"], said["reason"]) == ("handoff", "asked_for_human")
    assert "低保怎么办" in fake.sent("/api/handoffs")["question"]


async def test_yes_by_itself_is_small_talk(fake: FakeBackend, say: Say) -> None:
    assert (await say(ActionAffirm, "好的", "affirm"))["status"] == "small_talk"
    assert fake.calls == []


@pytest.mark.parametrize("status", ["answered", "clarify", "no_answer"])
async def test_no_to_an_answer_offers_a_person(fake: FakeBackend, say: Say, status: str) -> None:
    said = await say(ActionDeny, "不对", "deny", [bot(answer(status, "…"))])
    assert said["status"] == "small_talk"
    assert "人工" in said["text"]
    assert said["_metadata"] == {"offer": "person", "offer_reason": "asked_for_human", "misses": 1}


async def test_no_by_itself_offers_nobody(fake: FakeBackend, say: Say) -> None:
    for before in ([], [bot(answer("small_talk", "要找人吗"), offer="person")]):
        said = await say(ActionDeny, "不用了", "deny", before)
        assert said["status"] == "small_talk"
        assert said["_metadata"] == {}


@pytest.mark.parametrize("border", ["restart", "session_started"])
async def test_options_from_before_a_new_session_are_closed(fake: FakeBackend, say: Say, border: str) -> None:
    said = await say(ActionAffirm, "是的", "affirm", [bot(clarify(1)), {"event": border}])
    assert said["status"] == "small_talk"
    assert fake.calls == []
