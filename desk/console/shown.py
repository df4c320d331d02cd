"""What the desk page shows, as values for its templates and as the parts that its script puts in place."""

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any

from desk.changes import ANY_QUEUE, Changes, conversation_topic, staff_topic
from desk.console.gate import Gate
from desk.console.views import Views, mode
from desk.permissions import may_oversee
from desk.ports import DeliveryState, Ports
from desk.records import Conversation, StaffMember
from desk.service import Desk

QUEUE_SHOWN = 50
"""The longest list of waiting conversations; of the rest the number is told."""
SHARED_SECONDS = 1.0
"""How long pages share what was made once, if nothing changed."""


class Shown:
    """
    Args:
        desk: what there is.
        gate: who may see it.
        views: the templates.
        ports: what other parts know.
    """

    def __init__(self, desk: Desk, gate: Gate, views: Views, ports: Ports) -> None:
        self._desk = desk
        self._gate = gate
        self._views = views
        self._ports = ports
        self._shared = _Shared(desk.changes)

    def topics(self, staff: StaffMember, conversation_id: str) -> set[str]:
        """What a page of this person shows, for `Changes.wait`."""
        topics = {ANY_QUEUE, staff_topic(staff.id)}
        return topics | {conversation_topic(conversation_id)} if conversation_id else topics

    def values(self, staff: StaffMember, conversation: Conversation | None) -> dict[str, Any]:
        """All that the page's templates name."""
        return {
            **self._conversation(staff, conversation),
            **self._queue(staff),
            "serving": self._desk.serving(staff),
            "ready": self._desk.is_ready(staff),
            "online": self._desk.staff_online(),
            "targets": self.targets(staff) if conversation else None,
            "takes_over": self._takes_over(staff, conversation),
            "deliveries": self._deliveries(conversation.id) if conversation else {},
            "ports": self._ports,
        }

    def _takes_over(self, staff: StaffMember, conversation: Conversation | None) -> bool:
        """May this person take the conversation from a colleague?"""
        if conversation is None or conversation.handoff is None or not staff.may("serve"):
            return False
        default = self._desk.rules.default_department
        return may_oversee(staff, conversation.handoff.department, default)

    def targets(self, staff: StaffMember) -> dict[str, Any]:
        """Where a conversation can be transferred to: departments with staff, and colleagues who are at the desk."""
        there = [present for present in self._desk.present() if present.id != staff.id]
        return {"departments": self._desk.departments(), "colleagues": there}

    def state(
        self,
        staff: StaffMember,
        token: str,
        conversation_id: str,
        since: str,
        after: int,
        have: dict[str, str],
    ) -> dict[str, Any]:
        """What changed, for the page's script.

        Args:
            token: for the forms among the parts.
            since: the version that the page shows. Only what changed after it is looked at; where nothing of
                the page's topics did, or it is "", all of it (`full`): it may be another process's doing.
            after: the last message the page has; later ones come as HTML.
            have: part -> mark of what the page has of it; a part that is still the same is left out.

        Raises:
            DeskError: the conversation is not for this person (any more).
        """
        changes = self._desk.changes
        version = changes.version()  # before reading: news is at worst told twice
        full = not since or not changes.changed(self.topics(staff, conversation_id), since)
        parts: dict[str, str] = {}
        key = self._desk.queue_of(staff) or "*"
        parts["queue"], waiting = self._shared.get(key, [ANY_QUEUE], lambda: self._queue_part(staff))
        answer: dict[str, Any] = {"version": version, "waiting": waiting, "full": full}
        if staff.may("serve") and (full or changes.changed([staff_topic(staff.id)], since)):
            shown = self._conversation(staff, None)
            parts["serving"] = self._render("_serving.html", shown, serving=self._desk.serving(staff))
            ready = self._desk.is_ready(staff)
            parts["presence"] = self._render("_presence.html", shown, token=token, ready=ready)
        if full:
            parts["online"] = self._views.render("_online.html", online=self._desk.staff_online())
        if conversation_id and (full or changes.changed([conversation_topic(conversation_id)], since)):
            conversation = self._gate.visible(staff, conversation_id, after)
            parts |= self._conversation_parts(staff, conversation, answer)
        marks = {name: hashlib.sha256(html.encode()).hexdigest()[:12] for name, html in parts.items()}
        new = {name: [marks[name], html] for name, html in parts.items() if have.get(name) != marks[name]}
        return {**answer, "parts": new}

    def _conversation_parts(
        self, staff: StaffMember, conversation: Conversation, answer: dict[str, Any]
    ) -> dict[str, str]:
        """The parts of the open conversation; its mode and new messages are put into `answer`."""
        shown = self._conversation(staff, conversation)
        deliveries = self._deliveries(conversation.id)
        answer["mode"] = shown["mode"]
        if conversation.messages:
            more = {"deliveries": deliveries, "ports": self._ports}
            answer["messages"] = self._render("_messages.html", shown, **more)
        return {
            "header": self._render("_header.html", shown),
            "deliveries": self._render("_deliveries.html", shown, deliveries=deliveries),
        }

    def _conversation(self, staff: StaffMember, conversation: Conversation | None) -> dict[str, Any]:
        handoff = conversation.handoff if conversation else None
        takes = handoff is not None and self._desk.takes(staff, handoff.department)
        return {
            "staff": staff,
            "now": self._desk.clock(),
            "conversation": conversation,
            "mode": mode(conversation, staff, takes) if conversation else "none",
        }

    def _deliveries(self, conversation_id: str) -> dict[int, DeliveryState]:
        """How far the last replies are: message id -> state."""
        sent = self._desk.sent(conversation_id)
        states = self._ports.delivery(list(sent.values()))
        return {message: states[row] for message, row in sent.items() if row in states}

    def _queue(self, staff: StaffMember) -> dict[str, Any]:
        return {
            "queue": self._desk.queue(staff, QUEUE_SHOWN),
            "waiting": self._desk.queue_length(staff),
            "outside": self._desk.outside_now(staff, QUEUE_SHOWN),
        }

    def _queue_part(self, staff: StaffMember) -> tuple[str, int]:
        queue = self._queue(staff)
        html = self._views.render("_queue.html", now=self._desk.clock(), conversation=None, **queue)
        return html, queue["waiting"]

    def _render(self, template: str, shown: dict[str, Any], **more: Any) -> str:
        return self._views.render(template, **shown, **more)


class _Shared:
    """What many pages show alike is made once for all of them."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._lock = threading.Lock()
        self._made: dict[str, tuple[str, float, Any]] = {}

    def get(self, key: str, topics: list[str], make: Callable[[], Any]) -> Any:
        with self._lock:
            version, at, value = self._made.get(key, ("", 0.0, None))
            if time.monotonic() - at > SHARED_SECONDS or self._changes.changed(topics, version):
                version, at = self._changes.version(), time.monotonic()
                value = make()
                self._made[key] = (version, at, value)
            return value
