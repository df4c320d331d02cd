"""Cutting a long text into parts the platform takes (at most 2048 UTF-8 bytes in one text)."""

import re

PART_BYTES = 1800
LIMIT_BYTES = 2048

_WHOLE = re.compile(r"<a\s[^>]*>.*?</a>|https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.DOTALL)
# Best first: paragraph, line, sentence, clause.
_BREAKS = tuple(re.compile(one) for one in (r"\n\n+", r"\n", r"[。！？!?][”’）)」』]*", r"[；;，,、：:]"))


def size(text: str) -> int:
    """Bytes of the text in UTF-8."""
    return len(text.encode())


def split(text: str, limit: int = PART_BYTES) -> list[str]:
    """Cut at the best place: between sentences, never inside an address or a character.

    Args:
        limit: the most bytes of one part. Only an address longer than that is cut itself.

    Returns:
        The parts in order, without blank space at their ends; at least one.
    """
    rest = text.strip()
    parts: list[str] = []
    while size(rest) > limit:
        cut = _cut(rest, _longest(rest, limit))
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [part for part in [*parts, rest] if part] or [""]


def _longest(text: str, limit: int) -> int:
    """How many characters fit into the limit."""
    return max(1, len(text.encode()[:limit].decode(errors="ignore")))


def _cut(text: str, fits: int) -> int:
    whole = [match.span() for match in _WHOLE.finditer(text)]

    def inside(place: int) -> bool:
        return any(start < place < end for start, end in whole)

    for pattern in _BREAKS:
        places = [match.end() for match in pattern.finditer(text, 0, fits)]
        good = [place for place in places if place >= fits // 2 and not inside(place)]
        if good:
            return good[-1]
    place = fits
    while place > 0 and inside(place):
        place -= 1
    return place or fits
