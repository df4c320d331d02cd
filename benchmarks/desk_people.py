"""The people of `benchmarks.desk`: staff with the desk's page open, and citizens who write in WeChat."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.gateway.wechat.simulator import Platform

PASSWORD = "desk-benchmark"
WAIT = 5  # seconds a question for news stays open, as in desk/static/live.js
KEPT_ALIVE = (
    2.0  # seconds; the server closes idle connections after 5, which must not look like a broken line
)
BROKEN_PAUSE = 0.45  # seconds until a page asks again after a broken line, in the middle of its range
SENTENCES = (
    "材料我都带齐了，什么时候可以过来办",
    "请问周六上午窗口开不开门",
    "我的居住证快到期了，要提前多久换",
    "网上提交以后多久能看到进度",
    "需要本人到场吗，家里人代办行不行",
)

_ENTRY = re.compile(r'id="entry-([^"]+)"[^>]*data-conversation="([^"]+)"[^>]*data-last="(\d+)"([^>]*)>')
_MESSAGE = re.compile(r'data-id="(\d+)"')
SAID = re.compile(r"第(\d+)句：")
REPLIED = re.compile(r"第(\d+)答：")
_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@dataclass
class Said:
    """One message of a citizen, sent in so many tries. `accepted`: the callback took it; None: on its way."""

    serial: int
    conversation: str
    at: float
    accepted: bool | None = None
    tries: int = 0


@dataclass
class Log:
    """What happened, as citizens and staff saw it. Times are epoch seconds, keys the serials of texts."""

    entered: list[str] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    unavailable: int = 0
    on_page: dict[int, float] = field(default_factory=dict)
    """When the page that showed the conversation was told a citizen's message."""
    listed: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """conversation -> (its last message, when) as in the list of whoever has it."""
    theirs: dict[str, float] = field(default_factory=dict)
    """handoff number -> when it stood in somebody's own list first."""
    replied: dict[int, str] = field(default_factory=dict)
    """serial -> conversation of the replies that staff were told are sent."""
    clicked: dict[str, list[float]] = field(default_factory=dict)
    """conversation -> when staff clicked on its end."""
    ended: set[str] = field(default_factory=set)
    """Conversations that staff were told have ended."""
    refused: list[str] = field(default_factory=list)
    broken: int = 0
    """Requests of pages that got no answer."""
    news: int = 0
    """Questions for news that were answered."""


class StaffPage:
    """A member of staff and their page, which asks for news as its script does."""

    def __init__(self, base: str, username: str, log: Log, serials: itertools.count[int]) -> None:
        self.username = username
        self.serving: dict[str, bool] = {}
        """conversation -> whether its citizen waits for an answer; the longest held first."""
        self._log = log
        self._serials = serials
        limits = httpx.Limits(keepalive_expiry=KEPT_ALIVE)
        self._client = httpx.AsyncClient(base_url=base, timeout=20, trust_env=False, limits=limits)
        self._busy = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._conversation = self._token = self._version = ""
        self._last, self._looked_at_all = 0, 0.0
        self._have: dict[str, str] = {}
        self._answered: set[str] = set()

    async def sign_in(self) -> None:
        """Sign in, which makes them ready, and open the page."""
        token = _TOKEN.findall((await self._client.get("/console/login")).text)[0]
        form = {"username": self.username, "password": PASSWORD, "form_token": token}
        reply = await self._client.post("/console/login", data=form)
        assert reply.status_code == 303, reply.text
        await self._open("")

    async def close(self) -> None:
        """Close the page; they stay signed in."""
        await self._unfollow()
        await self._client.aclose()

    async def reply(self) -> None:
        """Answer the citizen who waits for it: first those who have had no answer at all."""
        async with self._busy:
            waiting = [each for each, awaiting in self.serving.items() if awaiting]
            if not waiting:
                return
            conversation = min(waiting, key=lambda each: each in self._answered)
            if conversation != self._conversation:
                await self._open(conversation)
            serial = next(self._serials)
            text = f"第{serial}答：请带身份证原件，工作日都可以办理。"
            done = await self._act(
                "reply", conversation, {"text": text, "kind": "reply"}, lambda html: text in html
            )
            self._answered.add(conversation)
            if done:
                self._log.replied[serial] = conversation

    async def end(self) -> bool:
        """End the conversation they have had longest; whether there was one."""
        async with self._busy:
            conversation = next((each for each in self.serving if each in self._answered), None)
            if conversation is None:
                return False
            if conversation != self._conversation:
                await self._open(conversation)
            self._log.clicked.setdefault(conversation, [])
            done = await self._act(
                "resolve", conversation, {"note": ""}, lambda _html: conversation not in self.serving
            )
            if done:
                self._log.ended.add(conversation)
            return done

    async def _act(self, action: str, conversation: str, fields: dict[str, str], is_done: Any) -> bool:
        """Send a form until an answer comes; after a broken line look first whether it was done, as the page says."""
        while True:
            if action == "resolve":
                self._log.clicked[conversation].append(time.time())
            form = {**fields, "c": conversation, "form_token": self._token}
            try:
                reply = await self._client.post(
                    f"/console/desk/{action}", data=form, headers={"Accept": "application/json"}
                )
                answer = reply.json()
            except (httpx.HTTPError, ValueError):
                self._log.broken += 1
                html = await self._open(conversation)
                if is_done(html):
                    return True
                continue
            if "error" in answer:
                self._log.refused.append(f"{action} {conversation}: {answer['error']['code']}")
            with suppress(httpx.HTTPError, ValueError):
                await self._ask(0)
            return "error" not in answer

    async def _open(self, conversation: str) -> str:
        """Load the page with this conversation, until it loads; its HTML."""
        await self._unfollow()
        while True:
            try:
                reply = await self._client.get(
                    "/console/desk", params={"c": conversation} if conversation else {}
                )
                reply.raise_for_status()
                break
            except httpx.HTTPError:
                self._log.broken += 1
                await asyncio.sleep(BROKEN_PAUSE)
        html, now = reply.text, time.time()
        self._conversation, self._version, self._have, self._looked_at_all = conversation, "", {}, 0.0
        self._token = _TOKEN.findall(html)[0]
        self._last = max(map(int, _MESSAGE.findall(html)), default=0)
        self._listed(html.partition('<section id="serving"')[2].partition('<section id="queue"')[0], now)
        self._following = asyncio.create_task(self._follow())
        return html

    async def _unfollow(self) -> None:
        if self._following:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            try:
                await self._ask(WAIT if self._version else 0)
            except (httpx.HTTPError, ValueError):
                self._log.broken += 1
                await asyncio.sleep(BROKEN_PAUSE)

    async def _ask(self, wait: int) -> None:
        query = {
            "c": self._conversation,
            "since": self._version,
            "after": self._last,
            "have": ",".join(f"{name}.{mark}" for name, mark in self._have.items()),
            "wait": wait,
            "full": time.monotonic() - self._looked_at_all > WAIT,
        }
        reply = await self._client.get("/console/desk/state", params=query)
        state, now = reply.json(), time.time()
        if "error" in state:
            self._log.refused.append(f"state {self._conversation}: {state['error']['code']}")
            self._conversation = self._version = ""  # back to the lists
            return
        self._log.news += 1
        self._version = state["version"]
        if state["full"]:
            self._looked_at_all = time.monotonic()
        for name, (mark, html) in state["parts"].items():
            self._have[name] = mark
            if name == "serving":
                self._listed(html, now)
        told = state.get("messages", "")
        self._last = max([self._last, *map(int, _MESSAGE.findall(told))])
        for serial in map(int, SAID.findall(told)):
            self._log.on_page.setdefault(serial, now)

    def _listed(self, html: str, now: float) -> None:
        """Their own list, as the page shows it now."""
        shown = {conversation: more for _, conversation, _, more in _ENTRY.findall(html)}
        for number, conversation, last, _ in _ENTRY.findall(html):
            self._log.theirs.setdefault(number, now)
            seen = self._log.listed.setdefault(conversation, [])
            if not seen or seen[-1][0] < int(last):
                seen.append((int(last), now))
        kept = [each for each in self.serving if each in shown]
        new = [each for each in shown if each not in self.serving]
        self.serving = {each: "data-awaiting" in shown[each] for each in [*kept, *new]}


class Citizens:
    """Those who enter the queue, and, once somebody has them, keep writing."""

    def __init__(
        self, platform: Platform, pages: list[StaffPage], log: Log, serials: itertools.count[int]
    ) -> None:
        self._platform = platform
        self._pages = pages
        self._log = log
        self._serials = serials
        self._numbers = itertools.count(1)
        self._turn: deque[str] = deque()
        self._writing: set[str] = set()

    async def enter(self) -> None:
        """A new citizen asks the assistant for a person."""
        openid = f"o-{next(self._numbers)}"
        exchange = await self._platform.say(openid, "我要转人工")
        self._log.unavailable += exchange.unavailable
        if exchange.statuses and exchange.statuses[-1] == 200:
            self._log.entered.append(f"wechat:{openid}")

    async def write(self) -> None:
        """Of those who are served, who wrote longest ago writes. Their earlier message has arrived, or never will."""
        served = {each for page in self._pages for each in page.serving} - self._log.ended
        self._turn = deque(each for each in self._turn if each in served)
        self._turn.extend(served.difference(self._turn))
        conversation = next((each for each in self._turn if each not in self._writing), None)
        if conversation is None:
            return
        self._turn.remove(conversation)
        self._turn.append(conversation)
        said = Said(next(self._serials), conversation, time.time())
        self._log.said.append(said)
        self._writing.add(conversation)
        try:
            text = f"第{said.serial}句：{SENTENCES[said.serial % len(SENTENCES)]}？"
            exchange = await self._platform.say(conversation.partition(":")[2], text)
        finally:
            self._writing.discard(conversation)
        self._log.unavailable += exchange.unavailable
        said.tries = exchange.tries
        said.accepted = bool(exchange.statuses) and exchange.statuses[-1] == 200
