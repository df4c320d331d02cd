"""``wenzheng ask``: one question, answered as in production."""

from __future__ import annotations

import argparse
from typing import Any

from wenzheng.cli.console import open_knowledge, print_json
from wenzheng.settings import Settings


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("ask", help="问一个问题，直接用知识服务回答（不经过对话）")
    parser.add_argument("question", metavar="问题")
    parser.add_argument("--json", action="store_true", help="输出完整的答复（JSON）")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer and print."""
    from bot.gateway.render import render

    answer = open_knowledge(settings).answer(arguments.question).to_dict()
    if arguments.json:
        print_json(answer)
    else:
        print(render(answer))
    return 0
