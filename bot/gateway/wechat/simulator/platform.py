"""The platform towards the callback: sends what citizens do, signed and encrypted, up to three times.

Source: the platform's pages 接入概述, 接收普通消息, 接收事件推送, 被动回复用户消息 and 消息加解密说明.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from bot.gateway.wechat.crypto import MessageCipher, signature, signature_matches
from bot.gateway.wechat.errors import CallbackError
from bot.gateway.wechat.messages import SUCCESS
from bot.gateway.wechat.simulator.api import PlatformApi
from bot.gateway.wechat.simulator.service import CustomerService
from bot.gateway.wechat.simulator.transcript import UNAVAILABLE, Entry, Transcript
from bot.gateway.wechat.simulator.wire import Fields, Reply, read, read_reply, write

ACCOUNT = "gh_simulator"
_SILENT_EVENTS = frozenset({"unsubscribe", "view", "location"})
"""Events after which nobody looks at the conversation: a failure of them is not shown."""

Mode = Literal["plain", "compatible", "secure"]


@dataclass
class Exchange:
    """What became of one message. `text` is what the citizen sees at once; None if nothing."""

    tries: int = 0
    text: str | None = None
    raw: str = ""
    unavailable: bool = False
    """The platform gave up and shows 「该公众号暂时无法提供服务，请稍后再试」."""
    seconds: float = 0.0
    statuses: list[int] = field(default_factory=list)
    reply: Reply | None = None
    """The passive reply as a whole; None for `success`."""


class Platform:
    """Sends messages of citizens to a callback.

    Args:
        client: reaches the callback; its base URL or an ASGI transport says where.
        token, appid, aes_key: the account; without a key messages are sent plain.
        drop_after: seconds until the platform drops a request and tries again.
        tries: requests in all.
        path: the callback's.
        mode: how the account is set up on the platform; by itself `secure` with a key and `plain` without. `compatible`
            sends the fields both plain and encrypted.
        as_json: bodies are JSON instead of XML.
        pause: seconds between a try that fails at once (refused, reset, any status but 200) and the next.
        api: the server API of the same platform. It is told of what citizens do and from then on holds the account to
            the rules of customer messages; both write one transcript.
        clock: the present as epoch seconds; that of `api` where there is one.

    Attributes:
        transcript: what each citizen said and saw.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        token: str,
        appid: str = "",
        aes_key: str = "",
        drop_after: float = 5.0,
        tries: int = 3,
        path: str = "/wechat",
        *,
        mode: Mode | None = None,
        as_json: bool = False,
        pause: float = 1.0,
        api: PlatformApi | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._token = token
        self._mode = mode or ("secure" if aes_key else "plain")
        self._cipher = MessageCipher(aes_key, appid) if self._mode != "plain" else None
        self._drop_after = drop_after
        self._tries = tries
        self._path = path
        self._as_json = as_json
        self._pause = pause
        self._api = api
        self._clock = api.clock if api else clock
        self.transcript = api.transcript if api else Transcript(clock)
        if api:
            api.enforce = True

    async def say(self, openid: str, text: str, message_id: str = "", option: str = "") -> Exchange:
        """A citizen sends a text.

        Args:
            message_id: digits; the same for the same message.
            option: the id of the msgmenu's option that was tapped; the text is then its label.
        """
        fields: Fields = {"Content": text, "MsgId": message_id}
        if option:
            fields["bizmsgmenuid"] = int(option) if option.isdigit() else option
        return await self.send(openid, "text", fields)

    async def event(self, openid: str, event: str, key: str = "", ticket: str = "") -> Exchange:
        """A citizen follows, unfollows, scans, or taps the menu.

        Args:
            event: `subscribe`, `unsubscribe`, `SCAN`, `CLICK`, `VIEW` …
            key: `EventKey`; of a new follower who scanned a code `qrscene_` and its scene.
            ticket: that of the code.
        """
        fields: Fields = {"Event": event, "EventKey": key}
        return await self.send(openid, "event", fields | ({"Ticket": ticket} if ticket else {}))

    async def send(self, openid: str, kind: str, fields: Fields) -> Exchange:
        """Send any message, up to three times, each signed anew.

        Args:
            kind: `MsgType`.
            fields: those of its own. A message, not an event, is given a `MsgId` where it has none.

        Raises:
            ValueError: the reply is not one the platform would take; the citizen sees that the account is unavailable.
        """
        own = dict(fields)
        if kind != "event":
            message_id = str(own.get("MsgId") or secrets.randbits(62))
            own["MsgId"] = int(message_id) if message_id.isdigit() else message_id
        entry = self._noted(openid, kind, own)
        exchange = Exchange()
        if self._api and self._api.heard(entry, tapped="bizmsgmenuid" in own):
            return exchange
        message: Fields = {
            "ToUserName": ACCOUNT,
            "FromUserName": openid,
            "CreateTime": int(self._clock()),
            "MsgType": kind,
            **own,
        }
        try:
            await self._exchange(message, entry, exchange)
        except ValueError as error:
            entry.problem = str(error)
            self._unavailable(entry)
            raise
        if exchange.unavailable:
            self._unavailable(entry)
        if exchange.reply:
            self._show(openid, exchange.reply)
        return exchange

    @property
    def service(self) -> CustomerService | None:
        """The platform's own customer service; None without a server API."""
        return self._api.service if self._api else None

    async def deliver_events(self) -> list[Exchange]:
        """Tell the callback what became of conversations with agents; what is told late is told in its order.

        Raises:
            ValueError: the callback answers with something that nobody would see.
        """
        told = []
        while self._api and self._api.service.events:
            openid, event, fields = self._api.service.events.popleft()
            exchange = Exchange()
            message: Fields = {
                "ToUserName": ACCOUNT,
                "FromUserName": openid,
                "CreateTime": int(self._clock()),
                "MsgType": "event",
                "Event": event,
                **fields,
            }
            await self._exchange(message, Entry(0, openid, self._clock(), "platform", "event"), exchange)
            if exchange.reply:
                raise ValueError(f"{event} is answered, and nobody sees it: {exchange.raw}")
            told.append(exchange)
        return told

    def signed(self, message: str, timestamp: int | None = None) -> tuple[str, str]:
        """Address and body of one request with this message."""
        at, nonce = str(timestamp or int(self._clock())), secrets.token_hex(8)
        query = {"timestamp": at, "nonce": nonce, "signature": signature(self._token, at, nonce)}
        if self._cipher:
            sealed = self._cipher.encrypt(message)
            plain = read(message) if self._mode == "compatible" else {"ToUserName": ACCOUNT}
            message = write({**plain, "Encrypt": sealed}, self._as_json)
            query |= {"encrypt_type": "aes", "msg_signature": signature(self._token, at, nonce, sealed)}
        return f"{self._path}?{httpx.QueryParams(query)}", message

    def read(self, reply: str, openid: str, to_event: bool = False) -> Reply | None:
        """A reply, checked as the platform checks it; None for `success` and for nothing.

        Raises:
            ValueError: it is not one the platform would take.
        """
        if reply in ("", SUCCESS):
            return None
        fields = read(reply)
        if self._cipher and (self._mode == "secure" or "Encrypt" in fields):
            fields = read(self._opened(fields))
        return read_reply(fields, openid, ACCOUNT, to_event)

    def _opened(self, fields: dict[str, Any]) -> str:
        assert self._cipher
        names = ("TimeStamp", "Nonce", "Encrypt", "MsgSignature")
        if missing := [name for name in names if not fields.get(name)]:
            raise ValueError(f"an encrypted reply without {', '.join(missing)}")
        at, nonce, sealed, given = (str(fields[name]) for name in names)
        if not signature_matches(given, self._token, at, nonce, sealed):
            raise ValueError("the reply's signature is wrong")
        try:
            return self._cipher.decrypt(sealed)
        except CallbackError as error:
            raise ValueError(f"the reply cannot be decrypted: {error}") from error

    async def _exchange(self, fields: Fields, entry: Entry, exchange: Exchange) -> None:
        message = write(fields, self._as_json)
        started = time.monotonic()
        try:
            while exchange.tries < self._tries:
                exchange.tries += 1
                entry.tries = exchange.tries
                self.transcript.changed(entry)
                reply = await self._try(message, exchange)
                if reply is not None:
                    exchange.reply = self.read(reply, entry.openid, entry.kind == "event")
                    exchange.text = exchange.reply.seen if exchange.reply else None
                    return
            exchange.unavailable = True
        finally:
            exchange.seconds = entry.seconds = time.monotonic() - started
            entry.statuses = exchange.statuses
            self.transcript.changed(entry)

    async def _try(self, message: str, exchange: Exchange) -> str | None:
        """One request; None where it failed."""
        url, body = self.signed(message)
        kind = "application/json" if self._as_json else "text/xml"
        try:
            post = self._client.post(url, content=body.encode(), headers={"Content-Type": kind})
            reply = await asyncio.wait_for(post, self._drop_after)
        except TimeoutError:
            return None
        except httpx.HTTPError:
            reply = None
        if reply is not None:
            exchange.statuses.append(reply.status_code)
            exchange.raw = reply.text
            if reply.status_code == 200:
                return reply.text
        if exchange.tries < self._tries:
            await asyncio.sleep(self._pause)
        return None

    def _noted(self, openid: str, kind: str, fields: Fields) -> Entry:
        names = ("Content", "Recognition", "Label", "Title", "EventKey")
        text = next((str(fields[name]) for name in names if fields.get(name)), "")
        return self.transcript.add(openid, "citizen", kind, text, event=str(fields.get("Event", "")))

    def _unavailable(self, entry: Entry) -> None:
        if entry.event.lower() not in _SILENT_EVENTS:
            self.transcript.add(entry.openid, "platform", "unavailable", UNAVAILABLE)

    def _show(self, openid: str, reply: Reply) -> None:
        if self._api:
            self._api.ledger.replied(openid)
        if reply.kind != "transfer_customer_service":
            self.transcript.add(
                openid, "account", reply.kind, reply.text, by="reply", articles=list(reply.articles)
            )
            return
        if self._api:
            self._api.service.transfer(openid, reply.agent)
        else:
            self.transcript.add(openid, "platform", "transferred", reply.agent)
