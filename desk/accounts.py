"""Accounts of staff, signing in, and sessions. There is no default account and no default password."""

import hashlib
import hmac
import math
import re
import secrets
import time
from pathlib import Path
from typing import Any, get_args

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from desk.database import Clock, insert_missing
from desk.errors import BadInput, SignInLocked, SignInRefused, UnknownStaff, UsernameTaken
from desk.passwords import Cost, hash_password, verify_password
from desk.records import Role, StaffMember
from desk.tables import sign_in_failures, staff, staff_sessions
from desk.texts import Texts

PASSWORD_MIN = 10
PASSWORD_MAX = 200
NAME_MAX = 64
DEPARTMENT_MAX = 128
FAILURES_ALLOWED = 5
LOCK_SECONDS = 15 * 60
SESSION_SECONDS = 12 * 3600
SEEN_EVERY = 30.0
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,63}")


class Accounts:
    """Staff accounts in the desk's database.

    Args:
        engine: the database, with `desk.tables.metadata` created in it.
        texts: path of the Chinese texts; `None` takes the desk's own.
        clock: the present as epoch seconds.
        cost: scrypt's parameters for new passwords.
    """

    def __init__(
        self, engine: Engine, texts: Path | None = None, clock: Clock = time.time, cost: Cost | None = None
    ) -> None:
        self.texts = Texts(texts)
        self._engine = engine
        self._clock = clock
        self._cost = cost or Cost()
        # Verified against when the name is unknown, so that the time taken does not tell.
        self._nobody = hash_password(secrets.token_hex(), self._cost)

    def create(
        self, username: str, password: str, display_name: str, department: str, role: Role = "staff"
    ) -> StaffMember:
        """Create an account.

        Raises:
            BadInput: a field is empty, too long or malformed, or the password too weak.
            UsernameTaken: there is one with this name.
        """
        username = username.strip().lower()
        if not _USERNAME.fullmatch(username):
            raise BadInput(self.texts.say("accounts.username_bad", username=username))
        if role not in get_args(Role):
            known = "、".join(get_args(Role))
            raise BadInput(self.texts.say("accounts.role_bad", role=role, known=known))
        values = {
            "username": username,
            "display_name": self._filled("name", display_name, NAME_MAX),
            "department": self._filled("department", department, DEPARTMENT_MAX),
            "password_hash": self._hashed(username, password),
            "role": role,
            "active": True,
            "created_at": self._clock(),
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(staff).values(**values))
        except IntegrityError:
            raise UsernameTaken(self.texts.say("accounts.username_taken", username=username)) from None
        return self.find(username)

    def find(self, username: str) -> StaffMember:
        """The account with this name, active or not. Raises `UnknownStaff`."""
        with self._engine.connect() as connection:
            return _member(self._row(connection, username))

    def all(self) -> list[StaffMember]:
        """Every active account, by user name."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(staff).where(staff.c.active).order_by(staff.c.username))
            return [_member(row) for row in rows]

    def change_password(self, username: str, password: str) -> None:
        """Set a new password, end the account's sessions and lift a lock.

        Raises:
            UnknownStaff, BadInput: no such account, or too weak a password.
        """
        hashed = self._hashed(username.strip().lower(), password)
        self._change(username, password_hash=hashed)

    def deactivate(self, username: str) -> None:
        """Close an account and end its sessions; what it wrote stays. Raises `UnknownStaff`."""
        self._change(username, active=False)

    def sign_in(self, username: str, password: str) -> str:
        """Check a password and open a session of twelve hours.

        After five failures the name is locked for fifteen minutes, whether or not somebody has it. An
        attempt is counted before the password is looked at, so parallel guesses gain nothing.

        Returns:
            The session's token, to be kept by the browser only.

        Raises:
            SignInRefused: wrong name or password, or a closed account; which, is not told.
            SignInLocked: too many failures.
        """
        username = username.strip().lower()[:64]
        self._count_attempt(username)
        with self._engine.connect() as connection:
            row = connection.execute(
                select(staff).where(staff.c.username == username, staff.c.active)
            ).first()
        stored = self._nobody if row is None else row.password_hash
        if not verify_password(password[: PASSWORD_MAX + 1], stored) or row is None:
            raise SignInRefused(self.texts.say("accounts.refused"))
        token, at = secrets.token_urlsafe(32), self._clock()
        with self._engine.begin() as connection:
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.username == username))
            connection.execute(delete(staff_sessions).where(staff_sessions.c.expires_at <= at))
            connection.execute(
                insert(staff_sessions).values(
                    token_hash=_hash(token),
                    staff_id=row.id,
                    created_at=at,
                    expires_at=at + SESSION_SECONDS,
                    last_seen_at=at,
                )
            )
        return token

    def session(self, token: str) -> StaffMember | None:
        """Whose session this is, noting that they are online; `None` when it ended or never was."""
        at = self._clock()
        same = staff_sessions.c.token_hash == _hash(token)
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
        return _member(row)

    def sign_out(self, token: str) -> None:
        """End the session; nothing happens if it has ended."""
        with self._engine.begin() as connection:
            connection.execute(delete(staff_sessions).where(staff_sessions.c.token_hash == _hash(token)))

    def _count_attempt(self, username: str) -> None:
        at, same = self._clock(), sign_in_failures.c.username == username
        with self._engine.begin() as connection:
            connection.execute(
                delete(sign_in_failures).where(sign_in_failures.c.last_at <= at - LOCK_SECONDS)
            )
            insert_missing(connection, sign_in_failures, {"username": username, "failures": 0, "last_at": at})
            counted = connection.execute(
                update(sign_in_failures)
                .where(same, sign_in_failures.c.failures < FAILURES_ALLOWED)
                .values(failures=sign_in_failures.c.failures + 1, last_at=at)
            )
            if counted.rowcount == 1:
                return
            last_at = connection.execute(select(sign_in_failures.c.last_at).where(same)).scalar_one()
        minutes = math.ceil((last_at + LOCK_SECONDS - at) / 60)
        raise SignInLocked(self.texts.say("accounts.locked", minutes=minutes))

    def _change(self, username: str, **values: Any) -> None:
        with self._engine.begin() as connection:
            row = self._row(connection, username)
            connection.execute(update(staff).where(staff.c.id == row.id).values(**values))
            connection.execute(delete(staff_sessions).where(staff_sessions.c.staff_id == row.id))
            connection.execute(delete(sign_in_failures).where(sign_in_failures.c.username == row.username))

    def _row(self, connection: Connection, username: str) -> Any:
        name = username.strip().lower()
        row = connection.execute(select(staff).where(staff.c.username == name)).first()
        if row is None:
            raise UnknownStaff(self.texts.say("accounts.unknown", username=name))
        return row

    def _hashed(self, username: str, password: str) -> str:
        if len(password) < PASSWORD_MIN:
            text = self.texts.say("accounts.password_short", length=len(password), limit=PASSWORD_MIN)
            raise BadInput(text)
        if len(password) > PASSWORD_MAX:
            text = self.texts.say("accounts.password_long", length=len(password), limit=PASSWORD_MAX)
            raise BadInput(text)
        if password.lower() == username:
            raise BadInput(self.texts.say("accounts.password_is_username"))
        return hash_password(password, self._cost)

    def _filled(self, field: str, value: str, limit: int) -> str:
        value = value.strip()
        if not value:
            raise BadInput(self.texts.say(f"accounts.{field}_empty"))
        if len(value) > limit:
            raise BadInput(self.texts.say(f"accounts.{field}_long", length=len(value), limit=limit))
        return value


def form_token(secret: str) -> str:
    """The token a form must carry: only a page of this site, which knows the cookie, can make it."""
    return hashlib.sha256(b"form:" + secret.encode()).hexdigest()


def form_token_fits(secret: str, token: str) -> bool:
    """Is `token` the one of this cookie? Compared in constant time."""
    return hmac.compare_digest(form_token(secret).encode(), token.encode())


def _member(row: Any) -> StaffMember:
    return StaffMember(row.id, row.username, row.display_name, row.department, row.role)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
