"""The parts of the form for a ticket; whole conversations are in tests/bot/dialogue/test_forms.py."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from actions_fakes import FakeBackend, Say, bot

from actions import phone, words
from actions.payload import answer
from actions.ticket import SUBJECT_CHARS, Ticket
from actions.ticket_form import ValidateTicketForm
from bot.nlu.spelling import normalise


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800012345", "13800012345"),
        ("１３８０００１２３４５", "13800012345"),
        ("138 0001 2345", "13800012345"),
        ("138-0001-2345", "13800012345"),
        ("+86 13800012345", "13800012345"),
        ("我的电话是13800012345，姓王", "13800012345"),
        ("0571-87654321", "0571-87654321"),
        ("010 8765 4321", "010-87654321"),
        ("（０５７１）８７６５４３２１", "0571-87654321"),
        ("87654321", "87654321"),
        ("8765432", "8765432"),
        ("1380001234", None),
        ("138000123456", None),
        ("12800012345", None),
        ("110101199001011234", None),
        ("没有电话", None),
        ("", None),
    ],
)
def test_a_telephone_number_is_read_as_written(text: str, number: str | None) -> None:
    assert phone.parse(text) == number


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("cancel", "取消", True),
        ("cancel", "不填了。", True),
        ("cancel", "我不填了", True),
        ("cancel", "退出吧", True),
        ("cancel", "取消低保的通知没人告诉我", False),
        ("skip", "跳过", True),
        ("skip", "没有", True),
        ("skip", "没有了", True),
        ("skip", "不留电话", True),
        ("skip", "没有门牌，在菜市场旁边", False),
        ("agree", "是的", True),
        ("agree", "同意！", True),
        ("agree", "不同意", False),
        ("refuse", "否", True),
        ("refuse", "不同意", True),
        ("submit", "1", True),
        ("submit", "１。", True),
        ("submit", "确认提交", True),
        ("submit", "12", False),
        ("restart", "2", True),
        ("restart", "重新填写", True),
        ("drop", "3", True),
    ],
)
def test_what_is_said_in_the_form_is_understood(key: str, text: str, said: bool) -> None:
    assert words.is_said(key, normalise(text)) is said


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("居住证怎么办", True),
        ("低保需要什么材料", True),
        ("公积金能提取吗", True),
        ("望江路菜市场门口", False),
        ("不知道怎么说，反正在桥头", False),
        ("就在你们大厅", False),
    ],
)
def test_a_question_is_told_from_a_place(text: str, asks: bool) -> None:
    assert words.contains("asks", normalise(text)) is asks


def test_the_subject_is_the_first_sentence() -> None:
    assert Ticket("complaint", details="路灯坏了。没人修").subject == "路灯坏了"
    long = Ticket("complaint", details="路" * 100).subject
    assert len(long) == SUBJECT_CHARS
    assert long.endswith("…")


def left(said: dict[str, Any]) -> dict[str, Any]:
    """What an action leaves in the tracker, by name."""
    return {event["name"]: event.get("value") for event in said["_events"]}


AT_CONFIRM = {
    "ticket_kind": "question",
    "ticket_details": "自来水什么时候能通",
    "ticket_contact": "",
    "requested_slot": "ticket_confirm",
}
FAILURES = [
    ConnectionRefusedError("refused"),
    TimeoutError("slow"),
    httpx.Response(500),
    httpx.Response(422, json={"detail": "x"}),
    httpx.Response(200, json={}),
]


@pytest.mark.parametrize("failure", FAILURES)
async def test_what_could_not_be_sent_stays_in_the_form(fake: FakeBackend, say: Say, failure: Any) -> None:
    fake.set("POST", "/api/tickets", failure)
    said = await say(ValidateTicketForm, "1", "choose_option", slots=AT_CONFIRM)
    assert (said["status"], said["reason"]) == ("no_answer", "error")
    assert (
        left(said).items()
        >= {
            "ticket_details": "自来水什么时候能通",
            "requested_slot": "ticket_confirm",
        }.items()
    )


async def test_a_ticket_that_was_open_already_is_told_so(fake: FakeBackend, say: Say) -> None:
    opened = {"number": "G1", "already_open": True, "department": "水务局", "due_text": "12月2日"}
    fake.set("POST", "/api/tickets", opened)
    said = await say(ValidateTicketForm, "1", "choose_option", slots=AT_CONFIRM)
    assert all(part in said["text"] for part in ("登记过", "G1", "水务局", "12月2日"))
    assert (
        left(said).items()
        >= {
            "ticket_details": None,
            "requested_slot": None,
        }.items()
    )


async def test_a_message_after_an_answer_names_it(fake: FakeBackend, say: Say) -> None:
    before = [bot(answer("no_answer", "没有", answer_id="a9"))]
    said = await say(ValidateTicketForm, "我要留言", "leave_message", before, {"ticket_kind": "question"})
    assert left(said).items() >= {"ticket_answer": "a9"}.items()
    await say(ValidateTicketForm, "1", "choose_option", slots=AT_CONFIRM | {"ticket_answer": "a9"})
    assert fake.sent("/api/tickets")["answer_id"] == "a9"


async def test_an_unforeseen_failure_leaves_the_form_as_it_was(
    fake: FakeBackend, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bool:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(words, "is_said", broken)
    said = await say(ValidateTicketForm, "1", "choose_option", slots=AT_CONFIRM)
    assert said["reason"] == "error"
    assert left(said).keys() >= {"ticket_kind", "requested_slot"}
