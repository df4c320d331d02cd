"""The characters of a PDF page with their places, as two libraries read them.

Each loses characters that the other has, without a word: pdfminer those whose code a predefined CMap does not know
(``·`` in ``UniGB-UCS2-H``), PDFium a character that is written alone in a font that is neither embedded nor installed.
"""

from __future__ import annotations

import ctypes
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from pdfplumber.page import Page

UNKNOWN = "\ufffd"
_HYPHENS = (0x02, 0xFFFE)  # how PDFium gives a hyphen at a line's end
_FIELD = 20  # points
_SAME_PLACE = 0.45  # of a character's size
_UPRIGHT = 10  # degrees
_DOUBLED = 1.0  # points between the same character printed twice to look bold


@dataclass(slots=True, eq=False)
class Char:
    """Places in points from the page's upper left corner as shown; ``size`` is the font's.

    ``text`` is U+FFFD where the font does not say which character it is.
    """

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    size: float
    upright: bool

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def chars_of(page: Page, same_page: pdfium.PdfPage) -> list[Char]:
    """All characters printed on a page, of which pdfplumber (pdfminer) and PDFium each have a view."""
    # PDFium's first: a character that pdfminer loses also moves those after it on their line.
    chars = _without_doubles(_of_pdfium(same_page))
    places = _Places(chars)
    for char in _without_doubles(_of_pdfminer(page)):
        known = places.at(char)
        if known is None:
            chars.append(char)
        elif known.text == UNKNOWN:
            known.text = char.text
    return chars


def turn_of(page: pdfium.PdfPage) -> int:
    """By how many degrees, clockwise and in quarters, most of a page's text is turned as shown."""
    text = page.get_textpage()
    turns = Counter[int]()
    for index in range(text.count_chars()):
        turned = (math.degrees(raw.FPDFText_GetCharAngle(text, index)) + page.get_rotation()) % 360
        if abs(turned - 90 * round(turned / 90)) < _UPRIGHT:
            turns[90 * round(turned / 90) % 360] += 1
    most, count = turns.most_common(1)[0] if turns else (0, 0)
    return most if count > text.count_chars() / 2 else 0


def _of_pdfminer(page: Page) -> Iterator[Char]:
    # pdfplumber's coordinates do not begin at the page's corner where the media box does not begin at 0.
    left, high = float(page.bbox[0]), float(page.bbox[1])
    for char in page.chars:
        text = UNKNOWN if char["text"].startswith("(cid:") else char["text"]
        x0, x1, top, bottom, size = (float(char[key]) for key in ("x0", "x1", "top", "bottom", "size"))
        place = (x0 - left, x1 - left, top - high, bottom - high)
        yield Char(text, *place, size, bool(char["upright"]))


def _of_pdfium(page: pdfium.PdfPage) -> Iterator[Char]:
    text = page.get_textpage()
    place = _Placing(page)
    for index in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(text, index)
        box = raw.FS_RECTF()
        if (
            raw.FPDFText_IsGenerated(text, index) == 1  # a space or line end that it only supposes
            or not raw.FPDFText_GetLooseCharBox(text, index, ctypes.byref(box))
        ):
            continue
        x0, top, x1, bottom = place.box(box.left, box.bottom, box.right, box.top)
        turned = math.degrees(raw.FPDFText_GetCharAngle(text, index)) + place.rotation
        upright = min(turned % 360, -turned % 360) < _UPRIGHT
        unknown = code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000
        unknown = unknown or raw.FPDFText_HasUnicodeMapError(text, index) == 1
        shown = UNKNOWN if unknown else "-" if code in _HYPHENS else chr(code)
        yield Char(shown, x0, x1, top, bottom, max(1.0, bottom - top), upright)


class _Places:
    """Finds the character that stands where another one does."""

    def __init__(self, chars: Iterable[Char]) -> None:
        self._fields: dict[tuple[int, int], list[Char]] = defaultdict(list)
        for char in chars:
            self._fields[self._field(char)].append(char)

    def at(self, char: Char) -> Char | None:
        column, row = self._field(char)
        for field in [(column + right, row + down) for right in (-1, 0, 1) for down in (-1, 0, 1)]:
            for other in self._fields.get(field, ()):
                near = _SAME_PLACE * max(char.size, other.size)
                if abs(_centre(char) - _centre(other)) < near and abs(char.middle - other.middle) < near:
                    return other
        return None

    @staticmethod
    def _field(char: Char) -> tuple[int, int]:
        return int(_centre(char) / _FIELD), int(char.middle / _FIELD)


def _centre(char: Char) -> float:
    return (char.x0 + char.x1) / 2


class _Placing:
    """From PDF's coordinates (from the lower left, before the page is turned) to those of the page as shown."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self._left, self._low, right, high = page.get_mediabox()
        self._width, self._height = right - self._left, high - self._low
        self.rotation = page.get_rotation()

    def box(self, left: float, low: float, right: float, high: float) -> tuple[float, float, float, float]:
        """``x0, top, x1, bottom``."""
        x0, x1, y0, y1 = left - self._left, right - self._left, low - self._low, high - self._low
        match self.rotation:
            case 90:
                return y0, x0, y1, x1
            case 180:
                return self._width - x1, y0, self._width - x0, y1
            case 270:
                return self._height - y1, self._width - x1, self._height - y0, self._width - x0
            case _:
                return x0, self._height - y1, x1, self._height - y0


def _without_doubles(chars: Iterable[Char]) -> list[Char]:
    seen: set[tuple[str, int, int]] = set()
    kept: list[Char] = []
    for char in chars:
        x, y = round(char.x0 / _DOUBLED), round(char.top / _DOUBLED)
        near = {(char.text, x + right, y + down) for right in (-1, 0, 1) for down in (-1, 0, 1)}
        if char.text.strip() and near & seen:
            continue
        seen.add((char.text, x, y))
        kept.append(char)
    return kept
