"""What the server API answers: `ok`, or one of the codes of the page 全局返回码.

Source of 40200 for a msgmenu, and of the texts of 40200, 45015 and 45047: what users of the platform report.
"""

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse

MESSAGES = {
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40008: "invalid message type",
    40013: "invalid appid",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40125: "invalid appsecret",
    40200: "invalid account type",
    41001: "access_token missing",
    42001: "access_token expired",
    44004: "empty content",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45005: "url size out of limit",
    45006: "picurl size out of limit",
    45008: "article size out of limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45080: "no message in the last 30 seconds",
    45081: "already typing",
    47001: "data format error",
    48001: "api unauthorized",
    65401: "invalid custom service account",
    65413: "no session with this user",
    65414: "the user is with another custom service account",
    65415: "custom service account is not online",
}


class Refused(Exception):
    """A call that is refused.

    Args:
        code: its `errcode`.
        message: its `errmsg`, where it is not the code's own.
    """

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(code)
        self.answer = answer(code, message)


def answer(code: int = 0, message: str = "") -> dict[str, Any]:
    """The body of an answer."""
    return {"errcode": code, "errmsg": message or MESSAGES[code]}


async def refuse(_request: Request, error: Exception) -> JSONResponse:
    """Answers a call that is refused; the platform's status is 200 then, too."""
    assert isinstance(error, Refused)
    return JSONResponse(error.answer)
