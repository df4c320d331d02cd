"""Staff see of each reply how far it is."""

from typing import Any

import pytest
from desk_client import sign_in
from fastapi import FastAPI
from fastapi.testclient import TestClient

from desk.changes import conversation_topic
from desk.pages import build_pages
from desk.ports import Ports

CITIZEN, KF = "wechat:oABC1234", "kf:wmABC1234"
STATE = "/console/desk/state"


@pytest.fixture
def served(world: Any) -> tuple[TestClient, Any, dict[int, Any]]:
    """A signed-in browser, who it is, and the outbox's states, which the test sets."""
    states: dict[int, Any] = {}
    ports = Ports(delivery=lambda ids: {row: states[row] for row in ids if row in states})
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts, ports))
    client, member = TestClient(app, follow_redirects=False), world.staff("wang")
    sign_in(client)
    for conversation_id in (CITIZEN, KF, "web:visitor", "terminal:me"):
        world.desk.claim(world.desk.open_handoff(conversation_id, "complex", None, "问").number, member)
    return client, member, states


@pytest.mark.parametrize(
    ("conversation_id", "state", "shown"),
    [
        (CITIZEN, "delivered", "已送达"),
        (CITIZEN, "sending", "发送中"),
        (CITIZEN, "held", "等市民下次发言时送达"),
        (KF, "held", "等市民下次发言时送达"),
        ("web:visitor", "held", "等市民打开页面时送达"),
        ("terminal:me", "held", "等市民打开页面时送达"),
        (CITIZEN, "failed", "未送达"),
    ],
)
def test_each_state_has_its_words(
    world: Any, served: Any, conversation_id: str, state: str, shown: str
) -> None:
    client, member, states = served
    world.desk.reply(conversation_id, member, "请带身份证")
    states[1] = state
    assert shown in client.get("/console/desk", params={"c": conversation_id}).text
    assert shown in client.get(STATE, params={"c": conversation_id}).json()["parts"]["deliveries"][1]


def test_a_state_that_moves_on_is_sent_without_the_messages(world: Any, served: Any) -> None:
    client, member, states = served
    world.desk.reply(CITIZEN, member, "请带身份证")
    states[1] = "sending"
    first = client.get(STATE, params={"c": CITIZEN}).json()
    reply = world.desk.conversation(CITIZEN).messages[-1].id
    have = ",".join(f"{name}.{mark}" for name, (mark, _) in first["parts"].items())
    states[1] = "delivered"
    world.desk.changes.bump(conversation_topic(CITIZEN))
    query = {"c": CITIZEN, "since": first["version"], "after": reply, "have": have, "wait": 5}
    news = client.get(STATE, params=query).json()
    assert set(news["parts"]) == {"deliveries"}
    assert f'data-for="{reply}"' in news["parts"]["deliveries"][1]
    assert "messages" not in news


def test_what_was_not_put_in_the_outbox_has_no_state(world: Any, served: Any) -> None:
    client, member, states = served
    world.desk.note(CITIZEN, member, "查一下")
    states[1] = "delivered"
    assert "已送达" not in client.get("/console/desk", params={"c": CITIZEN}).text
    assert world.desk.sent(CITIZEN) == {}
