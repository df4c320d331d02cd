"""Word's automatic numbering: the numbers that a reader sees but that are nowhere in the text.

ECMA-376 Part 1, 17.9: a paragraph names a list (``numId``) and a level, itself or through its style; the list's
abstract definition says how each level counts and looks (``第%1条``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree

from knowledge.content.formats.numbering import format_number

_PLACE = re.compile(r"%([1-9])")
_LEVELS = 9
_DEPTH = 20  # styles based on styles: real files have a handful, a broken one might go round in circles
Element: TypeAlias = etree._Element


def local(element: Element) -> str:
    """The element's name without its namespace, which differs between transitional and strict files."""
    tag = element.tag
    return tag.rsplit("}", 1)[-1] if isinstance(tag, str) else ""


def children(element: Element | None) -> list[Element]:
    """The elements directly below; none of nothing."""
    return [] if element is None else list(element)


def child(element: Element | None, *path: str) -> Element | None:
    """The first element below ``element`` along ``path`` of local names."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if local(each) == name), None)
    return element


def value(element: Element | None, name: str = "val") -> str:
    """An attribute by its local name; empty where there is none."""
    if element is None:
        return ""
    return next((str(text) for key, text in element.items() if key.rsplit("}", 1)[-1] == name), "")


@dataclass
class _Level:
    start: int = 1
    style: str = "decimal"
    text: str = ""
    joint: str = "tab"
    legal: bool = False
    restart: int | None = None
    of_style: str = ""


@dataclass
class Style:
    """What of a paragraph style counts here; ``level`` is the outline level from 1, 0 for running text."""

    name: str = ""
    based_on: str = ""
    number: str = ""
    list_level: int | None = None
    outline: int | None = None


@dataclass
class Numbering:
    """Counts through a document, paragraph by paragraph."""

    _lists: dict[str, tuple[str, dict[int, _Level], dict[int, int]]] = field(default_factory=dict)
    _counts: dict[str, list[int | None]] = field(default_factory=dict)
    _started: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def read(cls, root: Element | None) -> Numbering:
        """From ``numbering.xml``; without one there are no lists."""
        result = cls()
        abstract: dict[str, Element] = {}
        linked: dict[str, str] = {}
        for each in children(root):
            if local(each) == "abstractNum":
                identifier = value(each, "abstractNumId")
                abstract[identifier] = each
                if name := value(child(each, "styleLink")):
                    linked[name] = identifier
        for each in children(root):
            if local(each) != "num":
                continue
            identifier = value(child(each, "abstractNumId"))
            found = abstract.get(identifier)
            if found is not None and (link := linked.get(value(child(found, "numStyleLink")))):
                identifier, found = link, abstract[link]
            if found is not None:
                result._lists[value(each, "numId")] = (identifier, *_levels(found, each))
        return result

    def level_of(self, number: str, style: str) -> int:
        """The level of list ``number`` that belongs to a paragraph style."""
        levels = self._lists[number][1] if number in self._lists else {}
        return next((place for place, level in levels.items() if style and level.of_style == style), 0)

    def label(self, number: str, level: int) -> str:
        """The number of the next paragraph of list ``number`` at ``level``, with the space after it."""
        found = self._lists.get(number)
        if found is None or level not in found[1]:
            return ""
        identifier, levels, restarts = found
        counts = self._counts.setdefault(identifier, [None] * _LEVELS)
        own = levels[level]
        if level in restarts and (number, level) not in self._started:
            counts[level] = restarts[level]
        else:
            before = counts[level]
            counts[level] = own.start if before is None else before + 1
        self._started.add((number, level))
        for upper in range(level):
            if counts[upper] is None and upper in levels:
                counts[upper] = levels[upper].start
        for lower in range(level + 1, _LEVELS):
            limit = levels[lower].restart if lower in levels else None
            if limit is None or (limit and level < limit):
                counts[lower] = None
        if own.style == "bullet":
            return "- "

        def shown(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            style = levels[place].style if place in levels else "decimal"
            return format_number(counts[place] or 0, "decimal" if own.legal and place < level else style)

        text = _PLACE.sub(shown, own.text).strip()
        # A space where the number would run into the words; none after a sign that ends it.
        return text + ("" if own.joint == "nothing" or not text or text[-1] in "、）)．：" else " ")


def _levels(abstract: Element, number: Element) -> tuple[dict[int, _Level], dict[int, int]]:
    levels = {_number(value(each, "ilvl"), 0): _level(each) for each in abstract if local(each) == "lvl"}
    restarts: dict[int, int] = {}
    for override in number:
        if local(override) != "lvlOverride":
            continue
        place = _number(value(override, "ilvl"), 0)
        own = child(override, "lvl")
        if own is not None:
            levels[place] = _level(own)
        start = value(child(override, "startOverride"))
        if start:
            restarts[place] = _number(start, 1)
    return {place: level for place, level in levels.items() if 0 <= place < _LEVELS}, restarts


def _level(element: Element) -> _Level:
    format_element = child(element, "numFmt")
    if format_element is None:  # newer formats stand in an alternative
        format_element = next((each for each in element.iter() if local(each) == "numFmt"), None)
    legal = child(element, "isLgl")
    restart = value(child(element, "lvlRestart"))
    return _Level(
        start=_number(value(child(element, "start")), 1),
        style=value(format_element) or "decimal",
        text=value(child(element, "lvlText")),
        joint=value(child(element, "suff")) or "tab",
        legal=legal is not None and value(legal) not in ("0", "false"),
        restart=_optional(restart),
        of_style=value(child(element, "pStyle")),
    )


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else default


@dataclass
class Styles:
    """The paragraph styles of a document, by their ids."""

    _styles: dict[str, Style] = field(default_factory=dict)
    _default: str = ""

    @classmethod
    def read(cls, root: Element | None) -> Styles:
        result = cls()
        for each in children(root):
            if local(each) != "style" or value(each, "type") not in ("paragraph", ""):
                continue
            properties = child(each, "pPr")
            identifier = value(each, "styleId")
            result._styles[identifier] = Style(
                value(child(each, "name")).lower(),
                value(child(each, "basedOn")),
                value(child(properties, "numPr", "numId")),
                _optional(value(child(properties, "numPr", "ilvl"))),
                _optional(value(child(properties, "outlineLvl"))),
            )
            if value(each, "default") in ("1", "true"):
                result._default = identifier
        return result

    def of(self, properties: Element | None, numbering: Numbering) -> tuple[str, int, int]:
        """``(list, its level, heading level)`` of a paragraph; empty and 0 where it is in none, or no heading."""
        number = value(child(properties, "numPr", "numId"))
        level = _optional(value(child(properties, "numPr", "ilvl")))
        outline = _optional(value(child(properties, "outlineLvl")))
        title, from_style = False, ""
        identifier = value(child(properties, "pStyle")) or self._default
        for _ in range(_DEPTH):
            style = self._styles.get(identifier)
            if style is None:
                break
            if not number and style.number:
                number, from_style = style.number, identifier
            level = style.list_level if level is None else level
            outline = style.outline if outline is None else outline
            title = title or style.name == "title"
            identifier = style.based_on
        heading = outline + 1 if outline is not None and 0 <= outline < 6 else int(title)
        if level is None:
            level = numbering.level_of(number, from_style)
        return number if number != "0" else "", level, heading


def _optional(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 3 else None
