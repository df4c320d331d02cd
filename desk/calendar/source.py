"""A calendar file as a tree that knows its lines.

Scalars stay as they are written: YAML would make a number of ``9:30``, a date of ``2026-02-14`` and a truth value of
``no``, and would take the last of two entries with the same name without a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from desk.calendar.errors import CalendarError
from desk.calendar.words import TEXTS


@dataclass(frozen=True)
class Node:
    """One place in the file: text, a list, or a mapping; an empty entry is empty text."""

    value: str | list[Node] | dict[str, Node]
    line: int
    place: tuple[str, ...] = ()


class Problems:
    """What is wrong with one file, as it is found."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, node: Node, key: str, **values: object) -> None:
        """Note the text ``problems.<key>`` at a place."""
        place = " › ".join(node.place) or TEXTS.say("problems.top")
        problem = TEXTS.say(f"problems.{key}", **values)
        self._found.append(
            (node.line, TEXTS.say("problems.at", line=node.line, place=place, problem=problem))
        )

    def listed(self) -> list[str]:
        """All, in the order of the file."""
        return [text for _, text in sorted(self._found, key=lambda found: found[0])]

    def mapping(self, node: Node) -> dict[str, Node]:
        """The entries of a mapping; none, and a problem, where it is none or empty."""
        if isinstance(node.value, dict) and node.value:
            return node.value
        self.add(node, "not_mapping" if node.value else "empty")
        return {}

    def items(self, node: Node) -> list[Node]:
        """The items of a list; none, and a problem, where it is none or empty."""
        if isinstance(node.value, list) and node.value:
            return node.value
        self.add(node, "not_list" if node.value else "empty")
        return []

    def text(self, node: Node) -> str:
        """The text at a place; empty, and a problem, where there is none."""
        if isinstance(node.value, str) and node.value:
            return node.value
        self.add(node, "not_text" if node.value else "empty")
        return ""

    def entries(self, node: Node, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Node]:
        """The known entries of a mapping; a problem for each unknown and each missing one."""
        found = self.mapping(node)
        known = (*required, *optional)
        for name, entry in found.items():
            if name not in known:
                self.add(entry, "unknown_key", name=name, known="、".join(known))
        if found:
            for name in required:
                if name not in found:
                    self.add(node, "missing", name=name)
        return {name: entry for name, entry in found.items() if name in known}


def read_source(path: Path, problems: Problems) -> Node:
    """The tree of the file; names that stand twice go into ``problems``.

    Raises:
        CalendarError: the file cannot be read or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=_Loader)
    except OSError as error:
        said = TEXTS.say("problems.unreadable", reason=error.strerror or error)
        raise CalendarError(path, [said]) from error
    except UnicodeDecodeError as error:
        raise CalendarError(path, [TEXTS.say("problems.not_utf8")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        assert mark is not None  # the parser, the scanner and the composer always say where
        said = TEXTS.say("problems.not_yaml", line=mark.line + 1, column=mark.column + 1)
        raise CalendarError(path, [said]) from error
    except yaml.YAMLError as error:
        raise CalendarError(path, [TEXTS.say("problems.not_yaml_anywhere", reason=error)]) from error
    return Node("", 1) if root is None else _tree(root, (), root.start_mark.line + 1, problems)


class _Loader(yaml.SafeLoader):
    """Without aliases, which could make a tree of any size, or a circle."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "alias", event.start_mark)
        return super().compose_node(parent, index)


def _tree(found: yaml.Node, place: tuple[str, ...], line: int, problems: Problems) -> Node:
    if isinstance(found, yaml.SequenceNode):
        return Node(
            [
                _tree(
                    item,
                    (*place, TEXTS.say("problems.item", number=number)),
                    item.start_mark.line + 1,
                    problems,
                )
                for number, item in enumerate(found.value, 1)
            ],
            line,
            place,
        )
    if isinstance(found, yaml.MappingNode):
        return Node(_entries(found, place, problems), line, place)
    empty = found.tag == "tag:yaml.org,2002:null"
    return Node("" if empty else str(found.value).strip(), line, place)


def _entries(found: yaml.MappingNode, place: tuple[str, ...], problems: Problems) -> dict[str, Node]:
    entries: dict[str, Node] = {}
    for key, value in found.value:
        # An entry's line is that of its name: what stands under it begins a line later.
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.add(Node("", line, place), "not_mapping")
            continue
        name = str(key.value).strip()
        entry = _tree(value, (*place, name), line, problems)
        if name in entries:
            problems.add(entry, "duplicate", name=name, line=entries[name].line)
        else:
            entries[name] = entry
    return entries
