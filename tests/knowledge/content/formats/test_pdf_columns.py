"""PDF pages in columns are read column by column; what only looks like columns is read across."""

import random
import time

import pytest
from pdf_files import WIDTH, Drawing, body_of, read

from knowledge.content import read_document, split_clauses
from knowledge.content.formats.pdf_chars import Char
from knowledge.content.formats.pdf_columns import reading_order
from knowledge.content.formats.pdf_lines import Spaces

CHANCE = random.Random(3)
WORDS = "居住证办理申请材料提交受理审核发放机关应当依法公开透明高效便民"
LEFT, RIGHT = 60.0, 310.0  # where the two columns begin
WIDE = 18  # characters in a line of a column of 12 points


def article(number: int, length: int) -> str:
    return f"第{'一二三四五六七八九十'[number - 1]}条 " + "".join(CHANCE.choices(WORDS, k=length)) + "。"


def wrapped(text: str, width: int = WIDE) -> list[str]:
    """A paragraph's lines, the first one indented by two characters."""
    text = "　　" + text
    return [text[at : at + width] for at in range(0, len(text), width)]


def lines_of(*texts: str, width: int = WIDE) -> list[str]:
    return [line for text in texts for line in wrapped(text, width)]


def paragraphs(body: str) -> list[str]:
    return [part.strip() for part in body.split("\n\n") if part.strip()]


ONE, TWO, THREE, FOUR = (article(number, 80 + 7 * number) for number in range(1, 5))


def two_columns(drawing: Drawing, lines: list[str], y: float = 600, lower: float = 0) -> Drawing:
    """``lower`` is by how much the lines of the right column stand lower than those of the left one."""
    half = (len(lines) + 1) // 2
    return drawing.lines(*lines[:half], x=LEFT, y=y).lines(*lines[half:], x=RIGHT, y=y - lower)


@pytest.mark.parametrize("lower", [0, 3, 5.5, 9.6])
def test_columns_are_read_one_after_the_other(lower: float) -> None:
    assert paragraphs(
        body_of(two_columns(Drawing(), lines_of(ONE, TWO, THREE, FOUR), lower=lower).data())
    ) == [
        ONE,
        TWO,
        THREE,
        FOUR,
    ]


def test_three_columns_are_read_one_after_the_other() -> None:
    lines = lines_of(ONE, TWO, THREE, FOUR, width=12)
    third = -(-len(lines) // 3)
    drawing = Drawing()
    for column in range(3):
        drawing.lines(*lines[column * third : (column + 1) * third], x=50 + 170 * column, y=600)
    assert paragraphs(body_of(drawing.data())) == [ONE, TWO, THREE, FOUR]


def test_what_stands_across_the_columns_stays_in_its_place() -> None:
    drawing = Drawing()
    drawing.canvas.setFont("STSong-Light", 18)
    drawing.canvas.drawCentredString(WIDTH / 2, 760, "澜川市居住证管理办法")
    opening = "　　" + "各区人民政府、市政府各部门要按照本办法的要求认真办理有关的各类事项，并及时报告情况。"
    drawing.lines(opening[:39], opening[39:], x=LEFT, y=730)
    two_columns(drawing, lines_of(ONE, TWO), y=690)
    drawing.canvas.setFont("STSong-Light", 18)
    drawing.canvas.drawCentredString(WIDTH / 2, 470, "附　　则")
    two_columns(drawing, lines_of(THREE, FOUR), y=440)
    assert paragraphs(body_of(drawing.data())) == [
        "澜川市居住证管理办法",
        opening.strip(),
        ONE,
        TWO,
        "附　　则".replace("　　", " "),
        THREE,
        FOUR,
    ]


def test_a_paragraph_goes_on_over_columns_and_pages_to_a_page_with_little_left() -> None:
    texts = [article(number, 150) for number in range(1, 9)]
    lines = lines_of(*texts)
    drawing = Drawing()
    two_columns(drawing, lines[:40]).page()
    two_columns(drawing, lines[40:70]).page()
    drawing.lines(*lines[70:], x=LEFT, y=600)
    assert paragraphs(body_of(drawing.data())) == texts


def test_two_lines_in_each_column_are_columns_where_the_page_before_has_them() -> None:
    lines = lines_of(ONE, TWO, THREE, FOUR)
    drawing = Drawing()
    two_columns(drawing, lines[:-4]).page()
    two_columns(drawing, lines[-4:])
    assert paragraphs(body_of(drawing.data())) == [ONE, TWO, THREE, FOUR]


def test_headers_and_page_numbers_of_pages_in_columns_go() -> None:
    texts = [article(number, 150) for number in range(1, 9)]
    lines = lines_of(*texts)
    drawing = Drawing()
    for number in range(3):
        drawing.lines("澜川市人民政府公报", x=LEFT, y=800, size=9).lines(
            "2024年第3期", x=RIGHT + 100, y=800, size=9
        )
        drawing.lines(f"— {number + 5} —", x=280, y=30, size=9)
        two_columns(drawing, lines[30 * number : 30 * number + 30], y=700).page()
    assert paragraphs(body_of(drawing.data())) == texts


def test_a_table_in_a_column_is_read_where_it_stands() -> None:
    drawing = Drawing().lines(*lines_of(ONE), x=LEFT, y=700)
    for column, row, text in ((0, 0, "项"), (1, 0, "额"), (0, 1, "证"), (1, 1, "十元")):
        drawing.canvas.rect(LEFT + 100 * column, 550 - 30 * row, 100, 30)
        drawing.lines(text, x=LEFT + 10 + 100 * column, y=560 - 30 * row)
    drawing.lines(*lines_of(TWO, THREE), x=RIGHT, y=700)
    table = "| 项 | 额 |\n| --- | --- |\n| 证 | 十元 |"
    assert paragraphs(body_of(drawing.data())) == [ONE, table, TWO, THREE]


def test_a_table_across_the_columns_parts_them() -> None:
    drawing = two_columns(Drawing(), lines_of(ONE, TWO), y=700)
    for column, row, text in ((0, 0, "项"), (1, 0, "额"), (0, 1, "证"), (1, 1, "十元")):
        drawing.canvas.rect(LEFT + 200 * column, 550 - 30 * row, 200, 30)
        drawing.lines(text, x=LEFT + 10 + 200 * column, y=560 - 30 * row)
    two_columns(drawing, lines_of(THREE, FOUR), y=480)
    table = "| 项 | 额 |\n| --- | --- |\n| 证 | 十元 |"
    assert paragraphs(body_of(drawing.data())) == [ONE, TWO, table, THREE, FOUR]


def test_pages_in_columns_are_told() -> None:
    drawing = Drawing().lines("第一条 甲。").page()
    result = read(two_columns(drawing, lines_of(ONE, TWO, THREE, FOUR)).data())
    (message,) = [problem.message for problem in result.problems if problem.code == "pages_in_columns"]
    assert "第 2 页" in message


def test_clauses_of_columns_are_the_articles() -> None:
    document = read_document(
        two_columns(Drawing(), lines_of(ONE, TWO, THREE, FOUR)).data(), "公报.pdf"
    ).document
    assert document is not None
    assert [clause.text for clause in split_clauses(document) if clause.kind == "article"] == [
        ONE,
        TWO,
        THREE,
        FOUR,
    ]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("张三丰", "李四光"), ("王五行", "赵六合"), ("钱七巧", "孙八斗")] * 2, id="names"),
        pytest.param([("姓名：", "性别："), ("出生年月：", "民族："), ("住址：", "电话：")] * 2, id="form"),
        pytest.param([("澜川市第一中学", "城东路1号"), ("第二小学", "城西路22号一楼")] * 3, id="entries"),
        pytest.param(
            [
                ("澜川市望江区第一中学高中部东校区", "望江区"),
                ("澜川市实验小学", "临港区港口大道1号行政中心西侧"),
                ("第二小学", "城西"),
            ]
            * 2,
            id="long entries",
        ),
        pytest.param(
            [
                ("居住证的办理和发放工作", "公安机关应当在受理之日起十日内"),
                ("居住证的签注和换发工作", "派出所"),
            ]
            * 3,
            id="a narrow column and a wide one",
        ),
    ],
)
def test_short_entries_side_by_side_are_read_across(rows: list[tuple[str, str]]) -> None:
    drawing = Drawing()
    for number, (left, right) in enumerate(rows):
        drawing.lines(left, x=LEFT, y=700 - 20 * number).lines(right, x=RIGHT, y=700 - 20 * number)
    body = "".join(paragraphs(body_of(drawing.data())))
    assert body.replace(" ", "") == "".join(left + right for left, right in rows)


def test_a_numbered_list_with_wide_gaps_is_read_across() -> None:
    drawing = Drawing()
    texts = ["".join(CHANCE.choices(WORDS, k=60)) + "。" for _ in range(4)]
    y = 700.0
    for number, text in enumerate(texts, 1):
        drawing.lines(f"{number}．", x=LEFT, y=y)
        lines = [text[at : at + 32] for at in range(0, len(text), 32)]
        drawing.lines(*lines, x=LEFT + 60, y=y)
        y -= 19.2 * len(lines)
    body = "".join(body_of(drawing.data()).split())
    assert body == "".join(f"{number}．{text}" for number, text in enumerate(texts, 1))


def test_cells_side_by_side_are_no_columns_of_text() -> None:
    """Two wide columns of a table without rules: what belongs together stands at one height."""
    drawing = Drawing()
    y = 700.0
    firsts = []
    for number in range(4):
        left, right = ("".join(CHANCE.choices(WORDS, k=length)) for length in (30 + number, 50 - number))
        firsts.append((left[:WIDE], right[:WIDE]))
        for x, text in ((LEFT, left), (RIGHT, right)):
            drawing.lines(*[text[at : at + WIDE] for at in range(0, len(text), WIDE)], x=x, y=y)
        y -= 19.2 * 3 + 12
    body = body_of(drawing.data())
    places = [body.index(cell) for row in firsts for cell in row]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("rows", "columns", "step", "uneven"), [(400, 150, 8, 0), (1, 20_000, 8, 0), (400, 150, 60, 50)]
)
def test_a_dense_page_takes_no_long_time(rows: int, columns: int, step: int, uneven: int) -> None:
    places = [
        (step * column + uneven * CHANCE.random(), 6.0 * row)
        for row in range(rows)
        for column in range(columns)
    ]
    chars, spaces = (
        [Char(text, x + right, x + right + 4, y, y + 4, 4.0, True) for x, y in places]
        for text, right in (("甲", 0), (" ", 3.5))
    )
    start = time.process_time()
    items, _ = reading_order(chars, Spaces(spaces), [], 1, [])
    assert len(items) == rows
    assert time.process_time() - start < 10  # 1 second; more than 40 where each line looks through all spaces
