"""Fit the weights in ``knowledge/search.yml`` on the sample city, without its golden questions.

Each similar question is held out in turn (a fifth of them at a time) as a citizen's question; then each FAQ is taken
out whole, to make questions that only a clause answers, or, without the clauses of its subject, nothing. From the
evidence that the production pipeline gathers, the conditional logit model of ``knowledge/pipeline/rank.py`` is
learnt: a candidate is right when it is the FAQ itself or a clause that the FAQ names as its basis.

    .venv/bin/python benchmarks/fit_decision.py
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from knowledge.config import load_search_config
from knowledge.content import Document, Faq, read_document, read_faq_table
from knowledge.embedding import Embedder, EmbeddingCache
from knowledge.index.release import ReleaseIndex, build_release_index
from knowledge.pipeline.context import Candidate, Context
from knowledge.pipeline.rank import EVIDENCE, gather_evidence
from knowledge.pipeline.retrieve import retrieve
from knowledge.pipeline.understand import normalise_question
from knowledge.pipeline.validity import check_validity
from knowledge.service import city_today
from wenzheng.parts import build_embedder
from wenzheng.settings import PROJECT_ROOT, load_settings

FOLDS = 5
PENALTY = 1.0
SHORTEST = 5  # characters of half a question that still asks something


def sample() -> tuple[list[Document], list[Faq]]:
    """The sample city's documents and FAQs."""
    folder = PROJECT_ROOT / "sample"
    read = [
        read_document(path.read_bytes(), path.name) for path in sorted((folder / "documents").glob("*.md"))
    ]
    table = read_faq_table((folder / "faq.csv").read_bytes(), "faq.csv")
    return [result.document for result in read if result.document], list(table.faqs)


def _first_half(question: str) -> str:
    half = re.split("[，、；]", question, maxsplit=1)[0]
    return half if len(half) >= SHORTEST else question


def folds(faqs: list[Faq]) -> Iterator[tuple[list[Faq], list[tuple[str, Faq]]]]:
    """(FAQs that stay, [(question asked, FAQ it belongs to)])."""
    for fold in range(FOLDS):
        kept, asked = [], []
        for number, faq in enumerate(faqs):
            out = [q for place, q in enumerate(faq.similar_questions) if (place + number) % FOLDS == fold]
            asked += [(question, faq) for question in out]
            stay = tuple(question for question in faq.similar_questions if question not in out)
            if fold == 0:
                # Citizens also ask in the very words of a question, or in its first half.
                asked += [
                    (words, faq) for words in {faq.standard_question, _first_half(faq.standard_question)}
                ]
            kept.append(replace(faq, similar_questions=stay))
        yield kept, asked
    for fold in range(FOLDS):
        gone = faqs[fold::FOLDS]
        yield (
            [faq for faq in faqs if faq not in gone],
            [(question, faq) for faq in gone for question in faq.similar_questions[:2]],
        )


@dataclass(frozen=True)
class Question:
    """The evidence of a held-out question's candidates (rows), which are right, and whether nothing may be right."""

    evidence: np.ndarray
    right: np.ndarray
    nothing: bool


def judged(candidates: list[Candidate], faq: Faq, gone: bool) -> Iterator[Question]:
    """The question as it is; for an FAQ that is gone also without the clauses of its subject."""
    about = {basis.split("#")[0] for basis in faq.basis}
    rows, right, subject = [], [], []
    for candidate in candidates:
        source = candidate.source
        based = any(source.id.startswith(basis) for basis in faq.basis)
        same = source.document_id in about or any(basis.split("#")[0] in about for basis in source.basis)
        if source.kind == "clause" and same and not based:
            continue  # nobody has said whether it answers
        rows.append([getattr(candidate, name) for name in EVIDENCE])
        right.append(based or source.id == faq.id)
        subject.append(same)
    evidence, correct, related = np.array(rows), np.array(right, bool), np.array(subject, bool)
    if not rows:
        return
    yield Question(evidence, correct, nothing=gone)
    if gone and not related.all():
        yield Question(evidence[~related], correct[~related], nothing=True)


def examples(embedder: Embedder, cache: EmbeddingCache) -> Iterator[Question]:
    """Every held-out question."""
    documents, faqs = sample()
    config = load_search_config()
    for kept, asked in folds(faqs):
        present = {faq.id for faq in kept}
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "index"
            build_release_index(target, [*documents, *kept], cache, config.retrieval)
            index = ReleaseIndex(target, 1, config.retrieval)
            for question, faq in asked:
                context = Context(question, city_today(), index, embedder, config)
                for step in (normalise_question, retrieve, check_validity, gather_evidence):
                    step(context)
                yield from judged(context.candidates, faq, gone=faq.id not in present)
        print(".", end="", file=sys.stderr, flush=True)


def fit(questions: list[Question]) -> dict[str, float]:
    """Maximum likelihood of the right candidates, with a small L2 penalty. No evidence counts against a candidate."""
    everything = np.concatenate([question.evidence for question in questions])
    scale = everything.std(axis=0) + 1e-9

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = 0.5 * PENALTY * float((weights[1:] ** 2).sum()), np.append(0.0, PENALTY * weights[1:])
        for question in questions:
            rows = question.evidence / scale
            scores = np.append(weights[0], rows @ weights[1:])
            correct = np.append(question.nothing, question.right)
            if not correct.any():
                continue  # the right one was not found: nothing to learn about weighing
            share = np.exp(scores - logsumexp(scores))
            hit = np.where(correct, share, 0.0) / share[correct].sum()
            value -= float(np.log(share[correct].sum()))
            gap = share - hit
            slope += np.append(gap[0], gap[1:] @ rows)
        return value, slope

    bounds = [(None, None), (None, None)] + [(0, None)] * (len(EVIDENCE) - 1)
    found = minimize(loss, np.zeros(1 + len(EVIDENCE)), jac=True, bounds=bounds, method="L-BFGS-B").x
    return {"none": float(found[0]), **dict(zip(EVIDENCE, found[1:] / scale, strict=True))}


def main() -> None:
    """Print the block of ``search.yml``."""
    settings = load_settings()
    embedder = build_embedder(settings)
    questions = list(examples(embedder, EmbeddingCache(settings.home_dir / "cache", embedder)))
    print("weights:")
    for name, value in fit(questions).items():
        print(f"  {name}: {value:.3f}")


if __name__ == "__main__":
    main()
