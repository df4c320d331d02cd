"""Ask an editor's question as a citizen might: shorter, in keywords, or spelled by its sound.

An alteration gets the question, the standard question of its FAQ, and the chance to choose by.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from knowledge.index.tokens import bigram_set
from knowledge.vocabulary.homophones import sounding_like

_CLAUSES = re.compile(r"[^，。；？！,;?!、 ]+")
_FILLERS = re.compile(
    r"请问|麻烦|我想|想要|想问|一下|怎么样|怎么|怎样|如何|是不是|能不能|可不可以|可以|有没有|需要|应该|什么|哪些|哪里|哪儿"
    r"|多少|多久|我们|我家|我|你们|您|的|了|吗|呢|吧|啊|呀|嘛|得|要|能|会|都|就|还|也|在|是|有|把|给|让|被|和|跟"
)
_SHORTEST = 4  # characters that can still ask something


def as_it_is(question: str, _standard: str, _chance: random.Random) -> str:
    return question


def shortened(question: str, standard: str, chance: random.Random) -> str:
    """One of its parts between commas; a question of one part loses its beginning or end.

    Only a part that still speaks of the subject of the ``standard`` question: nobody who wants to know how a car is
    registered asks "I have no local hukou" and no more, and what is learnt from that is that nothing is ever sure.
    """
    subject = bigram_set(_FILLERS.sub(" ", standard))
    parts = [part for part in _CLAUSES.findall(question) if len(part) >= _SHORTEST]
    if len(parts) < 2:
        cut = len(question) // 3
        parts = [part for part in (question[cut:], question[: len(question) - cut]) if len(part) >= _SHORTEST]
    telling = [part for part in parts if bigram_set(part) & subject]
    return chance.choice(telling) if telling else question


def keyworded(question: str, _standard: str, _chance: random.Random) -> str:
    """Without the words that carry little."""
    kept = " ".join(part for part in _FILLERS.split(question) if part.strip("，。；？！,;?!、 "))
    return kept if len(kept) >= _SHORTEST else question


def misheard(question: str, _standard: str, chance: random.Random) -> str:
    """With one character exchanged for one that sounds like it."""
    places = [place for place, character in enumerate(question) if sounding_like(character)]
    if not places:
        return question
    place = chance.choice(places)
    return question[:place] + chance.choice(sounding_like(question[place])) + question[place + 1 :]


ALTERATIONS: tuple[Callable[[str, str, random.Random], str], ...] = (as_it_is, shortened, keyworded, misheard)
