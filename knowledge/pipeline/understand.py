"""Before anything is searched: bring the question to one form, turn away what is no question, read its region."""

from __future__ import annotations

import re

from knowledge.answer import Answer
from knowledge.index.question_words import asked_about
from knowledge.pipeline.context import Context
from knowledge.text import normalise
from knowledge.texts import text
from knowledge.vocabulary import Vocabulary

_CHINESE = re.compile(r"[㐀-䶿一-鿿]")
_WORDS = re.compile(r"[\w㐀-䶿一-鿿]")


def read(question: str, vocabulary: Vocabulary, longest: int) -> str:
    """What is searched for a question: its first ``longest`` characters in one form."""
    return vocabulary.corrected(normalise(question)[:longest])


def normalise_question(context: Context) -> None:
    """Simplified, half-width, no control characters, homophones mended; no longer than is searched with."""
    context.text = read(context.question, context.vocabulary, context.config.decision.max_question_length)
    context.official = tuple(context.vocabulary.synonyms.official_words(context.text))


def screen(context: Context) -> None:
    """End the run for a message without a question in Chinese, or with nothing but 怎么办 and nothing before it."""
    if not _WORDS.search(context.text):
        context.answer = Answer(status="no_answer", text=text("empty"), reason="empty")
    elif not _CHINESE.search(context.text):
        context.answer = Answer(status="no_answer", text=text("not_a_question"), reason="not_a_question")
    elif context.previous is None and not _WORDS.search(asked_about(context.text)):
        context.answer = Answer(status="no_answer", text=text("no_subject"), reason="no_subject")


def understand(context: Context) -> None:
    """Find the region that the question names, among those that the content knows."""
    # A district before its city: who names both asks about the district.
    regions = sorted(context.index.regions, key=lambda name: (name == context.index.city, -len(name), name))
    for region in regions:
        name = normalise(region)
        short = name.rstrip("市区县")
        if name in context.text or (len(short) > 1 and short in context.text):
            context.region = region
            return
