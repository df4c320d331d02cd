"""What an account's fields must be like, and the initial passwords."""

import re
import secrets
from typing import Any, get_args

from desk.accounts.passwords import Cost, hash_password
from desk.errors import BadInput
from desk.permissions import Role
from desk.texts import Texts

PASSWORD_MIN = 10
PASSWORD_MAX = 200
NAME_MAX = 64
DEPARTMENT_MAX = 128
CAPACITY_MAX = 50
"""Most conversations at once that can be entered."""
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,63}")
_INITIAL_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike on paper
_INITIAL_GROUPS, _INITIAL_GROUP = 4, 4


class AccountFields:
    """Checks fields. Every method returns what is stored, and raises `BadInput` naming the field."""

    def __init__(self, texts: Texts, cost: Cost) -> None:
        self._texts = texts
        self._cost = cost

    def username(self, value: str) -> str:
        """In small letters."""
        value = value.strip().lower()
        if not _USERNAME.fullmatch(value):
            raise BadInput(self._texts.say("accounts.username_bad", username=value), "username")
        return value

    def editable(
        self, display_name: str, department: str, role: str, capacity: int | str | None
    ) -> dict[str, Any]:
        """The columns that administrators change."""
        if role not in get_args(Role):
            known = "、".join(get_args(Role))
            raise BadInput(self._texts.say("accounts.role_bad", role=role, known=known), "role")
        return {
            "display_name": self._filled("display_name", "name", display_name, NAME_MAX),
            "department": self._filled("department", "department", department, DEPARTMENT_MAX),
            "role": role,
            "capacity": self._capacity(capacity),
        }

    def password_hash(self, username: str, password: str, field: str = "password") -> str:
        """Of a password that is good enough."""
        if len(password) < PASSWORD_MIN:
            text = self._texts.say("accounts.password_short", length=len(password), limit=PASSWORD_MIN)
            raise BadInput(text, field)
        if len(password) > PASSWORD_MAX:
            text = self._texts.say("accounts.password_long", length=len(password), limit=PASSWORD_MAX)
            raise BadInput(text, field)
        if password.lower() == username:
            raise BadInput(self._texts.say("accounts.password_is_username"), field)
        return hash_password(password, self._cost)

    def _capacity(self, value: int | str | None) -> int | None:
        text = "" if value is None else str(value).strip()
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= CAPACITY_MAX):
            raise BadInput(self._texts.say("accounts.capacity_bad", limit=CAPACITY_MAX), "capacity")
        return int(text)

    def _filled(self, field: str, text: str, value: str, limit: int) -> str:
        value = value.strip()
        if not value:
            raise BadInput(self._texts.say(f"accounts.{text}_empty"), field)
        if len(value) > limit:
            raise BadInput(self._texts.say(f"accounts.{text}_long", length=len(value), limit=limit), field)
        return value


def initial_password() -> str:
    """A random one (79 bits) that can be read out and typed, such as `k7mp-x3hd-9wqt-v4rn`."""
    groups = (
        "".join(secrets.choice(_INITIAL_ALPHABET) for _ in range(_INITIAL_GROUP))
        for _ in range(_INITIAL_GROUPS)
    )
    return "-".join(groups)
