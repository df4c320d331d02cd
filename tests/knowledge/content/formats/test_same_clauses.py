"""One text in every format gives the same clauses, and loses nothing."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import to_docx, to_html, to_pdf

from knowledge.content import Document, ReadResult, read_document, split_clauses, write_document

SAMPLE = Path(__file__).parents[4] / "sample" / "documents"
SAMPLES = sorted(SAMPLE.glob("*.md"))
WITH_TABLES = ("car-trade-in-2025", "public-rental-2023", "remote-medical-2024")


def squeezed(text: str) -> str:
    return "".join(text.split())


def clauses_of(document: Document) -> list[tuple[str, str, tuple[str, ...], str]]:
    """Anchor, kind, path and quote; white space aside, which no two formats have alike."""
    return [
        (clause.anchor, clause.kind, tuple(map(squeezed, clause.path)), squeezed(clause.quote))
        for clause in split_clauses(document)
    ]


def read(data: bytes) -> ReadResult:
    result = read_document(data, "文件.bin")
    assert result.document is not None, [str(problem) for problem in result.problems]
    assert_nothing_lost(result.document)
    return result


def assert_nothing_lost(document: Document) -> None:
    covered = bytearray(len(document.body))
    for clause in split_clauses(document):
        covered[clause.start : clause.end] = b"\1" * (clause.end - clause.start)
    lost = [i for i, char in enumerate(document.body) if not char.isspace() and not covered[i]]
    assert not lost, document.body[lost[0] :][:40]


def original(path: Path) -> Document:
    document = read_document(path.read_bytes(), path.name).document
    assert document is not None
    return document


def assert_same(document: Document | None, expected: Document) -> None:
    assert document is not None
    assert clauses_of(document) == clauses_of(expected)
    again = read_document(write_document(document).encode(), "别名.md")
    assert again.document == document


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_policy_as_docx_gives_the_clauses_of_its_markdown(path: Path) -> None:
    document = original(path)
    assert_same(read(to_docx(document.body)).document, document)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_policy_as_web_page_gives_the_clauses_of_its_markdown(path: Path, encoding: str) -> None:
    document = original(path)
    assert_same(read(to_html(document.body).encode(encoding)).document, document)


@pytest.mark.parametrize("name", WITH_TABLES)
def test_a_policy_as_pdf_gives_the_clauses_of_its_markdown(name: str) -> None:
    document = original(SAMPLE / f"{name}.md")
    result = read(to_pdf(document.body, header="澜川市政策文件汇编"))
    assert_same(result.document, document)
    assert [problem.code for problem in result.problems] == ["running_lines_left_out", "recognised"]


WORDS = st.text("居住证办理申请材料提交受理审核发放abc12，、", min_size=3, max_size=90)
SENTENCES = WORDS.map(lambda words: f"本市{words}的。")
CELLS = st.text("居住证办理费用材料|标准12元", min_size=1, max_size=8)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A policy with chapters, articles, items and tables, in Markdown."""
    parts = ["# 澜川市若干规定"]
    numbers = "一二三四五六七八九"
    for chapter in range(draw(st.integers(1, 2))):
        parts.append(f"## 第{numbers[chapter]}章 {draw(st.sampled_from(['总则', '附则', '申请']))}")
        for article in range(draw(st.integers(1, 3))):
            number = numbers[chapter * 3 + article]
            parts.append(f"第{number}条 {draw(SENTENCES)}")
            parts += [f"（{numbers[item]}）{draw(SENTENCES)}" for item in range(draw(st.integers(0, 2)))]
            if draw(st.booleans()):
                width = draw(st.integers(2, 4))
                row = st.lists(CELLS, min_size=width, max_size=width).map(
                    lambda cells: "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"
                )
                rows = draw(st.lists(row, min_size=2, max_size=4))
                parts.append("\n".join([rows[0], "| " + " | ".join(["---"] * width) + " |", *rows[1:]]))
    return "\n\n".join(parts) + "\n"


@settings(max_examples=60, deadline=None)
@given(bodies())
def test_any_policy_is_the_same_in_docx_and_html(body: str) -> None:
    expected = Document(id="d", title="澜川市若干规定", body=body)
    for data in (to_docx(body), to_html(body).encode()):
        document = read(data).document
        assert document is not None
        assert clauses_of(document) == clauses_of(expected)


def test_a_long_policy_as_pdf_loses_no_character() -> None:
    """Lines of every length, so that paragraphs end near the margin too: characters and their order are held."""
    chance = random.Random(7)
    words = "居住证办理申请材料提交受理审核发放机关应当依法公开透明高效便民"
    paragraphs = [
        f"第{number}条 " + "".join(chance.choice(words) for _ in range(chance.randint(10, 150))) + "。"
        for number in range(1, 120)
    ]
    document = read(to_pdf("# 某市办法\n\n" + "\n\n".join(paragraphs), header="某市办法")).document
    assert document is not None
    assert squeezed(document.body) == squeezed("某市办法" + "".join(paragraphs))
    articles = [clause for clause in split_clauses(document) if clause.kind == "article"]
    assert [squeezed(clause.text) for clause in articles] == [squeezed(text) for text in paragraphs]
