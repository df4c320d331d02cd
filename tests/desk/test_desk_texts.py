"""The texts: every one that the code asks for is there, and every reason has a label."""

import re
from pathlib import Path
from typing import get_args

import pytest

import desk
from desk.records import Author, HandoffStatus, Outcome, Reason, Role
from desk.texts import Texts

FOLDER = Path(desk.__file__).parent


def test_every_text_the_code_names_exists() -> None:
    texts = Texts()
    own = {file.parent for file in FOLDER.rglob("texts.yml")} - {FOLDER}  # packages with texts of their own
    sources = [*FOLDER.rglob("*.py"), *(FOLDER / "templates").glob("*.html")]
    keys = {
        key
        for file in sources
        if file.parent not in own
        for key in re.findall(r"""say\(\s*["']([a-z_.]+)["']""", file.read_text())
    }
    assert len(keys) > 25
    for key in keys:
        assert texts._find(key)


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ("reasons", Reason),
        ("authors", Author),
        ("handoff_statuses", HandoffStatus),
        ("roles", Role),
        ("outcomes", Outcome),
    ],
)
def test_every_word_of_a_closed_vocabulary_has_a_label(group: str, words: object) -> None:
    texts = Texts()
    assert all(texts.label(group, word) != word for word in get_args(words))


def test_a_city_can_bring_its_own_texts(tmp_path: Path) -> None:
    own = tmp_path / "texts.yml"
    own.write_text("authors: {citizen: 居民}\n", encoding="utf-8")
    assert Texts(own).label("authors", "citizen") == "居民"
    with pytest.raises(KeyError, match="reasons"):
        Texts(own).label("reasons", "complex")


def test_no_chinese_for_readers_hides_in_the_code() -> None:
    # Its errors are about the file that holds the texts; the calendar's file is written in these words.
    allowed = {"texts.py", "words.py", "parsing.py"}
    for file in FOLDER.rglob("*.py"):
        code = re.sub(r'""".*?"""|#[^\n]*', "", file.read_text(), flags=re.S)
        if file.name not in allowed:
            assert not [line for line in code.splitlines() if re.search("[一-鿿]", line)], file.name
