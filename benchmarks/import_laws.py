"""Import and index many documents: the 527 laws of ``../shared/data/laws`` in an empty home.

.venv/bin/python -m benchmarks.import_laws ../shared/data/laws
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from knowledge.importing import import_paths
from knowledge.service import KnowledgeService
from wenzheng.cli.console import progress
from wenzheng.database import migrate, open_engine
from wenzheng.parts import build_embedder
from wenzheng.settings import load_settings


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    embedder = build_embedder(load_settings())
    embedder.load()
    with tempfile.TemporaryDirectory() as home:
        engine = open_engine(f"sqlite:///{home}/laws.db")
        migrate(engine)
        service = KnowledgeService(engine, Path(home), embedder)
        started = time.perf_counter()
        with progress("读取文件") as step:
            report = import_paths(service, [folder], step)
        imported = time.perf_counter()
        with progress("计算向量") as step:
            service.publish(progress=step)
        published = time.perf_counter()
        pieces = service.index().pieces()
    print(
        json.dumps(
            {
                "documents": report.documents,
                "errors": sum(problem.severity == "error" for problem in report.problems),
                "import_s": round(imported - started, 1),
                "pieces": pieces,
                "publish_s": round(published - imported, 1),
                "pieces_per_s": round(pieces / (published - imported), 1),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
