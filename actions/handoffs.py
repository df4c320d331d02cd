"""Doing what a rule says: calling a person, offering one, or opening the form for a ticket."""

from __future__ import annotations

from rasa_sdk.events import FollowupAction, SlotSet

from actions import handoff_rules, receipts, ticket, words
from actions.backend import Backend
from actions.handoff_rules import Rule, Situation
from actions.payload import HANDOFF, Answer, answer
from actions.reply import Reply
from actions.turn import Turn

# A broken file ends the action server when it starts, not a citizen's turn.
handoff_rules.load()

# These say nothing about the matter; the question before them does.
_ABOUT_THE_LAST_QUESTION = frozenset({"ask_human", "affirm", "deny", "not_helpful"})
# What is told for one of these reasons speaks for itself.
_OWN_WORDS = frozenset({"complaint", "suggestion", "report", "crisis"})
# For one of these, a message of so few letters (转人工, 好的, 没用) tells nothing of the matter.
_BARE_REASONS = frozenset({"asked_for_human", "low_confidence", "declined_twice"})
BARE_LETTERS = 8


def decide(turn: Turn, got: Answer | None = None, misses: int = 0) -> Rule | None:
    """The rule for this message.

    Args:
        got: the knowledge service's answer to it, None before it was asked.
        misses: how often in a row the citizen was not helped, this time included.
    """
    held = ticket.begun(turn)
    return handoff_rules.load().decide(
        Situation(
            intent=turn.intent,
            text=turn.plain,
            answer_status=got["status"] if got else None,
            answer_reason=got.get("reason") if got else None,
            ticket=held.kind if held else None,
            misses=misses,
        )
    )


async def carry_out(
    backend: Backend, turn: Turn, rule: Rule, offered: Answer, misses: int, unanswered: Answer | None = None
) -> Reply:
    """Do what the rule says.

    Args:
        offered: what is said where the rule offers a person.
        misses: how often in a row the citizen was not helped, this time included.
        unanswered: the Answer that led here.

    Raises:
        BackendError: a handoff was not opened.
    """
    if rule.then == handoff_rules.TICKET:
        return Reply(
            None, events=(SlotSet(ticket.KIND, ticket.kind_of(rule.reason)), FollowupAction(ticket.FORM))
        )
    if rule.then == handoff_rules.OFFER:
        return Reply(offered, offer=rule.reason, misses=misses)
    return await hand_over(backend, turn, rule.reason, unanswered)


async def hand_over(
    backend: Backend, turn: Turn, reason: str, unanswered: Answer | None = None, preface: str | None = None
) -> Reply:
    """Hand the conversation to staff; a ticket that was being filled in is left, and what it held goes along.

    Where nobody is there and the matter is not known, the form for a ticket asks for it.

    Args:
        backend: the web process.
        turn: the citizen's message.
        reason: one of the handoff reasons.
        unanswered: the Answer that led here; its department and id go along.
        preface: text to say before the receipt.

    Raises:
        BackendError: the handoff was not opened.
    """
    about = unanswered or turn.last_answer or {}
    answer_id = about.get("id") or None
    question = _question(turn, reason)
    receipt = await backend.open_handoff(
        turn.conversation_id,
        reason,
        question,
        department=about.get("department"),
        answer_id=answer_id,
        said=None if turn.text in question else turn.text,
    )
    text = receipts.text(reason, receipt)
    said = answer(
        HANDOFF,
        f"{preface}\n{text}" if preface else text,
        answer_id=answer_id or "",
        reason=reason,
        department=receipt.get("department"),
    )
    events = ticket.left(turn)
    if receipt.get("status") == receipts.CLOSED:
        events = [*events, SlotSet(ticket.KIND, "question"), FollowupAction(ticket.FORM)]
    return Reply(said, misses=0, events=tuple(events))


def _question(turn: Turn, reason: str) -> str:
    """What staff read first: the matter, then what was said now if that is more than the wish for a person."""
    before = ticket.written(turn)
    about_the_last = turn.intent in _ABOUT_THE_LAST_QUESTION and reason not in _OWN_WORDS
    if not before and (about_the_last or reason == "declined_twice"):
        before = turn.last_question
    bare = about_the_last and reason in _BARE_REASONS and words.letters(turn.plain) <= BARE_LETTERS
    return "\n".join(part for part in (before, None if bare else turn.text) if part)
