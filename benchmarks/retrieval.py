"""The product's retrieval beside its own halves and beside txtai with the same pieces and vectors.

    .venv/bin/python -m benchmarks.retrieval ../shared/data/ncp

``txtai`` is not among the dependencies; without it (``pip install --no-deps txtai``) its rows are left out. It is asked
as its users would: hybrid search with equal weights, once with its own tokens (Unicode words, which are single
characters in Chinese) and once with pairs of characters, as the product has them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from knowledge.config import RetrievalConfig, load_search_config
from knowledge.embedding import Embedder, EmbeddingCache
from knowledge.evaluation.retrieval import (
    RetrievalSet,
    evaluate_retrieval,
    judge,
    pieces_of,
    read_retrieval_set,
)
from wenzheng.parts import build_embedder
from wenzheng.settings import load_settings

TOKENIZERS: dict[str, dict[str, Any]] = {
    "txtai hybrid": {},
    "txtai hybrid, pairs of characters": {"tokenizer": {"ngrams": 2}},
}


def ours(config: RetrievalConfig) -> dict[str, RetrievalConfig]:
    """The configurations that are compared."""
    pieces = replace(config, whole_weight=0.0)
    return {
        "meaning alone": replace(pieces, passage_dense_weight=1.0),
        "characters alone": replace(pieces, passage_dense_weight=0.0),
        "both": pieces,
        "both, and the document as a whole": config,
        **{
            f"the same with a whole_weight of {weight}": replace(config, whole_weight=weight)
            for weight in (0.5, 1.0)
        },
    }


def peer(
    data: RetrievalSet,
    embedder: Embedder,
    cache: EmbeddingCache,
    config: RetrievalConfig,
    scoring: dict[str, Any],
) -> dict[str, float | int]:
    """txtai's hybrid search over the same pieces; a document ranks by its best piece."""
    from txtai.embeddings import Embeddings

    identifiers = list(data.documents)
    items, texts = pieces_of(data, config.piece_length)
    known = dict(zip(texts, cache.passages(texts), strict=True))

    def vectors(asked: list[str]) -> Any:
        return [known[each] if each in known else embedder.queries([each])[0] for each in asked]

    index = Embeddings(
        method="external",
        transform=vectors,
        hybrid=True,
        content=False,
        scoring={"method": "bm25", "terms": True, "normalize": True, **scoring},
    )
    index.index(list(enumerate(texts)))

    def search(question: str) -> list[str]:
        return [identifiers[items[row]] for row, _ in index.search(question, config.depth)]

    return judge(data, search)


def main() -> None:
    """Print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a set in the BEIR layout")
    arguments = parser.parse_args()
    settings = load_settings()
    embedder = build_embedder(settings)
    cache = EmbeddingCache(settings.home_dir / "cache", embedder)
    config = load_search_config().retrieval
    data = read_retrieval_set(arguments.folder)

    def show(name: str, measure: Callable[[], dict[str, float | int]]) -> None:
        # Not the milliseconds: vectors of questions are kept from one row to the next.
        scores = {key: value for key, value in measure().items() if not key.startswith("ms_")}
        print(name, scores, flush=True)

    for name, each in ours(config).items():
        show(name, lambda each=each: evaluate_retrieval(data, embedder, cache, each))
    try:
        for name, scoring in TOKENIZERS.items():
            show(name, lambda scoring=scoring: peer(data, embedder, cache, config, scoring))
    except ModuleNotFoundError as error:
        print(f"txtai: {error}")


if __name__ == "__main__":
    main()
