"""Canned replies: who sees which, who may change them, and what their variables become."""

from typing import Any

import pytest
from desk_client import sign_in, token_of
from fastapi import FastAPI
from fastapi.testclient import TestClient

from desk.errors import BadInput, NotAllowed, UnknownCannedReply
from desk.pages import build_pages

CITIZEN = "wechat:oABC1234"


@pytest.fixture
def people(world: Any) -> dict[str, Any]:
    return {
        "wang": world.staff("wang"),
        "li": world.staff("li", "李强"),
        "zhao": world.staff("zhao", "赵主管", role="supervisor"),
        "qian": world.staff("qian", "钱警官", department="公安局"),
        "sun": world.staff("sun", "孙管理", department="信息中心", role="administrator"),
    }


def titles(world: Any, member: Any) -> list[str]:
    return [reply.title for reply in world.desk.canned.all(member)]


def test_each_sees_their_own_their_departments_and_everybodys(world: Any, people: dict[str, Any]) -> None:
    canned = world.desk.canned
    canned.save(people["sun"], None, "all", "全体", "大家好")
    canned.save(people["zhao"], None, "department", "部门", "社保局")
    canned.save(people["wang"], None, "personal", "个人", "我的")
    assert titles(world, people["wang"]) == ["个人", "部门", "全体"]
    assert titles(world, people["li"]) == ["部门", "全体"]
    assert titles(world, people["qian"]) == ["全体"]


def test_nobody_changes_what_is_not_theirs(world: Any, people: dict[str, Any]) -> None:
    canned = world.desk.canned
    own = canned.save(people["wang"], None, "personal", "个人", "我的")
    shared = canned.save(people["zhao"], None, "department", "部门", "社保局")
    everybodys = canned.save(people["sun"], None, "all", "全体", "大家好")
    for name, reply in [("li", own), ("zhao", own), ("wang", shared), ("sun", shared), ("zhao", everybodys)]:
        with pytest.raises(NotAllowed):
            canned.save(people[name], reply, "personal", "抢走", "我的了")
        with pytest.raises(NotAllowed):
            canned.delete(people[name], reply)
    for name, scope in [("wang", "department"), ("wang", "all"), ("zhao", "all")]:
        with pytest.raises(NotAllowed):
            canned.save(people[name], None, scope, "标题", "内容")
    assert titles(world, people["wang"]) == ["个人", "部门", "全体"]
    with pytest.raises(UnknownCannedReply):
        canned.delete(people["wang"], 99)


def test_who_may_change_one_changes_and_deletes_it(world: Any, people: dict[str, Any]) -> None:
    canned = world.desk.canned
    reply = canned.save(people["zhao"], None, "personal", "草稿", "内容")
    assert canned.save(people["zhao"], reply, "department", "定稿", "新内容") == reply
    assert titles(world, people["wang"]) == ["定稿"]
    canned.delete(people["zhao"], reply)
    assert titles(world, people["wang"]) == []


@pytest.mark.parametrize(
    ("title", "text", "scope", "said"),
    [
        ("", "内容", "personal", "标题是空的"),
        ("题" * 61, "内容", "personal", "最多 60 个字"),
        ("标题", "  ", "personal", "内容是空的"),
        ("标题", "字" * 2001, "personal", "最多 2000 个字"),
        ("标题", "您好{市名}，{电话}", "personal", "{市名}、{电话} 不是可用的变量"),
        ("标题", "空{}", "personal", "{} 不是可用的变量"),
        ("标题", "内容", "everyone", "“everyone”不存在"),
    ],
)
def test_what_cannot_be_saved_says_why(
    world: Any, people: dict[str, Any], title: str, text: str, scope: str, said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        world.desk.canned.save(people["wang"], None, scope, title, text)
    assert said in refused.value.message
    assert titles(world, people["wang"]) == []


@pytest.mark.parametrize(
    ("hour", "greeting"),
    [(3, "晚上好"), (5, "早上好"), (9, "早上好"), (11, "中午好"), (13, "下午好"), (18, "晚上好")],
)
def test_variables_become_the_moments_words(
    world: Any, people: dict[str, Any], hour: int, greeting: str
) -> None:
    world.clock.now += (hour - 9) * 3600  # the clock stands at nine in the morning
    number = world.desk.open_handoff(CITIZEN, "complex", None, "问").number
    text = "{市民}，{时间问候}！我是{部门}{姓名}，编号 {编号}。"
    world.desk.canned.save(people["wang"], None, "personal", "问候", text)
    [filled] = world.desk.canned.filled(people["wang"], world.desk.latest_handoff(CITIZEN))
    assert filled["text"] == f"市民朋友，{greeting}！我是人力资源和社会保障局王敏，编号 {number}。"


@pytest.fixture
def client(world: Any, people: dict[str, Any]) -> TestClient:
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    client = TestClient(app, follow_redirects=False)
    sign_in(client)
    return client


def test_the_page_adds_changes_and_deletes(world: Any, people: dict[str, Any], client: TestClient) -> None:
    token = token_of(client.get("/console/canned").text)
    form = {"scope": "personal", "title": "稍等", "text": "请稍等。", "form_token": token}
    assert client.post("/console/canned", data=form).headers["location"] == "/console/canned"
    [reply] = world.desk.canned.all(people["wang"])
    page = client.get("/console/canned").text
    assert "请稍等。" in page
    assert "{时间问候}" in page
    client.post("/console/canned", data={**form, "id": reply.id, "text": "请等一下。"})
    assert [each.text for each in world.desk.canned.all(people["wang"])] == ["请等一下。"]
    client.post("/console/canned/delete", data={"id": reply.id, "form_token": token})
    assert titles(world, people["wang"]) == []


def test_a_refused_form_keeps_what_was_written(client: TestClient) -> None:
    token = token_of(client.get("/console/canned").text)
    form = {"title": "稍等", "text": "请{某人}稍等", "form_token": token}
    refused = client.post("/console/canned", data=form)
    assert refused.status_code == 422
    assert "{某人} 不是可用的变量" in refused.text
    assert "请{某人}稍等</textarea>" in refused.text


def test_the_page_takes_no_form_from_elsewhere(
    world: Any, people: dict[str, Any], client: TestClient
) -> None:
    reply = world.desk.canned.save(people["wang"], None, "personal", "个人", "我的")
    form = {"title": "假", "text": "假", "form_token": "0" * 64}
    assert client.post("/console/canned", data=form).status_code == 403
    deletion = {"id": reply, "form_token": ""}
    assert client.post("/console/canned/delete", data=deletion).status_code == 403
    assert titles(world, people["wang"]) == ["个人"]
    client.cookies.clear()
    assert client.get("/console/canned").headers["location"] == "/console/login"
    assert client.post("/console/canned", data=form).headers["location"] == "/console/login"


def test_the_picker_gets_them_filled_in(world: Any, people: dict[str, Any], client: TestClient) -> None:
    number = world.desk.open_handoff(CITIZEN, "complex", None, "问").number
    world.desk.canned.save(people["wang"], None, "personal", "编号", "您的编号是 {编号}，{姓名}")
    [reply] = client.get("/console/desk/canned", params={"c": CITIZEN}).json()["replies"]
    assert reply["text"] == f"您的编号是 {number}，王敏"
    assert client.get("/console/desk/canned", params={"c": "web:nobody"}).status_code == 404
