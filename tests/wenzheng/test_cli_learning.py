"""`wenzheng kb drafts` and `kb flagged`: what staff hand to editors reaches them as files and lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wenzheng.cli import main
from wenzheng.cli.console import open_knowledge
from wenzheng.settings import load_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WENZHENG_HOME", str(tmp_path / "home"))
    return tmp_path


def test_a_draft_is_listed_exported_and_can_be_imported(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = open_knowledge(load_settings()).faq_drafts.add(
        "怎么办居住证", "带身份证。\n到派出所。", "web:a", "王敏"
    )
    assert main(["kb", "drafts", "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["conversation_id"], listed["staff_name"]) == (draft, "web:a", "王敏")
    assert main(["kb", "drafts"]) == 0
    assert "问：怎么办居住证\n  答：带身份证。 到派出所。" in capsys.readouterr().out

    table = home / "drafts.csv"
    assert main(["kb", "drafts", "--export", str(table)]) == 0
    assert main(["kb", "import", str(table), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["faqs"] == 1
    assert main(["kb", "drafts", "--export", str(table)]) == 2
    assert "没有待处理的问答" in capsys.readouterr().err
    assert table.exists()


def test_a_file_that_is_no_table_keeps_the_drafts(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    open_knowledge(load_settings()).faq_drafts.add("问", "答", "web:a", "王敏")
    assert main(["kb", "drafts", "--export", str(home / "drafts.txt")]) == 2
    assert ".csv 或 .xlsx" in capsys.readouterr().err
    assert main(["kb", "drafts", "--export", str(home / "nowhere" / "drafts.csv")]) == 1
    assert len(open_knowledge(load_settings()).faq_drafts.open()) == 1


def test_a_draft_is_dropped_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    draft = open_knowledge(load_settings()).faq_drafts.add("问", "答", "web:a", "王敏")
    assert main(["kb", "drafts", "--drop", draft]) == 0
    assert main(["kb", "drafts", "--drop", draft]) == 2
    assert draft in capsys.readouterr().err


def test_flagged_answers_are_listed_with_what_was_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    knowledge = open_knowledge(load_settings())
    answer = knowledge.answer("怎么办居住证")
    knowledge.log.rate(answer.id, False, "新办法已施行", "王敏")
    assert main(["kb", "flagged"]) == 0
    shown = capsys.readouterr().out
    assert answer.id in shown
    assert "王敏：新办法已施行" in shown
    assert main(["kb", "flagged", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["question"] == "怎么办居住证"
