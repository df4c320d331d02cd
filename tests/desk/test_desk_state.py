"""The question for news of an open page: answered when something it shows changed, with what changed."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from desk_client import GOOD, sign_in
from fastapi import FastAPI
from fastapi.testclient import TestClient

from desk.console import state
from desk.console.shown import QUEUE_SHOWN, Shown
from desk.console.web_sessions import SESSION_COOKIE
from desk.pages import build_pages
from desk.service import Desk
from wenzheng.database import open_engine

CITIZEN = "wechat:oABC1234"
STATE = "/console/desk/state"


class Page:
    """What the page's script remembers between two questions."""

    def __init__(self, client: TestClient, conversation_id: str = "") -> None:
        self.client = client
        self.conversation_id = conversation_id
        self.version, self.last = "", 0
        self.have: dict[str, str] = {}

    def ask(self, wait: float = 0) -> dict[str, Any]:
        marks = ",".join(f"{name}.{mark}" for name, mark in self.have.items())
        query = {
            "c": self.conversation_id,
            "since": self.version,
            "after": self.last,
            "have": marks,
            "wait": wait,
        }
        answer: dict[str, Any] = self.client.get(STATE, params=query).json()
        if "error" not in answer:
            self.version = answer["version"]
            self.have |= {name: mark for name, (mark, _) in answer["parts"].items()}
        return answer


@pytest.fixture
def open_page(world: Any) -> Callable[..., Page]:
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))

    def make(username: str, conversation_id: str = "") -> Page:
        client = TestClient(app, follow_redirects=False)
        sign_in(client, username)
        world.desk.pause(world.accounts.find(username))  # what waits is theirs to claim
        return Page(client, conversation_id)

    return make


@pytest.fixture
def elsewhere(world: Any) -> Iterator[Desk]:
    """The desk of another process on the same database."""
    engine = open_engine(str(world.engine.url))
    yield Desk(engine, None, lambda *_: None, lambda _: None, clock=world.clock)
    engine.dispose()


def test_the_first_question_is_answered_with_everything(world: Any, open_page: Any) -> None:
    world.staff("wang")
    page = open_page("wang", CITIZEN)
    world.desk.record(CITIZEN, ("citizen", "路灯坏了", None))
    world.desk.open_handoff(CITIZEN, "complaint", None, "路灯坏了")
    told = page.ask(wait=5)
    assert set(told["parts"]) == {"presence", "serving", "queue", "online", "header", "deliveries"}
    assert (told["mode"], told["waiting"]) == ("queue", 1)
    assert "路灯坏了" in told["parts"]["queue"][1]
    assert "投诉" in told["parts"]["header"][1]
    assert "data-id" in told["messages"]


def test_only_what_changed_is_sent(world: Any, open_page: Any) -> None:
    member = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问").number, member)
    page = open_page("wang", CITIZEN)
    page.ask()
    page.last = world.desk.conversation(CITIZEN).messages[-1].id
    unchanged = page.ask()
    assert unchanged["parts"] == {}
    assert "messages" not in unchanged

    world.desk.receive(CITIZEN, "合同要备案吗？")
    news = page.ask()
    assert set(news["parts"]) == {"serving"}
    assert news["messages"].count("data-id") == 1
    assert "合同要备案吗？" in news["messages"]

    world.desk.open_handoff("web:b", "complex", None, "别的事")
    assert set(page.ask()["parts"]) == {"queue"}


def test_news_ends_the_wait_and_other_peoples_does_not(world: Any, open_page: Any) -> None:
    mine, others = world.staff("wang"), world.staff("li", "李强")
    for conversation_id, member in ((CITIZEN, mine), ("web:other", others)):
        world.desk.claim(world.desk.open_handoff(conversation_id, "complex", None, "问").number, member)
    page = open_page("wang", CITIZEN)
    page.ask()

    started = time.monotonic()
    timer = threading.Timer(0.2, world.desk.receive, ("web:other", "给别人的话"))
    timer.start()
    page.ask(wait=1)
    assert time.monotonic() - started >= 1
    timer.join()

    timer = threading.Timer(0.2, world.desk.receive, (CITIZEN, "给我的话"))
    started = time.monotonic()
    timer.start()
    assert "给我的话" in page.ask(wait=5)["messages"]
    assert time.monotonic() - started < 4
    timer.join()


def test_news_of_the_queue_gathers_for_a_moment_and_ones_own_does_not_wait(
    world: Any, open_page: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(state, "QUEUE_GATHERS", 30.0)
    member = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问").number, member)
    page = open_page("wang", CITIZEN)
    page.ask()
    happens = [
        threading.Timer(0.2, world.desk.open_handoff, ("web:b", "complex", None, "别人的事")),
        threading.Timer(0.6, world.desk.receive, (CITIZEN, "给我的话")),
    ]
    started = time.monotonic()
    for each in happens:
        each.start()
    news = page.ask(wait=5)
    assert 0.6 <= time.monotonic() - started < 4
    assert "别人的事" in news["parts"]["queue"][1]
    assert "给我的话" in news["messages"]


async def test_pages_that_hear_of_the_same_news_are_looked_after_few_at_a_time(
    world: Any, monkeypatch: Any
) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def slow(*_: Any) -> dict[str, Any]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return {}

    monkeypatch.setattr(Shown, "state", slow)
    world.staff("wang")
    app = FastAPI()
    app.include_router(build_pages(world.desk, world.accounts))
    token = world.accounts.sign_in("wang", GOOD)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://desk", cookies={SESSION_COOKIE: token}
    ) as client:
        answers = await asyncio.gather(*(client.get(STATE) for _ in range(5 * state.AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert most == state.AT_ONCE


def test_what_another_process_wrote_is_there_when_the_wait_ends(
    world: Any, elsewhere: Desk, open_page: Any
) -> None:
    world.staff("wang")
    page = open_page("wang")
    page.ask()
    elsewhere.open_handoff(CITIZEN, "complex", None, "别的进程")
    time.sleep(1.1)  # longer than pages share a list
    assert "别的进程" in page.ask(wait=0.1)["parts"]["queue"][1]


def test_what_did_not_change_is_not_looked_at_until_the_page_asks_for_all(
    world: Any, elsewhere: Desk, open_page: Any
) -> None:
    member = world.staff("wang")
    world.desk.claim(world.desk.open_handoff(CITIZEN, "complex", None, "问").number, member)
    page = open_page("wang", CITIZEN)
    assert page.ask()["full"]
    elsewhere.receive(CITIZEN, "由别的进程收下")
    world.desk.open_handoff("web:b", "complex", None, "别的事")
    news = page.ask()
    assert (news["full"], set(news["parts"])) == (False, {"queue"})
    assert "mode" not in news
    query = {"c": CITIZEN, "since": page.version, "full": True}
    assert "由别的进程收下" in page.client.get(STATE, params=query).json()["messages"]


def test_a_long_queue_is_cut_and_says_how_many_more(world: Any, open_page: Any) -> None:
    world.staff("wang")
    page = open_page("wang")
    for number in range(QUEUE_SHOWN + 3):
        world.desk.open_handoff(f"web:{number}", "complex", None, f"问题{number}")
    told = page.ask()
    assert told["waiting"] == QUEUE_SHOWN + 3
    assert told["parts"]["queue"][1].count('class="entry"') == QUEUE_SHOWN
    assert "还有 3 条" in told["parts"]["queue"][1]


def test_who_is_not_signed_in_does_not_get_to_wait(open_page: Any, world: Any) -> None:
    world.staff("wang")
    page = open_page("wang")
    page.client.cookies.clear()
    started = time.monotonic()
    assert page.ask(wait=5)["error"]["code"] == "sign_in_refused"
    assert time.monotonic() - started < 4
