"""Checks one callback request: who signed it, when, for whom; opens it, and seals the reply to it."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bot.gateway.settings import Clock, WeChatSettings
from bot.gateway.wechat.crypto import MessageCipher, signature, signature_matches
from bot.gateway.wechat.errors import (
    EncryptedInPlainMode,
    Malformed,
    NotConfigured,
    PlainRefused,
    SignatureMissing,
    SignatureWrong,
    TimestampStale,
)
from bot.gateway.wechat.messages import (
    SUCCESS,
    Inbound,
    parse_body,
    parse_inbound,
    render,
    render_text,
    render_transfer,
)


@dataclass(frozen=True)
class Opened:
    """A checked message. `signed` is what its signature covers, to recognise it again."""

    inbound: Inbound
    encrypted: bool
    is_json: bool
    signed: str


class Door:
    """
    Args:
        settings: the account; None where there is none (every request is refused with 503).
        clock: the present as epoch seconds.

    Raises:
        KeyInvalid: the EncodingAESKey of an account in compatible or secure mode is not one.
    """

    def __init__(self, settings: WeChatSettings | None, clock: Clock = time.time) -> None:
        self._settings = settings if settings and settings.token else None
        self._clock = clock
        self._cipher: MessageCipher | None = None
        if self._settings and self._settings.mode != "plain":
            self._cipher = MessageCipher(self._settings.aes_key, self._settings.appid)

    def verify(self, query: Mapping[str, str]) -> str:
        """The platform's check of the address (GET); what its signature covers.

        Raises:
            Refused, NotConfigured: see `errors`.
        """
        self._check_time(query)
        return self._check_plain(query)

    def open(self, query: Mapping[str, str], raw: bytes) -> Opened:
        """
        Raises:
            CallbackError: the request cannot be accepted; see `errors`.
        """
        settings = self._configured()
        self._check_time(query)
        encrypted = query.get("encrypt_type", "").lower() == "aes"
        if not encrypted and settings.mode == "secure":
            raise PlainRefused()
        if not encrypted:
            # Before the body is looked at: only the platform can make us parse anything.
            signed = self._check_plain(query)
            body = parse_body(raw, settings.max_body)
            if "Encrypt" in body.fields and "FromUserName" not in body.fields:
                raise EncryptedInPlainMode()
            return Opened(parse_inbound(body), False, body.is_json, signed)
        if self._cipher is None:
            raise EncryptedInPlainMode()
        given = query.get("msg_signature", "")
        if not given:
            raise SignatureMissing()
        body = parse_body(raw, settings.max_body)
        sealed = body.fields.get("Encrypt", "")
        if not sealed:
            raise Malformed("no Encrypt")
        if not signature_matches(given, settings.token, query["timestamp"], query["nonce"], sealed):
            raise SignatureWrong()
        inner = parse_body(self._cipher.decrypt(sealed).encode(), settings.max_body)
        return Opened(parse_inbound(inner), True, body.is_json, "msg:" + given)

    def reply(self, opened: Opened, text: str) -> str:
        """The body that answers it: the text, or `success` for nothing to say."""
        if not text:
            return SUCCESS
        now = int(self._clock())
        return self._sealed(opened, render_text(opened.inbound, text, now, opened.is_json), now)

    def transfer(self, opened: Opened) -> str:
        """The body that gives it to the platform's own customer service."""
        now = int(self._clock())
        return self._sealed(opened, render_transfer(opened.inbound, now, opened.is_json), now)

    def _sealed(self, opened: Opened, plain: str, now: int) -> str:
        if not opened.encrypted or self._cipher is None:
            return plain
        sealed = self._cipher.encrypt(plain)
        nonce = secrets.token_hex(8)
        signed = signature(self._configured().token, str(now), nonce, sealed)
        fields: dict[str, str | int] = {
            "Encrypt": sealed,
            "MsgSignature": signed,
            "TimeStamp": now,
            "Nonce": nonce,
        }
        return render(fields, opened.is_json)

    def _configured(self) -> WeChatSettings:
        if self._settings is None:
            raise NotConfigured()
        return self._settings

    def _check_plain(self, query: Mapping[str, str]) -> str:
        given = query.get("signature", "")
        if not given:
            raise SignatureMissing()
        if not signature_matches(given, self._configured().token, query["timestamp"], query["nonce"]):
            raise SignatureWrong()
        return f"url:{query['timestamp']}:{query['nonce']}"

    def _check_time(self, query: Mapping[str, str]) -> None:
        settings = self._configured()
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not timestamp or not nonce or len(nonce) > 128:
            raise SignatureMissing()
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise TimestampStale()
        if abs(self._clock() - int(timestamp)) > settings.timestamp_window:
            raise TimestampStale()
