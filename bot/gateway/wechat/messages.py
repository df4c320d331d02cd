"""What the platform posts, and what it is answered: XML or, by console setting, JSON."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.gateway.wechat.errors import Malformed, TooLarge

SUCCESS = "success"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML 1.0 cannot carry."""


@dataclass(frozen=True)
class Body:
    """The outermost fields of a body, and how it was written."""

    fields: dict[str, str]
    is_json: bool


@dataclass(frozen=True)
class Inbound:
    """One message or event of a citizen."""

    to_user: str
    from_user: str
    create_time: str
    type: str
    fields: dict[str, str]

    @property
    def event(self) -> str:
        return self.fields.get("Event", "").lower() if self.type == "event" else ""

    @property
    def sent_at(self) -> float | None:
        """When the platform says that it was sent (epoch seconds); None where it does not say."""
        sent = self.create_time
        return float(sent) if sent.isascii() and sent.isdigit() and len(sent) < 12 else None

    @property
    def dedup_key(self) -> str:
        """The same for every try of the same message. Events have no MsgId (the platform's documentation)."""
        message_id = self.fields.get("MsgId", "")
        if self.type == "event":
            names = (self.from_user, self.create_time, self.event, self.fields.get("EventKey", ""))
            key = "event:" + ":".join(names)
        elif message_id:
            key = "message:" + message_id
        else:
            key = ":".join(("message", self.from_user, self.create_time, self.fields.get("Content", "")))
        key = f"wechat:{self.to_user}:{key}"
        return key if len(key) <= 150 else "wechat:" + hashlib.sha256(key.encode()).hexdigest()


def parse_body(raw: bytes, limit: int) -> Body:
    """
    Args:
        limit: the most bytes that are looked at.

    Raises:
        TooLarge: longer than that.
        Malformed: neither XML nor JSON, or XML with a document type or entities.
    """
    if len(raw) > limit:
        raise TooLarge(limit=limit)
    stripped = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if stripped.startswith(b"{"):
        return Body(_json_fields(stripped), True)
    return Body(_xml_fields(stripped), False)


def parse_inbound(body: Body) -> Inbound:
    """
    Raises:
        Malformed: it does not say who sent it, or what it is.
    """
    fields = body.fields
    missing = [name for name in ("ToUserName", "FromUserName", "MsgType") if not fields.get(name)]
    if missing:
        raise Malformed("missing " + ", ".join(missing))
    if len(fields["FromUserName"]) > 128 or len(fields["ToUserName"]) > 128:
        raise Malformed("user name too long")
    return Inbound(
        fields["ToUserName"],
        fields["FromUserName"],
        fields.get("CreateTime", ""),
        fields["MsgType"].lower(),
        fields,
    )


def render_text(inbound: Inbound, text: str, create_time: int, as_json: bool) -> str:
    """A passive text reply to this message."""
    fields: dict[str, str | int] = {
        "ToUserName": inbound.from_user,
        "FromUserName": inbound.to_user,
        "CreateTime": create_time,
        "MsgType": "text",
        "Content": text,
    }
    return render(fields, as_json)


def render_transfer(inbound: Inbound, create_time: int, as_json: bool) -> str:
    """The passive reply that gives this message to the platform's own customer service.

    No agent is named: one who is not online would keep the citizen (the platform's page 消息转发到客服).
    """
    fields: dict[str, str | int] = {
        "ToUserName": inbound.from_user,
        "FromUserName": inbound.to_user,
        "CreateTime": create_time,
        "MsgType": "transfer_customer_service",
    }
    return render(fields, as_json)


def render(fields: dict[str, str | int], as_json: bool) -> str:
    """Fields as the platform writes them; numbers bare, texts as CDATA."""
    if as_json:
        return json.dumps(fields, ensure_ascii=False)
    lines = (
        f"<{name}>{value if isinstance(value, int) else cdata(value)}</{name}>"
        for name, value in fields.items()
    )
    return "<xml>" + "".join(lines) + "</xml>"


def cdata(text: str) -> str:
    """CDATA cannot contain its own end: it is split there. Characters XML cannot carry are left out."""
    return "<![CDATA[" + _NOT_XML.sub("", text).replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _xml_fields(raw: bytes) -> dict[str, str]:
    try:
        root = fromstring(raw, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Malformed(str(error)) from error
    return {child.tag: _text(child.text) for child in root}


def _json_fields(raw: bytes) -> dict[str, str]:
    try:
        tree: Any = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from error
    if not isinstance(tree, dict):
        raise Malformed("not an object")
    return {_text(name): _text(value) for name, value in tree.items() if not isinstance(value, dict | list)}


def _text(value: Any) -> str:
    """As a text without what neither UTF-8 nor a database takes: JSON can hold halves of surrogate pairs."""
    return "" if value is None else str(value).encode(errors="ignore").decode().strip()
