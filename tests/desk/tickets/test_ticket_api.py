"""The internal API of tickets."""

from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Header, HTTPException
from fastapi.testclient import TestClient
from ticket_world import CITIZEN, OTHER

from desk.tickets import build_ticket_api

OURS = {"Authorization": "Bearer inside"}
BODY = {
    "conversation_id": CITIZEN,
    "kind": "complaint",
    "subject": "夜间施工扰民",
    "details": "文昌路工地凌晨还在施工",
    "contact_consent": False,
}


def require_internal(authorization: Annotated[str, Header()] = "") -> None:
    if authorization != "Bearer inside":
        raise HTTPException(401, "内部接口需要令牌")


@pytest.fixture
def client(desk: Any) -> TestClient:
    app = FastAPI()
    app.include_router(build_ticket_api(desk.tickets, require_internal))
    return TestClient(app, headers=OURS)


def test_without_the_token_nothing_is_told_or_done(desk: Any, client: TestClient) -> None:
    none = {"Authorization": ""}
    assert client.post("/api/tickets", json=BODY, headers=none).status_code == 401
    assert client.get("/api/tickets", params={"conversation_id": CITIZEN}, headers=none).status_code == 401
    again = {"conversation_id": CITIZEN, "reason": "x"}
    path = "/api/tickets/G20261123-0001/reopen"
    assert client.post(path, json=again, headers=none).status_code == 401
    assert desk.tickets.of_conversation(CITIZEN) == []


def test_a_ticket_is_opened_once_per_message_and_told_of(desk: Any, client: TestClient) -> None:
    first = client.post("/api/tickets", json=BODY | {"message_id": "m1", "department": "城管局"}).json()
    assert first == {
        "number": "G20261123-0001",
        "kind": "complaint",
        "status": "new",
        "subject": "夜间施工扰民",
        "department": "城管局",
        "due_at": "2026-11-30T09:00:00+00:00",
        "due_text": "11月30日（周一）17:00",
        "already_open": False,
    }
    again = client.post("/api/tickets", json=BODY | {"message_id": "m1"}).json()
    assert again == first | {"already_open": True}
    listed = client.get("/api/tickets", params={"conversation_id": CITIZEN, "number": "20261123 0001"}).json()
    assert listed == {
        "tickets": [
            {
                "number": "G20261123-0001",
                "kind": "complaint",
                "status": "new",
                "subject": "夜间施工扰民",
                "department": "城管局",
                "due_at": "2026-11-30T09:00:00+00:00",
                "due_text": "11月30日（周一）17:00",
                "result": None,
                "answered_at": None,
                "reopenable_until": None,
                "reopenable_until_text": None,
            }
        ]
    }


def test_an_answered_ticket_is_reopened_over_the_api_once_per_message(desk: Any, client: TestClient) -> None:
    number = client.post("/api/tickets", json=BODY | {"department": "城管局"}).json()["number"]
    path, body = f"/api/tickets/{number.lower()}/reopen", {"conversation_id": CITIZEN, "reason": "还在施工"}
    early = client.post(path, json=body | {"reason": ""})  # whatever the reason, it cannot be
    assert early.status_code == 409
    assert "还在办理中" in early.json()["detail"]
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "已责令停工。")
    [told] = client.get("/api/tickets", params={"conversation_id": CITIZEN}).json()["tickets"]
    assert told["result"] == "已责令停工。"
    assert told["answered_at"] == "2026-11-23T01:00:00+00:00"
    assert told["reopenable_until"] == "2026-11-30T01:00:00+00:00"
    assert told["reopenable_until_text"] == "11月30日（周一）09:00"
    for _ in range(2):
        again = client.post(path, json=body | {"message_id": "m7"})
        assert (again.status_code, again.json()["status"], again.json()["result"]) == (200, "working", None)
    assert desk.now(number).reopened == 1
    desk.tickets.answer(number, desk.wang, "已处罚。")
    desk.wait_until("2026-12-01")
    late = client.post(path, json=body)
    assert late.status_code == 409
    assert "截止" in late.json()["detail"]


def test_who_does_not_want_to_say_why_has_it_handled_again_too(desk: Any, client: TestClient) -> None:
    number = client.post("/api/tickets", json=BODY | {"department": "城管局"}).json()["number"]
    desk.tickets.take(number, desk.wang)
    desk.tickets.answer(number, desk.wang, "已责令停工。")
    path, body = f"/api/tickets/{number}/reopen", {"conversation_id": CITIZEN, "reason": ""}
    assert client.post(path, json=body).json()["status"] == "working"


def test_another_citizens_or_an_internal_number_is_not_found(desk: Any, client: TestClient) -> None:
    number = client.post("/api/tickets", json=BODY).json()["number"]
    internal = desk.open(kind="follow_up").number
    for conversation, asked in ((OTHER, number), (CITIZEN, internal), (CITIZEN, "G20261123-0099")):
        found = client.get("/api/tickets", params={"conversation_id": conversation, "number": asked})
        assert found.status_code == 404
        assert asked in found.json()["detail"]
        body = {"conversation_id": conversation, "reason": "重办"}
        assert client.post(f"/api/tickets/{asked}/reopen", json=body).status_code == 404
    assert client.get("/api/tickets", params={"conversation_id": OTHER}).json() == {"tickets": []}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"conversation_id": "no-channel"}, "conversation_id"),
        ({"kind": "follow_up"}, "kind"),
        ({"kind": "praise"}, "kind"),
        ({"subject": None}, "subject"),
        ({"subject": " "}, "subject"),
        ({"subject": "长" * 101}, "subject"),
        ({"details": "长" * 5001}, "details"),
        ({"contact_consent": "yes"}, "contact_consent"),
        ({"contact_consent": None}, "contact_consent"),
        ({"message_id": "m" * 81}, "message_id"),
        ({"plase": "文昌路"}, "plase"),
    ],
)
def test_bad_input_is_explained_in_chinese(
    desk: Any, client: TestClient, change: dict[str, Any], field: str
) -> None:
    answer = client.post("/api/tickets", json=BODY | change)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]
    assert answer.json()["detail"].startswith("请求有误：")
    assert "（" not in answer.json()["errors"][0]["message"]  # no fallback to pydantic's own word
    assert desk.tickets.of_conversation(CITIZEN) == []


def test_a_missing_field_and_a_body_that_is_not_json_are_explained_too(client: TestClient) -> None:
    missing = client.post("/api/tickets", json={k: v for k, v in BODY.items() if k != "contact_consent"})
    assert [problem["field"] for problem in missing.json()["errors"]] == ["contact_consent"]
    broken = client.post("/api/tickets", content=b"{")
    assert "不是有效的 JSON" in broken.json()["detail"]
    assert client.get("/api/tickets").json()["errors"][0]["field"] == "conversation_id"
