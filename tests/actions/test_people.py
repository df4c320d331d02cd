"""Acts that are for people: handoffs and their receipts, emergencies, the way into the form for a ticket."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from actions_fakes import FakeBackend, Say, bot, user

from actions.payload import answer
from actions.people import ActionHandoff

RECEIPT = {
    "number": "R7",
    "status": "queued",
    "already_open": False,
    "position": 3,
    "staff_online": 2,
    "department": None,
    "wait_minutes": None,
    "ticket": None,
    "opens_text": None,
}
FAILURES = [
    ConnectionRefusedError("refused"),
    TimeoutError("slow"),
    httpx.Response(500),
    httpx.Response(200, text="not json"),
    httpx.Response(200, json={}),
    httpx.Response(200, json={"number": "R7", "status": "ticket", "ticket": None}),
]
HALF_FILLED = {
    "ticket_kind": "complaint",
    "ticket_details": "路灯坏了一个月",
    "ticket_contact": "13800012345",
    "requested_slot": None,
}


@pytest.mark.parametrize(("intent", "reason"), [("ask_human", "asked_for_human"), ("crisis", "crisis")])
async def test_who_needs_a_person_gets_one_for_their_reason(
    fake: FakeBackend, say: Say, intent: str, reason: str
) -> None:
    said = await say(ActionHandoff, "找人", intent)
    assert (said["status"], said["reason"], said["department"]) == ("handoff", reason, "人社局")
    assert "R7" in said["text"]
    words = {"question": "", "said": "找人"} if intent == "ask_human" else {"question": "找人"}
    assert fake.sent("/api/handoffs") == {"conversation_id": "web:1", "reason": reason, **words}


@pytest.mark.parametrize(
    ("intent", "kind"),
    [
        ("complaint", "complaint"),
        ("suggestion", "suggestion"),
        ("report", "report"),
        ("leave_message", "question"),
    ],
)
async def test_a_matter_to_be_answered_later_opens_the_form(
    fake: FakeBackend, say: Say, intent: str, kind: str
) -> None:
    said = await say(ActionHandoff, "窗口态度差", intent)
    assert "text" not in said
    assert [(event.get("name"), event.get("value")) for event in said["_events"]] == [
        ("ticket_kind", kind),
        ("ticket_form", None),
    ]
    assert fake.calls == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("我要投诉，转人工", "complaint"),
        ("我要舉報，轉人工", "report"),
        ("我要申诉，找人工", "appeal"),
        ("转人工，投诉电话打不通", "asked_for_human"),
    ],
)
async def test_who_asks_for_a_person_and_says_why_gets_one_for_that(
    fake: FakeBackend, say: Say, text: str, reason: str
) -> None:
    assert (await say(ActionHandoff, text, "ask_human"))["reason"] == reason


async def test_an_appeal_that_sounds_like_a_complaint_is_an_appeal(fake: FakeBackend, say: Say) -> None:
    said = await say(ActionHandoff, "我覺得處罰不公平，我要申訴", "complaint")
    assert (said["status"], said["reason"]) == ("handoff", "appeal")


async def test_staff_learn_what_the_question_was(fake: FakeBackend, say: Say) -> None:
    before = [
        user("低保怎么办", "ask_question"),
        bot(answer("answered", "…", answer_id="a1", department="民政局")),
    ]
    await say(ActionHandoff, "转人工", "ask_human", before)
    sent = fake.sent("/api/handoffs")
    assert (sent["question"], sent["said"]) == ("低保怎么办", "转人工")
    assert (sent["answer_id"], sent["department"]) == ("a1", "民政局")


async def test_a_department_that_is_named_goes_along_in_the_words(fake: FakeBackend, say: Say) -> None:
    await say(ActionHandoff, "转人社局人工", "ask_human")
    assert fake.sent("/api/handoffs")["said"] == "转人社局人工"


async def test_a_wish_for_a_person_that_tells_the_matter_is_the_question(fake: FakeBackend, say: Say) -> None:
    text = "公积金的事你说不清楚，给我转个真人"
    await say(ActionHandoff, text, "ask_human")
    sent = fake.sent("/api/handoffs")
    assert (sent["question"], "said" in sent) == (text, False)


async def test_what_was_filled_in_goes_along_and_is_forgotten(fake: FakeBackend, say: Say) -> None:
    said = await say(ActionHandoff, "人工", "ask_human", slots=HALF_FILLED)
    assert said["reason"] == "complaint"
    assert fake.sent("/api/handoffs")["question"] == "路灯坏了一个月\n人工"
    assert {event["name"]: event["value"] for event in said["_events"]} == {
        "ticket_kind": None,
        "ticket_details": None,
        "ticket_contact": None,
    }


async def test_the_citizen_is_told_what_happens_next(fake: FakeBackend, say: Say) -> None:
    texts = []
    for change in ({}, {"staff_online": 0}, {"already_open": True}):
        fake.set("POST", "/api/handoffs", RECEIPT | change)
        said = await say(ActionHandoff, "转人工", "ask_human")
        assert "R7" in said["text"]
        assert "返回" in said["text"]
        assert len(said["text"].splitlines()) <= 4
        texts.append(said["text"])
    assert len(set(texts)) == 3
    assert "第 3 位" in texts[0]
    assert "第 3 位" in texts[2]


@pytest.mark.parametrize(("minutes", "told"), [(5, True), (None, False)])
async def test_the_wait_is_told_where_it_is_known(
    fake: FakeBackend, say: Say, minutes: int | None, told: bool
) -> None:
    fake.set("POST", "/api/handoffs", RECEIPT | {"wait_minutes": minutes})
    said = await say(ActionHandoff, "转人工", "ask_human")
    assert ("分钟" in said["text"]) is told
    assert ("约 5 分钟" in said["text"]) is told


@pytest.mark.parametrize(("department", "told"), [("人社局", True), ("综合受理", False), (None, False)])
async def test_the_department_is_told_unless_it_is_everybodys(
    fake: FakeBackend, say: Say, department: str | None, told: bool
) -> None:
    fake.set("POST", "/api/handoffs", RECEIPT | {"department": department})
    said = await say(ActionHandoff, "转人工", "ask_human")
    assert ("接待您" in said["text"]) is told
    assert said["department"] == department


async def test_who_is_already_served_is_told_so(fake: FakeBackend, say: Say) -> None:
    fake.set("POST", "/api/handoffs", RECEIPT | {"status": "claimed", "position": 0, "already_open": True})
    said = await say(ActionHandoff, "转人工", "ask_human")
    assert "马上来" in said["text"]
    assert "位" not in said["text"]


async def test_outside_working_hours_it_is_a_ticket_with_its_date(fake: FakeBackend, say: Say) -> None:
    ticket = {"number": "G20261125-0007", "due_text": "11月27日"}
    closed = {"number": None, "status": "ticket", "ticket": ticket, "opens_text": "明天 9:00"}
    fake.set("POST", "/api/handoffs", RECEIPT | closed)
    said = await say(ActionHandoff, "转人工", "ask_human")
    assert said["status"] == "handoff"
    assert all(part in said["text"] for part in ("G20261125-0007", "11月27日", "明天 9:00", "查工单"))
    assert "位" not in said["text"]
    assert len(said["text"].splitlines()) <= 4
    fake.set("POST", "/api/handoffs", RECEIPT | closed | {"opens_text": None})
    assert "上班" not in (await say(ActionHandoff, "转人工", "ask_human"))["text"]


async def test_danger_while_nobody_is_there_says_so(fake: FakeBackend, say: Say) -> None:
    said = {}
    for online in (0, 2):
        fake.set("POST", "/api/handoffs", RECEIPT | {"staff_online": online})
        said[online] = (await say(ActionHandoff, "我不想活了", "crisis"))["text"]
        assert "电话" in said[online]
        assert "返回" not in said[online]
    assert ("没有人在线" in said[0], "没有人在线" in said[2]) == (True, False)


async def test_outside_working_hours_the_matter_is_asked_for_where_it_is_not_known(
    fake: FakeBackend, say: Say
) -> None:
    closed = {"number": "", "status": "closed", "position": 0, "staff_online": 0, "opens_text": "明天 9:00"}
    fake.set("POST", "/api/handoffs", RECEIPT | closed)
    said = await say(ActionHandoff, "转人工", "ask_human")
    assert (said["status"], "明天 9:00" in said["text"]) == ("handoff", True)
    assert [(event.get("name"), event.get("value")) for event in said["_events"]] == [
        ("ticket_kind", "question"),
        ("ticket_form", None),
    ]


async def test_what_is_added_to_the_ticket_before_is_said_to_be(fake: FakeBackend, say: Say) -> None:
    ticket = {"number": "G20261125-0007", "due_text": "11月27日"}
    fake.set("POST", "/api/handoffs", RECEIPT | {"status": "ticket", "ticket": ticket, "already_open": True})
    assert "加到之前登记的工单里" in (await say(ActionHandoff, "转人工", "ask_human"))["text"]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_handoff_that_failed_names_the_hotline(fake: FakeBackend, say: Say, failure: Any) -> None:
    fake.set("POST", "/api/handoffs", failure)
    said = await say(ActionHandoff, "转人工", "ask_human")
    assert (said["status"], said["reason"]) == ("no_answer", "error")
    assert "12345" in said["text"]


@pytest.mark.parametrize("failure", FAILURES)
async def test_danger_is_never_called_an_error(fake: FakeBackend, say: Say, failure: Any) -> None:
    fake.set("POST", "/api/handoffs", failure)
    said = await say(ActionHandoff, "我不想活了", "crisis")
    assert (said["status"], said["reason"]) == ("safety", "crisis")
