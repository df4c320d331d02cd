"""``wenzheng eval …``: measure retrieval and answers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from wenzheng.cli.console import Refused, print_json, progress, say
from wenzheng.settings import Settings


def register(commands: Any) -> None:
    """Add ``eval`` and its commands."""
    group = commands.add_parser("eval", help="评测：检索、答复")
    evaluation = group.add_subparsers(title="命令", metavar="命令", required=True)

    retrieval = evaluation.add_parser(
        "retrieval", help="检索评测（BEIR 格式：corpus.jsonl、queries.jsonl、qrels.tsv）"
    )
    retrieval.add_argument("folder", type=Path, metavar="文件夹")
    retrieval.add_argument("--json", action="store_true", help="以 JSON 输出结果")
    retrieval.set_defaults(run=run_retrieval)

    answers = evaluation.add_parser("answers", help="答复评测：标准测试题逐条通过正在运行的对话")
    answers.add_argument("golden", type=Path, metavar="测试题.csv")
    answers.add_argument("--json", action="store_true", help="以 JSON 输出结果")
    answers.set_defaults(run=run_answers)


def run_retrieval(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure the production retrieval on a judged set."""
    from knowledge.config import DEFAULT_FILE, load_search_config
    from knowledge.embedding import EmbeddingCache
    from knowledge.evaluation.retrieval import RetrievalSetError, evaluate_retrieval, read_retrieval_set
    from wenzheng.parts import build_embedder

    try:
        data = read_retrieval_set(arguments.folder)
    except RetrievalSetError as error:
        raise Refused(str(error)) from error
    embedder = build_embedder(settings)
    config = load_search_config(settings.search_config or DEFAULT_FILE).retrieval
    with progress("计算向量") as step:
        cache = EmbeddingCache(settings.home_dir / "cache", embedder)
        scores = evaluate_retrieval(data, embedder, cache, config, step)
    if arguments.json:
        print_json(scores)
    else:
        for name, value in scores.items():
            print(f"{name:10} {value}")
    return 0


def run_answers(arguments: argparse.Namespace, settings: Settings) -> int:
    """Ask every golden question through the whole running dialogue and judge what comes back."""
    from wenzheng.golden import GoldenError, ask_all, read_golden, summarise
    from wenzheng.rasa_turn import RasaTurns

    try:
        questions = read_golden(arguments.golden)
    except GoldenError as error:
        raise Refused(str(error)) from error
    with progress("提问") as step, RasaTurns(settings) as turns:
        if not turns.ready():
            raise Refused("对话服务没有在运行。请先启动：make run（或 wenzheng up）")
        rows = ask_all(questions, turns, step)
    summary = summarise(rows)
    if arguments.json:
        print_json({**summary, "rows": [row.to_dict() for row in rows]})
    else:
        for name, value in summary.items():
            print(f"{name:24} {value}")
        for row in rows:
            if row.verdict in ("wrong", "missed"):
                say(f"{row.id} [{row.kind}] {row.verdict} {row.status} {row.sources[:2]} {row.question}")
    return 0
