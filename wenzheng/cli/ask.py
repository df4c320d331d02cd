"""``wenzheng ask``: one question, answered as in production, explained, or asked again as it was."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from wenzheng.cli.console import Refused, open_knowledge, print_json
from wenzheng.settings import Settings

if TYPE_CHECKING:
    from knowledge.explain import Explanation, Weighed
    from knowledge.replay import Replay
    from knowledge.service import KnowledgeService

_SHOWN_REJECTED = 10

# What the steps and scores are called for people; one that is not here is shown by its own name.
_STEPS = {
    "normalise_question": "统一写法",
    "screen": "是不是问题",
    "understand": "问的是什么",
    "recall": "为谁而问",
    "look_up": "点名的文件和条款",
    "follow": "是不是追问",
    "retrieve": "检索",
    "rank": "排序",
    "check_validity": "效力和地域",
    "note_lapse": "失效提示",
    "prefer_own": "本区、本人群优先",
    "decide": "决定",
    "compose": "成文",
    "tell_notice": "告知效力",
    "ask_whom": "问清区域、人群",
}
_SCORES = {
    "probability": "概率",
    "confidence": "把握",
    "question_cosine": "问法相近",
    "answer_cosine": "答案相近",
    "answer_max_sim": "答案逐词相近",
    "clause_cosine": "条款相近",
    "clause_max_sim": "条款逐词相近",
}
_FIELDS = {
    "status": "答复状态",
    "reason": "原因",
    "text": "文字",
    "sources": "来源",
    "options": "选项",
    "notice": "效力提示",
    "thresholds": "界限",
}


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "ask",
        help="问一个问题，直接用知识服务回答（不经过对话）",
        epilog="wenzheng ask --replay 答复编号：在当时的发布版本上重新回答当时的问题，比较结果；"
        "结果相同时退出码为 0，不同时为 1。",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("question", metavar="问题", nargs="?")
    what.add_argument("--replay", metavar="答复编号", help="重放一个已有的答复")
    parser.add_argument("--json", action="store_true", help="输出完整的结果（JSON）")
    parser.add_argument("--explain", action="store_true", help="说明为什么这样答复：步骤、候选、界限")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Answer and print."""
    knowledge = open_knowledge(settings)
    if arguments.replay is not None:
        return _replay(knowledge, arguments)
    return _ask(knowledge, arguments)


def _ask(knowledge: KnowledgeService, arguments: argparse.Namespace) -> int:
    from bot.gateway.render import render
    from knowledge.explain import explain

    answer = knowledge.answer(arguments.question)
    explanation = explain(knowledge.log.explained(answer.id)) if arguments.explain else None
    if arguments.json:
        extra = {"explanation": explanation.to_dict()} if explanation else {}
        print_json({**answer.to_dict(), **extra})
        return 0
    print(render(answer.to_dict()))
    if explanation:
        print()
        _print_explanation(explanation)
    return 0


def _replay(knowledge: KnowledgeService, arguments: argparse.Namespace) -> int:
    from knowledge.errors import NotReplayable, UnknownAnswer, UnknownRelease
    from knowledge.explain import explain

    try:
        replay = knowledge.replay(arguments.replay)
    except (UnknownAnswer, UnknownRelease, NotReplayable) as error:
        raise Refused(str(error)) from error
    again = {
        "id": replay.id,
        "question": replay.question,
        "answer": replay.answer,
        "trace": replay.trace,
        "release_id": replay.release,
    }
    explanation = explain(again) if arguments.explain else None
    if arguments.json:
        extra = {"explanation": explanation.to_dict()} if explanation else {}
        print_json({**replay.to_dict(), **extra})
    else:
        _print_replay(replay)
        if explanation:
            print()
            _print_explanation(explanation)
    return 0 if replay.same else 1


def _print_replay(replay: Replay) -> None:
    print(f"问题：{replay.question}")
    print(f"发布版本：{replay.release}　日期：{replay.today}")
    print("结果相同。" if replay.same else "结果不同：")
    for name, both in replay.differences.items():
        print(f"  {_FIELDS[name]}")
        print(f"    当时：{both['then']}")
        print(f"    现在：{both['now']}")


def _print_explanation(explanation: Explanation) -> None:
    print(f"答复编号：{explanation.id}　发布版本：{explanation.release}　日期：{explanation.today}")
    print(f"检索用的文字：{explanation.searched}")
    print(f"区域：{explanation.region or '不限'}　人群：{explanation.audience or '不限'}")
    print(f"为什么是 {explanation.status}：{explanation.why}")
    print("\n步骤：")
    for step in explanation.steps:
        spent = "" if step.ms is None else f"{step.ms:8.2f} 毫秒"
        print(f"  {spent}  {_STEPS.get(step.name, step.name)}")
    print("\n候选：")
    _print_weighed(explanation.kept)
    print("\n排除：")
    _print_weighed(explanation.rejected[:_SHOWN_REJECTED])
    print("\n界限：")
    for name, value in explanation.thresholds.items():
        print(f"  {name} = {value:g}")


def _print_weighed(rows: tuple[Weighed, ...]) -> None:
    if not rows:
        print("  （没有）")
    for row in rows:
        shown = {words: row.scores[name] for name, words in _SCORES.items() if name in row.scores}
        scores = "　".join(f"{words} {value:.3f}" for words, value in shown.items())
        print(f"  {row.id}　{row.title}")
        print(f"    {row.outcome_text}　{scores}")
