"""A ticket while it is being filled in: what it holds, what is still missing, and its slots in the tracker."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Final

from rasa_sdk.events import ActiveLoop, SlotSet

from actions.handoff_rules import TICKET_KINDS
from actions.texts import shorten
from actions.turn import Turn

FORM: Final = "ticket_form"
KIND: Final = "ticket_kind"
DETAILS: Final = "ticket_details"
PLACE: Final = "ticket_place"
CONTACT: Final = "ticket_contact"
CONSENT: Final = "ticket_consent"
CONFIRM: Final = "ticket_confirm"
# Beside the steps: what was said before the details sufficed, failures at this step, the answer it began from.
OPENING: Final = "ticket_opening"
TRIES: Final = "ticket_tries"
ANSWER: Final = "ticket_answer"
# Of the form that reopens one.
REOPEN_NUMBER: Final = "reopen_number"
REOPEN_REASON: Final = "reopen_reason"
SLOTS: Final = (
    *(KIND, OPENING, DETAILS, PLACE, CONTACT, CONSENT, CONFIRM, TRIES, ANSWER),
    *(REOPEN_NUMBER, REOPEN_REASON),
)
REQUESTED: Final = "requested_slot"

# A ticket's kind says whether it matters where: a complaint and a report are about a place.
_ABOUT_A_PLACE: Final = frozenset({"complaint", "report"})
SUBJECT_CHARS: Final = 40
# Where a sentence ends, in full-width and half-width marks.
_SENTENCE = re.compile(r"[\u3002\uff01\uff1f\uff1b!?;\n]+")


@dataclass(frozen=True)
class Ticket:
    """What has been filled in. None: not asked yet; "": the citizen left it out."""

    kind: str
    opening: str | None = None
    details: str | None = None
    place: str | None = None
    contact: str | None = None
    consent: bool | None = None
    tries: int = 0
    answer_id: str | None = None

    @property
    def step(self) -> str:
        """The slot to be asked for next; the confirmation is last."""
        if self.details is None:
            return DETAILS
        if self.place is None and self.kind in _ABOUT_A_PLACE:
            return PLACE
        if self.contact is None:
            return CONTACT
        if self.contact and self.consent is None:
            return CONSENT
        return CONFIRM

    @property
    def subject(self) -> str:
        """The first sentence of the details, at most `SUBJECT_CHARS` characters."""
        first = next((part.strip() for part in _SENTENCE.split(self.details or "") if part.strip()), "")
        return shorten(first, SUBJECT_CHARS)

    def with_(self, **changes: Any) -> Ticket:
        """The ticket with one step filled in; failures at the step before are forgotten."""
        return replace(self, **({"tries": 0} | changes))

    def events(self, turn: Turn) -> list[dict[str, Any]]:
        """All it holds, and that the form is open: said anew each turn, since the tracker keeps few events."""
        values = {
            KIND: self.kind,
            OPENING: self.opening,
            DETAILS: self.details,
            PLACE: self.place,
            CONTACT: self.contact,
            CONSENT: self.consent,
            TRIES: self.tries or None,
            ANSWER: self.answer_id,
        }
        return [
            ActiveLoop(FORM),
            *(
                SlotSet(name, value)
                for name, value in values.items()
                if value != turn.slots.get(name) or value
            ),
            SlotSet(REQUESTED, self.step),
        ]


def kind_of(reason: str) -> str:
    """The kind of ticket that a rule with this reason asks for."""
    return reason if reason in TICKET_KINDS else "question"


def begun(turn: Turn) -> Ticket | None:
    """The ticket that the slots hold, or None."""
    kind = turn.slots.get(KIND)
    if kind not in TICKET_KINDS:
        return None
    slots = turn.slots
    return Ticket(
        kind=kind,
        opening=slots.get(OPENING),
        details=slots.get(DETAILS),
        place=slots.get(PLACE),
        contact=slots.get(CONTACT),
        consent=slots.get(CONSENT),
        tries=int(slots.get(TRIES) or 0),
        answer_id=slots.get(ANSWER),
    )


def written(turn: Turn) -> str | None:
    """What the citizen has already written down of their matter, for who takes over."""
    ticket = begun(turn)
    if ticket is None:
        return None
    return "\n".join(part for part in (ticket.details or ticket.opening, ticket.place) if part) or None


def cleared(turn: Turn) -> list[dict[str, Any]]:
    """Empties every slot of a form that is set: a contact is not kept longer than the form is open."""
    return [SlotSet(name, None) for name in SLOTS if turn.slots.get(name) is not None]


def closed(turn: Turn) -> list[dict[str, Any]]:
    """Ends the form with nothing left in it."""
    return [*cleared(turn), SlotSet(REQUESTED, None)]


def left(turn: Turn) -> list[dict[str, Any]]:
    """Leaves whatever form is open, with nothing left in it: somebody takes over."""
    if turn.requested is None:
        return cleared(turn)
    return [*closed(turn), ActiveLoop(None)]
