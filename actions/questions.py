"""Questions, and what belongs to the answer's options: choosing one, yes and no."""

from __future__ import annotations

from actions import handoffs, option_numbers
from actions.backend import Backend, BackendError, NothingToChoose, OutOfRange
from actions.base import CitizenAction, Reply, logger
from actions.payload import (
    ANSWERED,
    CLARIFY,
    NO_ANSWER,
    REASONS_FOR_A_PERSON,
    SAFETY,
    SMALL_TALK,
    Answer,
    answer,
)
from actions.texts import say
from actions.turn import Turn


def _options(turn: Turn) -> int:
    """How many options stand open after the last bot message."""
    last = turn.last_answer or {}
    return len(last.get("options") or []) if last.get("status") == CLARIFY else 0


async def ask(backend: Backend, turn: Turn, choice: int | None = None) -> Reply:
    """Get an answer; hand over to a person what has none.

    Raises:
        BackendError: neither an answer nor, where one was due, a handoff.
    """
    got = await backend.answer(turn.text, turn.conversation_id, choice, turn.message_id)
    reason = got.get("reason")
    if got["status"] == NO_ANSWER and reason in REASONS_FOR_A_PERSON:
        return Reply(await handoffs.open_handoff(backend, turn, reason, unanswered=got))
    if got["status"] == SAFETY and reason == "crisis":
        return Reply(await _crisis(backend, turn, got))
    return Reply(got)


async def _crisis(backend: Backend, turn: Turn, got: Answer) -> Answer:
    """The emergency numbers are said whether or not staff can be told."""
    try:
        return await handoffs.open_handoff(backend, turn, "crisis", unanswered=got, preface=got["text"])
    except BackendError:
        logger.exception("crisis without handoff in conversation %s", turn.conversation_id)
        return got | {"text": f"{got['text']}\n{say('handoff_failed.crisis')}"}


class ActionAnswer(CitizenAction):
    """Answers a question from published knowledge."""

    def name(self) -> str:
        return "action_answer"

    async def reply(self, turn: Turn) -> Reply:
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
        except NothingToChoose:
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
    """Yes: to the only option, to the offered person, or just politeness."""

    def name(self) -> str:
        return "action_affirm"

    async def reply(self, turn: Turn) -> Reply:
        count = _options(turn)
        if count == 1:
            try:
                return await ask(self.backend, turn, choice=1)
            except NothingToChoose:
                return Reply(answer(SMALL_TALK, say("affirm")))
        if count > 1 and turn.last_answer:
            return Reply(turn.last_answer | {"text": say("options.which")})
        if turn.person_offered:
            return Reply(await handoffs.open_handoff(self.backend, turn, "asked_for_human"))
        return Reply(answer(SMALL_TALK, say("affirm")))


class ActionDeny(CitizenAction):
    """No: to an answer it offers a person, otherwise it is just politeness."""

    person_on_error = False

    def name(self) -> str:
        return "action_deny"

    async def reply(self, turn: Turn) -> Reply:
        status = (turn.last_answer or {}).get("status")
        if status in (ANSWERED, CLARIFY, NO_ANSWER):
            return Reply(answer(SMALL_TALK, say("deny.offer_person")), offers_person=True)
        return Reply(answer(SMALL_TALK, say("deny.plain")))
