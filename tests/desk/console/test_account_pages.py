"""Keeping accounts in the browser, without scripts."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from desk.errors import SignInRefused

GOOD = "correct horse battery"
FORM = {
    "username": "li.qiang",
    "display_name": "李强",
    "department": "公安局",
    "role": "staff",
    "capacity": "",
}
Visit = Callable[..., Any]


@pytest.fixture
def boss(visitor: Visit) -> Any:
    return visitor("boss", "administrator", department="信息中心")


def test_an_account_is_added_with_a_password_shown_once(world: Any, boss: Any) -> None:
    added = boss.post("/console/accounts/new", **FORM | {"role": "supervisor", "capacity": "4"})
    assert added.status_code == 200
    assert added.headers["cache-control"] == "no-store"
    [password] = re.findall(r'id="initial-password">([^<]+)<', added.text)
    assert world.accounts.session(world.accounts.sign_in("li.qiang", password)).must_change_password
    account = world.accounts.account("li.qiang")
    assert (account.member.role, account.capacity) == ("supervisor", 4)
    for address in ("/console/accounts", "/console/account/li.qiang", "/console/audit"):
        page = boss.get(address).text
        assert password not in page
        assert "李强" in page
    assert "未改初始密码" in boss.get("/console/accounts").text


@pytest.mark.parametrize(
    ("change", "field", "status", "says"),
    [
        ({"username": "李"}, "username", 422, "不合要求"),
        ({"username": "BOSS"}, "username", 409, "已经存在"),
        ({"display_name": " "}, "display_name", 422, "姓名是空的"),
        ({"department": ""}, "department", 422, "部门是空的"),
        ({"role": "king"}, "role", 422, "不存在"),
        ({"role": ""}, "role", 422, "不存在"),
        ({"capacity": "很多"}, "capacity", 422, "1 到 50"),
    ],
)
def test_an_error_stands_beside_its_field_and_what_was_typed_stays(
    world: Any, boss: Any, change: dict[str, str], field: str, status: int, says: str
) -> None:
    answer = boss.post("/console/accounts/new", **FORM | change)
    assert answer.status_code == status
    beside = answer.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert says in beside
    assert 'role="alert"' not in answer.text
    for name in ("username", "display_name", "department", "capacity"):
        assert f'name="{name}" value="{(FORM | change)[name]}"' in answer.text
    assert [member.username for member in world.accounts.all()] == ["boss"]


def test_an_account_is_changed_and_that_is_said(world: Any, boss: Any) -> None:
    world.staff("wang")
    form = {"display_name": "王敏敏", "department": "民政局", "role": "auditor", "capacity": ""}
    done = boss.post("/console/account/wang", **form)
    assert done.status_code == 303
    assert "修改已保存" in boss.get(done.headers["location"]).text
    member = world.accounts.find("wang")
    assert (member.display_name, member.department, member.role) == ("王敏敏", "民政局", "auditor")


def test_the_last_administrator_is_refused_beside_the_role(world: Any, boss: Any) -> None:
    form = {"display_name": "周", "department": "信息中心", "role": "staff", "capacity": ""}
    changed = boss.post("/console/account/boss", **form)
    assert changed.status_code == 409
    assert "最后一个启用的管理员" in changed.text.partition('id="role-error"')[2].partition("</p>")[0]
    closed = boss.post("/console/account/boss/deactivate")
    assert closed.status_code == 409
    assert "最后一个启用的管理员" in closed.text
    assert world.accounts.find("boss").role == "administrator"
    assert boss.get("/console/accounts").status_code == 200


def test_a_reset_shows_a_new_password_once(world: Any, boss: Any) -> None:
    world.staff("wang")
    reset = boss.post("/console/account/wang/password")
    [password] = re.findall(r'id="initial-password">([^<]+)<', reset.text)
    with pytest.raises(SignInRefused):
        world.accounts.sign_in("wang", GOOD)
    assert world.accounts.sign_in("wang", password)
    assert password not in boss.get("/console/account/wang").text


def test_an_account_is_closed_and_opened_again(world: Any, boss: Any, visitor: Visit) -> None:
    wang = visitor("wang", "staff")
    done = boss.post("/console/account/wang/deactivate")
    assert "账号已停用" in boss.get(done.headers["location"]).text
    assert wang.get("/console/desk").headers["location"] == "/console/login"
    listed = boss.get("/console/accounts").text
    assert "wang" in listed.partition("已停用")[2]
    done = boss.post("/console/account/wang/reactivate")
    assert "账号已启用" in boss.get(done.headers["location"]).text
    assert wang.sign_in("wang").headers["location"] == "/console/desk"


def test_who_still_serves_is_warned_about_before_closing(world: Any, boss: Any) -> None:
    member = world.staff("wang")
    assert "接待中的会话" not in boss.get("/console/account/wang").text
    world.desk.claim(world.desk.open_handoff("web:a", "complex", None, "问").number, member)
    assert "还有 1 条接待中的会话" in boss.get("/console/account/wang").text


def test_an_account_that_is_not_there_leads_to_the_list(boss: Any) -> None:
    for answer in (boss.get("/console/account/nobody"), boss.post("/console/account/nobody/password")):
        assert answer.status_code == 404
        assert "没有用户名为“nobody”的账号" in unescape(answer.text)
        assert "添加账号" in answer.text


@pytest.mark.parametrize("act", ["", "/password", "/deactivate", "/reactivate"])
def test_a_form_from_elsewhere_changes_nothing(world: Any, boss: Any, act: str) -> None:
    world.staff("wang")
    before = world.accounts.everyone()
    answer = boss.post(f"/console/account/wang{act}", **FORM, form_token="0" * 64)
    assert answer.status_code == 403
    assert "表单已失效" in answer.text
    assert boss.post("/console/accounts/new", **FORM, form_token="").status_code == 403
    assert world.accounts.everyone() == before
    assert world.accounts.sign_in("wang", GOOD)


def test_names_are_shown_as_they_are_not_as_html(world: Any, boss: Any) -> None:
    world.staff("wang", "<b>王</b>")
    for address in ("/console/accounts", "/console/account/wang", "/console/audit"):
        assert "<b>王" not in boss.get(address).text
