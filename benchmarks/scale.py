"""Search and publishing at 10,000 FAQs and 100,000 clauses.

    .venv/bin/python -m benchmarks.scale ../shared/data/laws ../shared/data/ncp

The clauses are those of 527 real laws, and of the same laws again and again with another place in every sentence that
names an authority; the FAQs ask for articles of them. Questions are the real ones of ``ncp``, with their real vectors.

Embedding so many texts would take hours here and tells nothing about search, so most vectors are made: ``--real N``
pieces of the laws, drawn at random, are embedded (once: they are kept in the home's cache), and any other text has the
vector of one of them, mixed with a near one and turned a little at random, and its tokens. How fast search is does not
depend on that, but how much the approximate index finds does: its recall is therefore measured on the real vectors
alone, too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from knowledge.config import load_search_config
from knowledge.content import Document, Faq, read_document
from knowledge.embedding import Embedder, EmbeddingCache
from knowledge.embedding.embedder import Progress
from knowledge.evaluation.retrieval import read_retrieval_set
from knowledge.index.approximate import choose, open_approximate, read_choice
from knowledge.index.dense import DenseIndex
from knowledge.index.lexical import LexicalIndex
from knowledge.index.segment import GROUPS, texts_of
from knowledge.service import KnowledgeService
from knowledge.source import sources_of
from knowledge.text import normalise
from wenzheng.database import migrate, open_engine
from wenzheng.parts import build_embedder
from wenzheng.settings import load_settings

PLACES = ["云岭", "海宁", "江州", "平川", "石桥", "青浦", "白沙", "东阳", "临河"]
AUTHORITIES = ("人民政府", "主管部门", "人民法院", "行政部门", "有关部门", "机关", "单位", "本法", "本条例")
TURN = 0.25  # length of the random part that is added to a real vector of length 1
SEED = 7
TODAY = date(2026, 6, 15)
_WARM_UP = 20  # calls that are not timed


class MadeVectors:
    """An embedder of the real dimension, whose passages are as the module says and whose queries are known."""

    def __init__(
        self,
        real: dict[str, np.ndarray],
        queries: dict[str, np.ndarray],
        tokens: Sequence[np.ndarray],
        query_token_vectors: dict[str, np.ndarray],
    ) -> None:
        self._real, self.known = real, queries
        self._tokens, self._query_tokens = tokens, query_token_vectors
        self._places = {text: place for place, text in enumerate(real)}
        self._all = np.stack(list(real.values())).astype(np.float32)
        self.fingerprint = f"made-{len(real)}"

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """The real vectors of questions that are known; any other gets one of them."""
        known = list(self.known)
        return np.stack([self.known.get(text, self.known[known[len(text) % len(known)]]) for text in texts])

    def passages(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """One vector a text, the same whenever it is asked for."""
        return np.stack([self._passage(text) for text in texts])

    def query_token_vectors(self, text: str) -> np.ndarray:
        """The real tokens of a question that is known; any other gets those of the first."""
        return self._query_tokens.get(text, next(iter(self._query_tokens.values())))

    def passages_with_token_vectors(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        """Vectors as :meth:`passages` makes them, each with the tokens of a real text that is about as long."""
        by_length = sorted(self._places, key=len)
        lengths = [len(text) for text in by_length]
        tokens = []
        for text in texts:
            like = text if text in self._places else by_length[max(bisect(lengths, len(text)) - 1, 0)]
            tokens.append(self._tokens[self._places[like]])
        return self.passages(texts), tokens

    def _passage(self, text: str) -> np.ndarray:
        if text in self._real:
            return self._real[text].astype(np.float32)
        made = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
        first = self._all[made.integers(len(self._all))]
        others = self._all[made.integers(len(self._all), size=50)]
        second = others[np.argmax(others @ first)]
        turn = made.standard_normal(first.shape[0])
        vector = first + made.uniform(0, 0.5) * (second - first) + TURN * turn / np.linalg.norm(turn)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def laws(folder: Path) -> list[Document]:
    """The real laws."""
    read = [read_document(path.read_bytes(), path.name) for path in sorted(folder.rglob("*.md"))]
    return [result.document for result in read if result.document]


def _placed(document: Document, place: str) -> Document:
    body = document.body
    for name in AUTHORITIES:
        body = body.replace(name, place + name)
    return replace(document, id=f"{place}-{document.id}", title=f"{place}{document.title}", body=body)


def varied(documents: list[Document], clauses: int) -> list[Document]:
    """The laws, then the laws of one place after another, until there are so many clauses."""
    found: list[Document] = []
    total = 0
    for place in ["", *PLACES]:
        for document in documents:
            if total >= clauses:
                return found
            copy = _placed(document, place) if place else document
            found.append(copy)
            total += len(sources_of([copy]))
    return found


def made_faqs(documents: list[Document], count: int) -> list[Faq]:
    """FAQs that ask for an article of a law, in three ways."""
    chosen = random.Random(SEED)
    clauses = [(document, source) for document in documents[:200] for source in sources_of([document])]
    faqs: list[Faq] = []
    while len(faqs) < count:
        document, source = chosen.choice(clauses)
        opening = source.text.removeprefix(source.article).strip()[:30].rstrip("，。；：、")
        asked = (f"{opening}有什么规定", f"{opening[:16]}怎么办", f"{document.title}对{opening[:12]}怎么说")
        faqs.append(Faq(f"FAQ-{len(faqs):05}", asked[0], source.text[:400], asked[1:], basis=(source.id,)))
    return faqs


def percentiles(milliseconds: list[float]) -> dict[str, float]:
    """p50 and p95."""
    return {f"p{share}": round(float(np.percentile(milliseconds, share)), 2) for share in (50, 95)}


def timed(call: Callable[[Any], Any], arguments: Sequence[Any]) -> dict[str, float]:
    """Milliseconds of ``call`` with each of ``arguments`` in turn, after a few to warm up."""
    for argument in arguments[:_WARM_UP]:
        call(argument)
    taken = []
    for argument in arguments:
        started = time.perf_counter()
        call(argument)
        taken.append((time.perf_counter() - started) * 1000)
    return percentiles(taken)


def memory() -> dict[str, int]:
    """Megabytes of this process: all that is resident, and what of it is not a file's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    values = {
        line.split(":")[0]: int(line.split()[1]) // 1024
        for line in lines
        if line.startswith(("VmRSS", "RssAnon"))
    }
    return {"resident_mb": values["VmRSS"], "anonymous_mb": values["RssAnon"]}


def search_times(service: KnowledgeService, made: MadeVectors, embedder: Embedder) -> dict[str, Any]:
    """The retrieval of the pipeline without the embedding, by stage; FAISS Flat and tantivy alone beside it.

    ``embedder`` must not have seen the questions yet: once, each is embedded and searched at once, as in the product.
    """
    index, config = service.index(), service.config.retrieval
    stages: dict[str, list[float]] = {"lexical": [], "dense": [], "tokens": [], "search": []}

    def search(asked: tuple[str, np.ndarray]) -> None:
        text, vector = asked
        timings: dict[str, float] = {}
        started = time.perf_counter()
        groups = index.search_groups(text, vector, config.candidates, timings)
        found = {source.id for hits in groups.values() for source, _ in hits}
        names = sorted(found)
        index.cosines("questions", names, vector)
        near = index.cosines("passages", names, vector)
        compared = time.perf_counter()
        index.max_sims(names, near, made.query_token_vectors(text))
        timings["tokens"] = (time.perf_counter() - compared) * 1000
        stages["search"].append((time.perf_counter() - started) * 1000)
        for name, value in timings.items():
            stages[name].append(value)

    queries = made.known
    asked = list(queries.items())
    timed(search, asked)
    together: list[float] = []
    for text in queries:
        started = time.perf_counter()
        (vector,) = embedder.queries([text])
        groups = index.search_groups(text, vector, config.candidates)
        names = sorted({source.id for hits in groups.values() for source, _ in hits})
        near = index.cosines("passages", names, vector)
        index.max_sims(names, near, embedder.query_token_vectors(text))
        together.append((time.perf_counter() - started) * 1000)
    passages = index._indexes["passages"]
    flat = faiss.IndexFlatIP(passages.dense._parts[0].shape[1])
    for part in passages.dense._parts:
        flat.add(np.ascontiguousarray(part))
    lexical: LexicalIndex = passages._lexical
    return {
        **{name: percentiles(values[-len(asked) :]) for name, values in stages.items()},
        "embedding and search at once": percentiles(together[_WARM_UP:]),
        "peer: FAISS Flat, passages": timed(lambda each: flat.search(each[1][None], config.depth), asked),
        "peer: tantivy, passages": timed(lambda each: lexical.search(each[0], config.depth), asked),
        "dense alone, passages": timed(lambda each: passages.dense.search(each[1], config.depth), asked),
    }


def recall(vectors: np.ndarray, dense: DenseIndex, queries: Sequence[np.ndarray], depth: int) -> float:
    """The share of the ``depth`` nearest rows that ``dense`` finds."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(np.ascontiguousarray(vectors))
    exact = flat.search(np.stack(queries), depth)[1]
    found = [set(dense.search(query, depth).tolist()) for query in queries]
    return round(
        statistics.mean(
            len(set(map(int, rows)) & got) / depth for rows, got in zip(exact, found, strict=True)
        ),
        4,
    )


def recall_on_real(vectors: np.ndarray, queries: list[np.ndarray]) -> dict[str, Any]:
    """Recall of the approximate index built of real vectors only, with real questions."""
    config = replace(load_search_config().retrieval, exact_rows=0)
    with tempfile.TemporaryDirectory() as folder:
        choice = choose(Path(folder), vectors, config)
        dense = DenseIndex([vectors], open_approximate(Path(folder)))
        found = recall(vectors, dense, queries, config.depth)
    return {**vars(choice), "recall_of_questions": found}


def watch(home: Path, made: MadeVectors, pipe: Any) -> None:
    """Another process: loads the index, then says when it answers with each text it is told to wait for."""
    started = time.perf_counter()
    service = KnowledgeService(open_engine(f"sqlite:///{home}/scale.db"), home, made)
    index = service.index()
    text, vector = next(iter(made.known.items()))
    index.search("passages", text, vector, 20)
    pipe.send({"cold_load_s": round(time.perf_counter() - started, 2), **memory()})
    while (wanted := pipe.recv()) is not None:
        identifier, answer = wanted
        longest = 0.0
        while True:
            asked = time.perf_counter()
            index = service.index()
            index.search("passages", text, vector, 20)
            longest = max(longest, time.perf_counter() - asked)
            if (source := index.by_id.get(identifier)) is not None and source.text == answer:
                break
        pipe.send((time.time(), longest))
    pipe.send(memory())


def publish_times(
    service: KnowledgeService, home: Path, embedder: MadeVectors, faqs: list[Faq], times: int
) -> dict[str, Any]:
    """Seconds from publishing a changed FAQ until this process, and another, answers with it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    other = context.Process(target=watch, args=(home, embedder, theirs))
    other.start()
    loaded = ours.recv()
    here, there, longest = [], [], []
    for number in range(times):
        changed = replace(faqs[number], answer=f"第{number}次修改：{time.time()}")
        service.import_items([changed])
        ours.send((changed.id, changed.answer))
        began, started = time.time(), time.perf_counter()
        service.publish()
        assert service.index().by_id[changed.id].text == changed.answer
        here.append(time.perf_counter() - started)
        ended, slowest = ours.recv()
        there.append(ended - began)
        longest.append(slowest)
    ours.send(None)
    after = ours.recv()
    other.join()
    return {
        "same_process_s": [round(each, 3) for each in here],
        "other_process_s": [round(each, 3) for each in there],
        "longest_question_meanwhile_ms": round(max(longest) * 1000),
        "other_process_loaded": loaded,
        "other_process_after": after,
    }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("laws", type=Path)
    parser.add_argument("ncp", type=Path)
    parser.add_argument("--clauses", type=int, default=100_000)
    parser.add_argument("--faqs", type=int, default=10_000)
    parser.add_argument("--real", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=8)
    parser.add_argument("--home", type=Path, help="keeps the index there; otherwise a temporary folder")
    arguments = parser.parse_args()
    settings = load_settings()
    embedder: Embedder = build_embedder(settings)
    config = load_search_config()
    documents = laws(arguments.laws)
    pieces = [
        text
        for source in sources_of(documents)
        for text in texts_of(source, config.retrieval.piece_length)["passages"]
    ]
    random.Random(1).shuffle(pieces)
    pieces = pieces[: arguments.real]
    cache = EmbeddingCache(settings.home_dir / "cache", embedder)
    vectors, tokens = cache.passages_with_token_vectors(pieces, [True] * len(pieces))
    asked = [normalise(text) for text in read_retrieval_set(arguments.ncp).queries.values()]
    queries = dict(zip(asked, embedder.queries(asked), strict=True))
    query_token_vectors = {text: embedder.query_token_vectors(text) for text in asked}
    made = MadeVectors(dict(zip(pieces, vectors, strict=True)), queries, tokens, query_token_vectors)
    report: dict[str, Any] = {"recall on real vectors": recall_on_real(vectors, list(queries.values()))}

    with tempfile.TemporaryDirectory() as temporary:
        home = arguments.home or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        engine = open_engine(f"sqlite:///{home}/scale.db")
        migrate(engine)
        service = KnowledgeService(engine, home, made, config, lambda: TODAY)
        content = varied(documents, arguments.clauses)
        faqs = made_faqs(content, arguments.faqs)
        service.import_items([*content, *faqs])
        started = time.perf_counter()
        release = service.publish()
        report["first publication"] = {"seconds": round(time.perf_counter() - started, 1), **memory()}
        index = service.index()
        report["content"] = {
            "documents": release.documents,
            "faqs": release.faqs,
            "clauses": sum(source.count("#") for source in index.by_id),
            "pieces": index.pieces(),
            "disk_mb": sum(path.stat().st_size for path in (home / "index").rglob("*") if path.is_file())
            >> 20,
        }
        for name in GROUPS:
            dense = index._indexes[name].dense
            found = recall(dense._parts[0], dense, list(queries.values()), config.retrieval.depth)
            choice = read_choice(index.stored.base.folder / name)
            report[f"dense, {name}"] = {**vars(choice), "recall_of_questions": found}
        report["search, ms"] = search_times(service, made, build_embedder(settings))
        report["publish one FAQ"] = publish_times(service, home, made, faqs, arguments.times)
        report["search after publishing, ms"] = search_times(service, made, build_embedder(settings))
    print(json.dumps(report, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
