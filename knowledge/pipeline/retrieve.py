"""Find sources by their questions and by their passages."""

from __future__ import annotations

import time

from knowledge.pipeline.context import Candidate, Context
from knowledge.pipeline.evidence import Found, gather_evidence
from knowledge.vocabulary import Vocabulary


def readings(text: str, vocabulary: Vocabulary) -> list[str]:
    """The question in the citizen's words, and, where these are everyday ones, in official words too."""
    return list(dict.fromkeys((text, vocabulary.synonyms.rewritten(text))))


def retrieve(context: Context) -> None:
    """Embed the question's readings, gather the sources that either index finds, and the evidence for each."""
    started = time.perf_counter()
    context.vectors = context.embedder.queries(readings(context.text, context.vocabulary))
    context.timings["embed"] = (time.perf_counter() - started) * 1000

    limit = context.config.retrieval.candidates
    found: dict[str, Found] = {}
    groups = context.index.search_groups(
        context.text,
        context.vectors,
        limit,
        context.timings,
        also=" ".join(context.official),
        hidden=context.hidden,
    )
    for group, hits in groups.items():
        for source, hit in hits:
            found.setdefault(source.id, Found(source)).bm25[group] = hit.lexical
    context.candidates = [Candidate(each.source) for each in found.values()]
    gather_evidence(context, found)
