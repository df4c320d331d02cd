"""Conversations with the real processes: web, Rasa, actions; the sample city's content."""

from __future__ import annotations

import os
import signal
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import httpx
import pytest
from wechatpy.crypto import WeChatCrypto

from tests.stack.running import AES_KEY, APPID, TOKEN, RunningStack, said
from wenzheng.cli.chat import TerminalChat

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_a_signed_question_is_answered_with_title_number_article_and_date(
    stack: RunningStack, encrypted: bool
) -> None:
    reply = said(stack, f"o-question-{encrypted}", "公积金贷款最高多少", encrypted=encrypted)
    assert "60万元" in reply
    assert "《澜川市住房公积金个人住房贷款管理办法》（澜公积金规〔2025〕2号）第六条" in reply
    assert "自2025年6月1日起施行" in reply


def test_an_independent_client_library_is_understood_and_reads_the_encrypted_reply(
    stack: RunningStack,
) -> None:
    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
    now = str(int(time.time()))
    message = (
        "<xml><ToUserName><![CDATA[gh_city]]></ToUserName><FromUserName><![CDATA[o-wechatpy]]></FromUserName>"
        f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        "<Content><![CDATA[公积金贷款最高多少]]></Content><MsgId>900002</MsgId></xml>"
    )
    sealed = crypto.encrypt_message(message, "nonce-1", now)
    sent = {child.tag: child.text or "" for child in ElementTree.fromstring(sealed)}
    query = {
        "timestamp": sent["TimeStamp"],
        "nonce": sent["Nonce"],
        "encrypt_type": "aes",
        "msg_signature": sent["MsgSignature"],
    }
    reply = httpx.post(
        f"{stack.settings.base_url}/wechat", params=query, content=sealed, trust_env=False, timeout=10
    )
    assert reply.status_code == 200, reply.text
    got = {child.tag: child.text or "" for child in ElementTree.fromstring(reply.text)}
    plain = crypto.decrypt_message(reply.text, got["MsgSignature"], got["TimeStamp"], got["Nonce"])
    assert "60万元" in plain


def test_an_option_is_chosen_by_its_number(stack: RunningStack) -> None:
    offered = said(stack, "o-options", "居住证")
    assert "1. " in offered
    assert "2. " in offered
    chosen = said(stack, "o-options", "第二个")
    assert "来源：" in chosen


def test_the_web_page_and_the_terminal_hold_the_same_conversation(stack: RunningStack) -> None:
    chat = TerminalChat(stack.settings.base_url)
    chat.news()
    chat.say("公积金贷款最高多少")
    (terminal,) = chat.answers()
    assert terminal.replace("\n", "").startswith(stack.answer("公积金贷款最高多少")["text"].replace("\n", ""))
    assert "澜公积金规〔2025〕2号" in terminal
    printed = stack.run("chat", stdin="公积金贷款最高多少\n")
    assert printed.returncode == 0, printed.stderr
    assert terminal in printed.stdout


def test_what_nothing_answers_is_said_a_person_offered_and_yes_is_a_handoff_with_its_reason(
    stack: RunningStack,
) -> None:
    from wenzheng.database import open_engine
    from wenzheng.parts import build_parts

    offered = said(stack, "o-unanswered", "火星移民的签证要去哪个太空港递交")
    assert "回复“人工”" in offered
    told = said(stack, "o-unanswered", "好的")
    desk = build_parts(stack.settings, open_engine(stack.settings.database)).desk
    handoff = desk.latest_handoff("wechat:o-unanswered")
    assert handoff is not None
    assert handoff.reason == "low_confidence"
    assert handoff.number in told


def test_what_is_imported_and_published_is_answered_next_without_restart(
    stack: RunningStack, tmp_path: Path
) -> None:
    table = tmp_path / "new.csv"
    table.write_text(
        "编号,标准问题,相似问法,答案,部门\n"
        "NEW-1,萤火虫观赏步道几点开放,晚上几点能去看萤火虫,萤火虫观赏步道每天19:30至22:00开放，不收门票。,市文化广电旅游局\n",
        encoding="utf-8",
    )
    question = "萤火虫观赏步道晚上几点开放"
    assert stack.answer(question)["status"] != "answered"
    imported = stack.run("kb", "import", str(table))
    assert imported.returncode == 0, imported.stderr
    assert stack.answer(question)["status"] != "answered"
    assert stack.run("kb", "publish").returncode == 0
    assert "每天19:30至22:00开放" in said(stack, "o-publish", question)

    assert stack.run("kb", "remove", "faq", "NEW-1").returncode == 0
    assert stack.run("kb", "publish").returncode == 0
    assert stack.answer(question)["status"] != "answered"


@pytest.mark.parametrize("victim", ["rasa", "actions", "web"])
def test_a_process_that_is_killed_comes_back_and_the_next_message_is_answered(
    stack: RunningStack, victim: str
) -> None:
    before = stack.pids()[victim]
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and (
        stack.pids().get(victim) in (None, before) or not stack.is_ready()
    ):
        time.sleep(0.2)
    assert stack.pids()[victim] != before
    assert "60万元" in said(stack, f"o-after-{victim}", "公积金贷款最高多少")


def test_a_message_sent_while_rasa_is_away_is_answered_once_when_it_is_back(stack: RunningStack) -> None:
    chat = TerminalChat(stack.settings.base_url)
    chat.news()
    os.kill(stack.pids()["rasa"], signal.SIGKILL)
    chat.say("公积金贷款最高多少")
    heard = chat.answers()
    assert len([text for text in heard if "60万元" in text]) == 1


def test_the_doctor_finds_nothing_wrong_with_a_running_stack(stack: RunningStack) -> None:
    examined = stack.run("doctor")
    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "✗" not in examined.stdout


def test_starting_a_second_time_on_the_same_ports_is_refused_clearly(stack: RunningStack) -> None:
    second = stack.run("up")
    assert second.returncode == 2
    assert str(stack.settings.port) in second.stderr
