"""The documents say what is true of the code, and both READMEs say the same."""

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from wenzheng.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh-CN.md")
NOT_OURS = {".venv", "var", "build", "node_modules"}
HEADING = re.compile(r"(#+) (.+)")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def markdown_files() -> list[Path]:
    found = (path for path in ROOT.rglob("*.md") if not NOT_OURS & set(path.relative_to(ROOT).parts))
    return sorted(
        path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    )


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def shown(default: Any) -> str:
    """A default as docs/settings.md shows it."""
    if default in (None, ""):
        return "–"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def settings_rows() -> dict[str, str]:
    """Variable -> default, as documented."""
    return {row[0].strip("`"): row[1] for row in rows(read("docs/settings.md")) if row[0].startswith("`")}


def commands(block: str) -> list[str]:
    """The lines of a code block without comments, which are in the reader's language."""
    lines = (re.sub(r"(^|\s)#.*$", "", line).rstrip() for line in block.splitlines())
    return [line for line in lines if line]


def sections(text: str) -> list[dict[str, Any]]:
    """For each heading: its level, the commands of its code blocks, its table's shape and its `code words`."""
    found: list[dict[str, Any]] = []
    blocks = code_blocks(text)
    for part in re.split(r"^(?=#+ )", blocks_marked(text), flags=re.MULTILINE):
        first = HEADING.match(part)
        if first is None:
            assert not part.strip(), "nothing stands before the first heading"
            continue
        stored = re.findall(r"^\x00(\d+)$", part, re.MULTILINE)
        found.append(
            {
                "level": len(first[1]),
                "commands": [commands(blocks[int(number)]) for number in stored],
                "table": [len(row) for row in rows(part)],
                "code": sorted(set(re.findall(r"`([^`\n]+)`", part))),
            }
        )
    return found


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def blocks_marked(text: str) -> str:
    """The text with each code block replaced by a line with its number: a comment in it is no heading."""
    numbers = iter(range(len(code_blocks(text))))
    return re.sub(
        r"^```\w*\n.*?^```$", lambda _: f"\x00{next(numbers)}", text, flags=re.MULTILINE | re.DOTALL
    )


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives a Markdown file's headings."""
    found = (HEADING.match(line) for line in blocks_marked(path.read_text(encoding="utf-8")).splitlines())
    texts = [re.sub(r"[^\w\s-]", "", heading[2].lower()) for heading in found if heading]
    return {re.sub(r"\s", "-", text.strip()) for text in texts}


def test_every_setting_has_a_row_with_its_default_and_no_row_is_without_a_setting() -> None:
    real = {f"WENZHENG_{name.upper()}": shown(field.default) for name, field in Settings.model_fields.items()}
    assert settings_rows() == real


def test_every_direct_dependency_is_explained_and_nothing_else() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    named = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    direct = {re.match(r"[\w.-]+", each)[0] for each in named}  # type: ignore[index]
    explained = [row[0].strip("`") for row in rows(read("docs/dependencies.md")) if row[0].startswith("`")]
    assert sorted(explained) == sorted(direct)


@pytest.mark.parametrize("name", READMES)
def test_a_readme_names_the_two_commands(name: str) -> None:
    lines = [line for block in code_blocks(read(name)) for line in commands(block)]
    assert {"make run", "make test"} <= set(lines)


def test_both_readmes_have_the_same_sections_commands_and_code_words() -> None:
    english, chinese = (sections(read(name)) for name in READMES)
    assert english == chinese
    assert len(english) > 10


@pytest.mark.parametrize("path", markdown_files(), ids=place)
def test_relative_links_resolve(path: Path) -> None:
    text = blocks_marked(path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), f"{target}: no such file"
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked), f"{target}: no such heading"


def test_every_decision_record_has_its_three_parts_and_its_number() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    for number, path in enumerate(records, 1):
        text = path.read_text(encoding="utf-8")
        assert path.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
