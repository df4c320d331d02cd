"""Makes what a citizen typed safe to hand on."""

import unicodedata

_LEADING = "/ \t\r\n\u3000\u200b\ufeff"


def clean(text: str) -> str:
    """Strip what must not reach the dialogue.

    A leading `/` would let a citizen call Rasa's `/restart` or `/intent{…}` directly, past understanding.
    Control characters go too: databases refuse NUL, XML most of them.
    """
    kept = (
        character
        for character in text
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs")
    )
    return "".join(kept).lstrip(_LEADING).rstrip()
