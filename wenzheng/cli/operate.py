"""``wenzheng up``, ``train`` and ``doctor``: run the installation and see how it is."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from typing import Any

from wenzheng.cli.console import Refused, open_knowledge, print_json, say, stderr
from wenzheng.settings import PROJECT_ROOT, Settings

READY_WITHIN = 300  # seconds a start may take on a slow machine before we say that something is wrong


def register(commands: Any) -> None:
    """Add the commands."""
    up = commands.add_parser("up", help="启动全部服务（首次启动会准备向量模型、训练对话模型）")
    up.add_argument("--sample", action="store_true", help="知识库为空时先导入并发布示例城市")
    up.set_defaults(run=run_up)

    train = commands.add_parser("train", help="训练对话模型（内容更新不需要训练）")
    train.add_argument("--force", action="store_true", help="数据没有变化也重新训练")
    train.set_defaults(run=run_train)

    doctor = commands.add_parser("doctor", help="检查版本、端口、磁盘、模型、索引、日历和进程")
    doctor.add_argument("--json", action="store_true", help="以 JSON 输出结果")
    doctor.set_defaults(run=run_doctor)


def run_train(arguments: argparse.Namespace, settings: Settings) -> int:
    """Train the dialogue model."""
    from wenzheng.dialogue import train

    started = time.perf_counter()
    with stderr.status("正在训练对话模型…"):
        path = train(settings, force=arguments.force)
    say(f"对话模型已就绪（{time.perf_counter() - started:.1f} 秒）：{path}")
    return 0


def run_doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    """Check everything; exit status 1 when something does not work."""
    from wenzheng.doctor import examine

    findings = examine(settings)
    if arguments.json:
        print_json([finding.to_dict() for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.mark} {finding.subject}：{finding.text}")
    return 1 if any(finding.level == "error" for finding in findings) else 0


def run_up(arguments: argparse.Namespace, settings: Settings) -> int:
    """Prepare what is missing, start everything, print the addresses, watch until stopped."""
    from wenzheng import doctor
    from wenzheng.dialogue import train
    from wenzheng.parts import check_keys, check_native_staff, load_calendar
    from wenzheng.supervisor import Supervisor

    # Their problems are told here, not in the web process's log.
    load_calendar(settings)
    check_native_staff(settings)
    check_keys(settings)
    started = time.perf_counter()
    for name, port in (
        ("WENZHENG_PORT", settings.port),
        ("WENZHENG_RASA_PORT", settings.rasa_port),
        ("WENZHENG_ACTIONS_PORT", settings.actions_port),
    ):
        if doctor.port_taken(port):
            raise Refused(
                f"端口 {port} 已被占用。如果问政已在运行，请先停止它；否则用环境变量 {name} 换一个端口。"
            )
    _prepare_content(arguments, settings)
    with stderr.status("正在检查对话模型（首次需要训练，约半分钟）…"):
        train(settings)

    supervisor = Supervisor(settings, say)
    signal.signal(signal.SIGTERM, supervisor.stop)
    signal.signal(signal.SIGINT, supervisor.stop)
    try:
        supervisor.start()
    except OSError as error:
        raise Refused(
            f"无法在 {settings.host}:{settings.port} 上监听：{error.strerror}。"
            "请检查 WENZHENG_HOST 和 WENZHENG_PORT（1024 以下的端口需要管理员权限）。"
        ) from error
    with stderr.status("正在启动…"):
        ready = _wait_until_ready(settings, supervisor)
    if ready:
        say(f"问政已启动（{time.perf_counter() - started:.0f} 秒）。按 Ctrl-C 停止。")
        say(f"  市民对话页面  http://127.0.0.1:{settings.port}/")
        say(f"  坐席工作台    http://127.0.0.1:{settings.port}/console")
        missing = "" if settings.wechat_token else "（未设置 WENZHENG_WECHAT_TOKEN）"
        say(f"  微信回调地址  http://<对外域名>/wechat{missing}")
        if settings.wecom_wanted:
            without = "、".join(settings.wecom_missing())
            missing = f"（还没有设置 {without}）" if without else ""
            say(f"  企业微信回调  http://<对外域名>/wecom{missing}")
        say("  终端对话      .venv/bin/wenzheng chat")
        if not _has_staff(settings):
            say("还没有坐席账号。添加：.venv/bin/wenzheng staff add 用户名 --name 姓名 --department 部门")
    supervisor.run()
    return 0


def _prepare_content(arguments: argparse.Namespace, settings: Settings) -> None:
    store = open_knowledge(settings).store
    if store.current_id() is not None:
        return
    if not arguments.sample or store.draft_counts():
        say("还没有发布任何内容。导入并发布：.venv/bin/wenzheng kb import 路径 --publish")
        return
    say("知识库是空的，先导入并发布示例城市（首次会准备向量模型，约一分钟）…")
    sample = [str(PROJECT_ROOT / "sample" / name) for name in ("documents", "faq.csv", "synonyms.csv")]
    # In a process of its own: the supervisor must not keep an embedding model in memory for as long as it runs.
    done = subprocess.run(
        [sys.executable, "-m", "wenzheng", "kb", "import", *sample, "--publish"], check=False
    )
    if done.returncode:
        raise Refused("示例城市没有导入成功，原因见上。")


def _wait_until_ready(settings: Settings, supervisor: Any) -> bool:
    from wenzheng.doctor import health

    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and not supervisor.stopping:
        supervisor.look()
        report = health(settings)
        if report is not None and report["ready"]:
            return True
        time.sleep(0.3)
    if not supervisor.stopping:
        say(f"启动超过 {READY_WITHIN} 秒仍未就绪。用 wenzheng doctor 查看原因；日志在 {settings.logs}")
    return False


def _has_staff(settings: Settings) -> bool:
    from wenzheng.database import open_engine
    from wenzheng.parts import build_accounts

    return bool(build_accounts(open_engine(settings.database)).all())
