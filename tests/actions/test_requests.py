"""How a citizen's own requests stand, and reopening one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from actions_fakes import FakeBackend, Say, user

from actions import request_numbers
from actions.reopening import ActionReopenTicket, ValidateReopenForm
from actions.requests import ActionCheckTicket

NUMBER = "G20261125-0007"


def ticket(number: str = NUMBER, status: str = "new", **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "kind": "complaint",
        "status": status,
        "subject": "路灯坏了",
        "department": "市城管局",
        "due_text": "12月2日",
        "result": None,
        "answered_at": None,
        "reopenable_until": None,
        "reopenable_until_text": None,
    } | more


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("G20261125-0007 怎么样了", NUMBER),
        ("g20261125-0007", NUMBER),
        ("Ｇ２０２６１１２５－０００７", NUMBER),
        ("g20261125—7", NUMBER),
        ("G 20261125 0007", NUMBER),
        ("工单G202611250007", NUMBER),
        ("20261125-0007", "20261125-0007"),
        ("2026年的补贴", None),
        ("13800012345", None),
        ("查工单", None),
    ],
)
def test_a_number_is_read_in_any_shape(text: str, number: str | None) -> None:
    assert request_numbers.parse(text) == number


@pytest.mark.parametrize("status", ["queued", "claimed", "resolved"])
async def test_the_state_of_a_handoff_is_told(fake: FakeBackend, say: Say, status: str) -> None:
    fake.set("GET", "/api/handoffs/latest", {"number": "R7", "status": status, "position": 2})
    said = await say(ActionCheckTicket, "我的工单", "check_ticket")
    assert said["status"] == "small_talk"
    assert "R7" in said["text"]
    assert fake.sent("/api/handoffs/latest") == {"conversation_id": "web:1"}
    assert fake.sent("/api/tickets") == {"conversation_id": "web:1"}


async def test_the_newest_three_are_listed_with_status_and_date(fake: FakeBackend, say: Say) -> None:
    own = [
        ticket(f"G20261125-000{n}", status)
        for n, status in enumerate(("new", "working", "answered", "closed"))
    ]
    own[2] |= {"result": "已经修好", "reopenable_until": 1.0, "reopenable_until_text": "12月9日"}
    fake.set("GET", "/api/tickets", {"tickets": own})
    fake.set("GET", "/api/handoffs/latest", {"number": "R7", "status": "resolved", "position": 0})
    text = (await say(ActionCheckTicket, "查工单", "check_ticket"))["text"]
    assert all(f"G20261125-000{n}" in text for n in range(3))
    assert "G20261125-0003" not in text
    assert "R7" not in text
    assert text.count("12月2日") == 2
    assert all(part in text for part in ("已经修好", "重新办理 G20261125-0002", "12月9日", "市城管局正在办"))


@pytest.mark.parametrize("status", ["new", "working", "answered", "closed", "merged"])
async def test_one_is_told_by_its_number(fake: FakeBackend, say: Say, status: str) -> None:
    fake.set("GET", "/api/tickets", {"tickets": [ticket(status=status, result="长" * 200)]})
    said = await say(ActionCheckTicket, "ｇ20261125-7 怎么样了", "check_ticket")
    assert fake.sent("/api/tickets")["number"] == NUMBER
    assert NUMBER in said["text"]
    assert ("长" * 200 in said["text"]) is (status in ("answered", "closed", "merged"))


async def test_a_long_result_is_shortened_among_several(fake: FakeBackend, say: Say) -> None:
    own = [ticket(status="answered", result="长" * 200), ticket("G20261125-0008")]
    fake.set("GET", "/api/tickets", {"tickets": own})
    text = (await say(ActionCheckTicket, "查工单", "check_ticket"))["text"]
    assert "长" * 61 not in text
    assert "…" in text


async def test_another_citizens_number_is_unknown(fake: FakeBackend, say: Say) -> None:
    fake.set("GET", "/api/tickets", httpx.Response(404))
    said = await say(ActionCheckTicket, NUMBER, "check_ticket")
    assert (said["status"], said["reason"]) == ("small_talk", None)
    assert NUMBER in said["text"]


async def test_the_number_of_the_handoff_is_known_too(fake: FakeBackend, say: Say) -> None:
    latest = {"number": "20261125-0003", "status": "queued", "position": 2}
    fake.set("GET", "/api/handoffs/latest", latest)
    assert "第 2 位" in (await say(ActionCheckTicket, "20261125-0003 呢", "check_ticket"))["text"]


async def test_no_request_is_told_too(fake: FakeBackend, say: Say) -> None:
    said = await say(ActionCheckTicket, "我的工单", "check_ticket")
    assert (said["status"], said["reason"]) == ("small_talk", None)
    assert "留言" in said["text"]


FAILURES = [
    ConnectionRefusedError("refused"),
    httpx.Response(500),
    httpx.Response(200, text="not json"),
    httpx.Response(200, json={"tickets": [{}]}),
    httpx.Response(200, json={"tickets": [{"number": "G1", "status": "?", "kind": "complaint"}]}),
]


@pytest.mark.parametrize("path", ["/api/handoffs/latest", "/api/tickets"])
@pytest.mark.parametrize("failure", FAILURES)
async def test_a_request_that_cannot_be_looked_up_goes_to_a_person(
    fake: FakeBackend, say: Say, failure: Any, path: str
) -> None:
    fake.set("GET", path, failure)
    said = await say(ActionCheckTicket, "我的工单", "check_ticket")
    assert (said["status"], said["reason"]) == ("handoff", "error")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"重开 {NUMBER} 路灯还是不亮", "路灯还是不亮"),
        ("我要重开g20261125-7，因为又坏了", "又坏了"),
        (f"{NUMBER} 重开 没人来修", "没人来修"),
        (f"请把工单 {NUMBER} 重新打开，没解决", "没解决"),
    ],
)
async def test_a_ticket_is_reopened_with_number_and_reason(
    fake: FakeBackend, say: Say, text: str, reason: str
) -> None:
    path = f"/api/tickets/{NUMBER}/reopen"
    fake.set("POST", path, ticket(status="working"))
    said = await say(ActionReopenTicket, text, "reopen_ticket")
    assert NUMBER in said["text"]
    assert "12月2日" in said["text"]
    assert fake.sent(path) == {"conversation_id": "web:1", "reason": reason, "message_id": "7"}


async def test_the_only_ticket_that_can_be_reopened_needs_no_number(fake: FakeBackend, say: Say) -> None:
    own = [ticket("G20261125-0001"), ticket(status="answered", reopenable_until=9.0)]
    fake.set("GET", "/api/tickets", {"tickets": own})
    said = await say(ActionReopenTicket, "重开", "reopen_ticket")
    assert [event.get("value", event["name"]) for event in said["_events"]] == [NUMBER, "reopen_form"]


async def test_a_ticket_that_cannot_be_reopened_is_not_asked_a_reason_for(
    fake: FakeBackend, say: Say
) -> None:
    fake.set("GET", "/api/tickets", {"tickets": [ticket("G20261125-0001")]})
    fake.set("POST", f"/api/tickets/{NUMBER}/reopen", httpx.Response(404))
    said = await say(ActionReopenTicket, f"重新办理 {NUMBER}", "reopen_ticket")
    assert "没有查到" in said["text"]
    assert said["_events"] == []


@pytest.mark.parametrize("count", [0, 2])
async def test_without_a_number_it_is_asked_which(fake: FakeBackend, say: Say, count: int) -> None:
    own = [ticket(f"G20261125-000{n}", "answered", reopenable_until=9.0) for n in range(count)]
    fake.set("GET", "/api/tickets", {"tickets": own})
    said = await say(ActionReopenTicket, "重开", "reopen_ticket")
    assert said["status"] == "small_talk"
    assert ("编号" in said["text"]) is (count == 2)


@pytest.mark.parametrize(
    ("failure", "status", "words"),
    [
        (httpx.Response(404), "small_talk", "没有查到"),
        (httpx.Response(409, json={"detail": "这件事已经超过七天，不能重开。"}), "small_talk", "超过七天"),
        (httpx.Response(409), "small_talk", "不能重新办理"),
        (httpx.Response(500), "no_answer", "12345"),
        (ConnectionRefusedError("refused"), "no_answer", "12345"),
    ],
)
async def test_what_cannot_be_reopened_says_why(
    fake: FakeBackend, say: Say, failure: Any, status: str, words: str
) -> None:
    fake.set("POST", f"/api/tickets/{NUMBER}/reopen", failure)
    said = await say(ActionReopenTicket, f"重开 {NUMBER} 没修好", "reopen_ticket")
    assert said["status"] == status
    assert words in said["text"]


async def test_the_reason_may_be_left_out(fake: FakeBackend, say: Say) -> None:
    path = f"/api/tickets/{NUMBER}/reopen"
    fake.set("POST", path, ticket(status="working"))
    slots = {"reopen_number": NUMBER, "requested_slot": "reopen_reason"}
    await say(ValidateReopenForm, "跳过", "ask_question", [user("重开", "reopen_ticket")], slots)
    assert fake.sent(path)["reason"] == ""
