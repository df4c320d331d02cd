"""Who may call the internal API: our own processes, which hold the installation's token."""

from __future__ import annotations

import hmac

from fastapi import HTTPException, Request


class InternalOnly:
    """A FastAPI dependency that refuses (401) a request without ``Authorization: Bearer <token>``."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    def __call__(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, self._expected):
            raise HTTPException(401, "此接口只供系统内部使用。")
