"""What the citizen is told once a handoff is open: who takes it, how long it takes, what they can do meanwhile."""

from __future__ import annotations

from typing import Any

from actions.handoff_rules import CRISIS
from actions.texts import say

CLOSED = "closed"
"""The status of a receipt where nobody is there and there was no matter to make a ticket of."""


def text(reason: str, receipt: dict[str, Any]) -> str:
    """The words of a receipt.

    Args:
        reason: the handoff's reason.
        receipt: what `POST /api/handoffs` answered.
    """
    if receipt.get("status") == CLOSED:
        return say("handoff_closed", opens=receipt.get("opens_text") or "")
    if receipt.get("status") == "ticket":
        return _ticket(receipt, receipt["ticket"])
    taken, there = receipt.get("status") == "claimed", receipt.get("staff_online")
    if reason == CRISIS:
        key = reason if taken or there else "crisis_offline"
        return say(f"handoff_lead.{key}", number=receipt["number"])
    lines = [say(f"handoff_lead.{reason}", number=receipt["number"]), _department(receipt) + _tail(receipt)]
    if not taken:
        lines.append(say("handoff_tail.return" if there else "handoff_tail.leave"))
    return "\n".join(lines)


def _ticket(receipt: dict[str, Any], ticket: dict[str, Any]) -> str:
    """Nobody is there: it has become a ticket, or part of the one before."""
    lines = [
        say("handoff_ticket.added" if receipt.get("already_open") else "handoff_ticket.lead"),
        say("handoff_ticket.due", number=ticket["number"], due=ticket.get("due_text") or ""),
    ]
    opens = receipt.get("opens_text")
    if opens:
        lines.append(say("handoff_ticket.opens", opens=opens))
    lines.append(say("handoff_ticket.check"))
    return "\n".join(lines)


def _department(receipt: dict[str, Any]) -> str:
    department = receipt.get("department")
    if not department or department == say("default_department"):
        return ""
    return say("handoff_tail.department", department=department)


def _tail(receipt: dict[str, Any]) -> str:
    if receipt.get("status") == "claimed":
        return say("handoff_tail.claimed")
    position = receipt.get("position") or 1
    if receipt.get("already_open"):
        said = say("handoff_tail.already_open", position=position)
    elif receipt.get("staff_online"):
        said = say("handoff_tail.online", position=position)
    else:
        return say("handoff_tail.offline")
    minutes = receipt.get("wait_minutes")
    return said + (say("handoff_tail.minutes", minutes=minutes) if minutes else "")
