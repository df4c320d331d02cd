"""Passwords are stored as scrypt (RFC 7914) with its parameters, so that the cost can be raised later.

Form: `scrypt$n$r$p$salt$hash`, the last two in Base64.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """scrypt's parameters; 128·n·r bytes of memory. The default is one of OWASP's recommended settings."""

    n: int = 2**15
    r: int = 8
    p: int = 3


def hash_password(password: str, cost: Cost | None = None) -> str:
    """The text to store for a password, with a fresh salt."""
    cost, salt = cost or Cost(), secrets.token_bytes(16)
    return "$".join(
        ["scrypt", str(cost.n), str(cost.r), str(cost.p), _text(salt), _text(_derive(password, salt, cost))]
    )


def verify_password(password: str, stored: str) -> bool:
    """Is this the password? Compared in constant time.

    Raises:
        ValueError: the stored text is not of the form above.
    """
    scheme, n, r, p, salt, expected = stored.split("$")
    if scheme != "scrypt":
        raise ValueError(f"unknown password scheme {scheme!r}")
    derived = _derive(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(derived, base64.b64decode(expected))


def _derive(password: str, salt: bytes, cost: Cost) -> bytes:
    memory = 128 * cost.n * cost.r * 2
    return hashlib.scrypt(password.encode(), salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
