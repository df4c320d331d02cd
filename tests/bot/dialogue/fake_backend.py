"""A small stand-in for the web process, to talk to a running Rasa by hand or from a script.

    python tests/bot/dialogue/fake_backend.py 18700

It keeps the contract of docs/architecture.md for the calls that the actions make. A question with 选 is
answered by options, one with 不知道 is not answered, one with 坏 fails; everything else is answered. A ticket whose
details have 停机 cannot be opened. While `State.closed`, nobody is there.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit


class State:
    """What the stand-in remembers."""

    answers: ClassVar[dict[str, dict[str, Any]]] = {}
    handoffs: ClassVar[dict[str, dict[str, Any]]] = {}
    feedback: ClassVar[list[dict[str, Any]]] = []
    tickets: ClassVar[list[dict[str, Any]]] = []
    reopened: ClassVar[list[dict[str, Any]]] = []
    closed: ClassVar[bool] = False


def _answer(status: str, text: str, reason: str | None = None, options: int = 0) -> dict[str, Any]:
    return {
        "id": f"a{len(State.answers) + 1}",
        "status": status,
        "text": text,
        "confidence": 0.9,
        "sources": [],
        "options": [{"id": f"o{n}", "label": f"选项{n}"} for n in range(1, options + 1)],
        "reason": reason,
        "department": None,
        "release": "r1",
        "timings_ms": {},
    }


class Handler(BaseHTTPRequestHandler):
    """The calls."""

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        """Latest answer or handoff; tickets."""
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        conversation = query["conversation_id"][0]
        if address.path == "/api/tickets":
            wanted = query.get("number", [None])[0]
            own = [one for one in reversed(State.tickets) if one["asked"]["conversation_id"] == conversation]
            own = [one for one in own if wanted in (None, one["number"])]
            return (
                self._send(404, {"detail": "none"})
                if wanted and not own
                else self._send(200, {"tickets": own})
            )
        kept = State.answers if address.path == "/api/answers/latest" else State.handoffs
        found = kept.get(conversation)
        return self._send(200 if found else 404, found or {"detail": "none"})

    def do_POST(self) -> None:
        """Answer, feedback, handoff."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/feedback"):
            State.feedback.append(body)
            self._send(200, {"ok": True})
        elif self.path == "/api/tickets":
            self._open_ticket(body)
        elif self.path.endswith("/reopen"):
            State.reopened.append(body | {"number": self.path.split("/")[-2]})
            self._send(200, {"number": self.path.split("/")[-2], "status": "working", "due_text": "12月4日"})
        elif self.path == "/api/handoffs":
            if State.closed and not body["question"]:
                return self._send(200, {"number": "", "status": "closed", "opens_text": "明天（周四）08:30"})
            number = f"H{len(State.handoffs) + 1:03d}"
            receipt = {
                "number": number,
                "status": "queued",
                "already_open": False,
                "position": 1,
                "staff_online": 0,
                "department": body.get("department"),
            }
            kept = {"reason": body["reason"], "question": body["question"], "created_at": ""}
            State.handoffs[body["conversation_id"]] = receipt | kept
            self._send(200, receipt)
        else:
            self._ask(body)

    def _open_ticket(self, body: dict[str, Any]) -> None:
        if "停机" in body["details"]:
            return self._send(500, {"detail": "broken"})
        ticket = next(
            (one for one in State.tickets if one["asked"]["message_id"] == body["message_id"]), None
        )
        if ticket is None:
            ticket = {
                "number": f"G20261125-{len(State.tickets) + 1:04d}",
                "kind": body["kind"],
                "status": "new",
                "subject": body["subject"],
                "department": "市住建局",
                "due_text": "12月2日",
                "result": None,
                "reopenable_until": None,
                "asked": body,
            }
            State.tickets.append(ticket)
        return self._send(200, ticket | {"already_open": False})

    def _ask(self, body: dict[str, Any]) -> None:
        conversation, question = body["conversation_id"], body["question"]
        if "choice" in body:
            last = State.answers.get(conversation)
            if not last or last["status"] != "clarify":
                return self._send(409, {"detail": "no options"})
            if not 1 <= body["choice"] <= len(last["options"]):
                return self._send(422, {"detail": "no such option"})
            given = _answer("answered", f"您选了第 {body['choice']} 项。\n\n第二段。")
        elif "坏" in question:
            return self._send(500, {"detail": "broken"})
        elif "不知道" in question:
            given = _answer("no_answer", "没有依据。", reason="low_confidence")
        elif "选" in question:
            given = _answer("clarify", "您问的是哪一项？", options=2)
        else:
            given = _answer("answered", f"答：{question}")
        State.answers[conversation] = given
        return self._send(200, given)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
