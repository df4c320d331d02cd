"""WeCom towards the callback: what citizens do is kept for pulling, and told of, signed and encrypted.

Source: WeCom's pages 回调配置 and 接收消息和事件. A callback that fails is tried again, three requests in all.
"""

import secrets
from typing import Any

import httpx

from bot.gateway.wechat.crypto import MessageCipher, signature
from bot.gateway.wechat.simulator.wire import Fields, write
from bot.gateway.wecom.simulator.api import KfServer
from bot.gateway.wecom.simulator.standing import ENDED, PERSON

TRIES = 3


class KfPlatform:
    """
    Args:
        client: reaches the callback; its base URL or an ASGI transport says where.
        server: the server API of the same tenant.
        corpid, token, aes_key: of the callback.
        path: the callback's.

    Attributes:
        silent: callbacks get lost.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        server: KfServer,
        corpid: str,
        token: str,
        aes_key: str,
        path: str = "/wecom",
    ) -> None:
        self._client = client
        self._server = server
        self._corpid = corpid
        self._token = token
        self._cipher = MessageCipher(aes_key, corpid)
        self._path = path
        self.silent = False

    async def verify(self, text: str) -> httpx.Response:
        """Check the address, as when it is saved in the console: it has to answer with this text."""
        sealed = self._cipher.encrypt(text)
        return await self._client.get(self._path, params={**self.query(sealed), "echostr": sealed})

    async def say(self, citizen: str, text: str, option: str = "", **more: Any) -> dict[str, Any]:
        """A citizen sends a text, or taps an option of a menu; returns the entry that can be pulled."""
        tapped = {"menu_id": option} if option else {}
        return await self.send(citizen, "text", {"content": text, **tapped}, **more)

    async def send(self, citizen: str, kind: str, fields: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A citizen sends any message; `more` are further fields of its entry, such as `msgid` and `send_time`."""
        self._server.standing(citizen).heard(more.get("send_time", self._server.clock()))
        self._server.transcript.add(citizen, "citizen", kind, str(fields.get("content", "")))
        entry = self._server.add({**self._of(citizen), "origin": 3, "msgtype": kind, kind: fields, **more})
        await self.tell()
        return entry

    async def enter(self, citizen: str) -> None:
        """A citizen opens the conversation."""
        code = self._server.standing(citizen).entered(self._server.clock())
        await self.event("enter_session", citizen, **({"welcome_code": code} if code else {}))

    async def event(self, name: str, citizen: str = "", **fields: Any) -> None:
        """Something happens."""
        whose = self._of(citizen) if citizen else {}
        event = {"event_type": name, **whose, **fields}
        self._server.add({"origin": 4, "msgtype": "event", "event": event})
        await self.tell()

    async def person_takes(self, citizen: str) -> None:
        """A person at WeCom's desk takes the conversation."""
        self._server.standing(citizen).state = PERSON
        await self.event("session_status_change", citizen, change_type=1, new_servicer_userid="zhang")

    async def person_says(self, citizen: str, text: str) -> None:
        """That person writes."""
        self._server.transcript.add(citizen, "platform", "person", text)
        who = {**self._of(citizen), "origin": 5, "servicer_userid": "zhang"}
        self._server.add({**who, "msgtype": "text", "text": {"content": text}})
        await self.tell()

    async def person_ends(self, citizen: str) -> None:
        """That person ends the conversation."""
        self._server.standing(citizen).state = ENDED
        await self.event("session_status_change", citizen, change_type=3, old_servicer_userid="zhang")

    async def tell(self) -> httpx.Response | None:
        """Call the callback, up to three times; None where nobody answered well."""
        event: Fields = {
            "ToUserName": self._corpid,
            "CreateTime": int(self._server.clock()),
            "MsgType": "event",
            "Event": "kf_msg_or_event",
            "Token": self._server.pull_token(),
            "OpenKfId": self._server.open_kfid,
        }
        for _ in range(0 if self.silent else TRIES):
            url, body = self.signed(write(event, False))
            reply = await self._client.post(url, content=body, headers={"Content-Type": "text/xml"})
            if reply.status_code == httpx.codes.OK:
                return reply
        return None

    def signed(self, message: str, timestamp: int | None = None) -> tuple[str, str]:
        """Address and body of one request with this message."""
        sealed = self._cipher.encrypt(message)
        query = httpx.QueryParams(self.query(sealed, timestamp))
        return f"{self._path}?{query}", write({"ToUserName": self._corpid, "Encrypt": sealed}, False)

    def query(self, sealed: str, timestamp: int | None = None) -> dict[str, str]:
        """What signs a request with this."""
        at, nonce = str(timestamp or int(self._server.clock())), secrets.token_hex(8)
        given = signature(self._token, at, nonce, sealed)
        return {"msg_signature": given, "timestamp": at, "nonce": nonce}

    def _of(self, citizen: str) -> dict[str, str]:
        return {"open_kfid": self._server.open_kfid, "external_userid": citizen}
