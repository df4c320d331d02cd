"""Examine an installation: versions, ports, disk, models, index, calendar, processes."""

from __future__ import annotations

import importlib.metadata
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

import httpx

from desk.calendar import WorkingCalendar
from wenzheng import dialogue
from wenzheng.database import migrate, open_engine
from wenzheng.parts import (
    build_embedder,
    build_knowledge,
    load_calendar,
    wechat_key_problem,
    wecom_key_problem,
)
from wenzheng.settings import Settings, SettingsError

DISK_NEEDED = 2 * 1024**3  # bytes: models, indexes and a day of logs of a city
HOLIDAYS_WANTED_FROM = 10
"""Month from which next year's holidays should be in the calendar; they are announced in November."""
_PACKAGES = ("rasa", "tensorflow", "torch", "sentence-transformers", "faiss-cpu", "tantivy")
_MARKS = {"ok": "✓", "warning": "！", "error": "✗"}


@dataclass(frozen=True)
class Finding:
    """One thing examined; an ``error`` keeps the assistant from answering, a ``warning`` does not."""

    subject: str
    level: Literal["ok", "warning", "error"]
    text: str

    @property
    def mark(self) -> str:
        return _MARKS[self.level]

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def port_taken(port: int) -> bool:
    """Whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wechat_hint(trouble: str) -> str:
    """What to do about an error of the platform, given as ``code message``."""
    known = {
        "40013": "AppID 不对",
        "40125": "AppSecret 不对",
        "40164": "本机的出口地址不在公众号的 IP 白名单里",
        "48001": "公众号没有调用这个接口的权限",
        "65400": "公众号没有开通客服功能",
    }
    return f"{known.get(trouble.partition(' ')[0], '被微信平台拒绝')}（{trouble}）。改正后会自动恢复。"


def wecom_hint(trouble: str) -> str:
    """The same for an error of WeCom."""
    known = {
        "40001": "应用的 Secret 不对，请检查 WENZHENG_WECOM_SECRET",
        "40013": "企业 ID 不对，请检查 WENZHENG_WECOM_CORPID",
        "48002": "应用没有权限，请在“微信客服—可调用接口的应用”中加入它",
        "60011": "应用没有权限，客服账号的接待人员应在应用的可见范围内",
        "60020": "本机的出口地址不在应用的“企业可信IP”里",
        "95000": "客服账号不对，请检查 WENZHENG_WECOM_OPEN_KFID",
        "95017": "客服账号没有设为通过 API 管理",
    }
    return f"{known.get(trouble.partition(' ')[0], '被企业微信拒绝')}（{trouble}）。改正后会自动继续收发。"


def health(settings: Settings) -> dict[str, Any] | None:
    """What the running web process says of itself, or ``None`` when none answers."""
    try:
        with httpx.Client(trust_env=False, timeout=5) as client:
            return dict(client.get(f"{settings.base_url}/health").json())
    except (httpx.HTTPError, ValueError):
        return None


def examine(settings: Settings) -> list[Finding]:
    """All findings, in order. An examination that fails is itself a finding."""
    findings: list[Finding] = []
    for look, subject in _SUBJECTS.items():
        try:
            findings.extend(look(settings))
        except Exception as error:
            findings.append(Finding(subject, "error", f"检查时出错：{type(error).__name__}：{error}"))
    return findings


def _versions(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == (3, 11):
        yield Finding("Python", "ok", version)
    else:
        yield Finding("Python", "error", f"{version}，需要 CPython 3.11。请运行 make setup。")
    try:
        found = [f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES]
        yield Finding("依赖", "ok", "，".join(found))
    except importlib.metadata.PackageNotFoundError as error:
        yield Finding("依赖", "error", f"缺少 {error.name}。请运行 make setup。")


def _disk(settings: Settings) -> Iterator[Finding]:
    settings.home_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home_dir).free
    text = f"{settings.home_dir} 所在磁盘剩余 {free / 1024**3:.1f} GB"
    enough = free >= DISK_NEEDED
    yield Finding("磁盘", "ok" if enough else "error", text if enough else f"{text}，至少需要 2 GB。")


def _database(settings: Settings) -> Iterator[Finding]:
    engine = open_engine(settings.database)
    migrate(engine)
    service = build_knowledge(settings, engine)
    yield Finding("数据库", "ok", engine.url.render_as_string(hide_password=True))
    current = service.store.current_id()
    if current is None:
        yield Finding("内容", "error", "还没有发布。导入并发布：wenzheng kb import 路径 --publish")
        return
    release = service.store.release(current)
    built = service.index_is_built(release)
    index = "索引已建立" if built else "索引将在下次提问时重建"
    text = f"当前版本 {release.id}：政策文件 {release.documents} 份，问答 {release.faqs} 条，{index}"
    yield Finding("内容", "ok" if built else "warning", text)


def _embedding_model(settings: Settings) -> Iterator[Finding]:
    folder = build_embedder(settings).folder
    if folder is None:
        yield Finding("向量模型", "ok", settings.embedding_model)
    elif folder.is_dir():
        yield Finding("向量模型", "ok", f"自带模型已解包：{folder}")
    else:
        yield Finding("向量模型", "warning", "自带模型尚未解包，首次使用时会自动解包（约 5 秒）。")


def _dialogue_model(settings: Settings) -> Iterator[Finding]:
    path = dialogue.model_path(settings)
    if path.is_file():
        yield Finding("对话模型", "ok", str(path))
    else:
        yield Finding(
            "对话模型", "warning", "尚未用现在的数据训练。wenzheng up 会自动训练，或运行 wenzheng train。"
        )


def calendar_finding(calendar: WorkingCalendar, today: date) -> Finding:
    """Whether the calendar knows the holidays that deadlines of these days run into."""
    wanted = [today.year, *([today.year + 1] if today.month >= HOLIDAYS_WANTED_FROM else [])]
    missing = [year for year in wanted if not calendar.knows(year)]
    if not missing:
        return Finding("日历", "ok", f"{calendar.path}，已有 {wanted[-1]} 年的放假安排")
    years = "、".join(f"{year} 年" for year in missing)
    left = (date(missing[0], 1, 1) - today).days
    since = f"，离 {missing[0]} 年还有 {left} 天" if left > 0 else ""
    text = (
        f"没有 {years}的放假安排{since}。没有时只按星期几计算，节假日和调休都会算错。"
        f"请把国务院办公厅的放假通知填入 {calendar.path} 的 holidays，用 wenzheng calendar 查看，然后重新启动。"
    )
    return Finding("日历", "warning", text)


def _calendar(settings: Settings) -> Iterator[Finding]:
    try:
        calendar = load_calendar(settings)
    except SettingsError as error:
        yield Finding("日历", "error", str(error))
    else:
        yield calendar_finding(calendar, datetime.now(calendar.zone).date())


def _processes(settings: Settings) -> Iterator[Finding]:
    report = health(settings)
    if report is None:
        if port_taken(settings.port):
            text = f"端口 {settings.port} 被别的程序占用。请停止它，或设置 WENZHENG_PORT。"
            yield Finding("进程", "error", text)
        else:
            yield Finding("进程", "warning", "没有在运行。启动：make run")
        return
    for name, part in report["parts"].items():
        yield Finding(f"进程 {name}", "ok" if part["ok"] else "error", part["text"])
    notes = report.get("notes", {})
    if trouble := notes.get("wechat"):
        yield Finding("公众号接口", "error", wechat_hint(trouble))
    if trouble := notes.get("kf"):
        yield Finding("企业微信收发", "error", wecom_hint(trouble))


def _wechat(settings: Settings) -> Iterator[Finding]:
    if not settings.wechat_token:
        yield Finding("微信", "warning", "未接入：没有设置 WENZHENG_WECHAT_TOKEN。")
    elif settings.wechat_mode != "plain" and not (settings.wechat_aes_key and settings.wechat_appid):
        text = f"{settings.wechat_mode} 模式需要 WENZHENG_WECHAT_AES_KEY 和 WENZHENG_WECHAT_APPID。"
        yield Finding("微信", "error", text)
    elif problem := wechat_key_problem(settings):
        yield Finding("微信", "error", problem)
    else:
        yield Finding("微信", "ok", f"{settings.wechat_mode} 模式，回调路径 /wechat")


def _wecom(settings: Settings) -> Iterator[Finding]:
    missing = settings.wecom_missing()
    if not settings.wecom_wanted:
        yield Finding("企业微信", "ok", "未接入微信客服（可选）")
    elif missing:
        yield Finding("企业微信", "error", f"未接入：还没有设置 {'、'.join(missing)}。")
    elif problem := wecom_key_problem(settings):
        yield Finding("企业微信", "error", problem)
    else:
        yield Finding("企业微信", "ok", f"客服账号 {settings.wecom_open_kfid}，回调路径 /wecom")


_SUBJECTS: dict[Callable[[Settings], Iterator[Finding]], str] = {
    _versions: "版本",
    _disk: "磁盘",
    _database: "数据库",
    _embedding_model: "向量模型",
    _dialogue_model: "对话模型",
    _calendar: "日历",
    _processes: "进程",
    _wechat: "微信",
    _wecom: "企业微信",
}
