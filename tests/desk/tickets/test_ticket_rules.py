"""The rules file, numbers as people write them, and the texts."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from desk.texts import Texts
from desk.tickets import numbers, records, service
from desk.tickets.rules import DEFAULT_RULES, RulesError, load_rules

FOLDER = Path(service.__file__).parent
TEMPLATES = FOLDER.parent / "templates" / "tickets"
TEXTS = Texts(service.DEFAULT_TEXTS)


def test_the_rules_of_the_product() -> None:
    rules = load_rules(None, TEXTS)
    assert rules.working_days == {
        "question": 2,
        "complaint": 5,
        "suggestion": 10,
        "report": 5,
        "follow_up": 2,
    }
    assert (rules.remind_before, rules.reopen_days, rules.hops) == (1, 7, 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hops": -1}, "hops 应为不小于 0 的整数，现在是 -1"),
        ({"reopen_days": "七"}, "reopen_days 应为不小于 1 的整数，现在是 '七'"),
        ({"reopen_days": True}, "reopen_days"),
        ({"remind_before": 2}, "remind_before 是 2 个工作日，应少于 working_days 中最短的 question"),
        ({"working_days": {"question": 2}}, "“working_days”缺少 complaint、suggestion、report、follow_up"),
        ({"working_days": 5}, "“working_days”应为"),
        ({"colour": 1}, "“最外层”中有不认识的项目 colour"),
    ],
)
def test_wrong_rules_are_named_in_chinese(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "tickets.yml"
    data = yaml.safe_load(DEFAULT_RULES.read_text(encoding="utf-8")) | change
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    with pytest.raises(RulesError) as refused:
        load_rules(path, TEXTS)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_limit_must_be_known_and_fit_its_column(tmp_path: Path) -> None:
    path = tmp_path / "tickets.yml"
    data = yaml.safe_load(DEFAULT_RULES.read_text(encoding="utf-8"))
    data["limits"]["department"] = 500
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(RulesError, match="最多 128，现在是 500"):
        load_rules(path, TEXTS)
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(RulesError, match="无法读取工单规则"):
        load_rules(path, TEXTS)
    with pytest.raises(RulesError, match="无法读取工单规则"):
        load_rules(tmp_path / "none.yml", TEXTS)


@pytest.mark.parametrize(
    "written",
    [
        "G20261125-0007",
        "g20261125-0007",
        "20261125-0007",
        "G202611250007",
        "Ｇ２０２６１１２５－０００７",
        " g 20261125 — 0007 ",
        "20261125–0007",
    ],
)
def test_a_number_is_understood_however_it_is_written(written: str) -> None:
    assert numbers.normalise(written) == "G20261125-0007"


@pytest.mark.parametrize("written", ["", "G", "0007", "2026-11-25", "G20261125-07", "路灯", "H20261125-0007"])
def test_what_is_no_number_is_none(written: str) -> None:
    assert numbers.normalise(written) is None


def test_every_text_the_code_names_exists() -> None:
    sources = [*FOLDER.glob("*.py"), *TEMPLATES.glob("*.html")]
    keys = {
        key for file in sources for key in re.findall(r"""\.say\(\s*["']([a-z_.]+)["']""", file.read_text())
    }
    assert len(keys) > 25
    for key in keys:
        assert TEXTS._find(key)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("kinds", records.Kind),
        ("statuses", records.Status),
        ("events", records.EventKind),
        ("actors", records.Actor),
        ("views", records.View),
    ],
)
def test_every_word_of_a_closed_vocabulary_has_a_label(group: str, words: object) -> None:
    assert all(TEXTS.label(group, word) != word for word in get_args(words))


def test_no_chinese_for_readers_hides_in_the_code() -> None:
    for file in FOLDER.glob("*.py"):
        code = re.sub(r'""".*?"""|#[^\n]*', "", file.read_text(), flags=re.S)
        assert not [line for line in code.splitlines() if re.search("[一-鿿]", line)], file.name
