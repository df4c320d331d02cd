"""Changing one's own password, and having to."""

from collections.abc import Callable
from typing import Any

import pytest

GOOD, BETTER = "correct horse battery", "an even better password"
Visit = Callable[..., Any]


@pytest.fixture
def newcomer(world: Any, visitor: Visit) -> tuple[Any, str]:
    boss = world.staff("boss", role="administrator")
    _, password = world.accounts.create_with_initial_password("li", "李强", "公安局", "staff", "", boss)
    visit = visitor()
    assert visit.sign_in("li", password).headers["location"] == "/console/password"
    return visit, password


def test_an_initial_password_opens_nothing_but_the_password_page(newcomer: Any) -> None:
    visit, _ = newcomer
    for address in ("/console", "/console/login"):
        assert visit.get(address).headers["location"] == "/console/password"
    for address in ("/console/desk", "/console/home", "/console/supervision", "/console/accounts"):
        assert visit.get(address).headers["location"] == "/console/login"
    assert visit.get("/console/desk/state").status_code == 401
    assert visit.post("/console/desk/claim", handoff="1").headers["location"] == "/console/login"
    page = visit.get("/console/password").text
    assert "初始密码" in page
    assert 'href="/console/desk"' not in page


def test_after_the_change_the_first_page_opens(newcomer: Any) -> None:
    visit, password = newcomer
    done = visit.post("/console/password", old=password, new=BETTER, again=BETTER)
    assert done.headers["location"] == "/console/desk"
    assert visit.get("/console/desk").status_code == 200


def test_an_initial_password_cannot_be_kept(newcomer: Any) -> None:
    visit, password = newcomer
    kept = visit.post("/console/password", old=password, new=password, again=password)
    assert kept.status_code == 422
    assert "与现在的密码相同" in kept.text
    assert visit.get("/console/desk").status_code == 303


def test_one_can_leave_without_changing_it(newcomer: Any) -> None:
    visit, _ = newcomer
    assert visit.post("/console/logout").headers["location"] == "/console/login"
    assert visit.get("/console/password").headers["location"] == "/console/login"


@pytest.mark.parametrize(
    ("form", "field", "says"),
    [
        ({"old": "wrong password"}, "old", "现在的密码不正确"),
        ({"new": "short", "again": "short"}, "new", "至少需要 10 位"),
        ({"again": "something else"}, "again", "不一致"),
    ],
)
def test_an_error_stands_beside_its_field(
    visitor: Visit, form: dict[str, str], field: str, says: str
) -> None:
    visit = visitor("wang", "staff")
    answer = visit.post("/console/password", **({"old": GOOD, "new": BETTER, "again": BETTER} | form))
    assert answer.status_code == 422
    beside = answer.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert says in beside
    assert f'aria-describedby="{field}-error"' in answer.text
    assert 'role="alert"' not in answer.text
    assert BETTER not in answer.text


def test_the_password_is_changed_and_that_is_said(world: Any, visitor: Visit) -> None:
    visit = visitor("wang", "editor")
    done = visit.post("/console/password", old=GOOD, new=BETTER, again=BETTER)
    assert "密码已修改" in visit.get(done.headers["location"]).text
    assert world.accounts.sign_in("wang", BETTER)


def test_a_form_from_elsewhere_changes_nothing(world: Any, visitor: Visit) -> None:
    visit = visitor("wang", "staff")
    form = {"old": GOOD, "new": BETTER, "again": BETTER, "form_token": "0" * 64}
    answer = visit.client.post("/console/password", data=form)
    assert answer.status_code == 403
    assert "表单已失效" in answer.text
    assert world.accounts.sign_in("wang", GOOD)
