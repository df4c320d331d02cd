"""Checks one request of WeCom and opens it.

Source: WeCom's page 回调配置: `msg_signature` over token, timestamp, nonce and what is encrypted (`echostr`, or
`Encrypt` of the body); the frame ends with the corpid. The body is XML.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from bot.gateway.settings import Clock, WeComSettings
from bot.gateway.wechat.crypto import MessageCipher, signature_matches
from bot.gateway.wechat.errors import (
    Malformed,
    NotConfigured,
    SignatureMissing,
    SignatureWrong,
    TimestampStale,
)
from bot.gateway.wechat.messages import parse_body

EVENT = "kf_msg_or_event"
MAX_BODY = 64 * 1024
"""Bytes of a body that are looked at."""


@dataclass(frozen=True)
class Notice:
    """There is something to pull. `open_kfid`: for which account; `token`: allows the pull for ten minutes."""

    open_kfid: str
    token: str


class Door:
    """
    Args:
        settings: the account; None where there is none (every request is refused with 503).
        clock: the present as epoch seconds.

    Raises:
        KeyInvalid: the EncodingAESKey is not one.
    """

    def __init__(self, settings: WeComSettings | None, clock: Clock = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._cipher = MessageCipher(settings.aes_key, settings.corpid) if settings else None

    def verify(self, query: Mapping[str, str]) -> str:
        """WeCom's check of the address (GET): the text it wants to read.

        Raises:
            CallbackError: the request cannot be accepted; see `wechat/errors.py`.
        """
        return self._opened(query, query.get("echostr", ""))

    def open(self, query: Mapping[str, str], raw: bytes) -> Notice | None:
        """What the request tells; None for an event that is not of customer service.

        Raises:
            CallbackError: the request cannot be accepted; see `wechat/errors.py`.
        """
        if self._settings is None:
            raise NotConfigured()
        inner = self._opened(query, parse_body(raw, MAX_BODY).fields.get("Encrypt", ""))
        fields = parse_body(inner.encode(), MAX_BODY).fields
        if fields.get("Event") != EVENT:
            return None
        return Notice(fields.get("OpenKfId", ""), fields.get("Token", "")[:256])

    def _opened(self, query: Mapping[str, str], sealed: str) -> str:
        if self._settings is None or self._cipher is None:
            raise NotConfigured()
        given, timestamp = query.get("msg_signature", ""), query.get("timestamp", "")
        nonce = query.get("nonce", "")
        if not (given and timestamp and nonce) or len(nonce) > 128:
            raise SignatureMissing()
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise TimestampStale()
        if abs(self._clock() - int(timestamp)) > self._settings.timestamp_window:
            raise TimestampStale()
        if not sealed:
            raise Malformed("nothing encrypted")
        if not signature_matches(given, self._settings.token, timestamp, nonce, sealed):
            raise SignatureWrong()
        return self._cipher.decrypt(sealed)
