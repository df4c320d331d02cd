"""Find sources by their questions and by their passages."""

from __future__ import annotations

import time

from knowledge.pipeline.context import Candidate, Context


def retrieve(context: Context) -> None:
    """Embed the question and gather the sources that either index finds, with their cosines and BM25."""
    started = time.perf_counter()
    vector = context.vector = context.embedder.queries([context.text])[0]
    context.timings["embed"] = (time.perf_counter() - started) * 1000

    index, limit = context.index, context.config.retrieval.candidates
    found: dict[str, Candidate] = {}
    for group in ("questions", "passages"):
        for source, hit in index.search(group, context.text, vector, limit, context.timings):
            candidate = found.setdefault(source.id, Candidate(source))
            if group == "questions":
                candidate.question_fused = hit.fused
            else:
                candidate.passage_fused, candidate.passage_bm25 = hit.fused, hit.lexical
    for identifier, candidate in found.items():
        candidate.question_cosine = index.cosine("questions", identifier, vector)
        candidate.passage_cosine = index.cosine("passages", identifier, vector)
    context.candidates = list(found.values())
