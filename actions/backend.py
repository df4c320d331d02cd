"""The web process as the actions see it: nine calls over loopback HTTP.

BackendError
├── NotFound       404: there is no such answer, handoff or ticket
├── Conflict       409: no options are open, no answer to show in full, or a ticket that cannot be reopened
└── OutOfRange     422: no option has this number
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from actions.payload import STATUSES, Answer

# Seconds. An answer and the handoff after it must both fit into the time a gateway waits for Rasa.
ANSWER_TIMEOUT = 8.0
QUICK_TIMEOUT = 4.0
_CONNECT = 2.0
_KEEP_OPEN = 4.0
"""Seconds an unused connection is kept; the web process closes it after 5."""

Send = Callable[..., Awaitable[tuple[int, bytes]]]
"""`send(method, path, timeout=seconds, json=…, params=…)` gives the response's status and body."""


class BackendError(Exception):
    """The backend could not be reached, refused, or sent what is not in the contract.

    `detail` is its own Chinese sentence about it, "" where it sent none.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


class NotFound(BackendError):
    """There is no such thing for this conversation."""


class Conflict(BackendError):
    """No options are open, there is no answer to show in full, or the ticket cannot be reopened."""


class OutOfRange(BackendError):
    """No open option has this number."""


_ERRORS: dict[int, type[BackendError]] = {404: NotFound, 409: Conflict, 422: OutOfRange}


class Backend:
    """Client of the internal API. Every method raises BackendError, and nothing else, when a call fails."""

    def __init__(self, base_url: str, token: str, send: Send | None = None) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            base_url: address of the web process.
            token: the internal token.
            send: replaces the network in tests.
        """
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._send = send or self._over_http
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _over_http(
        self, method: str, path: str, *, timeout: float, **request: Any
    ) -> tuple[int, bytes]:
        # aiohttp takes a third of httpx's time, and this is most of what this process does.
        if self._session is None:
            connector = aiohttp.TCPConnector(keepalive_timeout=_KEEP_OPEN)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        limits = aiohttp.ClientTimeout(timeout, sock_connect=_CONNECT)
        # As it is: the numbers in some paths are quoted already.
        url = URL(self._base_url + path, encoded=True)
        async with self._session.request(method, url, timeout=limits, **request) as response:
            return response.status, await response.read()

    async def _call(
        self, method: str, path: str, *, timeout: float = QUICK_TIMEOUT, **request: Any
    ) -> dict[str, Any]:
        try:
            status, content = await self._send(method, path, timeout=timeout, **request)
            if status >= 400:
                kind = _ERRORS.get(status, BackendError)
                raise kind(f"{method} {path}: HTTP {status}", _detail(content))
            body = json.loads(content)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise BackendError(f"{method} {path}: {type(error).__name__}: {error}") from error
        if not isinstance(body, dict):
            raise BackendError(f"{method} {path}: not a JSON object")
        return body

    async def answer(
        self, question: str, conversation_id: str, choice: int | None = None, message_id: str = ""
    ) -> Answer:
        """Ask, or choose an option of this conversation's last clarifying answer.

        Args:
            message_id: the citizen's message; asked again for the same one, the same Answer comes back.

        Raises:
            Conflict: `choice` was given and no options are open.
            OutOfRange: `choice` was given and there is no such option.
            BackendError: anything else that is not an Answer.
        """
        request = _asked(question, conversation_id, message_id)
        if choice is not None:
            request["choice"] = choice
        return self._answer(await self._call("POST", "/api/answer", json=request, timeout=ANSWER_TIMEOUT))

    @staticmethod
    def _answer(body: dict[str, Any]) -> Answer:
        if body.get("status") not in STATUSES or not isinstance(body.get("text"), str) or not body["text"]:
            raise BackendError("POST /api/answer: not an Answer")
        return body

    async def full_text(self, conversation_id: str, message_id: str = "") -> Answer:
        """The whole text of what this conversation's last answer was taken from.

        Raises:
            Conflict: there is no answer to show.
            BackendError: anything else that is not an Answer.
        """
        request = _asked("", conversation_id, message_id) | {"full_text": True}
        return self._answer(await self._call("POST", "/api/answer", json=request, timeout=ANSWER_TIMEOUT))

    async def latest_answer(self, conversation_id: str) -> Answer:
        """The last Answer given in this conversation.

        Raises:
            NotFound: there is none.
        """
        return await self._call("GET", "/api/answers/latest", params={"conversation_id": conversation_id})

    async def feedback(self, answer_id: str, helpful: bool, comment: str) -> None:
        """Store what the citizen thought of an answer.

        Raises:
            NotFound: there is no such answer.
        """
        await self._call(
            "POST", f"/api/answers/{answer_id}/feedback", json={"helpful": helpful, "comment": comment}
        )

    async def open_handoff(
        self,
        conversation_id: str,
        reason: str,
        question: str,
        department: str | None = None,
        answer_id: str | None = None,
        said: str | None = None,
    ) -> dict[str, Any]:
        """Put the conversation into the staff's queue and return the receipt; outside working hours it has a ticket.

        Args:
            question: the matter; "" where it is not known, and outside working hours nothing is opened then.
            said: the words that only ask for a person.
        """
        request = {
            "conversation_id": conversation_id,
            "reason": reason,
            "question": question,
            "department": department,
            "answer_id": answer_id,
            "said": said,
        }
        given = {key: value for key, value in request.items() if value is not None}
        body = await self._call("POST", "/api/handoffs", json=given)
        if body.get("status") == "closed":
            return body
        if body.get("status") == "ticket":
            _with_number(body.get("ticket") or {}, "POST /api/handoffs, ticket")
            return body
        return _with_number(body, "POST /api/handoffs")

    async def latest_handoff(self, conversation_id: str) -> dict[str, Any]:
        """The conversation's last handoff.

        Raises:
            NotFound: there was none.
        """
        return await self._call("GET", "/api/handoffs/latest", params={"conversation_id": conversation_id})

    async def open_ticket(
        self,
        conversation_id: str,
        kind: str,
        subject: str,
        details: str,
        *,
        contact_consent: bool,
        place: str | None = None,
        contact: str | None = None,
        answer_id: str | None = None,
        message_id: str = "",
    ) -> dict[str, Any]:
        """Register a matter that is worked on and answered later, and return the receipt.

        Args:
            message_id: the citizen's message; sent again with the same one, the same ticket comes back.
        """
        request: dict[str, Any] = {
            "conversation_id": conversation_id,
            "kind": kind,
            "subject": subject,
            "details": details,
            "contact_consent": contact_consent,
        }
        optional = {"place": place, "contact": contact, "answer_id": answer_id, "message_id": message_id}
        given = request | {key: value for key, value in optional.items() if value}
        return _with_number(await self._call("POST", "/api/tickets", json=given), "POST /api/tickets")

    async def tickets(self, conversation_id: str, number: str | None = None) -> list[dict[str, Any]]:
        """This citizen's tickets, the newest first.

        Raises:
            NotFound: a number was given and it is not one of theirs.
        """
        asked = {"conversation_id": conversation_id} | ({"number": number} if number else {})
        body = await self._call("GET", "/api/tickets", params=asked)
        found = body.get("tickets")
        if not isinstance(found, list) or not all(
            isinstance(one, dict) and one.get("number") for one in found
        ):
            raise BackendError("GET /api/tickets: no list of tickets")
        return found

    async def reopen_ticket(
        self, conversation_id: str, number: str, reason: str, message_id: str = ""
    ) -> dict[str, Any]:
        """Have an answered ticket worked on again.

        Raises:
            NotFound: it is not one of this citizen's.
            Conflict: it cannot be reopened; `detail` says why.
        """
        request = {"conversation_id": conversation_id, "reason": reason}
        given = request | ({"message_id": message_id} if message_id else {})
        path = f"/api/tickets/{quote(number, safe='')}/reopen"
        return _with_number(await self._call("POST", path, json=given), f"POST {path}")


def _with_number(body: dict[str, Any], call: str) -> dict[str, Any]:
    if not body.get("number"):
        raise BackendError(f"{call}: no number in the receipt")
    return body


def _detail(content: bytes) -> str:
    try:
        detail = json.loads(content).get("detail")
    except (ValueError, AttributeError):
        return ""
    return detail if isinstance(detail, str) else ""


def _asked(question: str, conversation_id: str, message_id: str) -> dict[str, Any]:
    request = {"question": question, "conversation_id": conversation_id}
    return request | ({"message_id": message_id} if message_id else {})


@cache
def default_backend() -> Backend:
    """The backend named by WENZHENG_BACKEND_URL and WENZHENG_INTERNAL_TOKEN, which the supervisor sets."""
    return Backend(
        os.environ.get("WENZHENG_BACKEND_URL", "http://127.0.0.1:8000"),
        os.environ.get("WENZHENG_INTERNAL_TOKEN", ""),
    )
