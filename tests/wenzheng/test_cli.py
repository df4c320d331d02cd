"""The command line speaks Chinese, keeps to its exit statuses, and prints JSON alone on standard output."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import uvicorn

from bot.gateway.wechat.simulator import PlatformApi
from knowledge.embedding.token_vectors import no_tokens
from knowledge.pipeline import LAST_STEPS, STEPS
from wenzheng.cli import ask, main

COMMANDS = [
    *("up", "ask", "chat", "train", "doctor", "kb", "eval", "staff", "wechat", "calendar"),
    *("kb import", "kb export", "kb publish", "kb releases", "kb rollback", "kb remove"),
    *(
        "eval retrieval",
        "eval answers",
        "staff add",
        "staff list",
        "staff role",
        "staff passwd",
        "wechat simulate",
    ),
    *("kb drafts", "kb flagged"),
    *("wechat menu", "wechat menu push"),
]
FAQS = "编号,标准问题,答案\nQ-1,图书馆几点开门,图书馆每天9:00开门。\nQ-2,,没有问题的行\n"


class AllAlike:
    """An embedder without a model, to which all texts are alike."""

    fingerprint = "all-alike"

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), 1), dtype=np.float32)

    def passages(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        return self.queries(texts)

    def query_token_vectors(self, text: str) -> np.ndarray:
        return no_tokens()

    def passages_with_token_vectors(
        self, texts: Sequence[str], progress: object = None
    ) -> tuple[np.ndarray, list[np.ndarray]]:
        return self.passages(texts), [no_tokens() for _ in texts]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WENZHENG_HOME", str(tmp_path / "home"))
    return tmp_path


def test_every_step_has_a_name_for_people() -> None:
    assert {step.__name__ for step in (*STEPS, *LAST_STEPS)} == set(ask._STEPS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_in_chinese(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "用法：" in shown
    assert "show this help" not in shown


@pytest.mark.parametrize(
    "call", [[], ["dance"], ["ask"], ["ask", "问", "--replay", "1"], ["kb", "rollback", "first"]]
)
def test_a_wrong_call_ends_with_2_and_points_to_help(
    call: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(call)
    assert ended.value.code == 2
    assert "--help" in capsys.readouterr().err


def test_the_good_rows_of_a_bad_table_are_imported_and_the_bad_one_is_named(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = home / "faq.csv"
    table.write_text(FAQS, encoding="utf-8")
    assert main(["kb", "import", str(table), "--json"]) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["faqs"] == 1
    assert report["counts"] == {"added": 1, "changed": 0, "unchanged": 0}
    assert "faq.csv 第 3 行“标准问题”" in captured.err
    assert main(["kb", "export", str(home / "out"), "--csv"]) == 0
    assert "Q-1" in (home / "out" / "faq.csv").read_text(encoding="utf-8-sig")


def test_everyday_words_are_imported_counted_exported_and_removed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = home / "words.csv"
    table.write_text("用语,规范用语\n小绿本,居住证\n港区,临港区\n", encoding="utf-8")
    assert main(["kb", "import", str(table), "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["synonyms"] == 2
    assert "用语 2 个" in captured.err
    assert "新增 2" in captured.err
    assert main(["kb", "remove", "synonym", "港区"]) == 0
    assert main(["kb", "remove", "synonym", "港区"]) == 2
    assert main(["kb", "export", str(home / "out"), "--csv"]) == 0
    exported = (home / "out" / "synonyms.csv").read_text(encoding="utf-8-sig")
    assert exported.splitlines() == ["用语,规范用语", "小绿本,居住证"]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["kb", "import", "nowhere.md"], "nowhere.md"),
        (["kb", "publish"], "草稿是空的"),
        (["kb", "rollback", "7"], "没有编号为 7 的发布版本"),
        (["kb", "remove", "faq", "Q-9"], "Q-9"),
        (["ask", "--replay", "0000"], "没有编号为 0000 的答复"),
        (["eval", "retrieval", "nowhere"], "corpus.jsonl"),
        (["eval", "answers", "nowhere.csv"], "nowhere.csv"),
        (["wechat", "simulate", "你好"], "WENZHENG_WECHAT_TOKEN"),
        (["wechat", "menu", "push", "nowhere.yml"], "nowhere.yml"),
    ],
)
def test_what_cannot_be_done_is_said_plainly(
    call: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WENZHENG_WECHAT_TOKEN", raising=False)
    assert main(call) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_chat_without_a_running_assistant_says_how_to_start_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WENZHENG_PORT", "9")
    assert main(["chat"]) == 2
    assert "make run" in capsys.readouterr().err


def test_an_account_is_added_and_listed_without_showing_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    assert (
        main(["staff", "add", "wang", "--name", "王芳", "--department", "市公安局", "--password-stdin"]) == 0
    )
    assert main(["staff", "list"]) == 0
    captured = capsys.readouterr()
    assert "wang　王芳　市公安局　坐席（staff）" in captured.out
    assert "password" not in captured.out + captured.err
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["staff", "passwd", "wang", "--password-stdin"]) == 2


def test_roles_are_changed_and_closed_accounts_listed_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, role in (("boss", "administrator"), ("wang", "editor")):
        monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
        added = ("--name", "王芳", "--department", "市公安局", "--role", role, "--password-stdin")
        assert main(["staff", "add", name, *added]) == 0
    assert main(["staff", "role", "wang", "auditor"]) == 0
    assert main(["staff", "deactivate", "wang"]) == 0
    capsys.readouterr()
    assert main(["staff", "list"]) == 0
    assert "wang" not in capsys.readouterr().out
    assert main(["staff", "list", "--all"]) == 0
    assert "wang　王芳　市公安局　审计（auditor）　已停用" in capsys.readouterr().out
    assert main(["staff", "role", "boss", "staff"]) == 2
    assert "最后一个启用的管理员" in capsys.readouterr().err


def test_an_answer_is_explained_in_chinese_and_replayed(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wenzheng.parts.build_embedder", lambda _settings: AllAlike())
    table = home / "faq.csv"
    table.write_text(FAQS, encoding="utf-8")
    main(["kb", "import", str(table), "--publish"])
    capsys.readouterr()
    assert main(["ask", "某发〔2017〕1号还有效吗", "--explain"]) == 0
    shown = capsys.readouterr().out
    assert all(heading in shown for heading in ("步骤：", "候选：", "排除：", "界限：", "为什么是 no_answer"))
    assert main(["ask", "图书馆几点开门", "--explain", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["explanation"]["id"] == answer["id"]
    assert main(["ask", "--replay", answer["id"]]) == 0
    assert "结果相同" in capsys.readouterr().out
    assert main(["ask", "--replay", answer["id"], "--json", "--explain"]) == 0
    assert json.loads(capsys.readouterr().out)["same"] is True


MENU_FILE = (
    "- name: 办证件\n  items:\n    - {name: 居住证, ask: 怎么办理居住证}\n- {name: 转人工, ask: 转人工}\n"
)


@pytest.fixture
def menu_file(tmp_path: Path) -> str:
    path = tmp_path / "menu.yml"
    path.write_text(MENU_FILE, encoding="utf-8")
    return str(path)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[PlatformApi]:
    """A stand-in for the platform's server API on this machine, which the settings name."""
    api = PlatformApi()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(api.app, "127.0.0.1", port, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    monkeypatch.setenv("WENZHENG_WECHAT_API_BASE", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("WENZHENG_WECHAT_APPID", "wx1")
    monkeypatch.setenv("WENZHENG_WECHAT_SECRET", "secret")
    yield api
    server.should_exit = True
    thread.join(10)


def test_a_menu_is_shown_and_published(
    menu_file: str, platform: PlatformApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wechat", "menu", "push", menu_file]) == 0
    shown = capsys.readouterr()
    assert shown.out == "办证件\n　居住证 → 怎么办理居住证\n转人工 → 转人工\n"
    assert "菜单已发布" in shown.err
    assert platform.menu is not None
    assert [each["name"] for each in platform.menu["button"]] == ["办证件", "转人工"]


def test_a_menu_is_only_checked_where_that_is_asked(
    menu_file: str, platform: PlatformApi, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wechat", "menu", "push", menu_file, "--check"]) == 0
    assert "没有问题" in capsys.readouterr().err
    assert (platform.menu, platform.tokens) == (None, 0)


@pytest.mark.parametrize(
    ("code", "said"), [(48001, "权限"), (40164, "IP 白名单"), (40018, "40018 simulated")]
)
def test_a_menu_that_the_platform_refuses_is_explained(
    code: int, said: str, menu_file: str, platform: PlatformApi, capsys: pytest.CaptureFixture[str]
) -> None:
    platform.errors.append(code)
    assert main(["wechat", "menu", "push", menu_file]) == 1
    error = capsys.readouterr().err
    assert "原有菜单没有改变" in error
    assert said in error


def test_a_menu_with_mistakes_is_not_published(
    tmp_path: Path, platform: PlatformApi, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "menu.yml").write_text("- {ask: 一}\n- {name: 二}\n", encoding="utf-8")
    assert main(["wechat", "menu", "push", str(tmp_path / "menu.yml")]) == 2
    error = capsys.readouterr().err
    assert "第 1 项缺少名称" in error
    assert "第 2 项“二”" in error
    assert platform.menu is None


def test_a_menu_needs_the_accounts_secret(
    menu_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WENZHENG_WECHAT_SECRET", raising=False)
    assert main(["wechat", "menu", "push", menu_file]) == 2
    assert "WENZHENG_WECHAT_SECRET" in capsys.readouterr().err
