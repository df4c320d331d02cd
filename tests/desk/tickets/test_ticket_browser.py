"""The tickets in a real browser: from the list to the answer, without a script of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from ticket_world import CITIZEN

from desk.pages import build_pages
from desk.tickets import build_ticket_pages
from tests.browser import MARKS, OVERLAPS, opened, serving

pytestmark = MARKS


@pytest.fixture
def address(desk: Any) -> Iterator[str]:
    app = FastAPI()
    app.include_router(build_pages(desk.world.desk, desk.world.accounts))
    app.include_router(build_ticket_pages(desk.world.desk, desk.tickets, desk.world.accounts))
    with serving(app) as address:
        yield address


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    with opened(address) as page:
        yield page


def sign_in(page: Any, username: str) -> None:
    page.goto("/console")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill("correct horse battery")
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="工单", exact=True).click()


def test_a_ticket_goes_from_the_list_over_the_default_department_to_the_answer(desk: Any, page: Any) -> None:
    number = desk.open(place="文昌路 18 号").number
    sign_in(page, "wang")
    page.get_by_text("您手上没有办理中的工单").wait_for()
    page.get_by_role("link", name="待领取 1").click()
    page.get_by_role("link", name=number).click()
    page.get_by_role("button", name="领取", exact=True).click()
    page.get_by_role("status").get_by_text("已由您领取").wait_for()

    page.get_by_text("退回综合受理").click()
    page.get_by_label("原因", exact=True).locator("visible=true").fill("不是市管路灯，是小区物业的")
    page.get_by_role("button", name="退回", exact=True).click()
    page.get_by_role("status").get_by_text("已退回").wait_for()
    assert desk.now(number).department == "综合受理"

    page.get_by_role("button", name="退出登录").click()
    sign_in(page, "chen")
    page.get_by_label("编号或关键词").fill("文昌路")
    page.get_by_label("编号或关键词").press("Enter")
    page.get_by_role("link", name=number).click()
    page.get_by_text("由 城管局 退回 综合受理：不是市管路灯，是小区物业的").wait_for()
    page.get_by_role("button", name="领取", exact=True).click()
    page.get_by_label("答复（发给市民）").fill("已请物业今晚修好。")
    page.get_by_role("button", name="答复市民").click()
    page.get_by_role("heading", name="办理结果").wait_for()
    page.get_by_text("市民可在 11月30日（周一）09:00 前要求重新办理").wait_for()
    [(told, text)] = desk.delivered()
    assert told == CITIZEN
    assert "已请物业今晚修好。" in text


def test_a_refused_transfer_opens_its_form_again_with_what_was_typed(desk: Any, page: Any) -> None:
    number = desk.open().number
    sign_in(page, "wang")
    page.goto(f"/console/tickets/{number}")
    page.get_by_text("转办", exact=True).first.click()
    page.get_by_label("转到部门").select_option("综合受理")
    page.get_by_label("原因", exact=True).locator("visible=true").fill("   ")
    page.get_by_role("button", name="转办").click()
    page.get_by_role("alert").get_by_text("原因是空的").wait_for()
    assert page.get_by_label("转到部门").input_value() == "综合受理"
    page.get_by_label("原因", exact=True).locator("visible=true").fill("归综合受理")
    page.get_by_role("button", name="转办").click()
    page.get_by_role("status").get_by_text("已转办").wait_for()


def test_nothing_is_wider_than_the_screen(desk: Any, page: Any) -> None:
    long = "https://example.gov.cn/" + "x" * 70
    number = desk.open(
        subject=long, details=long * 9, place="长" * 60, contact=long, contact_consent=True
    ).number
    desk.tickets.take(number, desk.wang)
    desk.tickets.note(number, desk.wang, long * 5)
    sign_in(page, "zhao")
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for address in ("/console/desk", "/console/tickets?view=all", f"/console/tickets/{number}"):
            page.goto(address)
            for fold in page.locator("main details summary").all():
                fold.click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_part_of_a_ticket_lies_over_another(desk: Any, page: Any) -> None:
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    sign_in(page, "wang")
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"/console/tickets/{number}")
        assert page.evaluate(OVERLAPS, ".card, .head") == []
        page.goto("/console/tickets?view=all")
        box = page.get_by_label("编号或关键词")
        assert box.evaluate("box => box.clientWidth") >= 120
