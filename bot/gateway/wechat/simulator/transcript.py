"""What citizens say and see, in the order it happened."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from bot.gateway.wechat.simulator.wire import Article

UNAVAILABLE = "该公众号暂时无法提供服务，请稍后再试"
"""What the platform shows where three tries were in vain or the reply was no good."""
_LOOK_EVERY = 0.1  # seconds; entries come from other threads too
_OPTION_LINK = re.compile(r"""<a\s[^>]*href=["'](weixin://bizmsgmenu\?[^"']*)["'][^>]*>""")

Side = Literal["citizen", "account", "platform"]


@dataclass(frozen=True)
class Option:
    """An option of a msgmenu that can be tapped."""

    id: str
    label: str


@dataclass
class Entry:
    """One thing that a citizen did or saw.

    Attributes:
        id: counts up over all citizens.
        at: epoch seconds.
        side: who it comes from; `platform` for what WeChat itself shows.
        kind: of the citizen and the account: the message's type, or `event`. Of the platform: `unavailable`,
            `transferred` (to its own customer service), `forwarded` (a message went there, not to the callback).
        text: what can be read of it; of an event its key.
        event: the event's name as sent: `subscribe`, `CLICK` …
        by: of the account: `reply` to a message, `push` by customer message, or `agent` for its customer service.
        options: what can be tapped.
        articles: of a news message.
        tries: requests made for it so far.
        seconds: from the first request to the answer; None while it is on its way.
        statuses: HTTP statuses of the answers.
        problem: why the platform did not take the reply.
        version: counts up with each entry and each change.
    """

    id: int
    openid: str
    at: float
    side: Side
    kind: str
    text: str = ""
    event: str = ""
    by: str = ""
    options: list[Option] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)
    tries: int = 0
    seconds: float | None = None
    statuses: list[int] = field(default_factory=list)
    problem: str = ""
    version: int = 0


class Transcript:
    """
    Args:
        clock: the present as epoch seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: list[Entry] = []
        self.version = 0

    def of(self, openid: str) -> list[Entry]:
        """Everything of one citizen, oldest first."""
        return [entry for entry in self._entries if entry.openid == openid]

    def since(self, version: int) -> list[Entry]:
        """What is new or has changed, oldest first."""
        return [entry for entry in self._entries if entry.version > version]

    def add(self, entry_of: str, side: Side, kind: str, text: str = "", **more: object) -> Entry:
        """Note that something happened now; `more` are further attributes of the entry."""
        entry = Entry(len(self._entries) + 1, entry_of, self._clock(), side, kind, text, **more)  # type: ignore[arg-type]
        if side == "account" and not entry.options:
            entry.options = options_in(text)
        self._entries.append(entry)
        self.changed(entry)
        return entry

    def changed(self, entry: Entry | None = None) -> None:
        """Let listeners know of a change in an entry, or in something else they show."""
        self.version += 1
        if entry is not None:
            entry.version = self.version

    def last_options(self, openid: str) -> list[Option]:
        """The newest options a citizen was given; they stay tappable."""
        return next((entry.options for entry in reversed(self.of(openid)) if entry.options), [])

    async def wait(self, version: int, seconds: float) -> None:
        """Wait until there is something newer, at most this long."""
        until = time.monotonic() + seconds
        while self.version <= version and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY)


def options_in(text: str) -> list[Option]:
    """The options that a text itself offers: links `weixin://bizmsgmenu?msgmenucontent=…&msgmenuid=…`.

    Not in the platform's documentation: it is what a msgmenu is made of, and works in any text, as its users report.
    """
    found = []
    for address in _OPTION_LINK.findall(text):
        query = parse_qs(urlsplit(unescape(address)).query)
        label, number = query.get("msgmenucontent", [""])[0], query.get("msgmenuid", [""])[0]
        if label:
            found.append(Option(number, label))
    return found
