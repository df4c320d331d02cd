"""The names of what speaks for a candidate; :mod:`knowledge.pipeline.evidence` gathers it."""

from __future__ import annotations

EVIDENCE = {
    "question_cosine": "cosine of the nearest reading with the nearest question of an FAQ",
    "question_bm25": "best BM25 score of a question of an FAQ",
    "question_match": "likeness to an FAQ's nearest question: Dice's coefficient over bigrams, weighted by rarity",
    "question_coverage": "share of the question's bigrams, weighted by rarity, that one question of an FAQ has",
    "passage_cosine": "cosine of the nearest reading with the nearest piece of the answer or clause",
    "passage_bm25": "best BM25 score of such a piece",
    "coverage": "share of the question's bigrams, weighted by rarity, that the source has; over 1 with official words",
    "document_cosine": "the best passage_cosine of its document: a clause's own, or that which an FAQ rests on",
    "document_mean": "mean of the three best passage_cosines of its document",
    "basis_question_cosine": "best question_cosine among its basis, or the FAQs that rest on it",
    "basis_passage_cosine": "the same of passage_cosine",
    "basis_coverage": "the same of coverage",
}
"""The names of the evidence, and what each says. All are 0 where there is nothing of the kind."""

BEHIND = "behind_"
"""Prefix of the same evidence relative to the candidate that has most of it; 0 for that one, else negative."""

WEIGHED = ("faq", *EVIDENCE, *(BEHIND + name for name in EVIDENCE))
"""All evidence that has a weight; ``faq`` is 1 for an FAQ, 0 for a clause."""
