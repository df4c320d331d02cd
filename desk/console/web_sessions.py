"""Cookies of the console: who is signed in, and the token every form must carry."""

import hashlib
import hmac
import secrets

from fastapi import Request, Response

from desk.accounts import Accounts
from desk.accounts.sign_in import SESSION_SECONDS
from desk.records import StaffMember

SESSION_COOKIE = "wenzheng_staff"
SIGN_IN_COOKIE = "wenzheng_sign_in"
_PATH = "/console"


def signed_in(request: Request, accounts: Accounts) -> StaffMember | None:
    """The member of staff whose session the request carries, unless they must change their password first."""
    member = whoever(request, accounts)
    return None if member is None or member.must_change_password else member


def whoever(request: Request, accounts: Accounts) -> StaffMember | None:
    """The same, also where nothing but the password page is open to them."""
    token = request.cookies.get(SESSION_COOKIE)
    return accounts.session(token) if token else None


def form_token(secret: str) -> str:
    """The token a form must carry: only a page of this site, which knows the cookie, can make it."""
    return hashlib.sha256(b"form:" + secret.encode()).hexdigest()


def form_token_fits(secret: str, token: str) -> bool:
    """Is `token` the one of this cookie? Compared in constant time."""
    return hmac.compare_digest(form_token(secret).encode(), token.encode())


def session_form_token(request: Request) -> str:
    """The token for the forms of a signed-in page."""
    return form_token(request.cookies.get(SESSION_COOKIE, ""))


def sign_in_secret(request: Request) -> str:
    """The secret behind the sign-in form; kept when the browser has one, so that two tabs both work."""
    return request.cookies.get(SIGN_IN_COOKIE) or secrets.token_urlsafe(24)


def form_is_ours(request: Request, cookie: str, token: str) -> bool:
    """Was the form made by a page of ours for this browser (protection against CSRF)?"""
    secret = request.cookies.get(cookie)
    return bool(secret) and form_token_fits(str(secret), token)


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser the session; no script can read it, no other site can post with it."""
    _set(request, response, SESSION_COOKIE, token, SESSION_SECONDS)
    response.delete_cookie(SIGN_IN_COOKIE, path=_PATH)


def set_sign_in_secret(request: Request, response: Response, secret: str) -> None:
    """Give the browser the secret behind the sign-in form."""
    _set(request, response, SIGN_IN_COOKIE, secret, SESSION_SECONDS)


def forget_session(response: Response) -> None:
    """Take the session cookie away."""
    response.delete_cookie(SESSION_COOKIE, path=_PATH)


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=_PATH,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
