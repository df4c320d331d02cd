"""Questions, and what belongs to the answer's options: choosing one, yes and no."""

from __future__ import annotations

from actions import handoff_rules, handoffs, option_numbers, words
from actions.backend import Backend, BackendError, Conflict, OutOfRange
from actions.base import CitizenAction, logger
from actions.handoff_rules import CRISIS, HANDOFF
from actions.payload import ANSWERED, CLARIFY, NO_ANSWER, SAFETY, SMALL_TALK, Answer, answer
from actions.reply import Reply
from actions.texts import say
from actions.turn import Turn


def _options(turn: Turn) -> int:
    """How many options stand open after the last bot message."""
    last = turn.last_answer or {}
    return len(last.get("options") or []) if last.get("status") == CLARIFY else 0


async def ask(backend: Backend, turn: Turn, choice: int | None = None) -> Reply:
    """Get an answer; do what the rules say about what has none.

    Raises:
        BackendError: neither an answer nor, where one was due, a handoff.
    """
    got = await backend.answer(turn.text, turn.conversation_id, choice, turn.message_id)
    missed = handoff_rules.load().is_miss(got["status"], got.get("reason"))
    misses = turn.misses + (1 if missed else 0)
    rule = handoffs.decide(turn, got, misses) if got["status"] in (NO_ANSWER, SAFETY) else None
    if rule is None:
        return Reply(got, misses=misses)
    if rule.reason == CRISIS and rule.then == HANDOFF:
        return await _crisis(backend, turn, got)
    offered = got | {"text": f"{got['text']}\n{say('offer.rephrase')}"}
    return await handoffs.carry_out(backend, turn, rule, offered, misses, unanswered=got)


async def _crisis(backend: Backend, turn: Turn, got: Answer) -> Reply:
    """The emergency numbers are said whether or not staff can be told."""
    try:
        return await handoffs.hand_over(backend, turn, CRISIS, unanswered=got, preface=got["text"])
    except BackendError:
        logger.exception("crisis without handoff in conversation %s", turn.conversation_id)
        return Reply(got | {"text": f"{got['text']}\n{say('handoff_failed.crisis')}"})


class ActionAnswer(CitizenAction):
    """Answers a question from published knowledge, unless the rules say that it is for a person."""

    def name(self) -> str:
        return "action_answer"

    async def reply(self, turn: Turn) -> Reply:
        rule = handoffs.decide(turn)
        if rule:
            offered = answer(SMALL_TALK, say("offer.person"))
            return await handoffs.carry_out(self.backend, turn, rule, offered, turn.misses)
        return await ask(self.backend, turn)


class ActionChooseOption(CitizenAction):
    """Takes the option whose number was given."""

    def name(self) -> str:
        return "action_choose_option"

    async def reply(self, turn: Turn) -> Reply:
        number = option_numbers.parse(turn.text)
        count = _options(turn)
        if number == option_numbers.LAST:
            number = count or None
            if number is None:
                return Reply(answer(SMALL_TALK, say("options.none_open")))
        if number is None:
            return Reply(answer(SMALL_TALK, say("options.which" if count else "options.none_open")))
        try:
            return await ask(self.backend, turn, choice=number)
        except Conflict:
            return Reply(answer(SMALL_TALK, say("options.none_open")))
        except OutOfRange:
            return Reply(self._out_of_range(turn, count))

    def _out_of_range(self, turn: Turn, count: int) -> Answer:
        """Keeps the options open: the next number is read against the same list."""
        text = say("options.out_of_range_count", count=count) if count else say("options.out_of_range")
        if turn.last_answer and count:
            return turn.last_answer | {"text": text}
        return answer(SMALL_TALK, text)


class ActionAffirm(CitizenAction):
    """Yes: to the offered person, to the only option, or just politeness."""

    def name(self) -> str:
        return "action_affirm"

    async def reply(self, turn: Turn) -> Reply:
        if turn.offered:
            return await handoffs.hand_over(self.backend, turn, turn.offered)
        count = _options(turn)
        if count == 1:
            try:
                return await ask(self.backend, turn, choice=1)
            except Conflict:
                return Reply(answer(SMALL_TALK, say("affirm")))
        if count > 1 and turn.last_answer:
            return Reply(turn.last_answer | {"text": say("options.which")})
        return Reply(answer(SMALL_TALK, say("affirm")))


class ActionDeny(CitizenAction):
    """No: to an answer it offers a person, the second time in a row it calls one; otherwise it is just politeness."""

    person_on_error = False

    def name(self) -> str:
        return "action_deny"

    async def reply(self, turn: Turn) -> Reply:
        if words.is_said("leaves", turn.plain):
            return Reply(answer(SMALL_TALK, say("deny.here")))
        status = (turn.last_answer or {}).get("status")
        declines_the_offer = turn.person_offered and not words.contains("blames", turn.plain)
        if declines_the_offer or not (turn.person_offered or status in (ANSWERED, CLARIFY, NO_ANSWER)):
            return Reply(answer(SMALL_TALK, say("deny.plain")))
        misses = turn.misses + 1
        offered = answer(SMALL_TALK, say("deny.offer_person"))
        rule = handoffs.decide(turn, misses=misses)
        if rule is None:
            return Reply(offered, misses=misses)
        return await handoffs.carry_out(self.backend, turn, rule, offered, misses)
