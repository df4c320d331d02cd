"""The names of what speaks for a candidate; :mod:`knowledge.pipeline.evidence` gathers it."""

from __future__ import annotations

QUESTIONS = {
    "question_cosine": "cosine of the nearest reading with the nearest question of the FAQ",
    "question_best": "mean cosine of the three nearest questions",
    "question_bm25": "best BM25 score of a question",
    "question_match": "likeness to the nearest question: Dice's coefficient over bigrams, weighted by rarity",
    "question_beside": "share of the question's bigrams, weighted by rarity, that only the answer has",
}
"""What an FAQ's questions say; a clause has none."""

TEXTS = {
    "cosine": "cosine of the nearest reading with the nearest piece of the text",
    "max_sim": "mean cosine of each of the question's tokens with the nearest of a piece, weighted by rarity",
    "bm25": "best BM25 score of a piece",
    "coverage": "share of the question's bigrams, weighted by rarity, that the source has; over 1 with official words",
}
"""What the text says. An answer and a clause are weighed apart, as ``answer_…`` and ``clause_…``."""

ASKED = {
    "length": "logarithm of the question's length in characters",
    "known": "share of the question's bigrams, weighted by rarity, that stand anywhere in the content",
}
"""What the question itself says of whether anything answers it: the same for all candidates."""

BEHIND = "behind_"
"""Prefix of the same evidence relative to the candidate that has most of it: 0 for that one, else negative.

An FAQ's questions are compared with those of other FAQs; answers and clauses with both.
"""

OF_TEXT = {kind: {name: f"{kind}_{name}" for name in TEXTS} for kind in ("answer", "clause")}
EVIDENCE = (*QUESTIONS, *OF_TEXT["answer"].values(), *OF_TEXT["clause"].values())
WEIGHED = ("faq", *ASKED, *EVIDENCE, *(BEHIND + name for name in EVIDENCE))
"""All evidence that has a weight; ``faq`` is 1 for an FAQ, else 0. What a candidate does not have counts as 0."""
