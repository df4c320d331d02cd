"""Cut long text into the pieces that are embedded and searched."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"[^。！？；!?;\n]*[。！？；!?;\n]+|[^。！？；!?;\n]+")


def cut(text: str, length: int) -> list[str]:
    """Pieces of ``text`` of at most about ``length`` characters, ending at sentence ends where there are any.

    Nothing is lost: the pieces joined are ``text``, but for white space at their edges. A sentence longer than
    ``length`` is cut inside.
    """
    pieces: list[str] = []
    current = ""
    for sentence in _SENTENCE.findall(text):
        rest = sentence
        while len(rest) > length:
            room = length - len(current)
            pieces.append(current + rest[:room])
            current, rest = "", rest[room:]
        if len(current) + len(rest) > length:
            pieces.append(current)
            current = ""
        current += rest
    pieces.append(current)
    return [piece.strip() for piece in pieces if piece.strip()]


def titled(title: str, piece: str) -> str:
    """A piece with its title in front: what it is about is often said only there."""
    return piece if not title or piece.startswith(title) else f"{title}\n{piece}"
