"""Texts to embed and how near two engines' vectors of them are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from knowledge.content import read_document, read_faq_table, split_clauses

SAMPLE = Path(__file__).parents[3] / "sample"


def real_texts() -> list[str]:
    """100 texts as citizens and officials write: questions, answers, clauses, and some awkward ones."""
    faqs = read_faq_table((SAMPLE / "faq.csv").read_bytes(), "faq.csv").faqs
    path = SAMPLE / "documents" / "residence-permit-2024.md"
    document = read_document(path.read_bytes(), path.name).document
    assert document is not None
    awkward = [
        "居住證怎麼辦理？需要準備哪些材料",
        "ＡＰＰ上怎么交社保　１２３３３打不通",
        "the fee is 3.5% 吗？Wi-Fi   覆盖",
        "😀公积金①②③",
        "税",
        "〔2024〕２号文",
    ]
    clauses = [clause.quote for clause in split_clauses(document) if clause.kind == "article"][:3]
    questions = [text for faq in faqs for text in (faq.standard_question, *faq.similar_questions[:1])]
    texts = [*awkward, *clauses, *(faq.answer for faq in faqs[:2]), *questions]
    return list(dict.fromkeys(texts))[:100]


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return (left * right).sum(axis=1) / lengths
