"""Named patterns in YAML files."""

from pathlib import Path

import pytest

from knowledge.patterns import Patterns


@pytest.fixture
def patterns(tmp_path: Path) -> Patterns:
    path = tmp_path / "words.yml"
    path.write_text("one: 一个?\nseveral: ['从{place}来', 二]\n", encoding="utf-8")
    return Patterns(path)


def test_an_entry_is_one_alternative_or_several(patterns: Patterns) -> None:
    assert patterns.pattern("one").fullmatch("一个")
    assert patterns.pattern("several", place="x").fullmatch("二")
    assert patterns.pattern("one") is patterns.pattern("one")


def test_words_stand_where_they_are_named(patterns: Patterns) -> None:
    found = patterns.pattern("several", place="(?:甲|乙)")
    assert [bool(found.fullmatch(each)) for each in ("从甲来", "从乙来", "从丙来")] == [True, True, False]
    assert patterns.pattern("several", place="丙").fullmatch("从丙来")


def test_a_name_that_the_file_does_not_have_is_an_error(patterns: Patterns) -> None:
    with pytest.raises(KeyError):
        patterns.pattern("none")
