"""Whether a question names something that the best source, however alike in wording, is not about.

A rule of this year says nothing of the next, one of this city nothing of another, and what residents' insurance pays is
no answer about employees'. Likeness of wording does not tell these apart, so that such a source is offered, not given.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from knowledge.patterns import Patterns
from knowledge.pipeline.context import Context
from knowledge.pipeline.residence import short_name
from knowledge.source import Source
from knowledge.text import normalise

_PATTERNS = Patterns(Path(__file__).with_name("other_matters.yml"))
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
    """Whether the question is about another place than ours, and the source speaks neither of it nor of elsewhere.

    Ours is any that the content is for, by its region or its issuer; where the content names none, nothing is known.
    """
    asked = _PATTERNS.pattern("no_place_asked_about", place=f"(?:{_places()})").sub("", context.text)
    named = set(re.findall(_places(), asked))
    regions = context.index.regions
    if not named or not regions or any(short_name(each) in context.text for each in regions):
        return False
    here = "".join((*regions, *(each.department for each in context.index.documents)))
    said = _all_of(source)
    others = [each for each in named if each not in here and each not in said]
    return bool(others) and not _PATTERNS.pattern("elsewhere").search(said)


def of_another_kind(source: Source, context: Context) -> bool:
    """Whether the question names one kind, and the source's subject, by its title and text, is another of the group.

    An FAQ's subject is what its standard question or most of its questions name: one of them may be about another case.
    """
    for group in _kinds():
        asked = {name for name, form in group.items() if form.search(context.text)}
        if asked and (spoken := _spoken_of(source, group)) and not asked & spoken:
            return True
    return False


def _spoken_of(source: Source, group: dict[str, re.Pattern[str]]) -> set[str]:
    questions = list(map(normalise, source.questions))
    if not questions:
        said = _all_of(source)
        return {name for name, form in group.items() if form.search(said)}
    counts = {name: [bool(form.search(each)) for each in questions] for name, form in group.items()}
    main = {name for name, found in counts.items() if found[0] or 2 * sum(found) > len(found)}
    # Beside its main subject, what it has been asked about it answers too.
    return {name for name, found in counts.items() if any(found)} if main else set()


def _all_of(source: Source) -> str:
    return normalise("\n".join((source.title, *source.questions, source.text)))


def _years(said: str) -> list[int]:
    return [int(year) for year in _YEAR.findall(said)]


@lru_cache(maxsize=1)
def _kinds() -> list[dict[str, re.Pattern[str]]]:
    groups = _PATTERNS.entries["kinds"]
    return [{name: re.compile("|".join(forms)) for name, forms in group.items()} for group in groups]


@lru_cache(maxsize=1)
def _places() -> str:
    """Longer names first: where one begins with another, the whole of it is meant."""
    return "|".join(sorted(_PATTERNS.entries["places"], key=len, reverse=True))
