"""The citizen's side of the desk: entering the queue, waiting in it, leaving it, rating it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from sqlalchemy.engine import Connection

from desk.conversations import estimates, log, ownership, routing, waiting
from desk.conversations.assigning import Assigning
from desk.conversations.commands import Commands
from desk.conversations.ending import Ending
from desk.conversations.escape import Escape
from desk.conversations.outside import Outside
from desk.conversations.routing import DepartmentNames
from desk.conversations.satisfaction import Satisfaction
from desk.records import CRISIS, HandoffReceipt, TicketReceipt
from desk.rules import Rules
from desk.texts import Texts

_FIRST = 1
"""The priority of an emergency."""


@dataclass(frozen=True)
class _Standing:
    """Where a handoff stands: its place (0: it no longer waits), the expected wait in seconds (None: unknown), how many
    who take it are at the desk and ready, and whose they are ("": everybody's)."""

    place: int
    wait: float | None
    ready: int
    taker: str


class Reception:
    """Every method works inside the caller's transaction; `at` is the present.

    Args:
        texts: the desk's Chinese texts.
        zone: the city's time zone, whose calendar day numbers the handoffs.
        rules: the desk's rules.
        names: the departments, as citizens and policies name them.
        is_crisis: whether what a citizen writes tells of danger to life.
    """

    def __init__(
        self,
        texts: Texts,
        zone: tzinfo,
        rules: Rules,
        assigning: Assigning,
        escape: Escape,
        ending: Ending,
        outside: Outside,
        satisfaction: Satisfaction,
        commands: Commands,
        names: DepartmentNames,
        is_crisis: Callable[[str], bool],
    ) -> None:
        self._texts = texts
        self._zone = zone
        self._rules = rules
        self._assigning = assigning
        self._escape = escape
        self._ending = ending
        self._outside = outside
        self._satisfaction = satisfaction
        self._is_crisis = is_crisis
        self._commands = commands
        self._names = names

    def department(self, given: str | None, question: str) -> str:
        """The department that the citizen asks for, else the given one, else the default."""
        named = self._names.official((given or "").strip())
        return self._names.asked_for(question) or named or self._rules.default_department

    def enter(self, connection: Connection, values: dict[str, Any], at: float) -> HandoffReceipt:
        """Put the conversation into the queue, or tell about the handoff that is already open."""
        conversation_id: str = values["conversation_id"]
        handoff_id = log.touch(connection, conversation_id, at, rating_id=None)
        routes = routing.read(connection, self._rules.default_department)
        opened = False
        if ownership.read(connection, conversation_id).owner == "bot":
            there = self._assigning.present(connection, at)
            urgent = values["reason"] == CRISIS
            outside = not urgent and self._outside.passing(connection, conversation_id) == "yes"
            here = not urgent and not outside
            if here and self._escape.nobody_comes(values["department"], there, routes, at):
                if not values["question"]:
                    return self._closed(values["department"], at)
                made = self._escape.at_once(connection, values, at)
                if made is not None:
                    return self._as_ticket(connection, values["department"], *made, at)
            opened = ownership.to_queue(connection, conversation_id)
        if opened:
            values = {**values, "priority": _FIRST if values["reason"] == CRISIS else 0}
            handoff_id, number = waiting.create(connection, values, at, self._zone)
            reason = self._texts.label("reasons", values["reason"])
            line = self._texts.say("log.opened", reason=reason, number=number)
            log.append(connection, conversation_id, "system", line, at=at, handoff_id=handoff_id)
            if outside:
                self._outside.give(connection, conversation_id, handoff_id, at)
            else:
                self._assigning.assign(connection, at, opened=handoff_id)
        assert handoff_id is not None  # an owner other than the bot always has an open handoff
        return self._receipt(connection, handoff_id, not opened, at)

    def _receipt(
        self, connection: Connection, handoff_id: int, already_open: bool, at: float
    ) -> HandoffReceipt:
        row = waiting.by_id(connection, handoff_id)
        standing = self._standing(connection, row, at)
        outside = self._outside.holds(connection, ownership.read(connection, row.conversation_id))
        return HandoffReceipt(
            number=row.number,
            status=row.status,
            already_open=already_open,
            position=standing.place,
            staff_online=standing.ready,
            department=self._rules.default_department if outside else standing.taker or row.department,
            wait=standing.wait,
        )

    def _closed(self, department: str, at: float) -> HandoffReceipt:
        opens = self._escape.opens_text(department, at)
        return HandoffReceipt("", "closed", False, 0, 0, department, opens_text=opens)

    def _as_ticket(
        self,
        connection: Connection,
        department: str,
        number: str,
        ticket: TicketReceipt,
        already_open: bool,
        at: float,
    ) -> HandoffReceipt:
        return HandoffReceipt(
            number=number,
            status="resolved",
            already_open=already_open,
            position=0,
            staff_online=0,
            department=department,
            ticket=ticket,
            opens_text=self._escape.opens_text(department, at),
        )

    def receive(self, connection: Connection, conversation_id: str, text: str, at: float) -> list[str] | None:
        """Log what the citizen says; what to answer. None, and nothing logged: it is for the bot."""
        handoff_id = log.touch(connection, conversation_id, at)
        row = ownership.read(connection, conversation_id)
        if row.owner == "bot" and row.rating_id is not None:
            told = self._satisfaction.take(connection, conversation_id, row.rating_id, text, at)
            if told is not None:
                return told
        if handoff_id is None or row.owner == "bot":
            return None
        log.append(connection, conversation_id, "citizen", text, at=at, handoff_id=handoff_id)
        if self._is_crisis(text):
            self._escalate(connection, conversation_id, handoff_id, text, at)
            return [self._texts.say("citizen.crisis")]
        command = self._commands.read(text)
        if row.owner == "staff":
            if command == "end":
                self._ending.by_citizen(connection, row, at)
                self._assigning.assign(connection, at)
                return []
            if self._outside.holds(connection, row):
                return self._outside_still(connection, handoff_id, at)
            return self._before_the_first_reply(connection, handoff_id, at)
        if command == "return" and self.withdraw(connection, conversation_id, at):
            danger = waiting.by_id(connection, handoff_id).reason == CRISIS
            return [self._texts.say("citizen.wait_cancelled_crisis" if danger else "citizen.wait_cancelled")]
        if command == "ticket" and self._escape.possible:
            handoff = waiting.by_id(connection, handoff_id)
            if not self._escape.has_matter(connection, handoff):
                return [self._texts.say("citizen.ticket_empty")]
            ticket = self._escape.leave(connection, handoff, at)
            if ticket is not None:
                return [self._texts.say("citizen.ticket", number=ticket.number, due=ticket.due_text)]
        if self._outside.takes(connection, waiting.by_id(connection, handoff_id)):
            self._outside.give(connection, conversation_id, handoff_id, at)
            return []
        return self._acknowledgement(connection, handoff_id, at, asked=command == "place")

    def withdraw(self, connection: Connection, conversation_id: str, at: float) -> bool:
        """Take a waiting conversation out of the queue; whether it was waiting."""
        handoff_id = log.touch(connection, conversation_id, at)
        if handoff_id is None or not ownership.from_queue_to_bot(connection, conversation_id):
            return False
        line = self._texts.say("log.cancelled")
        log.append(connection, conversation_id, "system", line, at=at, handoff_id=handoff_id)
        waiting.close(connection, handoff_id, "cancelled", at)
        return True

    def _escalate(
        self, connection: Connection, conversation_id: str, handoff_id: int, said: str, at: float
    ) -> None:
        """It has become an emergency: first in the queue, or marked for whoever has it, with what was said now."""
        row = waiting.by_id(connection, handoff_id)
        known = row.priority >= _FIRST
        if not known:
            question = "\n".join(filter(None, [said.strip(), row.question]))
            waiting.change(connection, handoff_id, reason=CRISIS, priority=_FIRST, question=question)
            line = self._texts.say("log.crisis")
            log.append(connection, conversation_id, "system", line, at=at, handoff_id=handoff_id)
        if self._outside.holds(connection, ownership.read(connection, conversation_id)):
            self._outside.take_back(connection, row, "outside_crisis", at, tell=False)
        elif row.status == "queued" and not known:
            self._assigning.assign(connection, at)

    def _outside_still(self, connection: Connection, handoff_id: int, at: float) -> list[str]:
        """Staff outside the desk have it: what is said here is passed on, or the citizen is told why not."""
        handoff = waiting.by_id(connection, handoff_id)
        passing = self._outside.passing(connection, handoff.conversation_id)
        if passing == "not_this":
            return [self._texts.say("citizen.outside_words")]
        if passing == "nobody":
            self._outside.take_back(connection, handoff, "outside_away", at)
        return []

    def _before_the_first_reply(self, connection: Connection, handoff_id: int, at: float) -> list[str]:
        """Who has heard nothing from a person yet is told now and then that somebody has the message."""
        row = waiting.by_id(connection, handoff_id)
        told = row.acknowledged_at is not None and at - row.acknowledged_at < self._rules.waiting.tell_every
        if row.first_reply_at is not None or told:
            return []
        waiting.change(connection, handoff_id, acknowledged_at=at)
        return [self._texts.say("citizen.staff_looks")]

    def _acknowledgement(self, connection: Connection, handoff_id: int, at: float, asked: bool) -> list[str]:
        """Where they stand; who did not ask is told only now and then."""
        row = waiting.by_id(connection, handoff_id)
        told = row.acknowledged_at
        if not asked and told is not None and at - told < self._rules.waiting.tell_every:
            return []
        waiting.change(connection, handoff_id, acknowledged_at=at)
        if row.reason == CRISIS:
            return [self._texts.say("citizen.waiting_crisis")]
        standing = self._standing(connection, row, at)
        place = standing.place
        if standing.ready == 0:
            return [self._texts.say("citizen.waiting_offline", position=place, number=row.number)]
        if place == 1:
            return [self._texts.say("citizen.waiting_next")]
        estimate = self._estimate_text(standing.wait)
        return [self._texts.say("citizen.waiting_online", ahead=place - 1, estimate=estimate)]

    def _estimate_text(self, wait: float | None) -> str:
        if wait is None:
            return ""
        longest = self._rules.estimate.longest
        key = "estimate_long" if wait > longest else "estimate"
        return self._texts.say(f"citizen.{key}", minutes=int(min(wait, longest) // 60))

    def _standing(self, connection: Connection, row: Any, at: float) -> _Standing:
        routes = routing.read(connection, self._rules.default_department)
        there = self._assigning.present(connection, at)
        place = waiting.position(connection, row, routes)
        wait = None
        if place:
            wait = estimates.wait(connection, routes, row.department, place, there, self._rules.estimate, at)
        ready = sum(routes.serves(member.member(), row.department) for member in there)
        return _Standing(place, wait, ready, routes.taker(row.department))
