"""Who has a conversation, and what may be sent in it.

Source: WeCom's pages 分配客服会话 (the states and what may follow which), 发送消息 (5 messages within 48 hours of a
citizen's message, only in the states 0 and 1) and 发送欢迎语等事件响应消息 (a welcome code for who was neither
welcomed nor wrote within 48 hours; it is good for 20 seconds, once).
"""

from dataclasses import dataclass, field

NEW, ASSISTANT, POOL, PERSON, ENDED = range(5)
WINDOW = 48 * 3600.0
MESSAGES = 5
CODE_LASTS = 20.0
_MAY_FOLLOW = {
    NEW: frozenset({ASSISTANT, POOL, PERSON}),
    ASSISTANT: frozenset({POOL, PERSON}),
    POOL: frozenset({PERSON}),
    PERSON: frozenset({PERSON, ENDED}),
    ENDED: frozenset[int](),
}

OK = 0
OUT_OF_COUNT = 95001
OUT_OF_TIME = 95002
STATE_FORBIDS = 95018


@dataclass
class Standing:
    """How the account stands with one citizen. Times are epoch seconds."""

    state: int = ENDED
    spoke_at: float = float("-inf")
    welcomed_at: float = float("-inf")
    left: int = 0
    codes: dict[str, float] = field(default_factory=dict)
    """Welcome codes that were not used, and until when they are good."""

    def heard(self, now: float) -> None:
        """The citizen sent a message."""
        self.spoke_at, self.left = now, MESSAGES
        if self.state == ENDED:
            self.state = NEW

    def entered(self, now: float) -> str:
        """The citizen came in; the welcome code, "" for none."""
        if now - max(self.spoke_at, self.welcomed_at) < WINDOW:
            return ""
        code = f"CODE{len(self.codes)}-{now}"
        self.codes[code] = now + CODE_LASTS
        return code

    def refusal(self, now: float) -> int:
        """The error a message would get now; 0 for none."""
        if self.state not in (NEW, ASSISTANT):
            return STATE_FORBIDS
        if now - self.spoke_at >= WINDOW:
            return OUT_OF_TIME
        return OK if self.left else OUT_OF_COUNT

    def may_become(self, state: int) -> bool:
        """Whether the interface may put the conversation into this state."""
        return state in _MAY_FOLLOW[self.state]
