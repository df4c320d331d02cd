"""What `kf/sync_msg` gives: messages of citizens, and events.

Source: WeCom's page 接收消息和事件. `origin` 3 is a citizen, 4 the system, 5 a person at WeCom's own desk.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

CITIZEN = 3
PERSON = 5


@dataclass(frozen=True)
class KfMessage:
    """One message or event. `fields`: what belongs to its type; `sent_at`: epoch seconds."""

    id: str
    open_kfid: str
    citizen: str
    origin: int
    type: str
    sent_at: float
    fields: dict[str, Any]

    @property
    def event(self) -> str:
        return text_of(self.fields.get("event_type")) if self.type == "event" else ""

    @property
    def dedup_key(self) -> str:
        """The same for the same message, however often it is pulled."""
        key = f"kf:{self.open_kfid}:{self.id}"
        return key if len(key) <= 150 else "kf:" + hashlib.sha256(key.encode()).hexdigest()


def parse(raw: Any) -> KfMessage | None:
    """One entry of `msg_list`; None for what does not say what it is, or who wrote it.

    An event names account and citizen in its own part; some are about no citizen, who is "" then.
    """
    if not isinstance(raw, dict):
        return None
    kind = text_of(raw.get("msgtype"))
    fields = raw.get(kind)
    fields = fields if isinstance(fields, dict) else {}
    message = KfMessage(
        text_of(raw.get("msgid")),
        text_of(raw.get("open_kfid") or fields.get("open_kfid")),
        text_of(raw.get("external_userid") or fields.get("external_userid")),
        _number(raw.get("origin")),
        kind,
        float(_number(raw.get("send_time"))),
        fields,
    )
    complete = message.id and message.type and (message.citizen or message.type == "event")
    return message if complete and len(message.citizen) <= 150 else None


def text_of(value: Any) -> str:
    """As a text without what neither UTF-8 nor a database takes: JSON can hold halves of surrogate pairs."""
    return value.encode(errors="ignore").decode().strip() if isinstance(value, str) else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**40 else 0
