"""Whether a question names something that the best source, however alike in wording, is not about.

A rule of this year says nothing of the next, one of this city nothing of another, and what residents' insurance pays is
no answer about employees'. Likeness of wording does not tell these apart, so that such a source is offered, not given.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.pipeline.context import Context
from knowledge.pipeline.residence import short_name
from knowledge.source import Source
from knowledge.text import normalise

_FILE = Path(__file__).with_name("other_matters.yml")
# Not the day from which something holds.
_YEAR = re.compile(r"(?<!\d)(20\d\d)年(?!(?:\d{1,2}月(?:\d{1,2}日)?)?(?:起|以后|之后))")


def is_of_another_matter(source: Source, context: Context) -> bool:
    """Whether the question is about a later year, another place, or another kind than ``source`` speaks of."""
    return (
        of_a_year_to_come(source, context)
        or of_another_place(source, context)
        or of_another_kind(source, context)
    )


def of_a_year_to_come(source: Source, context: Context) -> bool:
    """Whether the question names a later year than this one, and the source speaks of earlier years only.

    When registration begins in 2027 is not said by the notice of 2026; what holds from 2024 on is another matter. Years
    gone by mostly tell the citizen's own story (born in 2020).
    """
    asked = [year for year in _years(context.text) if year > context.today.year]
    said = _years(_all_of(source)) if asked else []
    return bool(said) and max(said) < min(asked)


def of_another_place(source: Source, context: Context) -> bool:
    """Whether the question names another place and not ours, and the source speaks neither of it nor of elsewhere."""
    named = {each[0] for each in _places().finditer(context.text)}
    if not named:
        return False
    here = {short_name(each) for each in context.index.regions}
    if any(each in context.text for each in here):
        return False
    said = _all_of(source)
    return not any(each in said or each in here for each in named) and not _elsewhere().search(said)


def of_another_kind(source: Source, context: Context) -> bool:
    """Whether the question names one kind, and the source's questions, or a clause's text, only another such."""
    said = normalise("\n".join(source.questions) if source.questions else _all_of(source))
    for group in _kinds():
        asked = {name for name, pattern in group.items() if pattern.search(context.text)}
        spoken = {name for name, pattern in group.items() if pattern.search(said)} if asked else set()
        if spoken and not asked & spoken:
            return True
    return False


def _all_of(source: Source) -> str:
    return "\n".join((source.title, *source.questions, source.text))


def _years(said: str) -> list[int]:
    return [int(year) for year in _YEAR.findall(said)]


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return dict(yaml.safe_load(_FILE.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def _kinds() -> list[dict[str, re.Pattern[str]]]:
    return [
        {name: re.compile("|".join(forms)) for name, forms in group.items()} for group in _data()["kinds"]
    ]


@lru_cache(maxsize=1)
def _places() -> re.Pattern[str]:
    return re.compile("|".join(sorted(_data()["places"].split(), key=len, reverse=True)))


@lru_cache(maxsize=1)
def _elsewhere() -> re.Pattern[str]:
    return re.compile("|".join(_data()["elsewhere"]))
