"""The console's pages, asked over HTTP as a browser without scripts would, and as the page's script does."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from desk_client import GOOD, JSON, sign_in, token_of
from fastapi import FastAPI
from fastapi.testclient import TestClient

from desk.pages import build_pages
from desk.records import Reach

CITIZEN = "wechat:oABC1234"
ANSWER: dict[str, Any] = {
    "id": "a1",
    "status": "answered",
    "text": "可以参保。",
    "confidence": 0.874,
    "sources": [
        {
            "kind": "clause",
            "id": "d#第八条",
            "title": "灵活就业人员参保办法",
            "doc_number": "云政发〔2024〕3号",
            "article": "第八条",
            "quote": "<b>原文</b>",
            "effective_from": "2024-01-01",
            "effective_to": None,
            "url": "javascript:alert(1)",
        }
    ],
    "options": [],
}


@pytest.fixture
def browser(world: Any) -> Callable[[], TestClient]:
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    return lambda: TestClient(app, follow_redirects=False)


@pytest.fixture
def signed_in(world: Any, browser: Callable[[], TestClient]) -> tuple[TestClient, Any, str]:
    member, client = world.staff("wang"), browser()
    assert sign_in(client).headers["location"] == "/console/desk"
    world.desk.pause(member)  # what waits is theirs to claim
    return client, member, token_of(client.get("/console/desk").text)


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(browser: Callable[[], TestClient]) -> None:
    client = browser()
    assert client.get("/console").headers["location"] == "/console/login"
    assert client.get("/console/desk").headers["location"] == "/console/login"
    state = client.get("/console/desk/state")
    assert (state.status_code, state.json()["error"]["code"]) == (401, "sign_in_refused")
    assert client.post("/console/desk/reply", data={"c": CITIZEN}).headers["location"] == "/console/login"


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(world: Any, browser: Any) -> None:
    world.staff("wang")
    cookies = sign_in(browser()).headers.get_list("set-cookie")
    [session] = [cookie for cookie in cookies if cookie.startswith("wenzheng_staff=")]
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/console" in session


def test_a_wrong_password_is_said_and_the_name_is_kept(world: Any, browser: Any) -> None:
    world.staff("wang")
    client = browser()
    for _ in range(5):
        answer = sign_in(client, password="wrong password")
        assert answer.status_code == 401
        assert "用户名或密码不正确" in answer.text
        assert 'value="wang"' in answer.text
    locked = sign_in(client)
    assert locked.status_code == 429
    assert "15 分钟" in locked.text
    assert client.get("/console/desk").status_code == 303


def test_a_sign_in_form_from_elsewhere_is_refused(world: Any, browser: Any) -> None:
    world.staff("wang")
    victim, attacker = browser(), browser()
    stolen = token_of(attacker.get("/console/login").text)
    form = {"username": "wang", "password": GOOD, "form_token": stolen}
    assert victim.post("/console/login", data=form).status_code == 403  # no cookie of its own
    victim.get("/console/login")
    assert victim.post("/console/login", data=form).status_code == 403  # another browser's token
    assert victim.get("/console/desk").status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_no_action_runs_without_the_forms_token(world: Any, signed_in: Any, token: str) -> None:
    client, member, _ = signed_in
    waiting = world.desk.open_handoff("web:waiting", "complex", None, "问").number
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问").number, member)
    for action, form in {
        "claim": {"handoff": waiting, "c": "web:waiting"},
        "reply": {"c": CITIZEN, "text": "冒充"},
        "resolve": {"c": CITIZEN},
        "transfer": {"c": CITIZEN, "to": "department:综合受理", "reason": "因为"},
        "ticket": {"c": CITIZEN},
        "presence": {"ready": "yes"},
    }.items():
        answer = client.post(f"/console/desk/{action}", data=form | {"form_token": token})
        assert answer.status_code == 403
        assert "表单已失效" in answer.text
    client.post("/console/logout", data={"form_token": token})
    assert client.get("/console/desk").status_code == 200
    assert world.delivered() == []
    assert (world.desk.owner("web:waiting"), world.desk.owner(CITIZEN)) == ("queue", "staff")


def test_what_waits_for_another_department_is_not_offered_to_claim(world: Any, signed_in: Any) -> None:
    client, member, _ = signed_in
    world.staff("zhao", department="公安局")
    world.desk.claim(world.desk.open_handoff("web:a", "complex", None, "问").number, member)
    world.desk.transfer("web:a", member, "归公安局", department="公安局")
    page = client.get("/console/desk", params={"c": "web:a"}).text
    assert 'data-mode="elsewhere"' in page
    assert "由其他部门的坐席领取" in page


def test_the_whole_service_works_with_plain_forms(world: Any, signed_in: Any) -> None:
    client, _, token = signed_in
    world.desk.record(CITIZEN, ("citizen", "灵活就业怎么参保？", None))
    number = world.desk.open_handoff(CITIZEN, "complex", "人社局", "灵活就业怎么参保？").number
    page = client.get("/console/desk", params={"c": CITIZEN}).text
    assert "灵活就业怎么参保？" in page
    assert "事项复杂" in page
    assert "人社局" in page
    assert 'data-mode="queue"' in page

    form = {"c": CITIZEN, "form_token": token}
    claimed = client.post("/console/desk/claim", data=form | {"handoff": number})
    assert claimed.headers["location"] == "/console/desk?c=wechat%3AoABC1234"
    assert 'data-mode="mine"' in client.get(claimed.headers["location"]).text
    client.post("/console/desk/reply", data=form | {"text": "带身份证来"})
    client.post("/console/desk/reply", data=form | {"text": "核对过了", "kind": "note"})
    assert world.delivered() == [(CITIZEN, "带身份证来")]
    client.post("/console/desk/resolve", data=form | {"note": "已办结"})
    assert 'data-mode="closed"' in client.get("/console/desk", params={"c": CITIZEN}).text
    assert world.returned == [CITIZEN]


def test_a_refused_action_keeps_the_page_and_says_why(world: Any, signed_in: Any) -> None:
    client, _, token = signed_in
    number = world.desk.open_handoff(CITIZEN, "complex", None, "问").number
    world.desk.claim(number, world.staff("li", "李强"))
    form = {"c": CITIZEN, "handoff": number, "text": "x", "form_token": token}
    late = client.post("/console/desk/claim", data=form)
    assert late.status_code == 409
    assert "已由 李强 领取" in late.text
    assert 'data-mode="other"' in late.text
    scripted = client.post("/console/desk/reply", data=form, headers=JSON)
    assert (scripted.status_code, scripted.json()["error"]["code"]) == (409, "not_yours")
    assert "李强" in scripted.json()["error"]["message"]


def test_the_bots_sources_are_shown_and_nothing_in_them_runs(world: Any, signed_in: Any) -> None:
    client, _, _ = signed_in
    world.desk.record(CITIZEN, ("citizen", "<script>alert(1)</script>", None))
    world.desk.record(CITIZEN, ("bot", ANSWER["text"], ANSWER))
    world.desk.open_handoff(CITIZEN, "complex", None, "问")
    answer = client.get("/console/desk", params={"c": CITIZEN})
    for shown in (
        "灵活就业人员参保办法",
        "第八条",
        "云政发〔2024〕3号",
        "<b>原文</b>",
        "2024-01-01",
        "把握 87%",
    ):
        assert shown in unescape(answer.text)
    assert "<script>alert" not in answer.text
    assert "<b>原文" not in answer.text
    assert "javascript:" not in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_payload_with_holes_does_not_break_the_page(world: Any, signed_in: Any) -> None:
    client, _, _ = signed_in
    world.desk.record(CITIZEN, ("bot", "好", {"sources": [{}], "options": [{}], "status": "novel"}))
    world.desk.open_handoff(CITIZEN, "complex", None, "")
    assert client.get("/console/desk", params={"c": CITIZEN}).status_code == 200


def test_a_finished_conversation_is_for_who_served_it_and_who_oversees_it_up_to_its_end(
    world: Any, signed_in: Any, browser: Callable[[], TestClient]
) -> None:
    client, member, _ = signed_in
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", member.department, "问").number, member)
    world.desk.resolve(CITIZEN, member)
    world.clock.now += 60
    world.desk.record(CITIZEN, ("citizen", "与坐席无关的私事", None))
    world.staff("li")
    world.staff("sun", role="supervisor", department="市公安局")
    world.staff("zhao", role="supervisor")
    world.staff("qian", role="supervisor", department="综合受理")
    world.staff("zhou", role="auditor", department="审计局")
    others = {name: browser() for name in ("li", "sun", "zhao", "qian", "zhou")}
    for name, other in others.items():
        sign_in(other, name)
    for name in ("li", "sun"):
        refused = others[name].get("/console/desk", params={"c": CITIZEN})
        assert refused.status_code == 403
        assert "由接待人和主管查看" in refused.text
    for allowed in (client, others["zhao"], others["qian"], others["zhou"]):
        page = allowed.get("/console/desk", params={"c": CITIZEN})
        assert page.status_code == 200
        assert "结束了人工服务" in page.text
        assert "私事" not in page.text


def test_conversations_without_a_handoff_are_not_for_staff(world: Any, signed_in: Any) -> None:
    client, _, _ = signed_in
    world.desk.record("web:private", ("citizen", "只和机器人说的话", None))
    for conversation_id in ("web:private", "web:nobody"):
        page = client.get("/console/desk", params={"c": conversation_id})
        assert page.status_code == 404
        assert "没有找到这条会话" in page.text
        assert "只和机器人" not in page.text


def test_a_cancelled_wait_is_told_to_who_is_looking_at_it(world: Any, signed_in: Any) -> None:
    client, _, _ = signed_in
    world.desk.open_handoff(CITIZEN, "complex", None, "问")
    world.desk.receive(CITIZEN, "返回")
    state = client.get("/console/desk/state", params={"c": CITIZEN})
    assert state.status_code == 409
    assert "市民已取消排队" in state.json()["error"]["message"]


def test_signing_out_ends_the_session(signed_in: Any) -> None:
    client, _, token = signed_in
    cookie = client.cookies["wenzheng_staff"]
    assert client.post("/console/logout", data={"form_token": token}).headers["location"] == "/console/login"
    client.cookies.set("wenzheng_staff", cookie)
    assert client.get("/console/desk").status_code == 303


def test_static_files_are_served_by_name_and_nothing_else_is(signed_in: Any) -> None:
    client, _, _ = signed_in
    addresses = re.findall(r'(?:href|src)="(/console/desk/static/[^"]+)"', client.get("/console/desk").text)
    assert {address.partition("?")[0].rpartition(".")[2] for address in addresses} == {"css", "js", "svg"}
    assert all(client.get(address).status_code == 200 for address in addresses)
    for name in ("0/nothing.css", "0/..%2Ftexts.yml", "..%2Ftexts.yml", "%2e%2e/pages.py"):
        assert client.get(f"/console/desk/static/{name}").status_code == 404


def test_a_file_of_another_version_is_not_kept_by_the_browser(signed_in: Any) -> None:
    client, _, _ = signed_in
    current = re.findall(r'src="(/console/desk/static/[^"]+\.js)"', client.get("/console/desk").text)[0]
    assert "immutable" in client.get(current).headers["cache-control"]
    assert client.get("/console/desk/static/0/desk.js").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("reach", "shown"),
    [
        (Reach(3, datetime(2026, 11, 25, 1, 0, tzinfo=UTC)), "还可发 3 条，11月25日 09:00 前"),
        (Reach(0, None), "回复随市民下次发言送达"),
        (None, None),
    ],
)
def test_staff_see_how_many_messages_can_still_reach_the_citizen(
    make_world: Callable[..., Any], reach: Reach | None, shown: str | None
) -> None:
    world = make_world(reach=lambda _conversation_id: reach)
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    client, member = TestClient(app, follow_redirects=False), world.staff("wang")
    sign_in(client)
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问").number, member)
    page = client.get("/console/desk", params={"c": CITIZEN}).text
    assert ("主动消息" in page) == (shown is not None)
    assert shown is None or shown in page


def test_a_conversation_is_passed_on_and_presence_changed_with_plain_forms(
    world: Any, signed_in: Any, browser: Callable[[], TestClient]
) -> None:
    client, member, token = signed_in
    colleague = world.staff("zhao", "赵云")
    form = {"form_token": token, "c": CITIZEN}
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问").number, member)
    refused = client.post("/console/desk/transfer", data=form | {"to": "colleague:zhao", "reason": "请接"})
    assert refused.status_code == 422
    assert "赵云 现在不在岗" in refused.text
    sign_in(browser(), "zhao")
    assert "colleague:zhao" in client.get("/console/desk/targets").json()["html"]
    moved = client.post("/console/desk/transfer", data=form | {"to": "colleague:zhao", "reason": "请接"})
    assert moved.status_code == 303
    assert world.desk.conversation(CITIZEN).staff_id == colleague.id
    assert not world.desk.is_ready(member)
    assert (
        client.post("/console/desk/presence", data={"form_token": token, "ready": "yes"}).status_code == 303
    )
    assert world.desk.is_ready(member)
    assert "小憩" in client.get("/console/desk").text
    client.post("/console/desk/presence", data={"form_token": token, "ready": "no"})
    assert not world.desk.is_ready(member)


def test_signing_in_brings_work_and_signing_out_gives_it_back(
    world: Any, browser: Callable[[], TestClient]
) -> None:
    member, client = world.staff("wang"), browser()
    world.desk.open_handoff(CITIZEN, "complex", None, "问")
    sign_in(client)
    assert world.desk.conversation(CITIZEN).staff_id == member.id
    client.post("/console/logout", data={"form_token": token_of(client.get("/console/desk").text)})
    assert world.desk.owner(CITIZEN) == "queue"
    assert not world.desk.is_ready(member)


def test_a_desk_without_tickets_says_so_and_keeps_the_conversation(world: Any, signed_in: Any) -> None:
    client, member, token = signed_in
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问").number, member)
    refused = client.post("/console/desk/ticket", data={"form_token": token, "c": CITIZEN})
    assert (refused.status_code, "没有开通工单" in refused.text) == (422, True)
    assert world.desk.owner(CITIZEN) == "staff"


def test_an_open_conversation_is_for_its_department_and_who_had_a_part_in_it(
    world: Any, signed_in: Any, browser: Callable[[], TestClient]
) -> None:
    client, member, _ = signed_in
    world.staff("housing", department="住建局")
    world.desk.record(CITIZEN, ("citizen", "我的身份证号是……", None))
    number = world.desk.open_handoff(CITIZEN, "complex", member.department, "问").number
    other, auditor = browser(), browser()
    sign_in(other, "housing")
    world.staff("auditor", role="auditor")
    sign_in(auditor, "auditor")
    page = {"c": CITIZEN}
    refused = other.get("/console/desk/state", params=page)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_allowed")
    assert "身份证号" not in other.get("/console/desk", params=page).text
    assert "身份证号" in auditor.get("/console/desk", params=page).text

    world.desk.claim(number, member)
    world.desk.transfer(CITIZEN, member, "归住建局", department="住建局")
    for who in (client, other):
        assert "身份证号" in who.get("/console/desk", params=page).text
