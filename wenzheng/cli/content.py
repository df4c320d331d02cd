"""``wenzheng kb …``: bring content in, publish it, take it out, go back."""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from wenzheng.cli import learning
from wenzheng.cli.console import Refused, open_knowledge, print_json, progress, say
from wenzheng.settings import Settings


def register(commands: Any) -> None:
    """Add ``kb`` and its commands."""
    group = commands.add_parser("kb", help="知识库：导入、导出、发布、版本")
    kb = group.add_subparsers(title="命令", metavar="命令", required=True)

    imported = kb.add_parser("import", help="导入政策文件、问答表和用语表（文件或文件夹）")
    imported.add_argument("paths", nargs="+", type=Path, metavar="路径")
    imported.add_argument("--publish", action="store_true", help="导入后立即发布")
    imported.add_argument("--json", action="store_true", help="以 JSON 输出结果")
    imported.set_defaults(run=run_import)

    exported = kb.add_parser("export", help="导出草稿：documents/*.md、faq.xlsx 和 synonyms.xlsx（或 .csv）")
    exported.add_argument("folder", type=Path, metavar="文件夹")
    exported.add_argument("--csv", action="store_true", help="问答表用 CSV，不用 XLSX")
    exported.add_argument("--release", type=int, metavar="编号", help="导出某个发布版本，不导出草稿")
    exported.set_defaults(run=run_export)

    publish = kb.add_parser("publish", help="发布草稿，立即生效，不用重启")
    publish.add_argument("--note", default="", metavar="说明", help="这次发布的说明")
    publish.add_argument("--json", action="store_true", help="以 JSON 输出结果")
    publish.set_defaults(run=run_publish)

    listed = kb.add_parser("releases", help="列出所有发布版本")
    listed.add_argument("--json", action="store_true", help="以 JSON 输出结果")
    listed.set_defaults(run=run_releases)

    back = kb.add_parser("rollback", help="让以前的发布版本重新生效")
    back.add_argument("release", type=int, metavar="编号")
    back.set_defaults(run=run_rollback)

    removed = kb.add_parser("remove", help="从草稿中删除（发布后生效）")
    removed.add_argument("kind", choices=("faq", "document", "synonym"), metavar="faq|document|synonym")
    removed.add_argument("ids", nargs="+", metavar="编号")
    removed.set_defaults(run=run_remove)

    learning.register(kb)


def run_import(arguments: argparse.Namespace, settings: Settings) -> int:
    """Import what can be read, report what cannot; exit status 1 when a file or row was refused."""
    from knowledge.importing import import_paths

    missing = [str(path) for path in arguments.paths if not path.exists()]
    if missing:
        raise Refused(f"找不到：{'、'.join(missing)}")
    service = open_knowledge(settings)
    with progress("读取文件") as step:
        report = import_paths(service, arguments.paths, step)
    for problem in report.problems:
        say(str(problem))
    errors = sum(problem.severity == "error" for problem in report.problems)
    counts = report.counts
    say(
        f"读取文件 {report.files} 个：政策文件 {report.documents} 份，问答 {report.faqs} 条，"
        f"用语 {report.synonyms} 个。"
        f"新增 {counts.added}，修改 {counts.changed}，未变 {counts.unchanged}；错误 {errors} 处。"
    )
    release = None
    if arguments.publish:
        if report.items:
            release = _publish(service, "")
        else:
            say("没有可发布的新内容。")
    elif report.items:
        say("内容已进入草稿。发布：wenzheng kb publish")
    if arguments.json:
        print_json({**report.to_dict(), "release": release.id if release else None})
    return 1 if errors else 0


def run_export(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write the drafts, or a release, as content files."""
    from knowledge.importing import export_items

    store = open_knowledge(settings).store
    items = store.drafts() if arguments.release is None else store.release_content(arguments.release)
    written = export_items(items, arguments.folder, "csv" if arguments.csv else "xlsx")
    say(f"已导出 {len(items)} 项，共 {len(written)} 个文件：{arguments.folder}")
    return 0


def run_publish(arguments: argparse.Namespace, settings: Settings) -> int:
    """Publish the drafts."""
    service = open_knowledge(settings)
    if not service.store.draft_counts():
        raise Refused("草稿是空的，没有可发布的内容。先导入：wenzheng kb import 路径")
    release = _publish(service, arguments.note)
    if arguments.json:
        print_json(_row(release))
    return 0


def run_releases(arguments: argparse.Namespace, settings: Settings) -> int:
    """List the releases, newest first."""
    found = open_knowledge(settings).store.releases()
    if arguments.json:
        print_json([_row(release) for release in found])
        return 0
    if not found:
        say("还没有发布过。")
    for release in found:
        when = datetime.fromtimestamp(release.created_at, ZoneInfo("Asia/Shanghai")).strftime(
            "%Y-%m-%d %H:%M"
        )
        mark = "（当前）" if release.current else ""
        note = f"　{release.note}" if release.note else ""
        print(f"{release.id}　{when}　政策文件 {release.documents}　问答 {release.faqs}{mark}{note}")
    return 0


def run_rollback(arguments: argparse.Namespace, settings: Settings) -> int:
    """Go back to an earlier release."""
    from knowledge.errors import UnknownRelease

    service = open_knowledge(settings)
    try:
        with progress("建立索引") as step:
            release = service.rollback(arguments.release, step)
    except UnknownRelease as error:
        raise Refused(str(error)) from error
    say(f"版本 {release.id} 已重新生效；草稿也已恢复到这个版本。")
    _learn(service)
    return 0


def run_remove(arguments: argparse.Namespace, settings: Settings) -> int:
    """Take items out of the drafts."""
    removed = open_knowledge(settings).store.remove(arguments.kind, arguments.ids)
    if not removed:
        raise Refused(f"草稿中没有：{'、'.join(arguments.ids)}")
    say(f"已从草稿中删除 {removed} 项。发布后生效：wenzheng kb publish")
    return 0


def _publish(service: Any, note: str) -> Any:
    started = time.perf_counter()
    with progress("计算向量") as step:
        release = service.publish(note, step)
    say(
        f"已发布版本 {release.id}：政策文件 {release.documents} 份，问答 {release.faqs} 条，"
        f"用时 {time.perf_counter() - started:.1f} 秒。现在起按此回答。"
    )
    _learn(service)
    return release


def _learn(service: Any) -> None:
    """Learn when to answer; answering goes on meanwhile, with what was learnt last."""
    with progress("学习何时作答") as step:
        learnt = service.learn(step)
    if learnt.expected is None:
        say("相似问法还太少，学不出何时该作答，暂用 search.yml 里的门槛。给问答补上相似问法，会答得更准。")
        return
    say(
        f"已用 {learnt.questions} 个试题学会何时作答：把握不小于 {learnt.answer:.3f} 才直接回答，"
        f"试题里答错 {learnt.expected['wrong_among_answered']:.1%}。"
    )


def _row(release: Any) -> dict[str, Any]:
    return {
        "id": release.id,
        "documents": release.documents,
        "faqs": release.faqs,
        "note": release.note,
        "created_at": release.created_at,
        "current": release.current,
    }
