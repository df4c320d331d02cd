"""What commands share: progress on standard error, JSON on standard output, opening the services."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from knowledge.service import KnowledgeService
    from wenzheng.settings import Settings

stderr = Console(stderr=True, highlight=False)


class Refused(Exception):
    """The call or its input is wrong (exit status 2); the text is for people."""


def say(text: str) -> None:
    """A line for people, on standard error."""
    stderr.print(text, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """The machine-readable result, alone on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    print()


def error_text(error: BaseException) -> str:
    """One line for people; our own errors are Chinese already, others are named."""
    text = str(error).strip()
    return text if any("一" <= c <= "鿿" for c in text) else f"{type(error).__name__}：{text}"


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; the block gets ``step(done, total)``, which may never be called."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task(title, total=None, visible=False)

        def step(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield step


def open_knowledge(settings: Settings) -> KnowledgeService:
    """The knowledge service on the installation's database, its tables up to date."""
    from wenzheng.database import migrate, open_engine
    from wenzheng.parts import build_knowledge

    engine = open_engine(settings.database)
    migrate(engine)
    return build_knowledge(settings, engine)
