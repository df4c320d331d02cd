"""Cards: below a service guide's answer, once, and never at the cost of anything else."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.gateway.tables import citizens
from bot.gateway.wechat.api import Unreachable, WeChatApi
from bot.gateway.wechat.cards import AT_ONCE, LATE, article_of
from knowledge.answer import Answer
from knowledge.content import read_faq_table
from knowledge.pipeline.compose import cite
from knowledge.source import faq_source

from .support import CITIZEN, PUSHING, TEXTS, FakeRasa, Now, World, until, world

CONVERSATION = f"wechat:{CITIZEN}"
PICTURE, LINK = "https://www.example.gov.cn/permit.png", "https://www.example.gov.cn/apply"
FAQ = {"kind": "faq", "title": "怎么办理居住证", "quote": "到派出所办理。", "url": LINK, "picture": PICTURE}
RULE = {
    "kind": "clause",
    "title": "居住证管理办法",
    "article": "第八条",
    "url": "https://www.example.gov.cn/8",
}
GUIDE: dict[str, Any] = {"status": "answered", "text": "到派出所办理。", "sources": [FAQ, RULE]}
CARD = {
    "title": "怎么办理居住证",
    "description": "点开在线办理。条件和材料以上面的答复为准。",
    "url": LINK,
    "picurl": PICTURE,
}
QUICK = replace(PUSHING, card_after=0.02)


def guiding(payload: dict[str, Any] = GUIDE) -> FakeRasa:
    rasa = FakeRasa()
    rasa.answer = lambda _sender, text: (
        [{"text": payload["text"], "custom": payload}] if "居住证" in text else [{"text": f"答：{text}"}]
    )
    return rasa


@asynccontextmanager
async def city(path: Path, payload: dict[str, Any] = GUIDE, **more: Any) -> AsyncIterator[World]:
    async with world(path, QUICK, rasa=guiding(payload), enforce=True, **more) as w:
        yield w


def shown(w: World) -> list[tuple[str, str]]:
    """What the account sent: how, and of which kind."""
    entries = w.api.transcript.of(CITIZEN)
    return [(entry.by, entry.kind) for entry in entries if entry.side == "account" and entry.kind != "typing"]


def cards(w: World) -> list[Any]:
    return [entry.articles for entry in w.api.transcript.of(CITIZEN) if entry.kind == "news"]


def left(w: World) -> int:
    return int(w.gateway.budget(CONVERSATION).left)  # type: ignore[union-attr]


async def over(w: World) -> None:
    """Until the gateway has stopped looking whether a card may go out."""
    assert w.gateway._wechat.cards is not None
    await until(lambda: not w.gateway._wechat.cards._tasks)  # type: ignore[union-attr]


async def test_the_card_follows_the_answers_text(tmp_path: Path) -> None:
    async with city(tmp_path) as w:
        exchange = await w.platform.say(CITIZEN, "居住证")
        assert exchange.text is not None
        assert exchange.text.startswith("到派出所办理。")
        assert LINK in exchange.text
        await until(lambda: cards(w))
        [[article]] = cards(w)
        assert {
            "title": article.title,
            "description": article.description,
            "url": article.url,
            "picurl": article.picurl,
        } == CARD
        await over(w)
        assert shown(w) == [("reply", "text"), ("push", "news")]
        assert left(w) == 4
        assert w.moved.count(CONVERSATION) >= 1


async def test_an_answer_that_comes_by_customer_message_has_its_card_below_it(tmp_path: Path) -> None:
    slow = replace(QUICK, reply_within=0.15, hold_for=0.6)
    async with world(tmp_path, slow, rasa=guiding(), enforce=True) as w:
        gate = w.rasa.hold("居住证")
        await w.platform.say(CITIZEN, "居住证")
        gate.set()
        await until(lambda: cards(w))
        assert shown(w) == [("push", "text"), ("push", "news")]
        assert left(w) == 3


async def test_a_long_answer_has_its_card_below_its_last_part(tmp_path: Path) -> None:
    async with city(tmp_path, GUIDE | {"text": "到派出所办理。" * 120}) as w:
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: cards(w))
        assert shown(w)[-1] == ("push", "news")
        assert shown(w).count(("push", "news")) == 1
        assert all(row.status == "delivered" for row in w.rows())


async def test_a_request_that_the_platform_sends_again_brings_no_second_card(tmp_path: Path) -> None:
    async with city(tmp_path) as w:
        await asyncio.gather(*(w.platform.say(CITIZEN, "居住证", message_id="77") for _ in range(3)))
        await until(lambda: cards(w))
        await over(w)
        assert len(cards(w)) == 1


@pytest.mark.parametrize(
    "payload",
    [
        GUIDE | {"status": "clarify"},
        GUIDE | {"sources": [FAQ | {"picture": ""}, RULE]},
        GUIDE | {"sources": [FAQ | {"url": ""}]},
        GUIDE | {"sources": [FAQ | {"picture": "permit.png"}]},
        GUIDE | {"sources": [FAQ | {"url": LINK + "?" + "x" * 1024}]},
        GUIDE | {"sources": [RULE | {"picture": PICTURE}]},
        {"status": "answered", "text": "答"},
        None,
    ],
)
def test_what_is_no_service_guide_with_a_picture_has_no_card(payload: dict[str, Any] | None) -> None:
    assert article_of(payload, TEXTS) is None


def test_an_imported_guide_answers_with_what_a_card_is_made_of() -> None:
    table = f"标准问题,答案,办理链接,配图\n怎么办理居住证,到派出所办理。,{LINK},{PICTURE}\n"
    [faq] = read_faq_table(table.encode(), "faq.csv").faqs
    answer = Answer("answered", faq.answer, sources=(cite(faq_source(faq)),))
    assert article_of(answer.to_dict(), TEXTS) == CARD


def test_addresses_are_of_the_web_in_capitals_too() -> None:
    loud = FAQ | {"url": LINK.replace("https", "HTTPS"), "picture": PICTURE.replace("https", "Https")}
    article = article_of(GUIDE | {"sources": [loud]}, TEXTS)
    assert article is not None
    assert article["url"] == loud["url"]


def test_a_card_has_one_article_within_the_platforms_lengths() -> None:
    long = FAQ | {"title": "怎么办理" * 20}
    article = article_of(GUIDE | {"sources": [RULE, long, FAQ]}, TEXTS)
    assert article is not None
    assert (len(article["title"]), article["title"][-1]) == (32, "…")
    assert len(article["description"]) <= 128


async def test_a_card_leaves_a_reserve_for_staff(tmp_path: Path) -> None:
    async with city(tmp_path) as w:
        await w.platform.say(CITIZEN, "你好")
        w.rasa.answer = guiding().answer
        gate = w.rasa.hold("居住证")
        asking = asyncio.create_task(w.platform.say(CITIZEN, "居住证"))
        await until(lambda: len(w.inbox()) == 2)
        with w.engine.begin() as connection:
            connection.execute(update(citizens).values(message_window_sent=3))
        gate.set()
        await asking
        await over(w)
        assert (cards(w), left(w)) == ([], 2)


async def test_a_tap_of_the_menu_allows_three_and_leaves_two_after_the_card(tmp_path: Path) -> None:
    async with city(tmp_path) as w:
        await w.platform.event(CITIZEN, "CLICK", "ask:怎么办理居住证")
        await until(lambda: cards(w))
        assert left(w) == 2


async def test_no_card_while_a_part_of_its_answer_waits(tmp_path: Path) -> None:
    async with city(tmp_path, GUIDE | {"text": "到派出所办理。" * 120}, send_after_error=60.0) as w:
        w.api.errors.append(-1)
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: w.rows()[-1].error)
        await over(w)
        assert (cards(w), w.rows()[-1].status) == ([], "pending")


async def test_no_card_below_options_that_were_said_after_its_answer(tmp_path: Path) -> None:
    async with city(tmp_path) as w:
        w.rasa.answer = lambda _sender, _text: [
            {"text": GUIDE["text"], "custom": GUIDE},
            {"text": "要留言吗？", "custom": {"status": "small_talk", "options": [{"label": "要"}]}},
        ]
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: [row.status for row in w.rows()] == ["delivered", "delivered"])
        await over(w)
        assert shown(w) == [("reply", "text"), ("push", "msgmenu")]


async def test_an_answer_that_was_said_last_has_its_card_whatever_came_before(tmp_path: Path) -> None:
    async with city(tmp_path) as w:
        w.rasa.answer = lambda _sender, _text: [
            {"text": "好的。", "custom": {"status": "small_talk"}},
            {"text": GUIDE["text"], "custom": GUIDE},
        ]
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: cards(w))


async def test_no_card_once_the_citizen_has_gone_on(tmp_path: Path) -> None:
    async with world(tmp_path, replace(QUICK, card_after=1.0), rasa=guiding(), enforce=True) as w:
        await w.platform.say(CITIZEN, "居住证")
        gate = w.rasa.hold("公积金")
        asking = asyncio.create_task(w.platform.say(CITIZEN, "公积金"))
        await over(w)
        gate.set()
        await asking
        assert cards(w) == []


async def test_no_card_below_something_else(tmp_path: Path) -> None:
    async with world(tmp_path, replace(QUICK, card_after=1.0), rasa=guiding(), enforce=True) as w:
        await w.platform.say(CITIZEN, "居住证")
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, CONVERSATION, "system", "您的工单有了结果")
        await over(w)
        assert shown(w) == [("reply", "text"), ("push", "text")]


@pytest.mark.parametrize("owner", ["queue", "staff"])
async def test_no_card_once_people_have_the_conversation(tmp_path: Path, owner: Any) -> None:
    async with world(tmp_path, replace(QUICK, card_after=1.0), rasa=guiding(), enforce=True) as w:
        await w.platform.say(CITIZEN, "居住证")
        w.desk.owners[CONVERSATION] = owner
        await over(w)
        assert (cards(w), left(w)) == ([], 5)


async def test_no_card_for_an_answer_given_late(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock) as w:
        gate = w.rasa.hold("居住证")
        asking = asyncio.create_task(w.platform.say(CITIZEN, "居住证"))
        await until(lambda: w.heard() == ["居住证"])
        clock.offset = LATE + 1
        gate.set()
        await asking
        await over(w)
        assert cards(w) == []


async def test_an_answer_that_never_arrives_has_no_card(tmp_path: Path) -> None:
    slow = replace(QUICK, reply_within=0.15, hold_for=0.6)
    async with world(tmp_path, slow, rasa=guiding(), enforce=True) as w:
        gate = w.rasa.hold("居住证")
        await w.platform.say(CITIZEN, "居住证")
        w.api.errors.append(43004)
        gate.set()
        await until(lambda: w.rows() and w.rows()[-1].status == "dropped")
        await over(w)
        assert w.api.sent == []


@pytest.mark.parametrize("code", [40008, 40035, 40200, 45008, 45162, 47001])
async def test_a_platform_that_takes_no_cards_is_asked_once(
    tmp_path: Path, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with city(tmp_path) as w:
        w.api.errors.append(code)
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: "answers go without cards" in caplog.text)
        await over(w)
        assert left(w) == 5
        exchange = await w.platform.say(CITIZEN, "居住证二")
        await over(w)
        assert (exchange.text or "").startswith("到派出所办理。")
        assert cards(w) == []
        assert w.gateway.can_push
    warnings = [record for record in caplog.records if "without cards" in record.message]
    assert [record.levelno for record in warnings] == [logging.WARNING]


@pytest.mark.parametrize(("code", "after"), [(45003, 5), (-1, 5), (45047, 0)])
async def test_a_card_that_fails_is_not_tried_again_and_keeps_nothing_back(
    tmp_path: Path, code: int, after: int
) -> None:
    async with city(tmp_path) as w:
        w.api.errors.append(code)
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: not w.api.errors)
        await over(w)
        assert (cards(w), left(w)) == ([], after)
        await w.platform.say(CITIZEN, "居住证二")
        await until(lambda: cards(w))
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, CONVERSATION, "staff", "您好")
        await until(lambda: w.rows()[-1].status == "delivered")
        assert len(cards(w)) == 1


async def test_a_card_that_may_have_arrived_stays_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def silence(_api: WeChatApi, openid: str, _article: dict[str, str]) -> None:
        tried.append(openid)
        raise Unreachable(-1, "ReadTimeout")

    monkeypatch.setattr(WeChatApi, "send_card", silence)
    async with city(tmp_path) as w:
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: tried)
        await over(w)
        assert (tried, left(w)) == ([CITIZEN], 4)


async def test_under_load_answers_go_without_cards(tmp_path: Path) -> None:
    async with world(tmp_path, replace(QUICK, card_after=60.0), rasa=guiding(), enforce=True) as w:
        citizens = [f"oCitizen{number}" for number in range(AT_ONCE + 3)]
        answers = await asyncio.gather(*(w.platform.say(citizen, "居住证") for citizen in citizens))
        assert all((answer.text or "").startswith("到派出所办理。") for answer in answers)
        assert w.gateway._wechat.cards is not None
        assert len(w.gateway._wechat.cards._tasks) == AT_ONCE


async def test_an_account_without_customer_messages_is_found_out_by_a_card_too(tmp_path: Path) -> None:
    async with city(tmp_path) as w:
        w.api.verified = False
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: not w.gateway.can_push)
        assert cards(w) == []


async def test_what_the_operator_has_to_mend_is_told_when_a_card_meets_it(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock, send_after_error=10.0) as w:
        w.api.errors.append(40164)
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: w.gateway.troubles)
        assert w.gateway.troubles["wechat"].startswith("40164")
        await over(w)
        assert (cards(w), left(w)) == ([], 5)
        clock.offset = 11.0
        await w.platform.say(CITIZEN, "居住证二")
        await until(lambda: cards(w))
        assert w.gateway.troubles == {}


async def test_a_pause_that_the_platform_asks_of_a_card_holds_for_what_staff_say(tmp_path: Path) -> None:
    clock = Now()
    async with city(tmp_path, clock=clock, send_after_error=10.0) as w:
        w.api.errors.append(45009)
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: not w.api.errors)
        await over(w)
        calls = len(w.api.sent)
        with w.engine.begin() as connection:
            w.gateway.deliver(connection, CONVERSATION, "staff", "您好")
        await asyncio.sleep(0.2)
        assert (w.rows()[-1].status, w.rows()[-1].attempts, len(w.api.sent)) == ("pending", 0, calls)
        clock.offset = 11.0
        await until(lambda: w.rows()[-1].status == "delivered")


async def test_an_account_that_may_not_push_answers_without_a_card(tmp_path: Path) -> None:
    async with world(tmp_path, rasa=guiding()) as w:
        exchange = await w.platform.say(CITIZEN, "居住证")
        assert (exchange.text or "").startswith("到派出所办理。")
        assert (w.api.sent, w.gateway._wechat) == ([], None)


async def test_a_card_that_was_not_sent_when_the_process_ended_is_not_sent_by_the_next(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, replace(QUICK, card_after=30.0), rasa=guiding(), enforce=True) as w:
        await w.platform.say(CITIZEN, "居住证")
        await until(lambda: w.rows()[-1].status == "delivered")
    async with city(tmp_path) as w:
        await w.platform.say(CITIZEN, "你好")
        await over(w)
        assert cards(w) == []
        assert [row.status for row in w.rows()] == ["delivered", "delivered"]
