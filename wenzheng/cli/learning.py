"""``wenzheng kb drafts`` and ``wenzheng kb flagged``: what staff hand to editors."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from wenzheng.cli.console import Refused, open_knowledge, print_json, say
from wenzheng.settings import Settings


def register(kb: Any) -> None:
    """Add both to the commands of ``kb``."""
    drafts = kb.add_parser(
        "drafts",
        help="坐席做成的问答：列出、导出成问答表、去掉",
        epilog="导出的问答表补充完整后再导入：wenzheng kb import 文件。导出过的不再列出。",
    )
    what = drafts.add_mutually_exclusive_group()
    what.add_argument("--export", type=Path, metavar="文件", help="写成问答表（.csv 或 .xlsx）")
    what.add_argument("--drop", nargs="+", metavar="编号", help="不采用，从列表中去掉")
    drafts.add_argument("--json", action="store_true", help="以 JSON 列出")
    drafts.set_defaults(run=run_drafts)

    flagged = kb.add_parser("flagged", help="坐席反馈答错的答复，最近的在前")
    flagged.add_argument("--json", action="store_true", help="以 JSON 列出")
    flagged.set_defaults(run=run_flagged)


def run_drafts(arguments: argparse.Namespace, settings: Settings) -> int:
    """List, export or drop the FAQs that staff drafted."""
    from knowledge.content.faq_writer import write_faq_table

    drafts = open_knowledge(settings).faq_drafts
    if arguments.drop:
        dropped = drafts.close(arguments.drop, "dropped")
        if missing := [each for each in arguments.drop if each not in dropped]:
            raise Refused(f"没有待处理的问答：{'、'.join(missing)}")
        say(f"已去掉 {len(dropped)} 条。")
        return 0
    found = drafts.open()
    if arguments.export:
        if not found:
            raise Refused("没有待处理的问答，没有写文件。")
        try:
            data = write_faq_table([each.to_faq() for each in found], arguments.export)
        except ValueError as error:
            raise Refused(f"{arguments.export} 应为 .csv 或 .xlsx 文件。") from error
        arguments.export.write_bytes(data)
        # Off the list only once they are in the file.
        drafts.close([each.id for each in found], "exported")
        say(
            f"已导出 {len(found)} 条：{arguments.export}。补充完整后导入：wenzheng kb import {arguments.export}"
        )
        return 0
    if arguments.json:
        print_json([asdict(each) for each in found])
        return 0
    for each in found:
        print(f"{each.id}　{_when(each.created_at)}　{each.staff_name}　{each.conversation_id}")
        print(f"  问：{each.question}\n  答：{_one_line(each.answer)}")
    if not found:
        say("没有待处理的问答。")
    return 0


def run_flagged(arguments: argparse.Namespace, settings: Settings) -> int:
    """List the answers that staff found wrong."""
    found = open_knowledge(settings).log.flagged()
    if arguments.json:
        print_json(found)
        return 0
    for each in found:
        sources = "、".join(source["id"] for source in each["answer"]["sources"]) or "无"
        print(f"{each['answer_id']}　{_when(each['created_at'])}　{each['staff_name']}：{each['comment']}")
        print(f"  问：{each['question']}\n  答：{_one_line(each['answer']['text'])}\n  来源：{sources}")
    if not found:
        say("没有坐席反馈的答复。")
    else:
        say("查看为什么这样答复：wenzheng ask --replay 答复编号 --explain")
    return 0


def _when(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M")


def _one_line(text: str) -> str:
    return " ".join(text.split())
