"""Golden questions are read, asked and judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wenzheng.golden import GoldenError, GoldenQuestion, ask_all, judge, read_golden, summarise
from wenzheng.settings import PROJECT_ROOT

HEADER = "id,question,previous,expected_status,accepted_sources,kind,note\n"


def question(*accepted: str, expected: str = "answered", kind: str = "answerable") -> GoldenQuestion:
    return GoldenQuestion("G1", "问", "", expected, accepted, kind)


def test_the_sample_citys_golden_set_has_its_kinds_in_their_numbers() -> None:
    kinds = [each.kind for each in read_golden(PROJECT_ROOT / "sample" / "golden.csv")]
    counts = {kind: kinds.count(kind) for kind in set(kinds)}
    assert counts == {"answerable": 200, "unanswerable": 60, "ambiguous": 20, "follow_up": 20, "repealed": 15}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id,question\n", "缺少列"),
        (HEADER + "G1,,,answered,FAQ-1,answerable,\n", "第 2 行"),
        (HEADER + "G1,问,,maybe,FAQ-1,answerable,\n", "expected_status"),
    ],
)
def test_a_golden_file_that_cannot_be_used_says_where(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "golden.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(GoldenError, match=problem):
        read_golden(path)


@pytest.mark.parametrize(
    ("golden", "status", "sources", "options", "verdict"),
    [
        (question("FAQ-1"), "answered", ["FAQ-1", "d#第八条"], [], "right"),
        (question("d#第八条"), "answered", ["d#第八条第（二）项"], [], "right"),
        (question("d"), "answered", ["d#第九条"], [], "right"),
        (question("d"), "answered", ["d2#第九条"], [], "wrong"),
        (question("FAQ-1"), "answered", ["FAQ-2"], [], "wrong"),
        (question("FAQ-1"), "clarify", [], ["FAQ-2", "FAQ-1"], "offered"),
        (question("FAQ-1"), "clarify", [], ["FAQ-2"], "missed"),
        (question("FAQ-1"), "handoff", [], [], "missed"),
        (question(expected="no_answer"), "answered", ["FAQ-2"], [], "wrong"),
        (question(expected="no_answer"), "handoff", [], [], "declined"),
        (question(expected="no_answer"), "clarify", [], ["FAQ-2"], "declined"),
    ],
)
def test_an_answer_is_judged_by_its_status_and_its_sources(
    golden: GoldenQuestion, status: str, sources: list[str], options: list[str], verdict: str
) -> None:
    assert judge(golden, status, sources, options) == verdict


def test_the_previous_message_is_said_first_in_the_same_conversation() -> None:
    heard: list[tuple[str, str]] = []

    def turns(conversation: str, text: str) -> list[dict[str, Any]]:
        heard.append((conversation, text))
        return [{"status": "answered", "sources": [{"id": "FAQ-1"}], "confidence": 0.9}]

    asked = [
        GoldenQuestion("G1", "要带什么", "居住证怎么办", "answered", ("FAQ-1",), "follow_up"),
        question("FAQ-2"),
    ]
    rows = ask_all(asked, turns)
    assert [text for _, text in heard] == ["居住证怎么办", "要带什么", "问"]
    assert heard[0][0] == heard[1][0] != heard[2][0]
    summary = summarise(rows)
    assert summary["wrong_share"] == 0.5
    assert summary["verdicts"] == {"answerable": {"wrong": 1}, "follow_up": {"right": 1}}


def test_silence_counts_as_missed() -> None:
    (row,) = ask_all([question("FAQ-1")], lambda _conversation, _text: [])
    assert (row.status, row.verdict) == ("silence", "missed")
