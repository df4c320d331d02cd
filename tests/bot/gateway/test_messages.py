import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy import parse_message

from bot.gateway.wechat.errors import Malformed, TooLarge
from bot.gateway.wechat.messages import Inbound, cdata, parse_body, parse_inbound, render, render_text
from bot.gateway.wechat.splitting import size, split

BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<xml><FromUserName>&b;</FromUserName></xml>"""
EXTERNAL = b"""<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><xml><a>&f;</a></xml>"""


def test_xml_and_json_give_the_same_message() -> None:
    xml = "<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><MsgType>text</MsgType></xml>"
    body = '{"ToUserName": "g", "FromUserName": "o", "MsgType": "text"}'
    one = parse_inbound(parse_body(xml.encode(), 1000))
    other = parse_inbound(parse_body(body.encode(), 1000))
    assert one == other


@pytest.mark.parametrize(
    "raw",
    [b"", b"text", b"<xml>", b"<xml><a></xml>", b"{", b"[1]", b"\xff\xfe", BOMB, EXTERNAL, b"{" * 50_000],
)
def test_what_is_not_a_message_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_body(raw, 100_000)


def test_a_message_without_sender_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_inbound(parse_body(b"<xml><MsgType>text</MsgType></xml>", 1000))


def test_size_is_looked_at_before_anything_else() -> None:
    with pytest.raises(TooLarge):
        parse_body(BOMB + b" " * 1000, 1000)


def test_wechatpy_reads_our_reply_with_the_end_of_cdata_in_it() -> None:
    inbound = Inbound("gh", "o1", "1", "text", {})
    text = "a]]>b & <c> ]]]]>> 第八条\n“引号”"
    reply = parse_message(render_text(inbound, text, 1700000000, False))
    assert (reply.source, reply.target, reply.content) == ("gh", "o1", text)


@given(st.text())
def test_any_text_makes_valid_xml(text: str) -> None:
    fields = parse_body(render({"a": text, "n": 1}, False).encode(), 1 << 20).fields
    assert fields["n"] == "1"
    assert "]]>" not in cdata(text)[len("<![CDATA[") : -3].replace("]]]]><![CDATA[>", "")


def keys(fields: dict[str, str], kind: str = "event") -> str:
    return Inbound("gh", "o1", "17", kind, fields).dedup_key


def test_tries_of_a_message_share_a_key_and_different_messages_do_not() -> None:
    assert keys({"MsgId": "1"}, "text") == keys({"MsgId": "1", "Content": "x"}, "text")
    assert keys({"MsgId": "1"}, "text") != keys({"MsgId": "2"}, "text")
    assert keys({"Event": "CLICK", "EventKey": "a"}) != keys({"Event": "CLICK", "EventKey": "b"})
    assert keys({"Event": "subscribe"}) == keys({"Event": "subscribe"})
    assert len(keys({"Event": "CLICK", "EventKey": "很长" * 500})) < 200


SENTENCES = "参保人员应当按时缴费。逾期未缴的，按规定处理！" * 200


def test_a_long_text_is_cut_between_sentences() -> None:
    parts = split(SENTENCES)
    assert "".join(parts) == SENTENCES
    assert all(size(part) <= 1800 for part in parts)
    assert all(part.endswith(("。", "！")) for part in parts)


@pytest.mark.parametrize("before", range(560, 605))
def test_an_address_is_never_cut(before: int) -> None:
    anchor = '<a href="https://www.example.gov.cn/zwgk/2024/0101/t20240101_12345.html">查看原文。请点击</a>'
    parts = split("字" * before + anchor + "字" * 300)
    assert sum(anchor in part for part in parts) == 1


@given(st.text(alphabet="字。，\n a/😀:hthttps://x", max_size=400), st.integers(12, 200))
def test_nothing_is_lost_and_every_part_fits(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(size(part) <= limit for part in parts)
