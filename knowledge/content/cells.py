"""Between a cell's text and a value: lists, formula protection, characters a spreadsheet cannot hold."""

import re

# A spreadsheet takes a cell that begins so for a formula; an apostrophe in front makes it text. A value that
# itself begins with an apostrophe gets one too, so that removing it again is always right.
_FORMULA = "=+-@＝＋－＠'"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
_AUDIENCE = re.compile(r"[、，,；;\n]")


def clean(text: str) -> str:
    """Without control characters (no spreadsheet can hold them) and without white space around it."""
    return _CONTROL.sub("", text).strip()


def protect(text: str) -> str:
    """``text`` so that no spreadsheet runs it as a formula; ``unprotect`` reverses it."""
    return "'" + text if text[:1] and text[0] in _FORMULA else text


def unprotect(text: str) -> str:
    """What ``protect`` was given. A cell an editor wrote with one apostrophe before a word stays as it is."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in _FORMULA else text


def split_lines(text: str) -> tuple[str, ...]:
    """One value a line."""
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def split_list(text: str) -> tuple[str, ...]:
    """Values between ``、，,；;``; in a cell with several lines, one a line."""
    parts = text.split("\n") if "\n" in text else _AUDIENCE.split(text)
    return tuple(part.strip() for part in parts if part.strip())


def join_list(values: tuple[str, ...]) -> str:
    """The cell that ``split_list`` reads back as ``values``."""
    if not any(_AUDIENCE.search(value) for value in values):
        return "、".join(values)
    return "\n".join(values) + ("\n" if len(values) == 1 else "")
