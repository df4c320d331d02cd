"""The console in a real browser: numbers that keep up without a reload, and pages that fit a phone."""

from collections.abc import Callable, Iterator
from time import time
from typing import Any

import pytest
from fastapi import FastAPI

from desk.pages import build_pages
from tests.browser import MARKS, opened, serving

GOOD = "correct horse battery"

pytestmark = MARKS


@pytest.fixture
def live(make_world: Callable[..., Any]) -> Iterator[tuple[Any, str]]:
    """The console on a real port, with a real clock."""
    world = make_world(time)
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    with serving(app) as address:
        yield world, address


@pytest.fixture
def page(live: tuple[Any, str]) -> Iterator[Any]:
    with opened(live[1]) as page:
        yield page


def sign_in(page: Any, username: str, password: str = GOOD) -> None:
    page.goto("/console/login")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(lambda address: "login" not in address)


def test_the_numbers_keep_up_without_a_reload(live: tuple[Any, str], page: Any) -> None:
    world, _ = live
    member = world.staff("wang", department="民政局")
    world.staff("lead", role="supervisor", department="综合受理")
    sign_in(page, "lead")
    page.get_by_role("navigation", name="页面").get_by_role("link", name="督导").click()
    page.get_by_text("现在没有市民在等待").first.wait_for()
    page.evaluate("window.stayed = true")
    page.get_by_text("这些数字怎么算").click()

    number = world.desk.open_handoff("web:a", "complaint", "民政局", "问").number
    page.locator("#waiting-departments ~ table").get_by_text("民政局").wait_for()
    world.desk.claim(number, member)
    page.locator(".big-numbers").first.locator("div", has_text="接待中").get_by_text(
        "1", exact=True
    ).wait_for()
    assert page.evaluate("window.stayed")
    assert page.locator("details.notes").get_attribute("open") is not None  # what was opened stays open

    page.route("**/console/supervision/state", lambda route: route.abort())
    page.get_by_text("与服务器的连接中断").wait_for()
    page.unroute("**/console/supervision/state")
    page.get_by_text("与服务器的连接中断").wait_for(state="hidden")

    world.accounts.change_role("lead", "staff")
    page.get_by_role("alert").get_by_text("不能使用这个页面").wait_for()


def test_a_newcomer_gets_a_password_changes_it_and_starts(live: tuple[Any, str], page: Any) -> None:
    world, _ = live
    world.staff("boss", role="administrator")
    sign_in(page, "boss")
    page.get_by_role("link", name="账号", exact=True).click()
    page.get_by_role("link", name="添加账号").click()
    page.get_by_label("用户名").fill("1li")
    page.get_by_label("姓名").fill("李强")
    page.get_by_role("combobox", name="部门").fill("公安局")
    page.get_by_role("radio", name="坐席").check()
    page.get_by_role("button", name="添加").click()
    page.get_by_text("不合要求").wait_for()
    page.get_by_label("用户名").fill("li")
    page.get_by_role("button", name="添加").click()
    password = page.locator("#initial-password").inner_text()
    page.get_by_role("button", name="退出登录").click()

    sign_in(page, "li", password)
    page.get_by_label("初始密码").fill(password)
    page.get_by_label("新密码", exact=True).fill("an even better password")
    page.get_by_label("再输入一次新密码").fill("an even better password")
    page.get_by_role("button", name="修改密码").click()
    page.get_by_role("heading", name="我的会话").wait_for()


def test_no_page_is_wider_than_the_screen_and_the_bar_fits_a_phone(live: tuple[Any, str], page: Any) -> None:
    world, _ = live
    boss = world.staff("boss", "长" * 12, role="administrator", department="部" * 40)
    world.staff("w" * 60, "王" * 60, department="x" * 120)
    world.accounts.sign_in("w" * 60, GOOD)
    world.accounts.change("w" * 60, "王敏", "民政局", "supervisor", "5", boss)
    for n, department in enumerate(("部" * 60, "x" * 120, "民政局")):
        world.desk.open_handoff(f"web:{n}", "complaint", department, "问" * 200)
    sign_in(page, "boss")
    addresses = [
        *("/console/supervision", "/console/accounts", "/console/accounts/new", "/console/audit"),
        *("/console/password", "/console/home", f"/console/account/{'w' * 60}", "/console/desk?c=web%3A1"),
        "/console/supervision/handoffs.csv?first=x&last=y",
    ]
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for address in addresses:
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (address, width)
            last = page.get_by_role("link", name="修改密码").first.bounding_box()
            assert last["x"] + last["width"] <= width, (address, width)
