"""`/wecom`: who is let in, and that nothing posted there breaks anything."""

import secrets
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.gateway.texts import load_texts
from bot.gateway.wechat.crypto import MessageCipher, signature
from bot.gateway.wechat.errors import CallbackError
from bot.gateway.wechat.messages import cdata
from bot.gateway.wecom.door import Door, Notice
from bot.gateway.wecom.messages import parse

from ..support import AES_KEY, Now, until, world
from .kf_world import ACCOUNT, CITIZEN, CORPID, OPEN_KFID, TOKEN, kf_world

EVENT = (
    f"<xml><ToUserName><![CDATA[{CORPID}]]></ToUserName><CreateTime>1348831860</CreateTime>"
    "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[kf_msg_or_event]]></Event>"
    f"<Token><![CDATA[ENC1]]></Token><OpenKfId><![CDATA[{OPEN_KFID}]]></OpenKfId></xml>"
)


def query(clock: Now, sealed: str, token: str = TOKEN) -> dict[str, str]:
    at, nonce = str(int(clock())), secrets.token_hex(4)
    return {"msg_signature": signature(token, at, nonce, sealed), "timestamp": at, "nonce": nonce}


def body(sealed: str) -> bytes:
    return f"<xml><Encrypt>{cdata(sealed)}</Encrypt></xml>".encode()


def test_wechatpy_seals_what_we_open_and_the_other_way_round() -> None:
    """A second library, with its own reading of WeCom's documentation."""
    clock, theirs = Now(), WeChatCrypto(TOKEN, AES_KEY, CORPID)
    door = Door(ACCOUNT, clock)
    at, nonce = str(int(clock())), "nonce"
    posted = theirs.encrypt_message(EVENT, nonce, at)
    given_signature = posted.split("<MsgSignature><![CDATA[")[1].split("]]>")[0]
    asked = {"msg_signature": given_signature, "timestamp": at, "nonce": nonce}
    assert door.open(asked, posted.encode()) == Notice(OPEN_KFID, "ENC1")

    echo = MessageCipher(AES_KEY, CORPID).encrypt("1616140317555161061")
    asked = query(clock, echo)
    echoed = theirs.check_signature(asked["msg_signature"], asked["timestamp"], asked["nonce"], echo)
    assert echoed in ("1616140317555161061", b"1616140317555161061")
    assert door.verify({**asked, "echostr": echo}) == "1616140317555161061"


async def test_the_address_is_verified_with_the_opened_text(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        reply = await k.wecom.verify("7654321")
        assert (reply.status_code, reply.text) == (200, "7654321")
        assert reply.headers["content-type"].startswith("text/plain")


async def test_the_callback_is_answered_at_once_whatever_becomes_of_the_pull(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        k.server.errors_at["sync_msg"].extend([-1] * 1000)
        reply = await k.wecom.tell()
        assert reply is not None
        assert (reply.status_code, reply.text) == (200, "success")


async def test_without_an_account_it_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for reply in (await w.client.get("/wecom"), await w.client.post("/wecom", content=b"<xml/>")):
            assert reply.status_code == 503
            assert "WENZHENG_WECOM_" in reply.json()["message"]


def test_a_wrong_key_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(CallbackError):
        Door(replace(ACCOUNT, aes_key="short"))


async def test_a_wrong_key_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        async with kf_world(tmp_path, account=replace(ACCOUNT, aes_key="short")):
            pass


async def test_who_is_not_wecom_is_refused(tmp_path: Path) -> None:
    clock = Now()
    async with kf_world(tmp_path, clock=clock) as k:
        await until(lambda: k.calls("sync_msg"))
        pulls = k.calls("sync_msg")
        sealed = MessageCipher(AES_KEY, CORPID).encrypt(EVENT)
        strangers = MessageCipher(AES_KEY, "wwSomebodyElse").encrypt(EVENT)
        garbage = "AAAA"
        right = query(clock, sealed)
        old = {**right, "timestamp": str(int(clock()) - 3600)}
        cases = [
            (right | {"msg_signature": "0" * 40}, sealed, 403, "bad_signature"),
            (query(clock, sealed, "otherToken"), sealed, 403, "bad_signature"),
            ({}, sealed, 403, "no_signature"),
            (right | {"nonce": "n" * 200}, sealed, 403, "no_signature"),
            (old, sealed, 403, "stale"),
            (right | {"timestamp": "now"}, sealed, 403, "stale"),
            (right | {"timestamp": "٣"}, sealed, 403, "stale"),
            (query(clock, strangers), strangers, 403, "bad_appid"),
            (query(clock, garbage), garbage, 400, "undecryptable"),
            (query(clock, ""), "", 400, "malformed"),
        ]
        known = load_texts(city="测试市")
        for params, encrypted, status, key in cases:
            reply = await k.w.client.post("/wecom", params=params, content=body(encrypted))
            assert (reply.status_code, reply.json()["error"]) == (status, key)
            assert reply.json()["message"] == known.say(f"kf.problems.{key}")
            reply = await k.w.client.get("/wecom", params={**params, "echostr": encrypted})
            assert reply.status_code == status
        assert k.calls("sync_msg") == pulls, "nobody else makes us pull"


async def test_a_body_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        reply = await k.w.client.post("/wecom", content=b"x" * 70_000)
        assert (reply.status_code, reply.json()["error"]) == (413, "too_large")


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "x",
        "{}",
        "<xml>",
        "<xml/>",
        "<xml><Event>change_contact</Event></xml>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><xml>&a;</xml>",
        "<xml><Event>kf_msg_or_event</Event></xml>",
        "<xml><Event>kf_msg_or_event</Event><OpenKfId>wkOther</OpenKfId><Token>T</Token></xml>",
        f"<xml><Event>kf_msg_or_event</Event><Token>{'t' * 5000}</Token></xml>",
    ],
)
async def test_nothing_that_is_rightly_signed_breaks_anything(tmp_path: Path, inner: str) -> None:
    async with kf_world(tmp_path) as k:
        url, content = k.wecom.signed(inner)
        reply = await k.w.client.post(url, content=content)
        assert reply.status_code in (200, 400)
        await k.wecom.say(CITIZEN, "问")
        await until(lambda: k.said() == ["答：问"])


async def test_other_accounts_of_the_tenant_are_left_alone(tmp_path: Path) -> None:
    async with kf_world(tmp_path) as k:
        await until(lambda: k.cursor() == "0")
        pulls = k.calls("sync_msg")
        event = "<xml><Event>kf_msg_or_event</Event><OpenKfId>wkOther</OpenKfId><Token>T</Token></xml>"
        url, content = k.wecom.signed(event)
        assert (await k.w.client.post(url, content=content)).text == "success"
        assert not k.w.gateway._kf.puller._woken.is_set()
        assert k.calls("sync_msg") == pulls


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["msg_signature", "timestamp", "nonce", "echostr", "x"]), st.text(max_size=50)
    ),
    st.binary(max_size=300),
)
def test_any_request_is_opened_or_refused(asked: dict[str, str], raw: bytes) -> None:
    door = Door(ACCOUNT)
    for attempt in (lambda: door.verify(asked), lambda: door.open(asked, raw)):
        with pytest.raises(CallbackError):
            attempt()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["msgid", "origin", "msgtype", "text", "event", "external_userid", "send_time"]
                )
                | st.text(max_size=8),
                inner,
                max_size=7,
            )
        ),
        max_leaves=12,
    )
)
def test_any_entry_is_understood_or_passed_over(entry: object) -> None:
    message = parse(entry)
    assert message is None or (message.id and message.type and len(message.dedup_key) <= 200)


def test_halves_of_surrogate_pairs_do_not_reach_the_database() -> None:
    whose = {"msgid": "1\ud800", "external_userid": "wm\udfff", "origin": 3}
    message = parse({**whose, "msgtype": "text", "text": {"content": "问\ud800"}})
    assert message is not None
    assert (message.id, message.citizen) == ("1", "wm")
