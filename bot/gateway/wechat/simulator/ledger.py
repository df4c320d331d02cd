"""Who may be written to by customer message, and how often.

Source: the platform's pages 发送客服消息 and 客服输入状态 and its announcement of June 2023: a citizen's message opens
48 hours with 5 messages; tapping the menu (click, scan), following and scanning open one minute with 3, and so does
tapping an option of a msgmenu. Numbers are not added up: a message sent counts in every window that is open, which is
the strictest reading. The state 正在输入 lasts 15 seconds or until a message is sent.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

HOUR = 3600.0
SPEAKING = (5, 48 * HOUR)
"""Messages and seconds that a citizen's message opens."""
TAPPING = (3, 60.0)
"""Messages and seconds that a tap, a scan or following opens."""
TYPING_AFTER = 30.0
"""Seconds after a citizen's message in which 正在输入 may be shown."""
TYPING_LASTS = 15.0
_OPENING_EVENTS = frozenset({"subscribe", "scan", "click", "scancode_push", "scancode_waitmsg"})

OK = 0
UNKNOWN = 40003
CLOSED = 45015
"""Its text says "response out of time limit or subscription is canceled": whoever left is refused so too."""
USED_UP = 45047
BAD_COMMAND = 45072
TOO_LATE_TO_TYPE = 45080
ALREADY_TYPING = 45081


@dataclass
class Window:
    """How many messages may still be sent until when (epoch seconds)."""

    left: int = 0
    until: float = 0.0


@dataclass
class Standing:
    """How the account stands with one citizen."""

    follows: bool = True
    speaking: Window = field(default_factory=Window)
    tapping: Window = field(default_factory=Window)
    spoke_at: float = float("-inf")
    typing_until: float = 0.0
    agent: str = ""
    """Of the platform's own customer service, who has the conversation; the callback then gets no messages."""

    def open(self, now: float) -> list[Window]:
        """The windows that have not closed."""
        return [window for window in (self.speaking, self.tapping) if now < window.until]


class Ledger:
    """
    Args:
        clock: the present as epoch seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._citizens: dict[str, Standing] = {}

    def standing(self, openid: str) -> Standing | None:
        """None for a citizen who was never heard of."""
        return self._citizens.get(openid)

    def of(self, openid: str) -> Standing:
        """The same, made where there is none yet."""
        return self._citizens.setdefault(openid, Standing())

    def heard(self, openid: str, event: str = "", tapped: bool = False) -> Standing:
        """A citizen did something.

        Args:
            event: the event's name; empty for a message.
            tapped: the message is a tap on an option of a msgmenu.
        """
        now = self._clock()
        if event.lower() == "unsubscribe":
            self._citizens[openid] = Standing(follows=False)
            return self._citizens[openid]
        standing = self.of(openid)
        standing.follows = True
        if event.lower() in _OPENING_EVENTS or tapped:
            standing.tapping = Window(TAPPING[0], now + TAPPING[1])
            standing.spoke_at = now
        elif not event:
            standing.speaking = Window(SPEAKING[0], now + SPEAKING[1])
            standing.spoke_at = now
        return standing

    def refusal(self, openid: str) -> int:
        """The error a customer message would get now; 0 for none."""
        standing = self._citizens.get(openid)
        if standing is None:
            return UNKNOWN
        windows = standing.open(self._clock()) if standing.follows else []
        if not windows:
            return CLOSED
        return OK if any(window.left for window in windows) else USED_UP

    def replied(self, openid: str) -> None:
        """A passive reply went out: it does not count, but ends 正在输入."""
        if standing := self._citizens.get(openid):
            standing.typing_until = 0.0

    def sent(self, openid: str) -> None:
        """A customer message went out: it counts, and ends 正在输入."""
        self.replied(openid)
        if standing := self._citizens.get(openid):
            for window in standing.open(self._clock()):
                window.left = max(0, window.left - 1)

    def typing(self, openid: str, command: str) -> int:
        """Begin (`Typing`) or end (`CancelTyping`) 正在输入; the error, 0 for none."""
        if command not in ("Typing", "CancelTyping"):
            return BAD_COMMAND
        standing = self._citizens.get(openid)
        if refused := self.refusal(openid):
            return refused
        assert standing is not None
        now = self._clock()
        if command == "CancelTyping":
            standing.typing_until = 0.0
            return OK
        if now - standing.spoke_at > TYPING_AFTER:
            return TOO_LATE_TO_TYPE
        if now < standing.typing_until:
            return ALREADY_TYPING
        standing.typing_until = now + TYPING_LASTS
        return OK
