"""Retrieval quality on a set in the BEIR layout, through the production index and fusion."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.config import RetrievalConfig
from knowledge.embedding import Embedder, EmbeddingCache
from knowledge.embedding.embedder import Progress
from knowledge.index.hybrid import HybridIndex
from knowledge.index.lexical import LexicalIndex, numbered
from knowledge.index.pieces import cut, titled
from knowledge.index.question_words import asked_about
from knowledge.index.whole import WholeIndex
from knowledge.text import normalise

TOP = 10


class RetrievalSetError(ValueError):
    """A retrieval set lacks a file or has a line that cannot be read."""


@dataclass(frozen=True)
class RetrievalSet:
    """Documents as id -> (title, text), queries as id -> text, judgements as query id -> {document id: gain}."""

    documents: dict[str, tuple[str, str]]
    queries: dict[str, str]
    judgements: dict[str, dict[str, float]]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            yield from ((number, line) for number, line in enumerate(file, 1) if line.strip())
    except FileNotFoundError as error:
        raise RetrievalSetError(
            f"缺少文件 {path}：检索评测集应含 corpus.jsonl、queries.jsonl 和 qrels.tsv。"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise RetrievalSetError(f"无法读取 {path}（应为 UTF-8 编码的文本）：{error}") from error


def _json_lines(path: Path, *keys: str) -> Iterator[dict[str, Any]]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise RetrievalSetError(f"{path} 第 {number} 行不是有效的 JSON：{error}") from error
        if not isinstance(row, dict):
            raise RetrievalSetError(f"{path} 第 {number} 行不是 JSON 对象。")
        if missing := [key for key in keys if key not in row]:
            raise RetrievalSetError(f"{path} 第 {number} 行缺少 {'、'.join(missing)}。")
        yield row


def read_retrieval_set(folder: Path) -> RetrievalSet:
    """Read a folder in the BEIR layout. Raises RetrievalSetError with file and line."""
    documents = {
        str(row["_id"]): (str(row.get("title") or ""), str(row["text"]))
        for row in _json_lines(folder / "corpus.jsonl", "_id", "text")
    }
    queries = {
        str(row["_id"]): str(row["text"]) for row in _json_lines(folder / "queries.jsonl", "_id", "text")
    }
    judgements: dict[str, dict[str, float]] = defaultdict(dict)
    path = folder / "qrels.tsv"
    for number, line in _lines(path):
        cells = line.rstrip("\n").split("\t")
        if number == 1 and cells[-1] == "score":
            continue
        try:
            query, document, gain = cells
            judgements[query][document] = float(gain)
        except ValueError as error:
            raise RetrievalSetError(
                f"{path} 第 {number} 行应为“问题、文档、得分”三列，以制表符分隔。"
            ) from error
    judged = {query: text for query, text in queries.items() if query in judgements}
    if not documents or not judged:
        raise RetrievalSetError(f"{folder} 里没有可评测的内容：需要文档，以及在 qrels.tsv 中有判断的问题。")
    return RetrievalSet(documents, judged, dict(judgements))


def evaluate_retrieval(
    data: RetrievalSet,
    embedder: Embedder,
    cache: EmbeddingCache,
    config: RetrievalConfig,
    progress: Progress | None = None,
) -> dict[str, float | int]:
    """Index the documents, search every query as the product does, judge the ranking (:func:`judge`).

    A document ranks by its best piece, to which the document as a whole adds.
    """
    identifiers = list(data.documents)
    items, texts = pieces_of(data, config.piece_length)
    vectors = cache.passages(texts, progress)
    dead = np.zeros(len(identifiers), dtype=bool)
    with tempfile.TemporaryDirectory() as folder:
        pieces, wholes = Path(folder) / "pieces", Path(folder) / "wholes"
        HybridIndex.build(pieces, texts, vectors)
        index = HybridIndex(pieces, config, config.passage_dense_weight)
        LexicalIndex.build(wholes, numbered(titled(*each) for each in data.documents.values()))
        whole = WholeIndex(wholes, config)

        def search(question: str) -> list[str]:
            asked, vector = asked_about(question), embedder.queries([question])[0]
            bonus = whole.bonus(asked, "", dead, items)
            hits = index.search(asked, vector, config.depth, bonus=bonus)
            return [identifiers[items[hit.row]] for hit in hits]

        return judge(data, search)


def pieces_of(data: RetrievalSet, length: int) -> tuple[np.ndarray, list[str]]:
    """The pieces of all documents under their titles, and the position of each one's document."""
    owners: list[int] = []
    texts: list[str] = []
    for number, (title, text) in enumerate(data.documents.values()):
        for piece in cut(text, length) or [title]:
            owners.append(number)
            texts.append(titled(title, piece))
    return np.array(owners), texts


def judge(data: RetrievalSet, search: Callable[[str], Iterable[str]]) -> dict[str, float | int]:
    """Ask every query and judge the documents that ``search`` returns, best first; of repeated ones the first counts.

    nDCG@10 as in Järvelin and Kekäläinen (TOIS 2002) with log2 discount. ``ms_*`` is one search.
    """
    scores: dict[str, list[float]] = defaultdict(list)
    milliseconds: list[float] = []
    for query, text in data.queries.items():
        started = time.perf_counter()
        found_documents = search(normalise(text))
        milliseconds.append((time.perf_counter() - started) * 1000)
        ranking = list(dict.fromkeys(found_documents))[:TOP]
        gains = data.judgements[query]
        found = [gains.get(document, 0.0) for document in ranking]
        ideal = sorted(gains.values(), reverse=True)[:TOP]
        scores["ndcg@10"].append(_dcg(found) / _dcg(ideal) if any(ideal) else 0.0)
        relevant = {document for document, gain in gains.items() if gain > 0}
        scores["recall@1"].append(len(relevant & set(ranking[:1])) / max(len(relevant), 1))
        scores["recall@5"].append(len(relevant & set(ranking[:5])) / max(len(relevant), 1))
        first = next((place for place, gain in enumerate(found, 1) if gain > 0), None)
        scores["mrr@10"].append(1 / first if first else 0.0)
    return {
        **{name: round(float(np.mean(values)), 4) for name, values in scores.items()},
        "queries": len(data.queries),
        "documents": len(data.documents),
        "ms_p50": round(float(np.percentile(milliseconds, 50)), 2),
        "ms_p95": round(float(np.percentile(milliseconds, 95)), 2),
    }


def _dcg(gains: list[float]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))
