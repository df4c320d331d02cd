"""The table in docs/architecture.md is what the code does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("actions", "bot", "desk", "knowledge", "wenzheng")
OURS = {*PACKAGES, "tests", "benchmarks"}
WITH_ENVIRONMENT = {"actions", "wenzheng"}
WITH_RASA = ("bot/nlu/", "bot/dialogue/")
ROW = re.compile(r"^\| `(\w+)/` \|.*\| ([^|]+) \|$", re.MULTILINE)


def allowed() -> dict[str, set[str]]:
    """The table: package -> packages of ours that it may import besides itself."""
    table = ROW.findall((ROOT / "docs/architecture.md").read_text(encoding="utf-8"))
    words = {"nothing of ours": set(), "everything": set(PACKAGES)}
    return {name: words.get(cell) or set(re.findall(r"`(\w+)", cell)) for name, cell in table}


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(source: str) -> Iterator[str]:
    """The dotted names a module imports, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)


def reads_environment(source: str) -> bool:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv", "getenvb"):
            return True
        names = node.names if isinstance(node, ast.ImportFrom) and node.module == "os" else []
        if any(alias.name.startswith(("environ", "getenv")) for alias in names):
            return True
    return False


def test_the_table_has_every_package() -> None:
    assert set(allowed()) == set(PACKAGES)


@pytest.mark.parametrize("path", modules(), ids=place)
def test_a_module_imports_only_what_the_table_allows(path: Path) -> None:
    package = place(path).partition("/")[0]
    reached = {name.partition(".")[0] for name in imports(path.read_text(encoding="utf-8"))} & OURS
    assert reached - {package} <= allowed()[package]


@pytest.mark.parametrize("path", modules(), ids=place)
def test_only_the_wiring_and_the_action_server_read_the_environment(path: Path) -> None:
    if place(path).partition("/")[0] not in WITH_ENVIRONMENT:
        assert not reads_environment(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", modules(), ids=place)
def test_only_what_rasa_loads_imports_rasa(path: Path) -> None:
    heavy = {"rasa", "tensorflow", "sanic"}
    if not place(path).startswith(WITH_RASA):
        assert not {name.partition(".")[0] for name in imports(path.read_text(encoding="utf-8"))} & heavy


def test_the_checks_see_what_they_look_for() -> None:
    hidden = "def f():\n    from desk.service import Desk\n    import bot.gateway"
    assert set(imports(hidden)) == {"desk.service", "bot.gateway"}
    assert reads_environment("import os\nx = os.environ['A']")
    assert reads_environment("from os import getenv")
    assert not reads_environment("from jinja2 import Environment\nEnvironment()")
