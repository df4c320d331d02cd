"""Acts that are for people: asking for one, complaints, suggestions, reports, messages, emergencies."""

from __future__ import annotations

from actions import handoffs, ticket
from actions.backend import BackendError
from actions.base import CitizenAction, logger
from actions.handoff_rules import CRISIS, ERROR, HANDOFF
from actions.payload import NO_ANSWER, SAFETY, SMALL_TALK, Answer, answer
from actions.reply import Reply
from actions.texts import say
from actions.turn import Turn


class ActionHandoff(CitizenAction):
    """Does what the rules say about an act that is for a person."""

    person_on_error = False

    def name(self) -> str:
        return "action_handoff"

    async def reply(self, turn: Turn) -> Reply:
        rule = handoffs.decide(turn)
        reason = rule.reason if rule else "asked_for_human"
        try:
            if rule and rule.then != HANDOFF:
                offered = answer(SMALL_TALK, say("offer.person"))
                return await handoffs.carry_out(self.backend, turn, rule, offered, turn.misses)
            return await handoffs.hand_over(self.backend, turn, reason)
        except BackendError:
            logger.exception("no handoff for conversation %s", turn.conversation_id)
            return Reply(_failed(reason), events=tuple(ticket.cleared(turn)))


def _failed(reason: str) -> Answer:
    if reason == CRISIS:
        return answer(SAFETY, say("handoff_failed.crisis"), reason=reason)
    return answer(NO_ANSWER, say("handoff_failed.default"), reason=ERROR)
