"""What a customer message says. Source: the platform's page 发送客服消息; of a card's lengths its page 新增草稿."""

from dataclasses import dataclass, field
from typing import Any

from bot.gateway.wechat.simulator.answers import Refused
from bot.gateway.wechat.simulator.transcript import Option
from bot.gateway.wechat.simulator.wire import TEXT_BYTES, Article

_MEDIA = ("image", "voice", "video", "music", "mpnews", "mpnewsarticle", "miniprogrampage", "wxcard")


_LENGTHS = (("title", 32, 45003), ("description", 128, 45004))
"""Of an article's fields: the most characters, and the code that refuses more."""
_ADDRESSES = (("url", 1024, 45005), ("picurl", 1024, 45006))
"""The same in bytes."""


@dataclass(frozen=True)
class Content:
    """Text, options and articles of one customer message."""

    text: str = ""
    options: list[Option] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)

    @property
    def seen(self) -> str:
        """What a citizen can read of it."""
        parts = [self.text, *(part for each in self.articles for part in (each.title, each.description))]
        return "\n".join(part for part in parts if part)


def read_content(body: dict[str, Any], strict: bool, msgmenu: bool) -> Content:
    """The content of a customer message.

    Args:
        body: of the call.
        strict: refuse what is too long, empty, or not as the platform's page says.
        msgmenu: whether the account may send one.

    Raises:
        Refused: the message is none.
    """
    kind = str(body.get("msgtype", ""))
    given = body.get(kind)
    if not isinstance(given, dict):
        raise Refused(40008)
    if kind == "text":
        content = Content(str(given.get("content", "")))
    elif kind == "msgmenu":
        if not msgmenu:
            raise Refused(40200)
        content = _menu(given)
        if strict and not (
            content.options and all(each.id.isdigit() and each.label for each in content.options)
        ):
            raise Refused(40035)
    elif kind == "news":
        names = ("title", "description", "picurl", "url")
        articles = [
            Article(*(str(each.get(name) or "") for name in names)) for each in _dicts(given, "articles")
        ]
        content = Content(articles=articles)
        if strict:
            _check(articles)
    elif kind in _MEDIA:
        content = Content(f"[{kind}]")
    else:
        raise Refused(40008)
    if strict and not content.seen:
        raise Refused(44004)
    if strict and len(content.text.encode()) > TEXT_BYTES:
        raise Refused(45002)
    return content


def _menu(given: dict[str, Any]) -> Content:
    options = [
        Option(str(each.get("id", "")), str(each.get("content", ""))) for each in _dicts(given, "list")
    ]
    parts = [given.get("head_content"), *(each.label for each in options), given.get("tail_content")]
    return Content("\n".join(str(part) for part in parts if part), options)


def _check(articles: list[Article]) -> None:
    if len(articles) != 1:
        raise Refused(45008)
    for name, most, code in _LENGTHS:
        if len(getattr(articles[0], name)) > most:
            raise Refused(code)
    for name, most, code in _ADDRESSES:
        if len(getattr(articles[0], name).encode()) > most:
            raise Refused(code)


def _dicts(given: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = given.get(name)
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Refused(47001)
    return value
