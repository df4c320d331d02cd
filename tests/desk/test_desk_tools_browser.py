"""The tools of the staff page in a real browser: search, canned replies, learning, alerts, the keyboard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import time
from typing import Any

import pytest
from desk_knowledge import PaperKnowledge
from fastapi import FastAPI

from desk.changes import conversation_topic
from desk.pages import build_pages
from desk.ports import Ports
from tests.browser import MARKS, PATIENCE, opened, serving

CITIZEN = "wechat:oQ7xLk3Wf82d"
ANSWER = {
    "id": "a1",
    "status": "answered",
    "text": "按旧办法办。",
    "confidence": 0.9,
    "sources": [],
    "options": [],
}
# A browser that was asked for permission, and what it then showed and played.
NOTES = """
window.notes = [];
window.sounds = 0;
let permission = "default";
window.Notification = class extends EventTarget {
  static get permission() { return permission; }
  static async requestPermission() { permission = "granted"; return permission; }
  constructor(title, options) { super(); window.notes.push([title, options.body]); }
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) { window.sounds += 1; return start.call(this, when); };
"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

pytestmark = MARKS


@dataclass
class Bench:
    world: Any
    address: str
    member: Any
    knowledge: PaperKnowledge
    shown: list[str] = field(default_factory=list)
    states: dict[int, Any] = field(default_factory=dict)


@pytest.fixture
def bench(make_world: Callable[..., Any]) -> Iterator[Bench]:
    """The desk with all its ports on a real port, and one conversation of the person who will sign in."""
    world = make_world(time)
    bench = Bench(world, "", world.staff("wang"), PaperKnowledge())
    world.desk.record(CITIZEN, ("citizen", "外地户口怎么办居住证？", None))
    world.desk.record(CITIZEN, ("bot", ANSWER["text"], ANSWER))
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", "公安局", "办居住证").number, bench.member)
    ports = Ports(
        bench.knowledge,
        lambda ids: {row: bench.states.get(row, "sending") for row in ids},
        bench.shown.append,
    )
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts, ports))
    with serving(app) as bench.address:
        yield bench


@pytest.fixture
def page(bench: Bench) -> Iterator[Any]:
    """Signed in, the conversation open."""
    with opened(bench.address, NOTES) as page:
        page.goto("/console")
        page.get_by_label("用户名").fill("wang")
        page.get_by_label("密码").fill("correct horse battery")
        page.get_by_role("button", name="登录").click()
        page.get_by_role("link", name="办居住证").click()
        page.get_by_text("由您接待中").wait_for()
        yield page


def until(page: Any, expression: str) -> None:
    """Wait until it is true; the page's policy forbids what Playwright itself would use."""
    for _ in range(PATIENCE // 50):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def box(page: Any) -> Any:
    return page.get_by_label("内容", exact=True)


def test_what_is_found_goes_into_the_reply_at_the_cursor(bench: Bench, page: Any) -> None:
    box(page).fill("您好！\n再见。")
    box(page).press("ArrowLeft")
    for _ in range(2):
        box(page).press("ArrowLeft")
    page.keyboard.press("Control+k")
    page.get_by_role("heading", name="外地户口怎么办居住证？").wait_for()
    assert bench.knowledge.asked == ["外地户口怎么办居住证？"], (
        "the citizen's last words are looked up at once"
    )
    page.locator(".found", has_text="机器人会这样答").get_by_role("button", name="插入回复").click()
    written = box(page).input_value()
    assert written.startswith("您好！\n带身份证和租房合同到派出所办理。\n依据：《澜川市居住证管理办法》")
    assert written.endswith("再见。")
    page.locator("#search-box").fill("月亮")
    page.locator("#search-box").press("Enter")
    page.get_by_text("没有找到相关的内容").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#search").is_hidden()
    assert page.evaluate("document.activeElement.id") == "text"


def test_a_canned_reply_is_chosen_by_keyboard_alone(bench: Bench, page: Any) -> None:
    canned = bench.world.desk.canned
    canned.save(bench.member, None, "personal", "稍等", "{姓名}请您稍等。")
    canned.save(bench.member, None, "personal", "材料甲", "请带身份证。")
    canned.save(bench.member, None, "personal", "材料乙", "请带户口本。")
    box(page).press("/")
    page.get_by_role("option").nth(2).wait_for()
    page.keyboard.type("材料")
    until(page, "document.querySelectorAll('[role=option]').length === 2")
    page.keyboard.press("ArrowDown")
    second = page.locator("[role=option][aria-selected=true] span").text_content()
    page.keyboard.press("Enter")
    assert box(page).input_value() == second
    assert page.locator("#canned").is_hidden()
    box(page).press("/")
    assert box(page).input_value() == f"{second}/", "within a text it is a slash"
    box(page).fill("")
    box(page).press("/")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Escape")
    assert box(page).input_value() == ""
    page.get_by_role("button", name="常用语").click()
    page.get_by_role("option", name="稍等").click()
    assert box(page).input_value() == "王敏请您稍等。"


def test_a_reply_is_made_an_faq_and_a_wrong_answer_flagged(bench: Bench, page: Any) -> None:
    box(page).fill("带身份证和租房合同。")
    box(page).press("Control+Enter")
    page.get_by_role("button", name="做成问答").click()
    assert page.get_by_label("问题", exact=True).input_value() == "外地户口怎么办居住证？"
    page.get_by_label("答案").fill("请带身份证和租房合同到派出所。")
    page.get_by_role("button", name="交给编辑").click()
    page.get_by_text("已交给编辑人员，编号 D-1").wait_for()
    expected = ("外地户口怎么办居住证？", "请带身份证和租房合同到派出所。", CITIZEN, "王敏")
    assert bench.knowledge.drafts == [expected]

    page.get_by_role("button", name="答错了").click()
    page.locator("#flag blockquote", has_text="按旧办法办。").wait_for()
    page.get_by_label("哪里不对").fill("旧办法已废止")
    page.get_by_label("哪里不对").press("Control+Enter")
    page.get_by_text("已反馈给编辑人员").wait_for()
    assert bench.knowledge.flags == [("a1", "王敏", "旧办法已废止")]
    assert bench.world.delivered() == [(CITIZEN, "带身份证和租房合同。")]


def test_a_draft_that_is_refused_stays_to_be_mended(bench: Bench, page: Any) -> None:
    bench.knowledge.known.clear()
    page.get_by_role("button", name="答错了").click()
    page.get_by_label("哪里不对").fill("旧办法已废止")
    page.get_by_role("button", name="反馈给编辑").click()
    page.locator("#flag .box-alert", has_text="没有找到这条答复").wait_for()
    assert page.get_by_label("哪里不对").input_value() == "旧办法已废止"


def test_how_far_a_reply_is_moves_on_by_itself(bench: Bench, page: Any) -> None:
    box(page).fill("好的")
    box(page).press("Control+Enter")
    page.locator(".from-staff").get_by_text("发送中").wait_for()
    [row] = bench.world.desk.sent(CITIZEN).values()
    bench.states[row] = "delivered"
    bench.world.desk.changes.bump(conversation_topic(CITIZEN))
    page.locator(".from-staff").get_by_text("已送达").wait_for()


def test_while_staff_write_to_the_citizen_it_is_shown_and_a_note_is_not(bench: Bench, page: Any) -> None:
    page.get_by_label("内部备注", exact=True).check()
    box(page).press_sequentially("备注")
    assert bench.shown == []
    page.get_by_role("radio", name="回复市民").check()
    with page.expect_response("**/console/desk/typing"):
        box(page).press_sequentially("您好")
    assert bench.shown == [CITIZEN]


def test_permission_is_asked_on_a_click_and_news_is_told_while_the_page_is_hidden(
    bench: Bench, page: Any
) -> None:
    assert page.evaluate("Notification.permission") == "default"
    page.get_by_role("button", name="开启通知").click()
    page.get_by_role("button", name="开启通知").wait_for(state="hidden")
    bench.world.desk.receive(CITIZEN, "在看的时候说的")
    page.locator(".from-citizen", has_text="在看的时候说的").wait_for()
    assert page.evaluate("notes") == []

    page.evaluate(HIDE, True)
    bench.world.desk.receive(CITIZEN, "在吗")
    until(page, "notes.length === 1")
    number = bench.world.desk.open_handoff("web:new", "complex", None, "新来的").number
    bench.world.desk.claim(number, bench.member)
    until(page, "notes.length === 2")
    assert page.evaluate("notes") == [["市民有新消息", "办居住证"], ["有新的会话", "新来的"]]
    assert page.evaluate("sounds") > 0
    assert "新消息 2" in page.title()
    page.evaluate(HIDE, False)
    assert "新消息" not in page.title()


def test_a_crisis_calls_until_somebody_looks(bench: Bench, page: Any) -> None:
    box(page).click()
    bench.world.desk.open_handoff("web:crisis", "crisis", None, "我不想活了")
    banner = page.locator("#crisis")
    banner.get_by_text("我不想活了").wait_for()
    first = page.evaluate("sounds")
    until(page, f"sounds > {first}")
    page.locator("#crisis-open").click()
    page.locator("h1", has_text="我不想活了").wait_for()
    page.locator("#crisis").wait_for(state="hidden")
    page.goto("/console/desk")
    until(page, "document.querySelector('#lists .entry[data-reason=crisis]')")
    page.wait_for_timeout(300)
    assert banner.is_hidden()


def test_the_keyboard_reaches_everything(bench: Bench, page: Any) -> None:
    number = bench.world.desk.open_handoff("web:other", "complex", None, "另一条").number
    bench.world.desk.claim(number, bench.member)
    page.locator("#serving .entry").nth(1).wait_for()
    order = page.locator("#serving .entry .entry-question").all_text_contents()
    step = "ArrowDown" if order.index("办居住证") == 0 else "ArrowUp"
    box(page).press(f"Alt+{step}")
    page.locator("h1", has_text="另一条").wait_for()
    page.locator("h1").click()
    page.keyboard.press("?")
    page.get_by_role("heading", name="快捷键").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="快捷键").wait_for(state="hidden")
    page.locator("h1").click()
    page.keyboard.press("/")
    page.locator("#canned-filter").wait_for()
    page.keyboard.press("Escape")
    box(page).fill("好？/")
    assert box(page).input_value() == "好？/"
    assert page.locator("dialog[open]").count() == 0


def test_the_tools_fit_every_screen(bench: Bench, page: Any) -> None:
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.keyboard.press("Control+k")
        page.locator(".found").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        insert = page.locator("[data-insert]").first
        insert.click()
        page.keyboard.press("Escape")
        assert page.locator("#search").is_hidden()
        send = page.get_by_role("button", name="发送", exact=True).bounding_box()
        assert send["x"] + send["width"] <= width
        assert send["y"] + send["height"] <= 800
        page.goto("/console/canned")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto("/console/desk?c=wechat%3AoQ7xLk3Wf82d")
        page.get_by_text("由您接待中").wait_for()
