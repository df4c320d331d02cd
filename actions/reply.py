"""What an action gives back: one bot message, and what it leaves in the tracker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actions.payload import Answer
from actions.turn import MISSES, OFFER, OFFER_PERSON, OFFER_REASON


@dataclass(frozen=True)
class Reply:
    """One bot message, or none where a form speaks next.

    `offer` is the reason for which the message offers a person, so that a following "yes" means "a person, please";
    `misses` how often in a row the citizen was not helped, None where the message says nothing about that; `events` go
    into the tracker.
    """

    payload: Answer | None
    offer: str | None = None
    misses: int | None = None
    events: tuple[dict[str, Any], ...] = ()

    @property
    def metadata(self) -> dict[str, Any]:
        """What the bot message's metadata says to later turns."""
        metadata: dict[str, Any] = {}
        if self.offer is not None:
            metadata = {OFFER: OFFER_PERSON, OFFER_REASON: self.offer}
        return metadata if self.misses is None else metadata | {MISSES: self.misses}
