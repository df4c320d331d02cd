"""The file of weights and thresholds."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.config import DEFAULT_FILE, SearchConfigError, load_search_config


def delivered() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(DEFAULT_FILE.read_text(encoding="utf-8")))


def write(folder: Path, data: object) -> Path:
    path = folder / "search.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def changed(folder: Path, section: str, name: str, value: object) -> Path:
    data = delivered()
    data[section][name] = value
    return write(folder, data)


def test_the_delivered_file_is_read_as_it_stands() -> None:
    config = load_search_config()
    assert vars(config.retrieval) == delivered()["retrieval"]
    assert vars(config.decision) == delivered()["decision"]
    assert config.weights == delivered()["weights"]


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    assert load_search_config(changed(tmp_path, "decision", "answer", 0.9)).decision.answer == 0.9


def test_an_unknown_entry_is_named_with_file_and_section(tmp_path: Path) -> None:
    path = changed(tmp_path, "decision", "treshold", 0.5)
    with pytest.raises(SearchConfigError, match=r"search\.yml：“decision”一节有不认识的项目 treshold"):
        load_search_config(path)


def test_a_missing_entry_is_named(tmp_path: Path) -> None:
    data = delivered()
    del data["retrieval"]["depth"]
    with pytest.raises(SearchConfigError, match="“retrieval”一节缺少 depth"):
        load_search_config(write(tmp_path, data))


@pytest.mark.parametrize("section", ["retrieval", "decision", "weights"])
def test_a_missing_section_is_named(tmp_path: Path, section: str) -> None:
    data = delivered()
    del data[section]
    with pytest.raises(SearchConfigError, match=f"缺少“{section}”一节"):
        load_search_config(write(tmp_path, data))


@pytest.mark.parametrize(
    ("section", "name", "value", "demand"),
    [
        ("retrieval", "piece_length", 0, "正整数"),
        ("retrieval", "piece_length", -300, "正整数"),
        ("retrieval", "depth", 60.5, "正整数"),
        ("retrieval", "candidates", "20", "数字"),
        ("retrieval", "question_dense_weight", 1.5, "0 到 1"),
        ("retrieval", "whole_weight", -1, "不小于 0"),
        ("decision", "options", 0, "正整数"),
        ("decision", "answer", 60, "0 到 1"),
        ("decision", "clarify", None, "数字"),
        ("decision", "option", True, "数字"),
        ("weights", "none", float("nan"), "数字"),
        ("weights", "known", float("inf"), "数字"),
        ("weights", "faq", [1], "数字"),
    ],
)
def test_an_impossible_value_is_named_with_what_it_should_be(
    tmp_path: Path, section: str, name: str, value: object, demand: str
) -> None:
    with pytest.raises(SearchConfigError, match=f"“{section}”一节的 {name} 应为 ?{demand}"):
        load_search_config(changed(tmp_path, section, name, value))


@pytest.mark.parametrize("content", ["", "- 1", "words", "a: [", "retrieval: 3"])
def test_what_is_no_configuration_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "search.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SearchConfigError, match=r"search\.yml"):
        load_search_config(path)


def test_a_file_that_is_missing_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SearchConfigError, match=r"无法读取 .*none\.yml"):
        load_search_config(tmp_path / "none.yml")
    (tmp_path / "search.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SearchConfigError, match=r"无法读取 .*search\.yml"):
        load_search_config(tmp_path / "search.yml")
