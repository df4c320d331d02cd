"""Mend characters that sound right and are wrong: speech recognition and pinyin keyboards write 居住正 for 居住证.

A noisy channel (Kernighan, Church and Gale, 1990) whose language model is the content itself: a pair of characters
that no source has is exchanged for one that sounds the same and that sources do have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from knowledge.index.tokens import is_chinese

# Sounds that many speakers, and so speech recognition, do not tell apart.
_MERGED_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_MERGED_FINALS = (("ing", "in"), ("eng", "en"), ("ang", "an"))
_FUNCTION = frozenset("的了吗呢吧么什怎哪谁几多少是不没有在要能可会都还也和与或我你他她它这那个")
_WINDOW = 3  # characters: two that sound alike are far too often other words


@lru_cache(maxsize=30_000)
def sound(character: str) -> str:
    """The syllable of a Chinese character without its tone, in the form that merges what is often confused."""
    syllable = lazy_pinyin(character, style=Style.NORMAL, errors="ignore")
    if not syllable:
        return character
    spelled = syllable[0]
    for full, merged in _MERGED_INITIALS:
        if spelled.startswith(full):
            spelled = merged + spelled[len(full) :]
            break
    for full, merged in _MERGED_FINALS:
        if spelled.endswith(full):
            return spelled[: -len(full)] + merged
    return spelled


@lru_cache(maxsize=1)
def _common_by_sound() -> dict[str, str]:
    """The characters of GB 2312's first level, the common ones, by their sounds."""
    found: dict[str, str] = {}
    for row in range(0xB0, 0xD8):
        for cell in range(0xA1, 0xFF):
            try:
                character = bytes((row, cell)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            found[sound(character)] = found.get(sound(character), "") + character
    return found


def sounding_like(character: str) -> str:
    """Common characters that sound like ``character``, itself left out; empty for what is not Chinese."""
    if not is_chinese(character):
        return ""
    return _common_by_sound().get(sound(character), "").replace(character, "")


class HomophoneCorrector:
    """Corrects questions towards the words of the content.

    Parameters: ``phrases`` are the texts whose words count (titles, standard questions); ``known`` tells whether
    any source has a pair of adjacent characters.
    """

    def __init__(self, phrases: Iterable[str], known: Callable[[str], bool]) -> None:
        self._known = known
        counts: dict[tuple[str, ...], dict[str, int]] = {}
        for phrase in phrases:
            for start in range(len(phrase) - _WINDOW + 1):
                words = phrase[start : start + _WINDOW]
                if is_chinese(words) and not _FUNCTION.intersection(words):
                    spelled = counts.setdefault(tuple(map(sound, words)), {})
                    spelled[words] = spelled.get(words, 0) + 1
        self._words = {sounds: max(spelled, key=spelled.__getitem__) for sounds, spelled in counts.items()}

    def correct(self, text: str) -> str:
        """``text`` (normalised) with what only sounds right replaced; the same length.

        Three characters are exchanged for three of the content when they sound alike, share at least one, and
        each of the others stands beside its neighbours in no source.
        """
        for start in range(len(text) - _WINDOW + 1):
            heard = text[start : start + _WINDOW]
            meant = self._words.get(tuple(map(sound, heard))) if is_chinese(heard) else None
            if meant is None or not any(map(str.__eq__, heard, meant)):
                continue
            wrong = [start + place for place in range(_WINDOW) if heard[place] != meant[place]]
            if wrong and not any(self._stands(text, place) for place in wrong):
                text = text[:start] + meant + text[start + _WINDOW :]
        return text

    def _stands(self, text: str, place: int) -> bool:
        """Whether the character at ``place`` forms a known pair with the one before or after it."""
        pairs = (text[max(place - 1, 0) : place + 1], text[place : place + 2])
        return any(len(pair) == 2 and self._known(pair) for pair in pairs)
