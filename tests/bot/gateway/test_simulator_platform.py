"""The stand-in towards the callback: what it sends, when it tries again, and which replies it takes."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto

from bot.gateway.wechat.crypto import MessageCipher, signature
from bot.gateway.wechat.simulator import Platform, PlatformApi
from bot.gateway.wechat.simulator.acts import ACTS, act
from bot.gateway.wechat.simulator.platform import ACCOUNT, Mode
from bot.gateway.wechat.simulator.transcript import UNAVAILABLE
from bot.gateway.wechat.simulator.wire import read, write

from .support import AES_KEY, APPID, CITIZEN, TOKEN

Answer = Callable[[httpx.Request], httpx.Response]


class Callback:
    """An account of paper: keeps the requests and answers as told."""

    def __init__(self, *answers: str | int | Exception | Answer) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers) or ["success"]

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, text=answer)

    def platform(self, **settings: Any) -> Platform:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.handle), base_url="http://city")
        return Platform(client, TOKEN, APPID, **{"pause": 0.0, **settings})

    def bodies(self) -> list[dict[str, Any]]:
        return [read(request.content.decode()) for request in self.requests]


def reply(kind: str = "text", **fields: Any) -> str:
    given = {
        "ToUserName": CITIZEN,
        "FromUserName": ACCOUNT,
        "CreateTime": 1700000000,
        "MsgType": kind,
        **fields,
    }
    return write({name: value for name, value in given.items() if value is not None}, False)


def news(*articles: dict[str, str], count: int | None = None) -> str:
    items = "".join(
        f"<item>{''.join(f'<{name}>{value}</{name}>' for name, value in each.items())}</item>"
        for each in articles
    )
    body = reply("news", ArticleCount=len(articles) if count is None else count)
    return body.replace("</xml>", f"<Articles>{items}</Articles></xml>")


ARTICLE = {"Title": "居住证", "Description": "怎么办", "PicUrl": "http://p/1.png", "Url": "http://u/1"}


# What is sent


@pytest.mark.parametrize(
    ("name", "text", "key", "expected"),
    [
        ("text", "你好", "", {"MsgType": "text", "Content": "你好"}),
        ("tap", "满意", "101", {"MsgType": "text", "Content": "满意", "bizmsgmenuid": "101"}),
        (
            "image",
            "",
            "",
            {
                "MsgType": "image",
                "PicUrl": "https://mmbiz.qpic.example/picture.jpg",
                "MediaId": "media-image",
            },
        ),
        (
            "voice",
            "医保",
            "",
            {"MsgType": "voice", "MediaId": "media-voice", "Format": "amr", "Recognition": "医保"},
        ),
        ("voice", "", "", {"MsgType": "voice", "MediaId": "media-voice", "Format": "amr", "Recognition": ""}),
        ("video", "", "", {"MsgType": "video", "MediaId": "media-video", "ThumbMediaId": "media-thumb"}),
        (
            "shortvideo",
            "",
            "",
            {"MsgType": "shortvideo", "MediaId": "media-video", "ThumbMediaId": "media-thumb"},
        ),
        (
            "location",
            "政务中心",
            "",
            {
                "MsgType": "location",
                "Location_X": "23.134521",
                "Location_Y": "113.358803",
                "Scale": "20",
                "Label": "政务中心",
            },
        ),
        (
            "link",
            "http://a",
            "",
            {"MsgType": "link", "Title": "http://a", "Description": "", "Url": "http://a"},
        ),
    ],
)
async def test_a_message_has_the_fields_of_its_type(
    name: str, text: str, key: str, expected: dict[str, str]
) -> None:
    callback = Callback()
    await act(callback.platform(), CITIZEN, name, text, key)
    [body] = callback.bodies()
    assert body.pop("MsgId").isdigit()
    assert body.pop("CreateTime").isdigit()
    assert body == {"ToUserName": ACCOUNT, "FromUserName": CITIZEN, **expected}
    assert parse_message(callback.requests[0].content.decode()).type == expected["MsgType"]


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("follow", "", {"Event": "subscribe", "EventKey": ""}),
        ("follow", "hall", {"Event": "subscribe", "EventKey": "qrscene_hall", "Ticket": True}),
        ("leave", "", {"Event": "unsubscribe", "EventKey": ""}),
        ("scan", "hall", {"Event": "SCAN", "EventKey": "hall", "Ticket": True}),
        ("click", "HUMAN", {"Event": "CLICK", "EventKey": "HUMAN"}),
        ("view", "http://u", {"Event": "VIEW", "EventKey": "http://u"}),
        ("whereabouts", "", {"Event": "LOCATION", "Latitude": True, "Longitude": True, "Precision": True}),
    ],
)
async def test_an_event_has_its_fields_and_no_message_id(
    name: str, key: str, expected: dict[str, Any]
) -> None:
    callback = Callback()
    await act(callback.platform(), CITIZEN, name, key=key)
    [body] = callback.bodies()
    known = {
        "ToUserName": ACCOUNT,
        "FromUserName": CITIZEN,
        "CreateTime": body["CreateTime"],
        "MsgType": "event",
    }
    assert {
        field: True if expected.get(field) is True else value for field, value in body.items()
    } == known | expected
    assert parse_message(callback.requests[0].content.decode()).type == "event"


async def test_only_what_a_citizen_can_do_is_done() -> None:
    with pytest.raises(KeyError):
        await act(Callback().platform(), CITIZEN, "dance")
    assert "follow" in ACTS


async def test_bodies_are_json_where_that_is_asked() -> None:
    callback = Callback()
    await callback.platform(as_json=True).say(CITIZEN, "你好", message_id="7")
    request = callback.requests[0]
    assert request.headers["content-type"] == "application/json"
    assert request.content.startswith(b"{")
    assert (callback.bodies()[0]["MsgId"], callback.bodies()[0]["Content"]) == (7, "你好")


async def test_a_text_cannot_end_its_field_or_add_another() -> None:
    callback = Callback()
    text = "]]></Content><MsgId>1</MsgId>"
    await callback.platform().say(CITIZEN, text, message_id="7")
    assert (callback.bodies()[0]["Content"], callback.bodies()[0]["MsgId"]) == (text, "7")


@pytest.mark.parametrize("mode", ["plain", "compatible", "secure"])
async def test_each_mode_signs_and_seals_as_the_platform_does(mode: Mode) -> None:
    callback = Callback()
    await callback.platform(aes_key=AES_KEY, mode=mode).say(CITIZEN, "你好")
    query, [body] = dict(callback.requests[0].url.params), callback.bodies()
    assert query["signature"] == signature(TOKEN, query["timestamp"], query["nonce"])
    assert ("Content" in body) is (mode != "secure")
    assert ("Encrypt" in body) is (mode != "plain")
    if mode != "plain":
        assert query["encrypt_type"] == "aes"
        crypto = WeChatCrypto(TOKEN, AES_KEY, APPID)
        opened = crypto.decrypt_message(
            callback.requests[0].content.decode(), query["msg_signature"], query["timestamp"], query["nonce"]
        )
        assert parse_message(opened).content == "你好"


# Trying again


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadError("reset"), 502, 403])
async def test_the_same_message_is_sent_again_after_a_failure(failure: Any) -> None:
    callback = Callback(failure, failure, reply(Content="好"))
    exchange = await callback.platform().say(CITIZEN, "你好")
    assert (exchange.tries, exchange.text, exchange.unavailable) == (3, "好", False)
    first, *others = callback.bodies()
    assert others == [first, first]
    assert len({request.url.params["nonce"] for request in callback.requests}) == 3


async def test_after_three_failures_the_citizen_sees_that_the_account_is_unavailable() -> None:
    callback = Callback(500)
    platform = callback.platform(pause=0.02)
    exchange = await platform.say(CITIZEN, "你好")
    assert (exchange.tries, exchange.text, exchange.unavailable, exchange.statuses) == (
        3,
        None,
        True,
        [500] * 3,
    )
    assert exchange.seconds >= 0.04
    assert [(each.side, each.text) for each in platform.transcript.of(CITIZEN)] == [
        ("citizen", "你好"),
        ("platform", UNAVAILABLE),
    ]
    await platform.event(CITIZEN, "unsubscribe")
    assert platform.transcript.of(CITIZEN)[-1].event == "unsubscribe"


async def test_a_request_is_dropped_when_it_takes_too_long() -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        import asyncio

        await asyncio.sleep(5)
        return httpx.Response(200)

    client = httpx.AsyncClient(transport=httpx.MockTransport(slow), base_url="http://city")
    exchange = await Platform(client, TOKEN, drop_after=0.02, pause=60).say(CITIZEN, "你好")
    assert (exchange.tries, exchange.unavailable, exchange.statuses) == (3, True, [])


# Replies


@pytest.mark.parametrize("nothing", ["", "success"])
async def test_nothing_to_say_shows_nothing(nothing: str) -> None:
    exchange = await Callback(nothing).platform().say(CITIZEN, "你好")
    assert (exchange.text, exchange.reply, exchange.unavailable) == (None, None, False)


async def test_a_news_reply_has_an_article() -> None:
    platform = Callback(news(ARTICLE)).platform()
    exchange = await platform.say(CITIZEN, "居住证")
    assert exchange.reply is not None
    [article] = exchange.reply.articles
    assert (article.title, article.description, article.picurl, article.url) == tuple(ARTICLE.values())
    assert exchange.text == "居住证\n怎么办"
    shown = platform.transcript.of(CITIZEN)[-1]
    assert (shown.kind, shown.by, shown.articles) == ("news", "reply", [article])


async def test_an_event_may_be_answered_with_several_articles() -> None:
    exchange = await Callback(news(ARTICLE, ARTICLE)).platform().event(CITIZEN, "subscribe")
    assert exchange.reply is not None
    assert len(exchange.reply.articles) == 2


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<xml>", "neither XML nor JSON"),
        ("[]", "neither XML nor JSON"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>', "neither XML nor JSON"),
        (reply(Content="好", ToUserName="oOther"), "not from"),
        (reply(Content="好", FromUserName="gh_other"), "not from"),
        (reply(Content="好", CreateTime="today"), "CreateTime"),
        (reply(), "without Content"),
        (reply(Content="长" * 683), "longer than 2048 bytes"),
        (reply("hologram"), "not a type"),
        (reply("image"), "without its MediaId"),
        (news(ARTICLE, ARTICLE), "must be 1 to 1"),
        (news(), "must be 1 to 1"),
        (news(ARTICLE, count=2), "ArticleCount"),
        (news({"Description": "x"}), "without a Title"),
        (reply("transfer_customer_service", TransInfo="x"), "TransInfo"),
    ],
)
async def test_a_reply_the_platform_would_not_take_is_named(body: str, problem: str) -> None:
    platform = Callback(body).platform()
    with pytest.raises(ValueError, match=problem):
        await platform.say(CITIZEN, "你好")
    said, shown = platform.transcript.of(CITIZEN)
    assert problem in said.problem
    assert shown.text == UNAVAILABLE


def sealed(appid: str = APPID, token: str = TOKEN, **without: None) -> Answer:
    cipher = MessageCipher(AES_KEY, appid).encrypt(reply(Content="好"))
    fields = {
        "Encrypt": cipher,
        "MsgSignature": signature(token, "1", "n", cipher),
        "TimeStamp": 1,
        "Nonce": "n",
    }
    body = write({name: value for name, value in fields.items() if name not in without}, False)
    return lambda _request: httpx.Response(200, text=body)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (reply(Content="好"), "without TimeStamp"),
        (sealed(Nonce=None), "without Nonce"),
        (sealed(token="other"), "signature is wrong"),
        (sealed(appid="wxother"), "cannot be decrypted"),
    ],
)
async def test_a_secure_account_must_seal_its_replies(answer: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        await Callback(answer).platform(aes_key=AES_KEY).say(CITIZEN, "你好")


@pytest.mark.parametrize("answer", [reply(Content="好"), sealed()])
async def test_a_compatible_account_may_do_either(answer: Any) -> None:
    platform = Callback(answer).platform(aes_key=AES_KEY, mode="compatible")
    assert (await platform.say(CITIZEN, "你好")).text == "好"


# The platform's own customer service


TRANSFER = reply("transfer_customer_service")
TO_AGENT = TRANSFER.replace("</xml>", "<TransInfo><KfAccount>li@gh</KfAccount></TransInfo></xml>")


async def test_an_event_cannot_be_transferred() -> None:
    with pytest.raises(ValueError, match="an event cannot be transferred"):
        await Callback(TRANSFER).platform().event(CITIZEN, "CLICK", "HUMAN")


async def test_messages_go_to_the_agent_and_not_to_the_callback_until_the_agent_ends() -> None:
    callback, api = Callback(TRANSFER, "success"), PlatformApi()
    api.service.agents.append({"kf_account": "li@gh", "status": 1})
    platform = callback.platform(api=api)
    exchange = await platform.say(CITIZEN, "人工")
    assert (exchange.text, exchange.reply and exchange.reply.kind) == (None, "transfer_customer_service")
    assert (await platform.say(CITIZEN, "在吗")).tries == 0
    assert (await platform.event(CITIZEN, "CLICK", "K")).tries == 1
    api.service.close(CITIZEN)
    assert (await platform.say(CITIZEN, "谢谢")).tries == 1
    told = [(each.kind, each.text) for each in api.transcript.of(CITIZEN) if each.side == "platform"]
    assert told == [("transferred", "li@gh"), ("forwarded", "li@gh")]


async def test_without_an_agent_online_the_callback_goes_on_but_a_named_one_keeps_the_citizen() -> None:
    callback, api = Callback(TRANSFER, "success", TO_AGENT, "success"), PlatformApi()
    platform = callback.platform(api=api)
    await platform.say(CITIZEN, "人工")
    assert (await platform.say(CITIZEN, "在吗")).tries == 1
    await platform.say(CITIZEN, "找小李")
    assert (await platform.say(CITIZEN, "在吗")).tries == 0
