"""The bundled model by several engines side by side: speed, nearness to PyTorch in float32, memory.

    .venv/bin/python -m benchmarks.embedding ../shared/data/ncp

The engines take turns, so that what else the machine does falls on all of them. Beside the time on the clock stands
the processor's time, which other processes change less. ``onnx-float32`` and ``onnx-4bit`` are the int8 engine's
network with other matrix products; they are only here, to show why it is int8.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from knowledge.embedding import Embedder, Int8Embedder, SentenceTransformerEmbedder
from knowledge.embedding.bundled import ModelFile, bundled_model_file, made_whole
from knowledge.embedding.int8_model import (
    MODEL_FILE,
    TOKENIZER_FILE,
    Dense,
    Graph,
    build_network,
    build_tokenizer,
)
from knowledge.evaluation.retrieval import read_retrieval_set
from knowledge.index.pieces import cut
from wenzheng.settings import load_settings

PEER = "torch-float32"
LENGTH = 300


def float32_dense(graph: Graph, file: ModelFile, value: str, parts: list[str], rows: int) -> list[str]:
    """Products with float32 weights."""
    made = []
    for part in parts:
        weights = file.blocks(f"{part}.w", rows).rows(slice(None))
        product = graph.add("MatMul", value, graph.constant(weights.T))
        made.append(graph.add("Add", product, graph.constant(file.values(f"{part}.b", rows))))
    return made


def four_bit_dense(graph: Graph, file: ModelFile, value: str, parts: list[str], rows: int) -> list[str]:
    """Products with the file's own 4-bit blocks, activations in int8 block by block."""
    made = []
    for part in parts:
        nibbles, scales = file.blocks(f"{part}.w", rows).quantised(slice(None))
        product = graph.fused(
            "MatMulNBits",
            value,
            graph.constant(nibbles[..., 0::2] | nibbles[..., 1::2] << 4),
            graph.constant(scales.reshape(-1)),
            K=nibbles.shape[1] * nibbles.shape[2],
            N=len(nibbles),
            bits=4,
            block_size=file.shape.block,
            accuracy_level=4,
        )
        made.append(graph.add("Add", product, graph.constant(file.values(f"{part}.b", rows))))
    return made


def with_products(models: Path, name: str, dense: Dense) -> Int8Embedder:
    """The int8 engine with other matrix products, its files made in ``models``."""
    embedder = Int8Embedder(models)
    embedder.folder = models / name
    if not embedder.folder.is_dir():
        file = ModelFile(bundled_model_file())
        with made_whole(embedder.folder) as folder:
            (folder / MODEL_FILE).write_bytes(build_network(file, dense))
            (folder / TOKENIZER_FILE).write_bytes(build_tokenizer(file))
    return embedder


def engines(models: Path, scratch: Path) -> dict[str, Callable[[], Embedder]]:
    """How each engine is made; the two that are only measured are made in ``scratch``."""
    return {
        PEER: lambda: SentenceTransformerEmbedder("bundled", models, precision="float32"),
        "torch-bfloat16": lambda: SentenceTransformerEmbedder("bundled", models, precision="bfloat16"),
        "onnx-float32": lambda: with_products(scratch, "float32", float32_dense),
        "onnx-4bit": lambda: with_products(scratch, "4bit", four_bit_dense),
        "int8": lambda: Int8Embedder(models),
    }


def memory_and_load(name: str, models: Path, scratch: Path) -> dict[str, float]:
    """Seconds from nothing to the first vector, imports included, and resident MB, in a process of its own."""
    code = (
        "import json, sys, time; started = time.perf_counter()\n"
        "from pathlib import Path; from benchmarks.embedding import engines\n"
        "engines(Path(sys.argv[2]), Path(sys.argv[3]))[sys.argv[1]]().queries(['居住证怎么办理'])\n"
        "pages = int(Path('/proc/self/statm').read_text().split()[1])\n"
        "print(json.dumps({'load_s': time.perf_counter() - started, 'resident_mb': pages * 4096 / 1e6}))"
    )
    command = [sys.executable, "-c", code, name, str(models), str(scratch)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


@contextmanager
def clock(into: dict[str, list[float]], name: str, per: int) -> Iterator[None]:
    """Add the milliseconds on the clock and of the processor, divided by ``per``."""
    clock_started, processor_started = time.perf_counter(), time.process_time()
    yield
    into[f"{name}_ms"].append((time.perf_counter() - clock_started) * 1000 / per)
    into[f"{name}_cpu_ms"].append((time.process_time() - processor_started) * 1000 / per)


def measure(
    made: dict[str, Embedder], questions: list[str], pieces: list[str], rounds: int
) -> dict[str, dict[str, list[float]]]:
    """By engine and kind of time, the measurements of all rounds."""
    times: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in made}
    for turn in range(rounds):
        for name, embedder in made.items():
            for question in questions[turn::rounds]:
                with clock(times[name], "query", 1):
                    embedder.queries([question])
            with clock(times[name], "piece", len(pieces[turn::rounds])):
                embedder.passages(pieces[turn::rounds])
        print(f"round {turn + 1} of {rounds}", file=sys.stderr)
    return times


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "folder", type=Path, help="a retrieval set: its questions and pieces of its documents"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--pieces", type=int, default=100)
    parser.add_argument(
        "--texts", type=int, default=500, help="texts whose vectors are compared with the peer's"
    )
    parser.add_argument("--without", nargs="*", default=[], help="engines to leave out")
    arguments = parser.parse_args()
    data = read_retrieval_set(arguments.folder)
    texts = [piece for _, text in data.documents.values() for piece in cut(text, LENGTH)]
    whole = [text for text in texts if len(text) > LENGTH * 0.9]
    chance = random.Random(0)
    questions = chance.sample(list(data.queries.values()), min(arguments.questions, len(data.queries)))
    pieces = chance.sample(whole, min(arguments.pieces, len(whole)))
    compared = chance.sample([*data.queries.values(), *texts], arguments.texts)

    models = load_settings().models
    with tempfile.TemporaryDirectory() as scratch:
        makers = engines(models, Path(scratch))
        made = {name: make() for name, make in makers.items() if name not in arguments.without}
        for embedder in made.values():
            embedder.passages(["预热", pieces[0]])
        times = measure(made, questions, pieces, arguments.rounds)
        reference = made[PEER].passages(compared)
        result: dict[str, dict[str, float]] = {}
        for name, embedder in made.items():
            cosines = (embedder.passages(compared) * reference).sum(axis=1)
            middle = {kind: float(np.median(values)) for kind, values in times[name].items()}
            peer = {kind: float(np.median(values)) for kind, values in times[PEER].items()}
            result[name] = {
                "query_ms_p50": middle["query_ms"],
                "query_ms_p95": float(np.percentile(times[name]["query_ms"], 95)),
                "query_cpu_ms_p50": middle["query_cpu_ms"],
                "pieces_per_s": 1000 / middle["piece_ms"],
                "piece_cpu_ms": middle["piece_cpu_ms"],
                "query_over_peer": peer["query_ms"] / middle["query_ms"],
                "bulk_over_peer": peer["piece_ms"] / middle["piece_ms"],
                "query_over_peer_cpu": peer["query_cpu_ms"] / middle["query_cpu_ms"],
                "bulk_over_peer_cpu": peer["piece_cpu_ms"] / middle["piece_cpu_ms"],
                "cosine_mean": float(cosines.mean()),
                "cosine_min": float(cosines.min()),
                **memory_and_load(name, models, Path(scratch)),
            }
    rounded = {name: {k: round(v, 4) for k, v in values.items()} for name, values in result.items()}
    print(json.dumps(rounded, indent=2))


if __name__ == "__main__":
    main()
