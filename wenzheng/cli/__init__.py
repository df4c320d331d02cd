"""The ``wenzheng`` command. Exit status: 0 done, 1 it did not work out, 2 the call or its input is wrong."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

# Before any library that reads them is imported.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")

from wenzheng import __version__
from wenzheng.cli import ask, calendar, chat, content, evaluation, operate, staff, wechat
from wenzheng.cli.chinese import ChineseParser
from wenzheng.cli.console import Refused, error_text
from wenzheng.settings import SettingsError, load_settings

_COMMANDS = (operate, ask, chat, content, evaluation, calendar, staff, wechat)


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command."""
    parser = ChineseParser(prog="wenzheng", description="问政：市民问答与政策解读助手")
    parser.add_argument("--version", action="version", version=f"wenzheng {__version__}", help="显示版本号")
    commands = parser.add_subparsers(title="命令", metavar="命令", required=True)
    for module in _COMMANDS:
        module.register(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parsed = build_parser().parse_args(arguments)
    try:
        settings = load_settings()
        logging.basicConfig(
            level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
        )
        return int(parsed.run(parsed, settings))
    except (Refused, SettingsError) as error:
        print(f"错误：{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("已中止。", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        print(f"错误：{error_text(error)}", file=sys.stderr)
        if os.environ.get("WENZHENG_LOG_LEVEL") == "DEBUG":
            raise
        return 1
