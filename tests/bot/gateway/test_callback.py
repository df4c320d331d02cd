"""The callback as the platform, and as others, call it."""

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import xmltodict
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from bot.gateway.tables import citizens
from bot.gateway.wechat.crypto import MessageCipher, signature
from bot.gateway.wechat.messages import render
from bot.gateway.wechat.simulator import Platform

from .support import AES_KEY, APPID, CITIZEN, IMPATIENT, PLAIN, SECURE, TOKEN, FakeRasa, Now, until, world


def xml(content: str = "医保", message_id: str = "1", **fields: Any) -> str:
    given = {
        "ToUserName": "gh",
        "FromUserName": CITIZEN,
        "CreateTime": int(time.time()),
        "MsgType": "text",
        "Content": content,
        "MsgId": message_id,
        **fields,
    }
    return render({name: value for name, value in given.items() if value is not None}, False)


def signed(nonce: str = "n1", at: int | None = None, token: str = TOKEN, **more: str) -> dict[str, str]:
    timestamp = str(at or int(time.time()))
    signer = WeChatSigner()
    signer.add_data(token, timestamp, nonce)
    return {"timestamp": timestamp, "nonce": nonce, "signature": signer.signature, **more}


async def post(client: httpx.AsyncClient, body: str | bytes, query: dict[str, str]) -> httpx.Response:
    return await client.post("/wechat", params=query, content=body)


# Verification of the address


async def test_the_address_is_verified_by_returning_the_echo(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        reply = await w.client.get("/wechat", params=signed(echostr="4375120948345356249"))
        assert (reply.status_code, reply.text) == (200, "4375120948345356249")
        assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({}, "no_signature"),
        ({"timestamp": str(int(time.time())), "nonce": "n"}, "no_signature"),
        (signed(token="wrong"), "bad_signature"),
        (signed(at=int(time.time()) - 4000), "stale"),
        (signed(at=int(time.time()) + 4000), "stale"),
        ({**signed(), "timestamp": "²"}, "stale"),
    ],
)
async def test_a_request_not_signed_now_by_the_platform_is_refused(
    tmp_path: Path, query: dict[str, str], error: str
) -> None:
    async with world(tmp_path) as w:
        for reply in (
            await w.client.get("/wechat", params={**query, "echostr": "1"}),
            await post(w.client, xml(), query),
        ):
            assert (reply.status_code, reply.json()["error"]) == (403, error)
            assert reply.json()["message"]
        assert w.inbox() == []


async def test_without_an_account_the_callback_says_so(tmp_path: Path) -> None:
    async with world(tmp_path, wechat=None) as w:
        reply = await post(w.client, xml(), signed())
        assert (reply.status_code, reply.json()["error"]) == (503, "not_configured")


# Modes


async def test_wechatpy_talks_with_us_in_secure_mode(tmp_path: Path) -> None:
    crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
    async with world(tmp_path, SECURE) as w:
        at = str(int(time.time()))
        sealed = crypto.encrypt_message(xml("怎么办居住证"), "n1", at)
        fields = {line.split(">")[0].strip("<"): line for line in sealed.splitlines()}
        sign = fields["MsgSignature"].split("[CDATA[")[1].split("]]")[0]
        query = {**signed(), "timestamp": at, "encrypt_type": "aes", "msg_signature": sign, "signature": "x"}
        reply = await post(w.client, sealed, query)
        assert reply.status_code == 200
        outer = parse_reply_fields(reply.text)
        opened = crypto.decrypt_message(reply.text, outer["MsgSignature"], outer["TimeStamp"], outer["Nonce"])
        assert parse_message(opened).content == "答：怎么办居住证"


def parse_reply_fields(text: str) -> dict[str, str]:
    return dict(xmltodict.parse(text)["xml"])


async def test_secure_mode_refuses_plain_messages(tmp_path: Path) -> None:
    async with world(tmp_path, SECURE) as w:
        reply = await post(w.client, xml(), signed())
        assert (reply.status_code, reply.json()["error"]) == (403, "downgrade")
        assert w.inbox() == []


async def test_compatible_mode_takes_both_and_answers_in_kind(tmp_path: Path) -> None:
    async with world(tmp_path, replace(SECURE, mode="compatible")) as w:
        plain = await post(w.client, xml("一", "1"), signed("n1"))
        assert parse_message(plain.text).content == "答：一"
        sealing = Platform(w.client, TOKEN, APPID, AES_KEY)
        exchange = await sealing.say(CITIZEN, "二")
        assert "<Encrypt>" in exchange.raw
        assert exchange.text == "答：二"


async def test_a_message_sealed_for_another_account_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path, SECURE) as w:
        at, nonce = str(int(time.time())), "n"
        sealed = MessageCipher(AES_KEY, "wxother").encrypt(xml())
        query = {
            "timestamp": at,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": signature(TOKEN, at, nonce, sealed),
        }
        reply = await post(w.client, render({"Encrypt": sealed}, False), query)
        assert (reply.status_code, reply.json()["error"]) == (403, "bad_appid")
        query["msg_signature"] = signature("wrong", at, nonce, sealed)
        reply = await post(w.client, render({"Encrypt": sealed}, False), query)
        assert (reply.status_code, reply.json()["error"]) == (403, "bad_signature")


async def test_an_encrypted_message_in_plain_mode_is_explained(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        reply = await post(w.client, render({"ToUserName": "gh", "Encrypt": "x"}, False), signed())
        assert (reply.status_code, reply.json()["error"]) == (400, "encrypted_in_plain")


async def test_json_is_answered_with_json(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        fields = {"ToUserName": "gh", "FromUserName": "o1", "CreateTime": 1, "MsgType": "text", "MsgId": 7}
        body = json.dumps({**fields, "Content": "医保"})
        reply = (await post(w.client, body, signed())).json()
        assert (reply["Content"], reply["ToUserName"], reply["MsgType"]) == ("答：医保", "o1", "text")


# Bad input


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("<xml><a>", 400),
        ("{", 400),
        ("<xml></xml>", 400),
        ('<!DOCTYPE x [<!ENTITY a "b">]><xml><FromUserName>&a;</FromUserName></xml>', 400),
        ("<xml>" + "x" * 70_000 + "</xml>", 413),
    ],
)
async def test_a_bad_body_is_refused_and_nothing_is_stored(tmp_path: Path, body: str, status: int) -> None:
    async with world(tmp_path) as w:
        reply = await post(w.client, body, signed())
        assert reply.status_code == status
        assert reply.json()["message"]
        assert w.inbox() == []


# Kinds of messages


async def test_a_text_is_answered_in_the_reply(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        reply = await post(w.client, xml("医保断缴怎么办"), signed())
        message = parse_message(reply.text)
        assert (message.content, message.target, message.source) == ("答：医保断缴怎么办", CITIZEN, "gh")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("image", "image"),
        ("video", "video"),
        ("shortvideo", "video"),
        ("location", "unplaced"),
        ("link", "link"),
        ("hologram", "unsupported"),
    ],
)
async def test_what_is_not_text_is_answered_with_what_can_be_done(
    tmp_path: Path, kind: str, says: str
) -> None:
    async with world(tmp_path) as w:
        reply = await post(w.client, xml(MsgType=kind, Content=None), signed())
        assert parse_message(reply.text).content == w.texts.say(f"replies.{says}")
        assert w.heard() == []


async def test_the_label_of_a_location_says_where_the_citizen_is(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        place = {
            "MsgType": "location",
            "Content": None,
            "Location_X": "30.1",
            "Label": "澜川市临港区海滨路1号",
        }
        reply = await post(w.client, xml(**place), signed())
        assert parse_message(reply.text).content == "已记下：澜川市临港区海滨路1号"
        assert w.heard() == []


async def test_a_scanned_code_asks_its_question_also_where_scanning_it_is_following(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await w.platform.event(CITIZEN, "SCAN", "ask:怎么办理居住证")).text == "答：怎么办理居住证"
        assert (await w.platform.event(CITIZEN, "SCAN", "counter-7")).text is None
        welcomed = (await w.platform.event("oNew", "subscribe", "qrscene_ask:怎么办护照")).text or ""
        assert welcomed == f"{w.texts.say('wechat.welcome')}\n\n答：怎么办护照"


async def test_events_that_ask_nothing_are_acknowledged(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for event in ("VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "kf_create_session", "never-heard-of"):
            exchange = await w.platform.event(CITIZEN, event, "https://example.gov.cn")
            assert (exchange.raw, exchange.statuses) == ("success", [200])
        assert w.inbox() == []


async def test_a_recognised_voice_is_a_question_and_an_unrecognised_one_is_not(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        fields = {"MsgType": "voice", "Content": None}
        reply = await post(w.client, xml(message_id="1", Recognition="医保", **fields), signed("a"))
        assert parse_message(reply.text).content == "答：医保"
        reply = await post(w.client, xml(message_id="2", Recognition="", **fields), signed("b"))
        assert parse_message(reply.text).content == w.texts.say("replies.unheard")


async def test_following_is_welcomed_and_leaving_is_recorded(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert "测试市" in ((await w.platform.event(CITIZEN, "subscribe")).text or "")
        assert citizen(w)["followed"] == 1
        assert (await w.platform.event(CITIZEN, "unsubscribe")).text is None
        assert citizen(w)["followed"] == 0


def citizen(w: Any) -> dict[str, Any]:
    with w.engine.connect() as connection:
        return dict(connection.execute(citizens.select()).one()._mapping)


async def test_a_menu_key_says_what_the_texts_give_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await w.platform.event(CITIZEN, "CLICK", "HUMAN")).text == "答：转人工"
        assert (await w.platform.event(CITIZEN, "VIEW", "http://x")).raw == "success"


@pytest.mark.parametrize("typed", ["/restart", " // /restart", "\u3000/restart", "\x00/restart"])
async def test_no_citizen_reaches_rasas_commands(tmp_path: Path, typed: str) -> None:
    async with world(tmp_path) as w:
        fields = {"ToUserName": "gh", "FromUserName": "o1", "CreateTime": 1, "MsgType": "text", "MsgId": 7}
        await post(w.client, json.dumps({**fields, "Content": typed}), signed())
        assert w.heard() == ["restart"]


async def test_a_slash_alone_and_a_text_too_long_are_answered_politely(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        assert (await w.platform.say(CITIZEN, "/")).text == w.texts.say("replies.empty")
        assert (await w.platform.say(CITIZEN, "长" * 501)).text == w.texts.say("replies.too_long", limit=500)
        assert w.heard() == []


# Retries, and replays


async def test_a_retry_joins_the_job_in_flight(tmp_path: Path) -> None:
    async with world(tmp_path, IMPATIENT) as w:
        gate = w.rasa.hold("慢")
        asking = asyncio.create_task(w.platform.say(CITIZEN, "慢"))
        await until(lambda: w.inbox() and w.inbox()[0].tries == 2)
        gate.set()
        exchange = await asking
        assert exchange.text == "答：慢"
        assert exchange.tries == 2
        assert w.heard() == ["慢"]


async def test_the_third_try_gets_a_notice_and_the_next_message_the_named_answer(tmp_path: Path) -> None:
    async with world(tmp_path, IMPATIENT) as w:
        gate = w.rasa.hold("慢")
        exchange = await w.platform.say(CITIZEN, "慢")
        assert exchange.text == w.texts.say("replies.notice")
        assert exchange.tries == 3
        gate.set()
        await until(lambda: w.inbox()[0].status == "done")
        named = w.texts.say("parts.answer_to", question="慢") + "\n答：慢"
        assert (await w.platform.say(CITIZEN, "快")).text == f"{named}\n\n答：快"
        assert w.heard() == ["慢", "快"]
        assert {row.status for row in w.rows()} == {"delivered"}


async def test_asking_to_continue_gets_the_finished_answer_without_a_question(tmp_path: Path) -> None:
    async with world(tmp_path, IMPATIENT) as w:
        gate = w.rasa.hold("慢")
        await w.platform.say(CITIZEN, "慢")
        gate.set()
        await until(lambda: w.inbox()[0].status == "done")
        assert "答：慢" in ((await w.platform.say(CITIZEN, "继续")).text or "")
        assert (await w.platform.say(CITIZEN, "继续")).text == "答：继续"
        assert w.heard() == ["慢", "继续"]


async def test_an_answered_message_gives_its_retries_the_same_reply(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        first = await post(w.client, xml("医保"), signed("n1"))
        for nonce in ("n1", "n2"):
            again = await post(w.client, xml("医保"), signed(nonce))
            assert parse_message(again.text).content == parse_message(first.text).content
        assert w.heard() == ["医保"]
        assert len(w.inbox()) == 1


async def test_tries_at_the_same_moment_make_one_job(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        posts = (post(w.client, xml("医保"), signed(f"n{number}")) for number in range(8))
        replies = await asyncio.gather(*posts)
        assert {parse_message(reply.text).content for reply in replies} == {"答：医保"}
        assert w.heard() == ["医保"]


async def test_a_signature_cannot_be_used_for_another_message(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        query = signed("n1")
        await post(w.client, xml("医保", "1"), query)
        reply = await post(w.client, xml("换成别的", "2"), query)
        assert (reply.status_code, reply.json()["error"]) == (403, "replayed")
        reply = await w.client.get("/wechat", params={**query, "echostr": "x"})
        assert reply.status_code == 403
        assert w.heard() == ["医保"]


async def test_a_replay_after_the_platform_stopped_trying_is_refused(tmp_path: Path) -> None:
    now = Now()
    async with world(tmp_path, clock=now) as w:
        query = signed("n1")
        await post(w.client, xml("医保"), query)
        now.offset = 60
        reply = await post(w.client, xml("医保"), query)
        assert (reply.status_code, reply.json()["error"]) == (403, "replayed")
        signed_anew = await post(w.client, xml("医保"), signed("n2"))
        assert signed_anew.text == "success"
        assert w.heard() == ["医保"]


async def test_the_same_event_twice_is_one_event(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        body = xml(MsgType="event", Event="CLICK", EventKey="HUMAN", MsgId=None, Content=None)
        for nonce in ("a", "b"):
            await post(w.client, body, signed(nonce))
        assert w.heard() == ["转人工"]


# Long answers


async def test_a_long_answer_comes_in_parts_and_nothing_of_it_is_lost(tmp_path: Path) -> None:
    rasa = FakeRasa()
    sentences = [f"第{number}条规定如下：参保人员应当按时足额缴纳费用。" for number in range(80)]
    rasa.answer = lambda _sender, text: [{"text": "".join(sentences)}] if text == "长" else [{"text": "短"}]
    async with world(tmp_path, rasa=rasa) as w:
        got = [(await w.platform.say(CITIZEN, "长")).text or ""]
        assert got[0].endswith(w.texts.say("replies.more"))
        while w.texts.say("replies.more") in got[-1]:
            got.append((await w.platform.say(CITIZEN, "继续")).text or "")
        assert len(got) > 1
        for sentence in sentences:
            assert sum(text.count(sentence) for text in got) == 1
        assert rasa.heard == [(f"wechat:{CITIZEN}", "长")]


async def test_a_new_question_is_answered_before_the_rest_of_an_old_answer(tmp_path: Path) -> None:
    rasa = FakeRasa()
    rasa.answer = lambda _sender, text: [{"text": f"{text}的答复。" * 100}]
    async with world(tmp_path, rasa=rasa) as w:
        await w.platform.say(CITIZEN, "甲")
        reply = (await w.platform.say(CITIZEN, "乙")).text or ""
        assert reply.startswith("乙的答复。")


async def test_several_bot_messages_are_one_text(tmp_path: Path) -> None:
    rasa = FakeRasa()
    rasa.answer = lambda _sender, _text: [{"text": "一"}, {"text": "二"}]
    async with world(tmp_path, rasa=rasa) as w:
        assert (await w.platform.say(CITIZEN, "问")).text == "一\n\n二"


async def test_the_account_settings_of_plain_mode_need_no_key(tmp_path: Path) -> None:
    async with world(tmp_path, replace(PLAIN, aes_key="")) as w:
        assert (await w.platform.say(CITIZEN, "一")).text == "答：一"


async def test_a_wrong_key_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        async with world(tmp_path, replace(SECURE, aes_key="x")):
            pass
