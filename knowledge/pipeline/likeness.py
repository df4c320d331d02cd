"""How like an FAQ's own wording a question is, whatever the model of certainty makes of it.

Short plain questions are sure of little there: it has learnt from long ones, and from questions of which the like was
hidden.
"""

from __future__ import annotations

import re
from functools import lru_cache

from knowledge.pipeline.context import Candidate, Context

_NUMBER = re.compile(r"\d+")
_NEGATION = re.compile(r"[不没未无非]")
_EITHER_OR = re.compile(r"(.)[不没](?=\1)")  # 能不能, 有没有: they ask and deny nothing


def is_same_question(best: Candidate, context: Context) -> bool:
    """Whether the question is all but the FAQ's own, and no other FAQ is nearly as like.

    It has no other numbers, and denies as much as one of the FAQ's questions: 没有居住证 is not 有居住证.

    The limits are ``same_question``, ``same_question_lead`` and ``same_question_least`` of ``search.yml``.
    """
    limits, questions = context.config.decision, best.source.questions
    if best.confidence < limits.same_question_least:
        return False
    if not set(_NUMBER.findall(context.text)) <= set(_NUMBER.findall("\n".join(questions))):
        return False
    if _denials(context.text) not in map(_denials, questions):
        return False
    like = likeness(best, context)
    if like < limits.same_question:
        return False
    others = max((likeness(each, context) for each in context.candidates if each is not best), default=0.0)
    return like - others >= limits.same_question_lead


def names_several(context: Context) -> bool:
    """Whether all that is asked stands in questions of several FAQs: 公积金 is a subject of many, no question yet.

    What is the very question of one of them is one.
    """
    said = _signs(context.text)
    asked = [list(map(_signs, each.source.questions)) for each in context.candidates]
    if not said or sum(said in questions for questions in asked) == 1:
        return False
    return sum(any(said in one for one in questions) for questions in asked) > 1


def is_near(candidate: Candidate, context: Context) -> bool:
    """Whether the question is so like one of an FAQ's that it is worth offering (``near_question``)."""
    return likeness(candidate, context) >= context.config.decision.near_question


def likeness(candidate: Candidate, context: Context) -> float:
    """``question_match``, 0…1; and 1 for a question that is an FAQ's but for ``left_out`` characters left out."""
    # Lengths first: they tell for all but a few, and this is asked of every question of every candidate.
    least = len(_signs(context.text))
    longer = [each for each in candidate.source.questions if len(each) >= least]
    if any(_says_no_more(context.text, each, context.config.decision.left_out) for each in longer):
        return 1.0
    return candidate.evidence.get("question_match", 0.0)


def _says_no_more(asked: str, question: str, left_out: int) -> bool:
    """Whether ``asked`` is ``question`` with at most ``left_out`` signs left out, none of them a denial."""
    said, signs = _signs(asked), _signs(question)
    if not said or len(signs) - len(said) > left_out or _denials(asked) != _denials(question):
        return False
    rest = iter(signs)
    return all(sign in rest for sign in said)


@lru_cache(maxsize=8192)
def _signs(said: str) -> str:
    """Letters, characters and digits only."""
    return "".join(filter(str.isalnum, said))


def _denials(said: str) -> int:
    return len(_NEGATION.findall(_EITHER_OR.sub("", said)))
