"""Handoffs, emergencies, and the state of a request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from actions_fakes import FakeBackend, Say, bot, user

from actions.payload import answer
from actions.people import ActionCheckTicket, ActionHandoff

RECEIPT = {
    "number": "R7",
    "status": "queued",
    "already_open": False,
    "position": 3,
    "staff_online": 2,
    "department": None,
}
FAILURES = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("slow"),
    httpx.Response(500),
    httpx.Response(200, text="not json"),
    httpx.Response(200, json={}),
]


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        ("ask_human", "asked_for_human"),
        ("complaint", "complaint"),
        ("suggestion", "suggestion"),
        ("crisis", "crisis"),
    ],
)
async def test_each_act_opens_a_handoff_for_its_reason(
    fake: FakeBackend, say: Say, intent: str, reason: str
) -> None:
    said = await say(ActionHandoff, "窗口态度差", intent)
    assert (said["status"], said["reason"], said["department"]) == ("handoff", reason, "人社局")
    assert "R7" in said["text"]
    assert fake.sent("/api/handoffs") == {
        "conversation_id": "web:1",
        "reason": reason,
        "question": "窗口态度差",
    }


async def test_staff_learn_what_the_question_was(fake: FakeBackend, say: Say) -> None:
    before = [
        user("低保怎么办", "ask_question"),
        bot(answer("answered", "…", answer_id="a1", department="民政局")),
    ]
    await say(ActionHandoff, "转人工", "ask_human", before)
    sent = fake.sent("/api/handoffs")
    assert sent["question"] == "低保怎么办\n转人工"
    assert (sent["answer_id"], sent["department"]) == ("a1", "民政局")


async def test_a_complaint_is_its_own_words(fake: FakeBackend, say: Say) -> None:
    await say(ActionHandoff, "我要投诉", "complaint", [user("低保怎么办", "ask_question")])
    assert fake.sent("/api/handoffs")["question"] == "我要投诉"


async def test_the_citizen_is_told_what_happens_next(fake: FakeBackend, say: Say) -> None:
    texts = []
    for change in ({}, {"staff_online": 0}, {"already_open": True}):
        fake.set("POST", "/api/handoffs", RECEIPT | change)
        said = await say(ActionHandoff, "转人工", "ask_human")
        assert "R7" in said["text"]
        assert "返回" in said["text"]
        texts.append(said["text"])
    assert len(set(texts)) == 3
    assert "第 3 位" in texts[0]
    assert "第 3 位" in texts[2]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("intent", ["ask_human", "complaint", "suggestion"])
async def test_a_handoff_that_failed_names_the_hotline(
    fake: FakeBackend, say: Say, failure: Any, intent: str
) -> None:
    fake.set("POST", "/api/handoffs", failure)
    said = await say(ActionHandoff, "转人工", intent)
    assert (said["status"], said["reason"]) == ("no_answer", "error")
    assert "12345" in said["text"]


@pytest.mark.parametrize("failure", FAILURES)
async def test_danger_is_never_called_an_error(fake: FakeBackend, say: Say, failure: Any) -> None:
    fake.set("POST", "/api/handoffs", failure)
    said = await say(ActionHandoff, "我不想活了", "crisis")
    assert (said["status"], said["reason"]) == ("safety", "crisis")


@pytest.mark.parametrize("status", ["queued", "claimed", "resolved"])
async def test_the_state_of_a_request_is_told(fake: FakeBackend, say: Say, status: str) -> None:
    fake.set("GET", "/api/handoffs/latest", {"number": "R7", "status": status, "position": 2})
    said = await say(ActionCheckTicket, "我的工单", "check_ticket")
    assert said["status"] == "small_talk"
    assert "R7" in said["text"]
    assert fake.sent("/api/handoffs/latest") == {"conversation_id": "web:1"}


async def test_no_request_is_told_too(fake: FakeBackend, say: Say) -> None:
    fake.set("GET", "/api/handoffs/latest", httpx.Response(404))
    said = await say(ActionCheckTicket, "我的工单", "check_ticket")
    assert (said["status"], said["reason"]) == ("small_talk", None)


@pytest.mark.parametrize("failure", [*FAILURES, httpx.Response(200, json={"number": "R7", "status": "?"})])
async def test_a_request_that_cannot_be_looked_up_goes_to_a_person(
    fake: FakeBackend, say: Say, failure: Any
) -> None:
    fake.set("GET", "/api/handoffs/latest", failure)
    said = await say(ActionCheckTicket, "我的工单", "check_ticket")
    assert (said["status"], said["reason"]) == ("handoff", "error")
