"""Signing in: passwords are checked, failures counted and locked, sessions opened and ended."""

import hashlib
import math
import secrets
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection, Engine

from desk import audit
from desk.accounts.fields import PASSWORD_MAX
from desk.accounts.passwords import Cost, hash_password, verify_password
from desk.database import Clock, insert_missing
from desk.errors import SignInLocked, SignInRefused
from desk.records import StaffMember
from desk.tables import sign_in_failures, staff, staff_sessions
from desk.texts import Texts

FAILURES_ALLOWED = 5
LOCK_SECONDS = 15 * 60
SESSION_SECONDS = 12 * 3600
SEEN_EVERY = 30.0


class SignIn:
    """The door of the console; `Accounts` hands its methods out and says what they do."""

    def __init__(self, engine: Engine, texts: Texts, clock: Clock, cost: Cost) -> None:
        self._texts = texts
        self._engine = engine
        self._clock = clock
        # Verified against when the name is unknown, so that the time taken does not tell.
        self._nobody = hash_password(secrets.token_hex(), cost)

    def open(self, username: str, password: str, origin: str) -> str:
        """Check the password and open a session; its token."""
        row = self.prove(username, password, origin)
        token, at = secrets.token_urlsafe(32), self._clock()
        with self._engine.begin() as connection:
            forget_failures(connection, row.username)
            connection.execute(delete(staff_sessions).where(staff_sessions.c.expires_at <= at))
            connection.execute(
                insert(staff_sessions).values(
                    token_hash=token_hash(token),
                    staff_id=row.id,
                    created_at=at,
                    expires_at=at + SESSION_SECONDS,
                    last_seen_at=at,
                )
            )
            audit.write(connection, as_member(row), "sign_in", row.username, at=at, origin=origin)
        return token

    def prove(self, username: str, password: str, origin: str) -> Any:
        """The account's row, if it is open and this is its password. A failure is counted and written down.

        Raises:
            SignInRefused, SignInLocked: as for `Accounts.sign_in`.
        """
        username = username.strip().lower()[:64]
        last = self._count_attempt(username)
        with self._engine.connect() as connection:
            row = connection.execute(select(staff).where(staff.c.username == username)).first()
        usable = row is not None and row.active
        stored = row.password_hash if usable else self._nobody
        if verify_password(password[: PASSWORD_MAX + 1], stored) and usable:
            return row
        # A name that nobody has is not written down: it may be a password in the wrong box.
        subject = "" if row is None else row.username
        with self._engine.begin() as connection:
            audit.write(connection, None, "sign_in_failed", subject, at=self._clock(), origin=origin)
            if last:
                audit.write(connection, None, "sign_in_locked", subject, at=self._clock(), origin=origin)
        raise SignInRefused(self._texts.say("accounts.refused"))

    def session(self, token: str) -> StaffMember | None:
        """Whose session this is, noting that they are online."""
        at = self._clock()
        same = staff_sessions.c.token_hash == token_hash(token)
        statement = (
            select(staff, staff_sessions.c.last_seen_at)
            .select_from(staff_sessions.join(staff, staff.c.id == staff_sessions.c.staff_id))
            .where(same, staff_sessions.c.expires_at > at, staff.c.active)
        )
        with self._engine.connect() as connection:
            row = connection.execute(statement).first()
        if row is None:
            return None
        if at - row.last_seen_at >= SEEN_EVERY:
            with self._engine.begin() as connection:
                connection.execute(update(staff_sessions).where(same).values(last_seen_at=at))
        return as_member(row)

    def close(self, token: str) -> None:
        """End the session; nothing happens if it has ended."""
        with self._engine.begin() as connection:
            connection.execute(delete(staff_sessions).where(staff_sessions.c.token_hash == token_hash(token)))

    def _count_attempt(self, username: str) -> bool:
        """Count it before the password is looked at; whether it is the last one before a lock."""
        at, same = self._clock(), sign_in_failures.c.username == username
        counted = select(sign_in_failures.c.failures, sign_in_failures.c.last_at).where(same)
        with self._engine.begin() as connection:
            connection.execute(
                delete(sign_in_failures).where(sign_in_failures.c.last_at <= at - LOCK_SECONDS)
            )
            insert_missing(connection, sign_in_failures, {"username": username, "failures": 0, "last_at": at})
            done = connection.execute(
                update(sign_in_failures)
                .where(same, sign_in_failures.c.failures < FAILURES_ALLOWED)
                .values(failures=sign_in_failures.c.failures + 1, last_at=at)
            )
            failures, last_at = connection.execute(counted).one()
        if done.rowcount == 1:
            return bool(failures == FAILURES_ALLOWED)
        minutes = math.ceil((last_at + LOCK_SECONDS - at) / 60)
        raise SignInLocked(self._texts.say("accounts.locked", minutes=minutes))


def end_sessions(connection: Connection, staff_id: int, but: str = "") -> None:
    """End the person's sessions, except the one with the token `but`."""
    connection.execute(
        delete(staff_sessions).where(
            staff_sessions.c.staff_id == staff_id, staff_sessions.c.token_hash != token_hash(but)
        )
    )


def forget_failures(connection: Connection, username: str) -> None:
    """Lift a lock, and begin counting anew."""
    connection.execute(delete(sign_in_failures).where(sign_in_failures.c.username == username))


def as_member(row: Any) -> StaffMember:
    """A row of `staff` as the public record."""
    return StaffMember(
        row.id, row.username, row.display_name, row.department, row.role, row.must_change_password
    )


def token_hash(token: str) -> str:
    """What is stored of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()
