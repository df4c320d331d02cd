"""The tools beside the conversation: search, drafting FAQs, flagging answers, showing that staff write."""

from typing import Any

import pytest
from desk_client import sign_in, token_of
from desk_knowledge import CLAUSE, FAQ, PaperKnowledge
from fastapi import FastAPI
from fastapi.testclient import TestClient

import desk.console.typing as typing_module
from desk.console.search import insertion
from desk.pages import build_pages
from desk.ports import Ports
from desk.texts import Texts

CITIZEN = "wechat:oABC1234"
ANSWER = {"id": "a1", "status": "answered", "text": "旧办法", "confidence": 0.9, "sources": [], "options": []}


class Bench:
    """Browsers of several members of staff on one desk."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.knowledge = PaperKnowledge()
        self.shown: list[str] = []
        self._app = FastAPI()
        ports = Ports(knowledge=self.knowledge, show_typing=self.shown.append)
        self._app.include_router(build_pages(world.desk, world.accounts, ports))

    def browser(self, username: str = "") -> tuple[TestClient, str]:
        client = TestClient(self._app, follow_redirects=False)
        if not username:
            return client, ""
        sign_in(client, username)
        return client, token_of(client.get("/console/desk").text)


@pytest.fixture
def bench(world: Any) -> Bench:
    member = world.staff("wang")
    world.desk.record(CITIZEN, ("citizen", "怎么办居住证", None))
    world.desk.record(CITIZEN, ("bot", "旧办法", ANSWER))
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "怎么办居住证").number, member)
    return Bench(world)


def test_what_is_found_is_shown_with_what_would_be_inserted(bench: Bench) -> None:
    client, _ = bench.browser("wang")
    found = client.get("/console/desk/search", params={"q": " 居住证 "}).json()
    assert bench.knowledge.asked == ["居住证"]
    assert found["found"] == 2
    assert "机器人会这样答 · 把握 93%" in found["html"]
    assert "第八条" in found["html"]
    assert "依据：《澜川市居住证管理办法》（澜政规〔2024〕2号）第八条" in found["html"]
    assert client.get("/console/desk/search", params={"q": "月亮"}).json()["found"] == 0


def test_an_inserted_text_names_its_basis_and_where_to_do_it() -> None:
    assert insertion(FAQ, Texts()).splitlines() == [
        "带身份证和租房合同到派出所办理。",
        "依据：《澜川市居住证管理办法》（澜政规〔2024〕2号）第八条",
        "在线办理：https://zwfw.example.gov.cn/apply",
    ]
    assert insertion(CLAUSE, Texts()).splitlines()[-1] == "原文：https://www.example.gov.cn/permit"
    bare = {**FAQ, "basis": [], "url": "javascript:alert(1)"}
    assert insertion(bare, Texts()) == FAQ["text"]


@pytest.mark.parametrize(("question", "status"), [("", 422), ("  ", 422), ("问" * 501, 422)])
def test_a_question_that_is_none_is_refused(bench: Bench, question: str, status: int) -> None:
    client, _ = bench.browser("wang")
    answer = client.get("/console/desk/search", params={"q": question})
    assert answer.status_code == status
    assert bench.knowledge.asked == []


def test_without_published_content_staff_are_told(bench: Bench) -> None:
    client, _ = bench.browser("wang")
    bench.knowledge.away = True
    answer = client.get("/console/desk/search", params={"q": "居住证"})
    assert answer.status_code == 503
    assert "还没有发布" in answer.json()["error"]["message"]


def test_who_is_not_signed_in_finds_and_changes_nothing(bench: Bench) -> None:
    client, _ = bench.browser()
    assert client.get("/console/desk/search", params={"q": "居住证"}).status_code == 401
    assert client.get("/console/desk/canned").status_code == 401
    for action in ("learn", "flag"):
        assert client.post(f"/console/desk/{action}", data={"c": CITIZEN}).status_code == 401
    assert client.post("/console/desk/typing", data={"c": CITIZEN}).status_code == 204
    assert (bench.knowledge.drafts, bench.knowledge.flags, bench.shown) == ([], [], [])


def test_a_reply_goes_to_the_editors_with_its_conversation(bench: Bench) -> None:
    client, token = bench.browser("wang")
    form = {"c": CITIZEN, "question": "外地人\n怎么办居住证？", "answer": "带身份证。", "form_token": token}
    answer = client.post("/console/desk/learn", data=form).json()
    assert answer["ok"]
    assert "D-1" in answer["message"]
    assert bench.knowledge.drafts == [("外地人 怎么办居住证？", "带身份证。", CITIZEN, "王敏")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": " "}, "问题是空的"),
        ({"question": "问" * 501}, "最多 500 个字"),
        ({"answer": ""}, "答案是空的"),
        ({"answer": "答" * 5001}, "最多 5000 个字"),
        ({"c": "web:nobody"}, "没有找到这条会话"),
        ({"form_token": "0" * 64}, "表单已失效"),
    ],
)
def test_a_draft_that_cannot_be_kept_says_why(bench: Bench, change: dict[str, str], said: str) -> None:
    client, token = bench.browser("wang")
    form = {"c": CITIZEN, "question": "问", "answer": "答", "form_token": token, **change}
    answer = client.post("/console/desk/learn", data=form)
    assert answer.status_code >= 400
    assert said in answer.json()["error"]["message"]
    assert bench.knowledge.drafts == []


def test_a_wrong_answer_is_flagged_under_the_name_of_who_saw_it(bench: Bench) -> None:
    client, token = bench.browser("wang")
    form = {"c": CITIZEN, "answer_id": "a1", "comment": "新办法已经施行", "form_token": token}
    assert client.post("/console/desk/flag", data=form).json()["ok"]
    assert bench.knowledge.flags == [("a1", "王敏", "新办法已经施行")]


def test_only_what_answers_can_be_flagged_and_a_forms_prompts_have_no_verdict(bench: Bench) -> None:
    client, _ = bench.browser("wang")
    for status in ("answered", "clarify", "no_answer", "small_talk", "handoff"):
        bench.world.desk.record(CITIZEN, ("bot", "说了一句", {"status": status, "id": f"of-{status}"}))
    page = client.get("/console/desk", params={"c": CITIZEN}).text
    shown = {
        status
        for status in ("answered", "clarify", "no_answer", "small_talk", "handoff")
        if f'data-flag="of-{status}"' in page
    }
    assert shown == {"answered", "clarify", "no_answer"}
    assert "寒暄" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"comment": ""}, "请写明哪里不对"),
        ({"answer_id": "of-somebody-else"}, "没有找到这条答复"),
        ({"form_token": ""}, "表单已失效"),
    ],
)
def test_a_flag_that_cannot_be_kept_says_why(bench: Bench, change: dict[str, str], said: str) -> None:
    client, token = bench.browser("wang")
    form = {"c": CITIZEN, "answer_id": "a1", "comment": "不对", "form_token": token, **change}
    answer = client.post("/console/desk/flag", data=form)
    assert answer.status_code >= 400
    assert said in answer.json()["error"]["message"]
    assert bench.knowledge.flags == []


def test_a_finished_conversation_of_a_colleague_teaches_nothing(bench: Bench) -> None:
    world = bench.world
    world.desk.resolve(CITIZEN, world.accounts.find("wang"))
    world.staff("li", "李强")
    client, token = bench.browser("li")
    for action, form in {
        "learn": {"question": "问", "answer": "答"},
        "flag": {"answer_id": "a1", "comment": "不对"},
    }.items():
        answer = client.post(f"/console/desk/{action}", data={"c": CITIZEN, "form_token": token, **form})
        assert answer.status_code == 403
    assert (bench.knowledge.drafts, bench.knowledge.flags) == ([], [])


def test_an_answer_that_is_kept_no_more_is_said_so(bench: Bench) -> None:
    client, token = bench.browser("wang")
    bench.knowledge.known.clear()
    form = {"c": CITIZEN, "answer_id": "a1", "comment": "不对", "form_token": token}
    assert client.post("/console/desk/flag", data=form).status_code == 404


def test_typing_is_shown_to_the_citizen_of_ones_own_conversation_now_and_then(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(typing_module, "time", type("T", (), {"monotonic": staticmethod(lambda: now[0])}))
    client, token = bench.browser("wang")
    form = {"c": CITIZEN, "form_token": token}
    for _ in range(3):
        assert client.post("/console/desk/typing", data=form).status_code == 204
    assert bench.shown == [CITIZEN]
    now[0] += 5
    client.post("/console/desk/typing", data=form)
    assert bench.shown == [CITIZEN, CITIZEN]


def test_typing_elsewhere_or_without_the_forms_token_shows_nothing_and_is_no_error(bench: Bench) -> None:
    bench.world.staff("li", "李强")
    bench.world.desk.open_handoff("web:waiting", "complex", None, "问")
    for username, form in [
        ("li", {"c": CITIZEN}),
        ("wang", {"c": "web:waiting"}),
        ("wang", {"c": "web:nobody"}),
        ("wang", {"c": CITIZEN, "form_token": "0"}),
    ]:
        client, token = bench.browser(username)
        answer = client.post("/console/desk/typing", data={"form_token": token, **form})
        assert answer.status_code == 204
    assert bench.shown == []


def test_without_the_port_the_page_offers_none_of_it(world: Any) -> None:
    world.staff("wang")
    world.desk.record(CITIZEN, ("bot", "旧办法", ANSWER))
    world.desk.open_handoff(CITIZEN, "complex", None, "问")
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    client = TestClient(app, follow_redirects=False)
    sign_in(client)
    page = client.get("/console/desk", params={"c": CITIZEN}).text
    assert "查知识" not in page
    assert "答错了" not in page
    assert client.get("/console/desk/search", params={"q": "居住证"}).status_code == 404
