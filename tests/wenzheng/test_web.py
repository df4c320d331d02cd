"""The web process: health before anything is published, and who may call the internal API."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from wenzheng.settings import Settings, load_settings
from wenzheng.web import create_app


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path, rasa_port=9, actions_port=9)


def test_health_is_503_and_says_what_is_missing(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        reply = client.get("/health")
    assert reply.status_code == 503
    body = reply.json()
    assert body["ready"] is False
    assert "还没有发布" in body["parts"]["web"]["text"]
    assert body["parts"]["rasa"]["ok"] is False


def test_a_question_before_anything_is_published_is_told_so(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        reply = client.post("/api/answer", json={"question": "居住证怎么办"})
    assert reply.status_code == 200
    assert (reply.json()["status"], reply.json()["reason"]) == ("no_answer", "not_ready")


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Bearer "])
def test_the_internal_api_is_closed_to_others(settings: Settings, token: str) -> None:
    body = {"conversation_id": "web:x", "reason": "complex", "question": "问"}
    with TestClient(create_app(settings)) as client:
        for path in ("/api/handoffs/latest", "/api/answers/latest"):
            reply = client.get(path, params={"conversation_id": "web:x"}, headers={"Authorization": token})
            assert reply.status_code == 401
        assert client.post("/api/handoffs", json=body, headers={"Authorization": token}).status_code == 401
        own = {"question": "问", "conversation_id": "web:x"}
        assert client.post("/api/answer", json=own, headers={"Authorization": token}).status_code == 401
        allowed = {"Authorization": f"Bearer {settings.token}"}
        assert client.post("/api/handoffs", json=body, headers=allowed).status_code == 200


def test_pictures_of_the_home_are_there(settings: Settings) -> None:
    (settings.home_dir / "pictures").mkdir()
    (settings.home_dir / "pictures" / "permit.png").write_bytes(b"png")
    with TestClient(create_app(settings)) as client:
        assert client.get("/pictures/permit.png").content == b"png"


def test_the_pages_of_citizens_and_staff_are_there(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        assert settings.city in client.get("/").text
        assert "登录" in client.get("/console").text
