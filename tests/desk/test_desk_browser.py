"""The desk in a real browser: from signing in to giving the conversation back, without a reload."""

from collections.abc import Callable, Iterator
from time import time
from typing import Any

import pytest
from fastapi import FastAPI

from desk.pages import build_pages
from tests.browser import MARKS, OVERLAPS, PATIENCE, opened, serving

CITIZEN = "wechat:oQ7xLk3Wf82d"

pytestmark = MARKS


@pytest.fixture
def live(make_world: Callable[..., Any]) -> Iterator[tuple[Any, str]]:
    """The desk's pages on a real port, with a real clock."""
    world = make_world(time)
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    with serving(app) as address:
        yield world, address


@pytest.fixture
def page(live: tuple[Any, str]) -> Iterator[Any]:
    with opened(live[1]) as page:
        yield page


def sign_in(page: Any, username: str = "wang") -> None:
    page.goto("/console")
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill("correct horse battery")
    page.get_by_role("button", name="登录").click()
    page.get_by_role("heading", name="我的会话").wait_for()


def rest(page: Any) -> None:
    """Take nothing new: what waits is to be claimed."""
    page.get_by_role("button", name="小憩", exact=True).click()
    page.get_by_text("小憩中").wait_for()


def test_a_member_of_staff_serves_a_citizen_from_queue_to_return(live: tuple[Any, str], page: Any) -> None:
    world, _ = live
    world.staff("wang")
    sign_in(page)
    rest(page)
    page.get_by_text("现在没有市民在等待").wait_for()

    world.desk.record(CITIZEN, ("citizen", "外地户口怎么办居住证？", None))
    world.desk.open_handoff(CITIZEN, "complex", "公安局", "外地户口怎么办居住证？")
    page.get_by_role("link", name="外地户口怎么办居住证？").click()
    page.get_by_role("button", name="领取", exact=True).click()
    page.get_by_text("由您接待中").wait_for()
    assert world.desk.owner(CITIZEN) == "staff"

    box = page.get_by_label("内容", exact=True)
    box.fill("请带身份证和租房合同到派出所办理。")
    box.press("Control+Enter")
    page.locator(".from-staff", has_text="租房合同").wait_for()
    assert world.delivered() == [(CITIZEN, "请带身份证和租房合同到派出所办理。")]
    assert box.input_value() == ""

    world.desk.receive(CITIZEN, "合同要备案吗？")
    page.locator(".from-citizen", has_text="合同要备案吗？").wait_for()
    page.locator(".lists").get_by_text("待回复").wait_for()

    page.get_by_label("内部备注", exact=True).check()
    box.fill("已电话问过户政科")
    page.get_by_role("button", name="保存备注").click()
    page.locator(".from-note", has_text="已电话问过户政科").wait_for()
    assert len(world.delivered()) == 1

    page.get_by_text("结束服务", exact=True).click()
    page.get_by_label("处理结果").fill("已答复")
    with page.expect_response("**/console/desk/resolve"):  # the dialogue is restarted before it is answered
        page.get_by_role("button", name="确认结束").click()
    page.get_by_text("本次人工服务已经结束").wait_for()
    assert world.desk.owner(CITIZEN) == "bot"
    assert world.returned == [CITIZEN]
    assert "已结束" in world.told(CITIZEN)[-1]

    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("button", name="登录").wait_for()


def test_who_comes_second_is_told_and_sees_who_was_first(live: tuple[Any, str], page: Any) -> None:
    world, _ = live
    world.staff("wang")
    colleague = world.staff("li", "李强")
    sign_in(page)
    rest(page)
    number = world.desk.open_handoff(CITIZEN, "complaint", None, "路灯坏了").number
    page.get_by_role("link", name="路灯坏了").wait_for()
    page.route("**/console/desk/state*", lambda route: route.abort())  # the news does not get through
    page.get_by_role("link", name="路灯坏了").click()
    page.get_by_role("button", name="领取", exact=True).wait_for()
    world.desk.claim(number, colleague)
    page.get_by_role("button", name="领取", exact=True).click()
    page.get_by_role("alert").get_by_text("已由 李强 领取").wait_for()
    page.unroute("**/console/desk/state*")
    page.locator(".when-other").wait_for()


def test_a_draft_note_stays_a_note_when_one_looks_elsewhere(live: tuple[Any, str], page: Any) -> None:
    world, _ = live
    member = world.staff("wang")
    for conversation_id, question in ((CITIZEN, "第一个"), ("web:other", "第二个")):
        world.desk.claim(world.desk.open_handoff(conversation_id, "complex", None, question).number, member)
    sign_in(page)
    page.get_by_role("link", name="第一个").click()
    page.get_by_label("内部备注", exact=True).check()
    page.get_by_label("内容", exact=True).fill("别发给市民")
    page.get_by_role("link", name="第二个").click()
    page.locator("h1", has_text="第二个").wait_for()
    assert page.get_by_label("内容", exact=True).input_value() == ""
    page.get_by_role("link", name="第一个").click()
    page.locator("h1", has_text="第一个").wait_for()
    page.get_by_role("button", name="保存备注").click()
    page.locator(".from-note", has_text="别发给市民").wait_for()
    assert world.delivered() == []


def test_nothing_is_wider_than_the_screen(live: tuple[Any, str], page: Any) -> None:
    world, _ = live
    member = world.staff("wang")
    world.desk.record(CITIZEN, ("citizen", "https://example.gov.cn/" + "x" * 300, None))
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", "长" * 60, "问" * 200).number, member)
    sign_in(page)
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 800})
        for address in ("/console/desk", "/console/desk?c=wechat%3AoQ7xLk3Wf82d"):
            page.goto(address)
            page.locator("#lists").wait_for(state="attached")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(OVERLAPS, "button, summary, .hint, .presence-state") == []


def test_two_staff_and_a_citizen_from_assignment_over_transfer_to_the_rating(
    live: tuple[Any, str], page: Any
) -> None:
    world, address = live
    world.staff("wang", "王敏", department="公安局")
    world.staff("li", "李强", department="民政局")
    sign_in(page)
    colleague = page.context.browser.new_page(viewport={"width": 820, "height": 1100}, base_url=address)
    colleague.set_default_timeout(PATIENCE)
    sign_in(colleague, "li")

    world.desk.record(CITIZEN, ("citizen", "离婚后孩子户口怎么迁？", None))
    receipt = world.desk.open_handoff(CITIZEN, "complex", "公安局", "离婚后孩子户口怎么迁？")
    assert receipt.status == "claimed"
    page.get_by_role("link", name="离婚后孩子户口怎么迁？").click()
    page.get_by_text("由您接待中").wait_for()
    page.get_by_label("内容", exact=True).fill("户口的部分：请带离婚证到派出所。")
    page.get_by_role("button", name="发送", exact=True).click()
    page.locator(".from-staff", has_text="请带离婚证").wait_for()

    page.locator("summary", has_text="转交").click()
    page.get_by_label("转给").select_option(value="colleague:li")
    page.get_by_label("原因").fill("抚养协议归民政局解释")
    page.get_by_role("button", name="确认转交").click()
    page.get_by_text("李强 接待中").wait_for()
    assert "已由民政局的工作人员接待您" in world.told(CITIZEN)[-1]

    colleague.get_by_role("link", name="离婚后孩子户口怎么迁？").click()
    colleague.locator(".from-staff", has_text="请带离婚证").wait_for()
    colleague.get_by_text("抚养协议归民政局解释").wait_for()
    world.desk.receive(CITIZEN, "协议要公证吗？")
    colleague.locator(".from-citizen", has_text="协议要公证吗？").wait_for()
    colleague.get_by_label("内容", exact=True).fill("不用公证，带原件来登记处。")
    colleague.get_by_role("button", name="发送", exact=True).click()
    colleague.locator(".from-staff", has_text="不用公证").wait_for()
    world.desk.receive(CITIZEN, "没有问题了")
    colleague.get_by_text("本次人工服务已经结束").wait_for()
    assert world.desk.receive(CITIZEN, "1")
    assert world.desk.owner(CITIZEN) == "bot"
    colleague.close()
