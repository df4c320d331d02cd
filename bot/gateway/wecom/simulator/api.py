"""WeCom's server API of customer service: the part that is used, as an ASGI app.

Source: WeCom's pages 获取access_token, 接收消息和事件, 发送消息, 发送欢迎语等事件响应消息, 分配客服会话, 全局错误码.
With which code a `msgid` that is known is refused stands nowhere: `known_message` is one of several that it could be.
"""

import json
import re
import secrets
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, HTTPException, Request

from bot.gateway.wechat.simulator.answers import Refused, refuse
from bot.gateway.wechat.simulator.transcript import Option, Transcript
from bot.gateway.wecom.simulator.standing import Standing

KEPT = 3 * 24 * 3600.0
"""Seconds for which messages can be pulled."""
PULL_TOKEN_LASTS = 600.0
TOKEN_LASTS = 7200.0
TEXT_BYTES = 2048
FRAME_BYTES = 1024
OPTION_BYTES = 128
OPTIONS = 10
MESSAGE_ID = re.compile(r"[0-9a-zA-Z_-]{0,32}")
_ESCAPED = re.compile(rb"\\u[0-9a-fA-F]{4}")


class KfServer:
    """
    Args:
        corpid, secret: the tenant and its application; a token is given out for these only.
        open_kfid: the account.
        page: the most entries of one pull.
        clock: the present as epoch seconds.

    Attributes:
        app: serve it, or hand it to `httpx.ASGITransport`.
        sent: (external_userid, text) of each message a citizen got.
        errors_at: codes to answer the next calls of a path with, one each.
        lost: how many of the next answers to `send_msg` get lost, after the message was delivered.
        text_bytes: the longest text.
        stuck: pulls say that there is more, and do not move on.
        known_message: the code that a `msgid` is refused with when it is used again.
        transcript: what each citizen said and saw.
        calls: the paths that were called.
    """

    def __init__(
        self,
        corpid: str,
        secret: str,
        open_kfid: str,
        *,
        page: int = 1000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._corpid, self._secret = corpid, secret
        self.open_kfid = open_kfid
        self._page = page
        self.clock = clock
        self.sent: list[tuple[str, str]] = []
        self.errors_at: defaultdict[str, deque[int]] = defaultdict(deque)
        self.lost = 0
        self.text_bytes = TEXT_BYTES
        self.stuck = False
        self.known_message = 40058
        self.transcript = Transcript(clock)
        self.calls: list[str] = []
        self._run = secrets.token_hex(4)
        self._log: list[tuple[float, Any]] = []
        self._standings: defaultdict[str, Standing] = defaultdict(Standing)
        self._pull_tokens: dict[str, float] = {}
        self._access_tokens: dict[str, float] = {}
        self._message_ids: set[str] = set()
        self.app = FastAPI()
        self.app.add_exception_handler(Refused, refuse)
        self.app.add_api_route("/cgi-bin/gettoken", self._gettoken, methods=["GET"])
        for name, answer in (
            ("sync_msg", self._sync),
            ("send_msg", self._send),
            ("send_msg_on_event", self._send_on_event),
            ("service_state/get", self._state),
            ("service_state/trans", self._trans),
        ):
            self.app.add_api_route(f"/cgi-bin/kf/{name}", self._authorised(name, answer), methods=["POST"])

    def standing(self, citizen: str) -> Standing:
        """How the account stands with a citizen."""
        return self._standings[citizen]

    def add(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Put an entry into what can be pulled; it is given a `msgid` and the time where it has none."""
        numbered = {"msgid": f"msg_{self._run}_{len(self._log) + 1}", "send_time": int(self.clock()), **entry}
        self.put(numbered, numbered["send_time"])
        return numbered

    def put(self, entry: Any, at: float | None = None) -> None:
        """The same, just as it is, also where it makes no sense; `at`: when it was sent (epoch seconds)."""
        self._log.append((self.clock() if at is None else at, entry))

    def pull_token(self) -> str:
        """A token as callbacks carry it."""
        token = f"ENC{len(self._pull_tokens)}"
        self._pull_tokens[token] = self.clock() + PULL_TOKEN_LASTS
        return token

    def expire_tokens(self) -> None:
        """No access token that was given out holds any more."""
        self._access_tokens.clear()

    async def _gettoken(self, corpid: str = "", corpsecret: str = "") -> dict[str, Any]:
        self.calls.append("gettoken")
        self._inject("gettoken")
        if corpid != self._corpid:
            raise Refused(40013, "invalid corpid")
        if corpsecret != self._secret:
            raise Refused(40001, "invalid credential")
        now = self.clock()
        token = next((name for name, until in self._access_tokens.items() if until > now), "")
        if not token:
            token = f"access-{self._run}-{len(self.calls)}"
            self._access_tokens[token] = now + TOKEN_LASTS
        return _ok(access_token=token, expires_in=int(self._access_tokens[token] - now))

    def _authorised(self, name: str, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
        async def call(request: Request, access_token: str = "") -> dict[str, Any]:
            raw = await request.body()
            self.calls.append(name)
            self._inject(name)
            if self._access_tokens.get(access_token, 0.0) <= self.clock():
                raise Refused(42001 if access_token in self._access_tokens else 40014, "invalid access_token")
            if _ESCAPED.search(raw):
                raise Refused(40033, "invalid request character")
            body = json.loads(raw)
            if body.get("open_kfid", self.open_kfid) != self.open_kfid:
                raise Refused(95000, "invalid open_kfid")
            return answer(body)

        return call

    def _sync(self, body: dict[str, Any]) -> dict[str, Any]:
        now = self.clock()
        token = body.get("token")
        if token is not None and self._pull_tokens.get(token, 0.0) <= now:
            raise Refused(95007, "invalid msg token")
        run, _, place = str(body.get("cursor", "")).partition("-")
        oldest = sum(at < now - KEPT for at, _ in self._log)
        # A cursor of an earlier stand-in begins anew, so that it can be stopped and started while the service runs.
        start = max(int(place), oldest) if run == self._run else oldest
        page = self._log[start:][: min(self._page, int(body.get("limit", 1000)))]
        end = start if self.stuck else start + len(page)
        more = int(end < len(self._log))
        return _ok(msg_list=[entry for _, entry in page], next_cursor=f"{self._run}-{end}", has_more=more)

    def _send(self, body: dict[str, Any]) -> dict[str, Any]:
        citizen = str(body.get("touser", ""))
        if citizen not in self._standings:
            raise Refused(40096, "invalid external userid")
        standing = self._standings[citizen]
        text, options = _content(body, self.text_bytes)
        self._name(body)
        if refused := standing.refusal(self.clock()):
            raise Refused(refused, "send msg not allowed")
        self._message_ids.add(str(body.get("msgid", "")))
        standing.left -= 1
        self._show(citizen, str(body["msgtype"]), text, options)
        if self.lost:
            self.lost -= 1
            raise HTTPException(504)
        return _ok(msgid=body.get("msgid"))

    def _send_on_event(self, body: dict[str, Any]) -> dict[str, Any]:
        code, now = str(body.get("code", "")), self.clock()
        text, options = _content(body, self.text_bytes)
        self._name(body)
        for citizen, standing in self._standings.items():
            if standing.codes.pop(code, 0.0) > now:
                standing.welcomed_at = now
                self._show(citizen, "welcome", text, options)
                return _ok()
        raise Refused(40029, "invalid code")

    def _state(self, body: dict[str, Any]) -> dict[str, Any]:
        return _ok(service_state=self._standings[str(body.get("external_userid"))].state)

    def _trans(self, body: dict[str, Any]) -> dict[str, Any]:
        standing = self._standings[str(body.get("external_userid"))]
        if not standing.may_become(int(body["service_state"])):
            raise Refused(95016, "state not allowed")
        standing.state = int(body["service_state"])
        return _ok()

    def _show(self, citizen: str, kind: str, text: str, options: list[Option]) -> None:
        self.sent.append((citizen, text))
        self.transcript.add(citizen, "account", kind, text, by="push", options=options)

    def _name(self, body: dict[str, Any]) -> None:
        name = str(body.get("msgid", ""))
        if not MESSAGE_ID.fullmatch(name):
            raise Refused(40058, "msgid exceed max length")
        if name in self._message_ids:
            raise Refused(self.known_message, "msgid is known")

    def _inject(self, name: str) -> None:
        if self.errors_at[name]:
            raise Refused(self.errors_at[name].popleft(), "simulated")


def _ok(**values: Any) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", **values}


def _content(body: dict[str, Any], longest: int) -> tuple[str, list[Option]]:
    """The text a citizen reads, and what can be tapped."""
    kind = str(body.get("msgtype", ""))
    given = body.get(kind)
    if kind not in ("text", "msgmenu") or not isinstance(given, dict):
        raise Refused(40008, "invalid message type")
    if kind == "text":
        text = str(given.get("content", ""))
        if not text or len(text.encode()) > longest:
            raise Refused(45002 if text else 44004, "content size out of limit")
        return text, []
    clicks = [item["click"] for item in given.get("list", []) if item.get("type") == "click"]
    options = [Option(str(click["id"]), str(click["content"])) for click in clicks]
    frame = [str(given.get("head_content", "")), str(given.get("tail_content", ""))]
    too_much = any(len(each.encode()) > FRAME_BYTES for each in frame) or len(options) > OPTIONS
    if too_much or not all(0 < len(option.label.encode()) <= OPTION_BYTES for option in options):
        raise Refused(40058, "invalid menu")
    return "\n".join([frame[0], *(option.label for option in options), frame[1]]), options
