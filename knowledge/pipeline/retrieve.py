"""Find sources by their questions and by their passages."""

from __future__ import annotations

import time

from knowledge.pipeline.context import Candidate, Context


def retrieve(context: Context) -> None:
    """Embed the question and gather candidates from both indexes; a source's best scores are kept."""
    started = time.perf_counter()
    context.vector = context.embedder.queries([context.text])[0]
    context.timings["embed"] = (time.perf_counter() - started) * 1000

    limit = context.config.retrieval.candidates
    found: dict[str, Candidate] = {}
    for group in ("questions", "passages"):
        for source, hit in context.index.search(group, context.text, context.vector, limit, context.timings):
            candidate = found.setdefault(source.id, Candidate(source))
            candidate.cosine = max(candidate.cosine, hit.dense)
            candidate.fused = max(candidate.fused, hit.fused)
    context.candidates = list(found.values())
