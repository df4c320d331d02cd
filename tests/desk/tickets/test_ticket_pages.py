"""The tickets' pages, asked over HTTP as a browser without scripts would."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from ticket_world import CITIZEN

from desk.pages import build_pages
from desk.tickets import build_ticket_pages

GOOD = "correct horse battery"


def token_of(html: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    assert found
    return found[1]


@pytest.fixture
def browser(desk: Any) -> Callable[[str], TestClient]:
    app = FastAPI()
    app.include_router(build_pages(desk.world.desk, desk.world.accounts))
    app.include_router(build_ticket_pages(desk.world.desk, desk.tickets, desk.world.accounts))

    def open_browser(username: str = "") -> TestClient:
        client = TestClient(app, follow_redirects=False)
        if username:
            token = token_of(client.get("/console/login").text)
            form = {"username": username, "password": GOOD, "form_token": token}
            assert client.post("/console/login", data=form).status_code == 303
        return client

    return open_browser


def post(client: TestClient, number: str, act: str, **form: str) -> Any:
    token = token_of(client.get("/console/tickets").text)
    return client.post(f"/console/tickets/{number}/{act}", data={"form_token": token} | form)


def test_who_is_not_signed_in_is_sent_to_the_sign_in_page(desk: Any, browser: Any) -> None:
    number, client = desk.open().number, browser()
    for answer in (
        client.get("/console/tickets"),
        client.get(f"/console/tickets/{number}"),
        client.post(f"/console/tickets/{number}/take"),
    ):
        assert answer.headers["location"] == "/console/login"


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_no_act_runs_without_the_forms_token(desk: Any, browser: Any, token: str) -> None:
    number, client = desk.open().number, browser("wang")
    for act in ("take", "note", "transfer", "return", "merge", "answer", "close", "assign"):
        form = {"form_token": token, "text": "冒充", "department": "综合受理"}
        answer = client.post(f"/console/tickets/{number}/{act}", data=form)
        assert answer.status_code == 403
        assert "表单已失效" in answer.text
    assert desk.events(number) == ["created"]


def test_the_whole_handling_works_with_plain_forms(desk: Any, browser: Any) -> None:
    number, client = desk.open(place="文昌路 18 号").number, browser("wang")
    listed = client.get("/console/tickets", params={"view": "department"}).text
    for shown in (
        number,
        "路灯不亮",
        "文昌路 18 号",
        "举报",
        "待受理",
        "11月30日（周一）17:00",
    ):
        assert shown in listed
    taken = post(client, number, "take")
    assert taken.headers["location"] == f"/console/tickets/{number}?done=take"
    page = client.get(taken.headers["location"]).text
    assert f"工单 {number} 已由您领取" in page
    assert "小区门口的路灯坏了三天" in page
    assert "未留" in page
    assert post(client, number, "note", text="已联系路灯所").status_code == 303
    assert post(client, number, "answer", text="已修好。").status_code == 303
    assert [text for _, text in desk.delivered() if "已修好。" in text]
    page = client.get(f"/console/tickets/{number}").text
    for shown in ("已联系路灯所", "办理结果", "已修好。", "市民可在 11月30日（周一）09:00 前要求重新办理"):
        assert shown in page
    assert f'action="/console/tickets/{number}/answer"' not in page
    assert post(client, number, "close").headers["location"].endswith("done=close")
    assert desk.now(number).status == "closed"


def test_what_one_passed_on_and_no_longer_sees_leads_back_to_the_list(desk: Any, browser: Any) -> None:
    desk.world.staff("sun", "孙丽", department="公安局")
    number, client = desk.open().number, browser("wang")
    moved = post(client, number, "transfer", department="公安局", text="属于交通设施")
    assert moved.headers["location"] == f"/console/tickets?done=transfer&number={number}"
    assert f"工单 {number} 已转办" in client.get(moved.headers["location"]).text
    refused = client.get(f"/console/tickets/{number}")
    assert refused.status_code == 403
    assert "没有查看这张工单的权限" in refused.text
    assert "小区门口" not in refused.text


def test_a_refused_form_says_why_and_keeps_what_was_typed(desk: Any, browser: Any) -> None:
    number, client = desk.open().number, browser("wang")
    refused = post(client, number, "transfer", department="综合受理", text="长" * 501)
    assert refused.status_code == 422
    assert "最多 500 个字" in refused.text
    assert "长" * 501 in refused.text
    assert re.search(r"<details open>\s*<summary>转办", refused.text)
    assert re.search(r"<option selected>综合受理", refused.text)
    desk.tickets.take(number, desk.li)
    late = post(client, number, "take")
    assert late.status_code == 409
    assert "已由 李强 领取" in late.text
    unknown = post(client, number, "praise")
    assert (unknown.status_code, "没有这种操作" in unknown.text) == (422, True)
    assert post(client, "G20261123-0099", "take").status_code == 404


def test_supervisors_assign_and_see_everything_and_others_are_not_offered_it(desk: Any, browser: Any) -> None:
    number = desk.open(kind="follow_up", subject="回访：不满意", department=None).number
    report = desk.open().number
    staff, supervisor = browser("wang"), browser("zhao")
    assert "全部</a>" not in staff.get("/console/tickets").text
    assert "只有主管" in staff.get("/console/tickets", params={"view": "all"}).text
    everything = supervisor.get("/console/tickets", params={"view": "all"}).text
    assert number in everything
    assert report in everything
    assert "指派" not in staff.get(f"/console/tickets/{report}").text
    page = supervisor.get(f"/console/tickets/{number}").text
    assert "赵军" in page
    assert ">王敏（城管局）" not in page  # a follow-up is not for staff
    assert post(supervisor, report, "assign", assignee=str(desk.li.id)).status_code == 303
    assert desk.now(report).assignee == desk.li
    assert post(supervisor, report, "assign", assignee="李强").status_code == 422


def test_who_only_reads_is_offered_nothing_to_do(desk: Any, browser: Any) -> None:
    desk.world.staff("shen", "沈纪", department="审计室", role="auditor")
    number = desk.open().number
    desk.tickets.take(number, desk.wang)
    page = browser("shen").get(f"/console/tickets/{number}").text
    assert "由 王敏 办理，您可以查看。" in page
    assert f'action="/console/tickets/{number}/' not in page


def test_merging_leads_to_the_ticket_that_remains(desk: Any, browser: Any) -> None:
    first, second, client = desk.open().number, desk.open().number, browser("wang")
    merged = post(client, second, "merge", into=first[1:])
    assert merged.headers["location"] == f"/console/tickets/{first}?done=merge"
    assert f"已并入工单 {first}" in client.get(merged.headers["location"]).text
    assert f'href="/console/tickets/{first}"' in client.get(f"/console/tickets/{second}").text


def test_deadlines_are_told_in_words_and_counted(desk: Any, browser: Any) -> None:
    desk.open(kind="question", subject="已逾期的")
    desk.wait_until("2026-11-25", "10:00")
    desk.open(kind="question", subject="还早的")
    desk.wait_until("2026-11-25", "17:00")
    desk.tickets.tick()
    client = browser("wang")
    page = client.get("/console/tickets", params={"view": "due"}).text
    assert "已逾期 1" in page
    assert "已逾期的" in page
    assert "还早的" not in page
    assert re.search(r'待领取 <span class="count">2</span>', page)
    found = desk.tickets.listed(desk.wang, "due").tickets[0].number
    assert "已上报主管" in client.get(f"/console/tickets/{found}").text


def test_the_conversation_is_linked_where_staff_can_read_it(desk: Any, browser: Any) -> None:
    number, client = desk.open().number, browser("wang")
    link = 'href="/console/desk?c=wechat%3AoQ7xLk3Wf82d"'
    assert link not in client.get(f"/console/tickets/{number}").text
    desk.world.desk.open_handoff(CITIZEN, "complaint", "城管局", "路灯不亮")
    assert link in client.get(f"/console/tickets/{number}").text


def test_what_citizens_write_is_shown_and_never_runs(desk: Any, browser: Any) -> None:
    script = "<script>alert(1)</script>"
    number = desk.open(subject=script, details=script, place=script).number
    client = browser("wang")
    for address in (
        f"/console/tickets/{number}",
        "/console/tickets?view=department",
        "/console/tickets?words=" + script,
    ):
        answer = client.get(address)
        assert script in unescape(answer.text)
        assert script not in answer.text
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_an_address_with_words_that_are_none_is_shown_without_them(desk: Any, browser: Any) -> None:
    client = browser("wang")
    page = client.get("/console/tickets?view=x&kind=y&status=z&page=-3&done=__class__&number=甲")
    assert page.status_code == 200
    assert 'class="notice"' not in page.text
    assert "您手上没有办理中的工单" in page.text


def test_both_sections_are_in_the_bar_of_both_pages(desk: Any, browser: Any) -> None:
    client = browser("wang")
    for address, here in (("/console/desk", "坐席台"), ("/console/tickets", "工单")):
        page = client.get(address).text
        assert 'href="/console/desk"' in page
        assert 'href="/console/tickets"' in page
        assert re.search(rf'aria-current="page">{here}</a>', page)
    styles = re.findall(r'href="(/console/desk/static/[^"]+css[^"]*)"', client.get("/console/tickets").text)
    assert len(styles) == 2
    assert all(client.get(style).status_code == 200 for style in styles)
