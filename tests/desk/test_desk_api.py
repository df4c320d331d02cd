"""The internal API."""

from typing import Annotated, Any

import pytest
from desk_fakes import FakeHours, FakeTickets
from fastapi import FastAPI, Header, HTTPException
from fastapi.testclient import TestClient

from desk.api import build_api

BODY = {"conversation_id": "wechat:oABC", "reason": "complaint", "question": "我要投诉"}
OURS = {"Authorization": "Bearer inside"}


def require_internal(authorization: Annotated[str, Header()] = "") -> None:
    if authorization != "Bearer inside":
        raise HTTPException(401, "内部接口需要令牌")


@pytest.fixture
def client(world: Any) -> TestClient:
    app = FastAPI()
    app.include_router(build_api(world.desk, require_internal))
    return TestClient(app)


def test_without_the_token_nothing_is_told_or_done(world: Any, client: TestClient) -> None:
    assert client.post("/api/handoffs", json=BODY).status_code == 401
    assert client.get("/api/handoffs/latest", params={"conversation_id": "wechat:oABC"}).status_code == 401
    assert world.desk.queue() == []


def test_a_handoff_is_opened_once_and_found_again(client: TestClient) -> None:
    first = client.post("/api/handoffs", json=BODY | {"department": "市场监管局"}, headers=OURS).json()
    assert first == {
        "number": "20261123-0001",
        "status": "queued",
        "already_open": False,
        "position": 1,
        "staff_online": 0,
        "department": "市场监管局",
        "wait_minutes": None,
        "ticket": None,
        "opens_text": None,
    }
    again = client.post("/api/handoffs", json=BODY | {"answer_id": None}, headers=OURS).json()
    assert again == first | {"already_open": True}
    latest = client.get("/api/handoffs/latest", params={"conversation_id": "wechat:oABC"}, headers=OURS)
    assert latest.json() == {
        "number": "20261123-0001",
        "status": "queued",
        "position": 1,
        "department": "市场监管局",
        "reason": "complaint",
        "created_at": "2026-11-23T01:00:00+00:00",
        "ticket_number": None,
    }


def test_outside_hours_the_receipt_is_a_tickets(make_world: Any) -> None:
    world = make_world(hours=FakeHours({"综合受理"}), tickets=FakeTickets())
    app = FastAPI()
    app.include_router(build_api(world.desk, require_internal))
    receipt = TestClient(app).post("/api/handoffs", json=BODY, headers=OURS).json()
    assert (receipt["status"], receipt["position"]) == ("ticket", 0)
    assert receipt["ticket"] == {"number": "G1", "due_text": "11月27日（周五）17:00"}
    assert receipt["opens_text"] == "900 分钟后"


def test_a_conversation_without_a_handoff_is_not_found(client: TestClient) -> None:
    answer = client.get("/api/handoffs/latest", params={"conversation_id": "web:x"}, headers=OURS)
    assert (answer.status_code, answer.json()) == (404, {"detail": "这条会话没有转人工记录。"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "complaint", "question": "问"}, "conversation_id"),
        (BODY | {"conversation_id": "no-channel"}, "conversation_id"),
        (BODY | {"reason": "bored"}, "reason"),
        (BODY | {"question": None}, "question"),
        (BODY | {"question": "问" * 10_001}, "question"),
        (BODY | {"departmnt": "人社局"}, "departmnt"),
        ([1], "请求体"),
    ],
)
def test_bad_input_is_explained_in_chinese(world: Any, client: TestClient, body: Any, field: str) -> None:
    answer = client.post("/api/handoffs", json=body, headers=OURS)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]
    assert answer.json()["detail"].startswith("请求有误：")
    assert "Field" not in answer.text
    assert "（" not in answer.json()["errors"][0]["message"]  # no fallback to pydantic's own word
    assert world.desk.queue() == []


def test_a_body_that_is_not_json_and_a_missing_parameter_are_explained_too(client: TestClient) -> None:
    broken = client.post("/api/handoffs", content=b"{", headers=OURS)
    assert broken.status_code == 422
    assert "不是有效的 JSON" in broken.json()["detail"]
    missing = client.get("/api/handoffs/latest", headers=OURS)
    assert missing.status_code == 422
    assert missing.json()["errors"][0]["field"] == "conversation_id"
