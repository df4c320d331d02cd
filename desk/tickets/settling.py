"""How a ticket ends: answered, closed, or merged into another. What a citizen is told goes out with it."""

from typing import Any

from sqlalchemy.engine import Connection

from desk.conversations.assigning import Deliver
from desk.errors import NotAllowed
from desk.records import StaffMember
from desk.texts import Texts
from desk.tickets import store
from desk.tickets.acts import Acts
from desk.tickets.checks import Checks
from desk.tickets.errors import BadField, WrongState
from desk.tickets.records import FOLLOW_UP, Calendar
from desk.tickets.rights import Rights
from desk.tickets.rules import Rules


class Settling(Acts):
    """The ends.

    Args:
        texts, checks, rights, rules: as for all acts.
        calendar: says moments to citizens.
        deliver: puts a text for a citizen in the outbox, in the transaction.
    """

    def __init__(
        self,
        texts: Texts,
        checks: Checks,
        rights: Rights,
        rules: Rules,
        calendar: Calendar,
        deliver: Deliver,
    ) -> None:
        super().__init__(texts, checks, rights, rules)
        self._calendar = calendar
        self._deliver = deliver

    def answer(self, connection: Connection, number: str, staff: StaffMember, text: str, at: float) -> int:
        """Tell the citizen the result, and those whose tickets were merged into this one."""
        row = self._open(connection, number, staff)
        if row.kind == FOLLOW_UP:
            raise WrongState(self._texts.say("errors.follow_up_answer"))
        self._rights.require_settles(row, staff)
        text = self._checks.filled("result", text)
        self._settle(connection, row, staff, {"status": "answered"}, text, at)
        store.log(connection, row.id, "answered", text, at, by=staff)
        return int(row.id)

    def close(self, connection: Connection, number: str, staff: StaffMember, reason: str, at: float) -> int:
        """End a ticket: an answered one early, or by a supervisor one that gets no answer, with the reason."""
        row = self._rights.reached(connection, number, staff)
        reason = self._checks.optional("reason", reason)
        if row.status == "answered":
            self._rights.require_settles(row, staff)
            self._change(connection, row, status="closed", closed_at=at, next_at=None)
        else:
            self._require_open(row)
            if not staff.may("supervise"):
                raise NotAllowed(self._texts.say("errors.close_unanswered"))
            reason = self._checks.filled("reason", reason)
            self._settle(connection, row, staff, {"status": "closed", "closed_at": at}, reason, at)
        store.log(connection, row.id, "closed", reason, at, by=staff)
        return int(row.id)

    def merge(self, connection: Connection, number: str, into: str, staff: StaffMember, at: float) -> int:
        """Handle a ticket together with another; those merged into it before go along.

        Returns:
            The id of the ticket it was merged into.
        """
        row = self._open(connection, number, staff)
        self._rights.require_movable(row, staff)
        target = self._open(connection, self._checks.filled("into", into, "subject"), staff)
        if target.id == row.id:
            raise BadField("into", self._texts.say("errors.merge_itself"))
        if (row.kind == FOLLOW_UP) != (target.kind == FOLLOW_UP):
            raise WrongState(self._texts.say("errors.merge_kinds"))
        if row.conversation_id != target.conversation_id and not staff.may("supervise"):
            raise NotAllowed(self._texts.say("errors.merge_conversations"))
        for merged in [row, *store.merged_into(connection, row.id)]:
            self._change(connection, merged, status="merged", merged_into_id=target.id, next_at=None)
        self._change(connection, target)  # so that it cannot be answered at the same moment without this one
        line = self._texts.say("log.merged_into", number=target.number, subject=target.subject)
        store.log(connection, row.id, "merged", line, at, by=staff)
        line = self._texts.say("log.merged_from", number=row.number, subject=row.subject)
        store.log(connection, target.id, "merged", line, at, by=staff)
        return int(target.id)

    def _settle(
        self,
        connection: Connection,
        row: Any,
        staff: StaffMember,
        state: dict[str, Any],
        result: str,
        at: float,
    ) -> None:
        """Write the result down here and in what was merged, and tell each citizen once."""
        answered = state["status"] == "answered"
        until = at + self._rules.reopen_seconds
        told = {"result": result, "answered_at": at if answered else None, "reopen_until": until}
        self._change(
            connection,
            row,
            **state,
            **told,
            assignee_id=row.assignee_id or staff.id,
            next_at=until if answered else None,
        )
        if row.kind == FOLLOW_UP:
            return
        # Merged ones that were told of an earlier result are not told again.
        merged = [each for each in store.merged_into(connection, row.id) if each.reopen_until is None]
        for each in merged:
            self._change(connection, each, **told)
            line = self._texts.say("log.settled_with", number=row.number, result=result)
            store.log(connection, each.id, "answered" if answered else "closed", line, at, by=staff)
        first: dict[str, Any] = {}
        others: dict[str, list[str]] = {}
        for each in [row, *merged]:
            if first.setdefault(each.conversation_id, each) is not each:
                others.setdefault(each.conversation_id, []).append(each.number)
        text_key = "citizen.answered" if answered else "citizen.closed"
        for conversation_id, each in first.items():
            numbers = others.get(conversation_id)
            also = self._texts.say("citizen.also", numbers="、".join(numbers)) if numbers else ""
            text = self._texts.say(
                text_key,
                number=each.number,
                subject=each.subject,
                also=also,
                result=result,
                until=self._calendar.describe(until, at),
            )
            self._deliver(connection, conversation_id, "system", text)
