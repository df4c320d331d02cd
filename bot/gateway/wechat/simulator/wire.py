"""Bodies as the platform writes them, and the replies it takes.

Source: the platform's pages 接收普通消息, 接收事件推送, 被动回复用户消息, 将消息转发到客服 and 消息加解密说明. Written
apart from `bot.gateway.wechat.messages`, so that a mistake there is not made here too.
"""

import json
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.gateway.wechat.messages import cdata

TEXT_BYTES = 2048
"""The longest text the platform takes, in UTF-8."""
ARTICLES = 8
"""The most articles of one news reply to an event; to a message it is one."""
_MEDIA = {"image": "Image", "voice": "Voice", "video": "Video", "music": "Music"}

Fields = dict[str, str | int | float]


@dataclass(frozen=True)
class Article:
    """One article of a news message."""

    title: str
    description: str = ""
    picurl: str = ""
    url: str = ""


@dataclass(frozen=True)
class Reply:
    """A passive reply. `agent` is the one a transfer to the platform's own customer service names, if any."""

    kind: str
    text: str = ""
    articles: tuple[Article, ...] = ()
    agent: str = ""

    @property
    def seen(self) -> str | None:
        """What a citizen can read of it; None for a transfer."""
        if self.kind == "transfer_customer_service":
            return None
        return self.text or "\n".join(
            part for each in self.articles for part in (each.title, each.description) if part
        )


def write(fields: Fields, as_json: bool) -> str:
    """A body: numbers bare, texts as CDATA."""
    if as_json:
        return json.dumps(fields, ensure_ascii=False)
    lines = (
        f"<{name}>{cdata(value) if isinstance(value, str) else value}</{name}>"
        for name, value in fields.items()
    )
    return "<xml>" + "".join(lines) + "</xml>"


def read(raw: str) -> dict[str, Any]:
    """A body of XML or JSON as a tree; several children of one name are a list.

    Raises:
        ValueError: it is neither.
    """
    try:
        if raw.lstrip().startswith("{"):
            tree = json.loads(raw)
        else:
            tree = _tree(fromstring(raw, forbid_dtd=True, forbid_entities=True, forbid_external=True))
    except (ParseError, DefusedXmlException, RecursionError) as error:
        raise ValueError(f"neither XML nor JSON: {error}") from error
    if not isinstance(tree, dict):
        raise ValueError("not a tree of fields")
    return tree


def read_reply(fields: dict[str, Any], openid: str, account: str, to_event: bool) -> Reply:
    """A reply, checked as the platform checks it.

    Args:
        fields: its body.
        openid: the citizen who wrote.
        account: the official account that was written to.
        to_event: whether it answers an event; a transfer is for messages only, more than one article for events only.

    Raises:
        ValueError: the platform would not take it.
    """
    if (fields.get("ToUserName"), fields.get("FromUserName")) != (openid, account):
        raise ValueError(f"not from {account} to {openid}: {fields}")
    if not str(fields.get("CreateTime", "")).isdigit():
        raise ValueError(f"CreateTime is not in seconds: {fields.get('CreateTime')!r}")
    kind = fields.get("MsgType")
    if kind == "text":
        return Reply(kind, _text(fields))
    if kind == "news":
        return Reply(kind, articles=_articles(fields, ARTICLES if to_event else 1))
    if kind == "transfer_customer_service":
        if to_event:
            raise ValueError("an event cannot be transferred to customer service")
        return Reply(kind, agent=_agent(fields))
    if kind in _MEDIA:
        media = fields.get(_MEDIA[kind])
        if not isinstance(media, dict) or not (media.get("MediaId") or media.get("ThumbMediaId")):
            raise ValueError(f"a reply of type {kind} without its MediaId")
        return Reply(kind, f"[{kind}]")
    raise ValueError(f"not a type of reply: {kind!r}")


def _text(fields: dict[str, Any]) -> str:
    text = fields.get("Content")
    if not isinstance(text, str) or not text:
        raise ValueError("a text without Content")
    if len(text.encode()) > TEXT_BYTES:
        raise ValueError(f"the text is longer than {TEXT_BYTES} bytes: {len(text.encode())}")
    return text


def _articles(fields: dict[str, Any], most: int) -> tuple[Article, ...]:
    given = fields.get("Articles") or []
    if isinstance(given, dict):
        given = given.get("item") or []
    if isinstance(given, dict):
        given = [given]
    if str(fields.get("ArticleCount")) != str(len(given)):
        raise ValueError(
            f"ArticleCount is {fields.get('ArticleCount')!r}, but there are {len(given)} articles"
        )
    if not 1 <= len(given) <= most:
        raise ValueError(f"{len(given)} articles; here it must be 1 to {most}")
    names = ("Title", "Description", "PicUrl", "Url")
    if not all(isinstance(each, dict) and each.get("Title") for each in given):
        raise ValueError("an article without a Title")
    return tuple(Article(*(str(each.get(name) or "") for name in names)) for each in given)


def _agent(fields: dict[str, Any]) -> str:
    transfer = fields.get("TransInfo")
    if transfer is None:
        return ""
    if not isinstance(transfer, dict) or not transfer.get("KfAccount"):
        raise ValueError("TransInfo without KfAccount")
    return str(transfer["KfAccount"])


def _tree(element: Element) -> Any:
    if not len(element):
        return element.text or ""
    tree: dict[str, Any] = {}
    for child in element:
        value = _tree(child)
        if child.tag not in tree:
            tree[child.tag] = value
        elif isinstance(tree[child.tag], list):
            tree[child.tag].append(value)
        else:
            tree[child.tag] = [tree[child.tag], value]
    return tree
