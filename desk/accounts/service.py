"""Accounts of staff. There is no default account and no default password.

Every change is written to the audit log in its own transaction. `by` is who makes it; None is whoever has the
command line of the machine.
"""

import time
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from desk import audit
from desk.accounts.fields import AccountFields, initial_password
from desk.accounts.passwords import Cost
from desk.accounts.sign_in import SignIn, as_member, end_sessions, forget_failures
from desk.database import Clock
from desk.errors import BadInput, LastAdministrator, SignInRefused, UnknownStaff, UsernameTaken
from desk.permissions import Role, roles_that_may
from desk.records import Account, StaffMember, moment
from desk.tables import handoffs, staff
from desk.texts import Texts


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
        self._fields = AccountFields(self.texts, cost or Cost())
        self._door = SignIn(engine, self.texts, clock, cost or Cost())

    # Reading

    def find(self, username: str) -> StaffMember:
        """The account with this name, active or not. Raises `UnknownStaff`."""
        with self._engine.connect() as connection:
            return as_member(self._row(connection, username))

    def all(self) -> list[StaffMember]:
        """Every active account, by user name."""
        return [account.member for account in self.everyone() if account.active]

    def everyone(self) -> list[Account]:
        """Every account, closed ones too, by user name."""
        open_now = (
            select(handoffs.c.claimed_by, func.count().label("serving"))
            .where(handoffs.c.status == "claimed")
            .group_by(handoffs.c.claimed_by)
            .subquery()
        )
        statement = (
            select(staff, open_now.c.serving)
            .select_from(staff.outerjoin(open_now, open_now.c.claimed_by == staff.c.id))
            .where(~staff.c.outside)
            .order_by(staff.c.username)
        )
        with self._engine.connect() as connection:
            return [
                Account(as_member(row), row.active, row.capacity, moment(row.created_at), row.serving or 0)
                for row in connection.execute(statement)
            ]

    def account(self, username: str) -> Account:
        """The account with this name, as administrators see it. Raises `UnknownStaff`."""
        member = self.find(username)
        return next(account for account in self.everyone() if account.member.id == member.id)

    # Changing

    def create(
        self,
        username: str,
        password: str,
        display_name: str,
        department: str,
        role: Role = "staff",
        capacity: int | str | None = None,
        *,
        must_change_password: bool = False,
        by: StaffMember | None = None,
    ) -> StaffMember:
        """Create an account.

        Args:
            capacity: how many conversations at once; None or empty: as many as the default allows.
            must_change_password: at the first sign-in, before anything else.

        Raises:
            BadInput: a field is empty, too long or malformed, or the password too weak.
            UsernameTaken: there is one with this name.
        """
        username = self._fields.username(username)
        values = self._fields.editable(display_name, department, role, capacity)
        hashed = self._fields.password_hash(username, password)
        fixed = {"username": username, "active": True, "created_at": self._clock()}
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    insert(staff).values(
                        **fixed, **values, password_hash=hashed, must_change_password=must_change_password
                    )
                )
                self._write(connection, by, "account_added", username, **values)
        except IntegrityError:
            text = self.texts.say("accounts.username_taken", username=username)
            raise UsernameTaken(text, "username") from None
        return self.find(username)

    def create_with_initial_password(
        self,
        username: str,
        display_name: str,
        department: str,
        role: Role,
        capacity: int | str | None,
        by: StaffMember,
    ) -> tuple[StaffMember, str]:
        """Like `create`, with a random password to be shown once and changed at the first sign-in."""
        password = initial_password()
        member = self.create(
            username, password, display_name, department, role, capacity, must_change_password=True, by=by
        )
        return member, password

    def change(
        self,
        username: str,
        display_name: str,
        department: str,
        role: str,
        capacity: int | str | None,
        by: StaffMember | None = None,
    ) -> None:
        """Give the account these values; nothing is written where they are the present ones.

        Raises:
            UnknownStaff, BadInput: no such account, or a field is not as it must be.
            LastAdministrator: it would leave nobody who manages the accounts.
        """
        values = self._fields.editable(display_name, department, role, capacity)
        with self._engine.begin() as connection:
            row = self._row(connection, username)
            changed = {
                name: [row._mapping[name], new] for name, new in values.items() if row._mapping[name] != new
            }
            if not changed:
                return
            if "role" in changed:
                self._leave_an_administrator(connection, row, values["role"])
            self._set(connection, row, **values)
            self._write(connection, by, "account_changed", row.username, **changed)

    def change_role(self, username: str, role: str) -> None:
        """Give the account another role. Raises like `change`."""
        account = self.account(username)
        member = account.member
        self.change(username, member.display_name, member.department, role, account.capacity)

    def change_password(self, username: str, password: str) -> None:
        """Set a new password, end the account's sessions and lift a lock.

        Raises:
            UnknownStaff, BadInput: no such account, or too weak a password.
        """
        self._reset(username, password, must_change=False, by=None)

    def reset_password(self, username: str, by: StaffMember) -> str:
        """Set a random password and return it; it must be changed at the next sign-in. Raises `UnknownStaff`."""
        password = initial_password()
        self._reset(username, password, must_change=True, by=by)
        return password

    def change_own_password(
        self, member: StaffMember, token: str, old: str, new: str, origin: str = ""
    ) -> None:
        """Change one's own password; the session with `token` goes on, all others end.

        Raises:
            BadInput: the old password is wrong, or the new one too weak or the same.
            SignInLocked: too many wrong ones; counted together with failures to sign in.
        """
        hashed = self._fields.password_hash(member.username, new, "new")
        try:
            row = self._door.prove(member.username, old, origin)
        except SignInRefused:
            raise BadInput(self.texts.say("accounts.old_password_wrong"), "old") from None
        if new == old:
            raise BadInput(self.texts.say("accounts.password_same"), "new")
        with self._engine.begin() as connection:
            self._set(connection, row, password_hash=hashed, must_change_password=False)
            end_sessions(connection, row.id, but=token)
            forget_failures(connection, row.username)
            self._write(connection, member, "password_changed", row.username)

    def deactivate(self, username: str, by: StaffMember | None = None) -> None:
        """Close an account and end its sessions; what it wrote stays.

        Raises:
            UnknownStaff: no such account.
            LastAdministrator: it would leave nobody who manages the accounts.
        """
        with self._engine.begin() as connection:
            row = self._row(connection, username)
            if not row.active:
                return
            self._leave_an_administrator(connection, row, None)
            self._set(connection, row, active=False)
            end_sessions(connection, row.id)
            forget_failures(connection, row.username)
            self._write(connection, by, "account_deactivated", row.username)

    def reactivate(self, username: str, by: StaffMember | None = None) -> None:
        """Open a closed account again, with the password it had. Raises `UnknownStaff`."""
        with self._engine.begin() as connection:
            row = self._row(connection, username)
            if row.active:
                return
            self._set(connection, row, active=True)
            self._write(connection, by, "account_reactivated", row.username)

    # Signing in

    def sign_in(self, username: str, password: str, origin: str = "") -> str:
        """Check a password and open a session of twelve hours.

        After five failures the name is locked for fifteen minutes, whether or not somebody has it. An
        attempt is counted before the password is looked at, so parallel guesses gain nothing.

        Args:
            origin: the network address it comes from, for the audit log.

        Returns:
            The session's token, to be kept by the browser only.

        Raises:
            SignInRefused: wrong name or password, or a closed account; which, is not told.
            SignInLocked: too many failures.
        """
        return self._door.open(username, password, origin)

    def session(self, token: str) -> StaffMember | None:
        """Whose session this is, noting that they are online; `None` when it ended or never was."""
        return self._door.session(token)

    def sign_out(self, token: str) -> None:
        """End the session; nothing happens if it has ended."""
        self._door.close(token)

    def _reset(self, username: str, password: str, must_change: bool, by: StaffMember | None) -> None:
        hashed = self._fields.password_hash(username.strip().lower(), password)
        with self._engine.begin() as connection:
            row = self._row(connection, username)
            self._set(connection, row, password_hash=hashed, must_change_password=must_change)
            end_sessions(connection, row.id)
            forget_failures(connection, row.username)
            self._write(connection, by, "password_reset", row.username)

    def _leave_an_administrator(self, connection: Connection, row: Any, role: str | None) -> None:
        """Refuse where this account is the last that manages accounts, and would no longer."""
        managing = roles_that_may("manage_accounts")
        if not row.active or row.role not in managing or role in managing:
            return
        # The rows are locked, so that of two administrators who close each other's account one is refused.
        others = select(staff.c.id).where(staff.c.active, staff.c.role.in_(managing)).with_for_update()
        if all(other.id == row.id for other in connection.execute(others).all()):
            raise LastAdministrator(self.texts.say("accounts.last_administrator"), "role")

    def _set(self, connection: Connection, row: Any, **values: Any) -> None:
        connection.execute(update(staff).where(staff.c.id == row.id).values(**values))

    def _write(
        self, connection: Connection, by: StaffMember | None, action: str, subject: str, **detail: Any
    ) -> None:
        via = {} if by else {"via": "command_line"}
        audit.write(connection, by, action, subject, at=self._clock(), **detail, **via)

    def _row(self, connection: Connection, username: str) -> Any:
        name = username.strip().lower()
        row = connection.execute(select(staff).where(staff.c.username == name, ~staff.c.outside)).first()
        if row is None:
            raise UnknownStaff(self.texts.say("accounts.unknown", username=name))
        return row
