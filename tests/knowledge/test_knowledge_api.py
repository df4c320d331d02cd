"""The knowledge service over HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from knowledge_fakes import faq

from knowledge.api import router
from knowledge.service import KnowledgeService
from wenzheng.security import InternalOnly

Publish = Callable[..., KnowledgeService]
OURS = {"Authorization": "Bearer secret"}
WRONG = {"Authorization": "Bearer guess"}


@pytest.fixture
def client(publish: Publish) -> Iterator[TestClient]:
    service = publish(
        faq("FAQ-1", "怎么申请居住证", "到派出所。"),
        faq("FAQ-2", "公积金提取租房", "租房提取。"),
        faq("FAQ-3", "公积金提取购房", "购房提取。"),
    )
    app = FastAPI()
    app.include_router(router(service, InternalOnly("secret")))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, headers: dict[str, str] | None = None, **body: Any) -> Any:
    return client.post("/api/answer", json=body, headers=headers or {})


def test_anyone_may_ask_and_gets_the_answer_of_the_contract(client: TestClient) -> None:
    reply = ask(client, question="怎么申请居住证")
    assert reply.status_code == 200
    answer = reply.json()
    assert set(answer) == {
        "id",
        "status",
        "text",
        "confidence",
        "sources",
        "options",
        "reason",
        "notice",
        "department",
        "release",
        "clipped",
        "timings_ms",
    }
    assert (answer["status"], answer["text"], answer["reason"]) == ("answered", "到派出所。", None)
    assert set(answer["sources"][0]) == {
        "kind",
        "id",
        "title",
        "doc_number",
        "article",
        "quote",
        "effective_from",
        "effective_to",
        "url",
        "picture",
    }
    assert 0 < answer["confidence"] <= 1


@pytest.mark.parametrize(
    "headers", [None, WRONG, {"Authorization": "secret"}, {"Authorization": "Basic secret"}]
)
def test_only_our_own_processes_may_say_which_conversation_it_is(
    client: TestClient, headers: dict[str, str] | None
) -> None:
    for body in ({"question": "怎么申请居住证"}, {"choice": 1}, {"question": ""}):
        assert ask(client, headers, conversation_id="wechat:victim", **body).status_code == 401
    assert client.get("/api/answers/latest?conversation_id=wechat:victim", headers=OURS).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/answers/latest?conversation_id=web:1"),
        ("GET", "/api/answers/0000"),
        ("POST", "/api/answers/0000/feedback"),
    ],
)
@pytest.mark.parametrize("headers", [{}, WRONG])
def test_all_but_asking_needs_the_token(
    client: TestClient, method: str, path: str, headers: dict[str, str]
) -> None:
    assert client.request(method, path, headers=headers, json={"helpful": True}).status_code == 401


def test_an_option_is_chosen_by_its_number(client: TestClient) -> None:
    asked = ask(client, OURS, question="公积金提取", conversation_id="web:1").json()
    assert asked["status"] == "clarify"
    chosen = ask(client, OURS, conversation_id="web:1", choice=2).json()
    assert chosen["status"] == "answered"
    assert chosen["sources"][0]["id"] == asked["options"][1]["id"]


def test_a_choice_without_options_is_a_conflict(client: TestClient) -> None:
    reply = ask(client, OURS, conversation_id="web:1", choice=1)
    assert reply.status_code == 409
    assert "没有可选的选项" in reply.json()["detail"]


@pytest.mark.parametrize("choice", [0, 3, -1])
def test_a_choice_that_was_not_offered_cannot_be_processed(client: TestClient, choice: int) -> None:
    ask(client, OURS, question="公积金提取", conversation_id="web:1")
    reply = ask(client, OURS, conversation_id="web:1", choice=choice)
    assert reply.status_code == 422
    assert "1 到 2" in reply.json()["detail"]


def test_a_choice_needs_its_conversation(client: TestClient) -> None:
    reply = ask(client, OURS, choice=1)
    assert reply.status_code == 422
    assert "conversation_id" in reply.json()["detail"]


def test_the_latest_answer_of_a_conversation_or_404(client: TestClient) -> None:
    given = ask(client, OURS, question="怎么申请居住证", conversation_id="web:1").json()
    found = client.get("/api/answers/latest", params={"conversation_id": "web:1"}, headers=OURS)
    assert found.json() == given
    missing = client.get("/api/answers/latest", params={"conversation_id": "web:2"}, headers=OURS)
    assert missing.status_code == 404
    assert client.get("/api/answers/latest", headers=OURS).status_code == 422


def test_an_answer_is_explained_or_404(client: TestClient) -> None:
    given = ask(client, question="怎么申请居住证").json()
    found = client.get(f"/api/answers/{given['id']}", headers=OURS).json()
    assert found["question"] == "怎么申请居住证"
    assert found["trace"]["candidates"][0]["id"] == "FAQ-1"
    assert found["conversation_id"] is None
    explanation = found["explanation"]
    assert (explanation["status"], explanation["kept"][0]["id"]) == ("answered", "FAQ-1")
    assert explanation["kept"][0]["outcome"] == "answered"
    missing = client.get("/api/answers/0000", headers=OURS)
    assert missing.status_code == 404
    assert "0000" in missing.json()["detail"]


def test_a_verdict_is_taken_or_404(client: TestClient) -> None:
    given = ask(client, question="怎么申请居住证").json()
    path = f"/api/answers/{given['id']}/feedback"
    assert client.post(path, json={"helpful": False, "comment": "不对"}, headers=OURS).json() == {"ok": True}
    assert client.post(path, json={}, headers=OURS).status_code == 422
    missing = client.post("/api/answers/0000/feedback", json={"helpful": True}, headers=OURS)
    assert missing.status_code == 404


def test_a_question_of_10000_characters_is_taken_and_one_beyond_all_bounds_is_not(client: TestClient) -> None:
    assert ask(client, question="天" * 10_000).status_code == 200
    assert ask(client, question="天" * 20_001).status_code == 422
    assert ask(client, question="天", conversation_id="w" * 256).status_code == 422


def test_an_empty_body_is_an_empty_question(client: TestClient) -> None:
    assert ask(client).json()["reason"] == "empty"
    assert client.post("/api/answer", content=b"{").status_code == 422


def test_half_a_surrogate_pair_is_left_out(client: TestClient) -> None:
    body = '{"question": "\\ud800怎么申请居住证\\udc00", "comment": "\\ud800", "helpful": true}'.encode()
    headers = {**OURS, "Content-Type": "application/json"}
    answer = client.post("/api/answer", content=body, headers=headers).json()
    assert answer["text"] == "到派出所。"
    path = f"/api/answers/{answer['id']}/feedback"
    assert client.post(path, content=body, headers=headers).json() == {"ok": True}


def test_the_full_text_of_the_last_answer_is_given_or_a_conflict(client: TestClient) -> None:
    assert ask(client, OURS, conversation_id="web:1", full_text=True).status_code == 409
    ask(client, OURS, question="怎么申请居住证", conversation_id="web:1")
    shown = ask(client, OURS, conversation_id="web:1", full_text=True)
    assert (shown.status_code, shown.json()["text"]) == (200, "到派出所。")
    assert ask(client, full_text=True).status_code == 422
    assert ask(client, WRONG, conversation_id="web:1", full_text=True).status_code == 401


def test_asked_again_for_the_same_message_the_answer_is_the_one_that_was_given(client: TestClient) -> None:
    """A process that dies between the answer and its delivery asks again: a choice must not meet other options then."""
    ask(client, OURS, question="公积金提取", conversation_id="web:1", message_id="1")
    chosen = [ask(client, OURS, conversation_id="web:1", choice=2, message_id="2").json() for _ in range(2)]
    assert chosen[0] == chosen[1]
    assert ask(client, OURS, conversation_id="web:1", choice=2, message_id="3").status_code == 409
    shown = [
        ask(client, OURS, conversation_id="web:1", full_text=True, message_id="4").json() for _ in range(2)
    ]
    assert shown[0] == shown[1]
    other = ask(client, OURS, question="怎么申请居住证", conversation_id="web:2", message_id="2").json()
    assert other["text"] == "到派出所。"


def test_only_our_own_processes_get_the_answer_to_a_message(client: TestClient) -> None:
    ask(client, OURS, question="公积金提取", conversation_id="web:1", message_id="1")
    assert ask(client, WRONG, question="x", conversation_id="web:1", message_id="1").status_code == 401
