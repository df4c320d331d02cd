"""The platform's own customer service: agents, who waits for them, and the conversations they have.

Source: the platform's pages 消息转发到客服, 会话控制 and 获取在线客服列表, and its session events. That its 30 minutes
count from what was said last, and that it tells of that end by no event, is not in the documentation.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.gateway.wechat.simulator.answers import Refused
from bot.gateway.wechat.simulator.ledger import Ledger
from bot.gateway.wechat.simulator.transcript import Transcript
from bot.gateway.wechat.simulator.wire import Fields

ENDS_AFTER = 1800.0
"""Seconds after which a conversation that nobody ended does."""
WAITING_NAMED = 100
"""Citizens that `getwaitcase` names at most."""
NO_AGENT, NO_SESSION, ANOTHERS, OFFLINE = 65401, 65413, 65414, 65415


@dataclass
class Session:
    """A conversation that an agent has; epoch seconds."""

    agent: str
    began_at: float
    last_said_at: float


class CustomerService:
    """
    Args:
        ledger: how the account stands with each citizen.
        transcript: what each citizen sees.
        clock: the present as epoch seconds.

    Attributes:
        agents: as `getonlinekflist` tells of them: dicts of `kf_account`, `status` (0 is offline), `kf_id`.
        accepts: agents who are online take at once whoever comes (自动接入); else they wait until `accept`.
        events: what the callback is to be told, the oldest first: citizen, event and its fields (`Platform`); when it
            happened is among them.
    """

    def __init__(
        self, ledger: Ledger, transcript: Transcript, clock: Callable[[], float] = time.time
    ) -> None:
        self._ledger = ledger
        self._transcript = transcript
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._waiting: dict[str, float] = {}
        self.agents: list[dict[str, Any]] = []
        self.accepts = True
        self.events: deque[tuple[str, str, Fields]] = deque()

    def set_online(self, agent: str, online: bool) -> None:
        """An agent comes or goes; one who is new is hired."""
        known = next((each for each in self.agents if each["kf_account"] == agent), None)
        if known is None:
            known = {"kf_account": agent, "kf_id": 1001 + len(self.agents)}
            self.agents.append(known)
        known["status"] = int(online)
        self._transcript.changed()

    def online(self) -> list[dict[str, Any]]:
        """Who is online, with how many citizens each has."""
        self._expire()
        served = [session.agent for session in self._sessions.values()]
        there = [each for each in self.agents if each.get("status")]
        return [{**each, "accepted_case": served.count(each["kf_account"])} for each in there]

    def waiting(self) -> dict[str, float]:
        """Who waits for an agent, and when they said something last; in the order they came."""
        return dict(self._waiting)

    def session(self, openid: str) -> Session | None:
        """The conversation that an agent has with this citizen."""
        self._expire()
        return self._sessions.get(openid)

    def heard(self, openid: str) -> str:
        """A citizen said something; the agent whom it goes to, "" where the callback gets it."""
        session = self.session(openid)
        if session is None:
            return ""
        session.last_said_at = self._clock()
        return session.agent

    def transfer(self, openid: str, agent: str = "") -> None:
        """The callback gives a citizen to the agents.

        Args:
            agent: this one, online or not: with one who is not the citizen waits for good.
        """
        there = self.online()
        taken_by = agent or (there[0]["kf_account"] if there and self.accepts else "")
        self._transcript.add(openid, "platform", "transferred", taken_by)
        if not taken_by:
            self._waiting[openid] = self._clock()
        elif self.session(openid) is None:
            self._begin(openid, taken_by)

    def create(self, openid: str, agent: str) -> None:
        """`kfsession/create`: give a citizen to an agent who is online. Raises Refused."""
        if agent not in [each["kf_account"] for each in self.agents]:
            raise Refused(NO_AGENT)
        if agent not in [each["kf_account"] for each in self.online()]:
            raise Refused(OFFLINE)
        session = self.session(openid)
        if session and session.agent != agent:
            raise Refused(ANOTHERS)
        if session is None:
            self._transcript.add(openid, "platform", "transferred", agent)
            self._begin(openid, agent)

    def accept(self, openid: str, agent: str = "") -> None:
        """An agent takes a citizen who waits; without a name the first who is online. Raises Refused."""
        there = [each["kf_account"] for each in self.online()]
        if openid not in self._waiting:
            raise Refused(NO_SESSION)
        if (agent and agent not in there) or not there:
            raise Refused(OFFLINE)
        self._begin(openid, agent or there[0])

    def say(self, openid: str, text: str) -> None:
        """The agent who has the citizen says something. Raises Refused."""
        self._served(openid).last_said_at = self._clock()
        self._transcript.add(openid, "account", "text", text, by="agent")

    def switch(self, openid: str, agent: str) -> None:
        """The agent who has the citizen gives them to another. Raises Refused."""
        session = self._served(openid)
        if agent not in [each["kf_account"] for each in self.online()]:
            raise Refused(OFFLINE)
        fields: Fields = {"FromKfAccount": session.agent, "ToKfAccount": agent}
        session.agent = self._ledger.of(openid).agent = agent
        self._tell(openid, "kf_switch_session", fields)

    def close(self, openid: str, agent: str = "") -> None:
        """The conversation ends; `agent`: only if it is theirs. Raises Refused."""
        session = self._served(openid)
        if agent not in ("", session.agent):
            raise Refused(ANOTHERS)
        self._forget(openid)
        self._tell(openid, "kf_close_session", {"KfAccount": session.agent})

    def _served(self, openid: str) -> Session:
        session = self.session(openid)
        if session is None:
            raise Refused(NO_SESSION)
        return session

    def _begin(self, openid: str, agent: str) -> None:
        self._waiting.pop(openid, None)
        self._sessions[openid] = Session(agent, self._clock(), self._clock())
        self._ledger.of(openid).agent = agent
        self._tell(openid, "kf_create_session", {"KfAccount": agent})

    def _expire(self) -> None:
        for openid, session in list(self._sessions.items()):
            if self._clock() - session.last_said_at >= ENDS_AFTER:
                self._forget(openid)

    def _forget(self, openid: str) -> None:
        del self._sessions[openid]
        self._ledger.of(openid).agent = ""

    def _tell(self, openid: str, event: str, fields: Fields) -> None:
        self.events.append((openid, event, {"CreateTime": int(self._clock()), **fields}))
        self._transcript.changed()
