"""Whether a message tells of danger to life, for who has no Rasa at hand (the desk's queue)."""

from __future__ import annotations

from bot.nlu.acts import certain_act
from bot.nlu.spelling import normalise, strip_courtesies

CRISIS = "crisis"


def is_crisis(text: str) -> bool:
    """Whether the words settle that somebody is in danger now.

    Args:
        text: what the citizen wrote, as they wrote it.

    Example:
        >>> is_crisis("我不想活了"), is_crisis("自殺身亡喪葬費怎麼領")
        (True, False)
    """
    return certain_act(strip_courtesies(normalise(text))) == CRISIS
