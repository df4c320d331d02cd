"""The audit log: who did what to whom, and when. Rows are added and read; nothing here changes or removes one.

It holds no passwords and nothing that a citizen wrote.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select
from sqlalchemy.engine import Connection, Engine

from desk.records import StaffMember, moment
from desk.tables import audit_log
from desk.tables import staff as accounts

PAGE_SIZE = 50
"""Entries on one page."""
SUBJECT_MAX = 200


@dataclass(frozen=True)
class AuditEntry:
    """One line of the log. `name` and `username` are those of who did it; None: the system, or nobody known."""

    id: int
    at: datetime
    name: str | None
    username: str | None
    action: str
    subject: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class AuditPage:
    """Entries, newest first. `older` and `newer` are ids to go on from; None: there is nothing more."""

    entries: list[AuditEntry]
    older: int | None
    newer: int | None


def write(
    connection: Connection,
    staff: StaffMember | None,
    action: str,
    subject: str,
    *,
    at: float | None = None,
    **detail: Any,
) -> None:
    """Add an entry in the caller's transaction: it is there if and only if what it tells about is.

    Args:
        connection: of the transaction that makes the change.
        staff: who does it; None for the system.
        action: a word of `audit_actions` in texts.yml, such as `account_changed`.
        subject: what it is done to, by its public name: a user name, a handoff's or a ticket's number. Never a
            conversation's id, which names a citizen.
        at: epoch seconds; None is now.
        detail: further facts that JSON can hold. A pair `[before, after]` is shown as a change.
    """
    connection.execute(
        insert(audit_log).values(
            at=time.time() if at is None else at,
            staff_id=None if staff is None else staff.id,
            action=action,
            subject=subject[:SUBJECT_MAX],
            detail=detail,
        )
    )


class AuditLog:
    """Reads the log."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(
        self,
        person: str = "",
        action: str = "",
        span: tuple[float, float] | None = None,
        before: int | None = None,
        after: int | None = None,
    ) -> AuditPage:
        """One page of the log, its newest one where neither `before` nor `after` is given.

        Args:
            person: a user name; entries of what they did and of what was done to them.
            action: only this action.
            span: only from the first to before the second of these epoch seconds.
            before: only what is older than the entry with this id.
            after: the entries that follow the one with this id.
        """
        found = select(audit_log, accounts.c.display_name, accounts.c.username).select_from(
            audit_log.outerjoin(accounts, accounts.c.id == audit_log.c.staff_id)
        )
        if person:
            who = select(accounts.c.id).where(accounts.c.username == person).scalar_subquery()
            found = found.where(or_(audit_log.c.staff_id == who, audit_log.c.subject == person))
        if action:
            found = found.where(audit_log.c.action == action)
        if span:
            found = found.where(audit_log.c.at >= span[0], audit_log.c.at < span[1])
        with self._engine.connect() as connection:
            if after is not None:
                following = found.where(audit_log.c.id > after).order_by(audit_log.c.id).limit(PAGE_SIZE + 1)
                rows = connection.execute(following).all()
                more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
                entries = _entries(reversed(rows))
                return AuditPage(entries, entries[-1].id if entries else None, _end(entries, 0, more))
            if before is not None:
                found = found.where(audit_log.c.id < before)
            newest_first = found.order_by(audit_log.c.id.desc()).limit(PAGE_SIZE + 1)
            rows = connection.execute(newest_first).all()
            more, entries = len(rows) > PAGE_SIZE, _entries(rows[:PAGE_SIZE])
            return AuditPage(entries, _end(entries, -1, more), _end(entries, 0, before is not None))


def _end(entries: list[AuditEntry], place: int, more: bool) -> int | None:
    return entries[place].id if more and entries else None


def _entries(rows: Iterable[Any]) -> list[AuditEntry]:
    return [
        AuditEntry(
            row.id, moment(row.at), row.display_name, row.username, row.action, row.subject, row.detail
        )
        for row in rows
    ]
