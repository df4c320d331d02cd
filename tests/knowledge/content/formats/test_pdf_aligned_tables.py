"""Tables without rules on PDF pages: read as tables where that is clear, else as lines; nothing of them is lost."""

import time

import pytest
from pdf_files import Drawing, body_of, read

from knowledge.content import split_clauses
from knowledge.content.formats.pdf_aligned_tables import with_aligned_tables
from knowledge.content.formats.pdf_lines import Line

Lines = list[tuple[str, ...]]
FEES: Lines = [
    ("序号", "项目名称", "收费标准", "备注"),
    ("1", "居住证首次申领", "免费", "含制证"),
    ("2", "居住证补领", "每证20元", "遗失"),
    ("3", "身份证换领", "每证20元", "到期"),
    ("4", "临时身份证", "每证10元", "三日内"),
]
TEXT = "　　公安机关按照下列标准收取证照工本费，不得收取其他任何费用，收费标准长期公示。"
AFTER = "　　收取的费用全部上缴国库，任何单位和个人不得截留、挪用，违者依法依规处理。"
X = (80.0, 130.0, 280.0, 420.0)


def draw(
    rows: Lines, y: float = 700, step: float = 20, xs: tuple[float, ...] = X, drawing: Drawing | None = None
) -> Drawing:
    """Each row on a line of its own; what is empty is not printed."""
    drawing = drawing or Drawing()
    for number, row in enumerate(rows):
        for x, text in zip(xs, row, strict=False):
            if text:
                drawing.lines(text, x=x, y=y - step * number)
    return drawing


def markdown(rows: Lines) -> str:
    written = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([written[0], "| " + " | ".join(["---"] * len(rows[0])) + " |", *written[1:]])


def squeezed(text: str) -> str:
    return "".join(sign for sign in text if sign not in "|-\\ \n")


def test_aligned_cells_below_a_header_are_a_table_between_the_text_around_it() -> None:
    drawing = Drawing().lines(TEXT[:38], TEXT[38:], x=60, y=740)
    draw(FEES, drawing=drawing).lines(AFTER[:38], AFTER[38:], x=60, y=590)
    parts = body_of(drawing.data()).strip().split("\n\n")
    assert parts == [TEXT.strip(), markdown(FEES), AFTER.strip()]


def test_rows_can_be_cited_with_their_header() -> None:
    document = read(draw(FEES).data()).document
    assert document is not None
    clauses = {clause.anchor: clause for clause in split_clauses(document)}
    assert clauses["表格1第2行"].quote == "序号：2；项目名称：居住证补领；收费标准：每证20元；备注：遗失"


def test_the_editor_is_told_where_lines_became_a_table() -> None:
    result = read(draw(FEES, drawing=Drawing().lines("第一条 甲。").page()).data())
    (message,) = [problem.message for problem in result.problems if problem.code == "tables_without_rules"]
    assert "第 2 页" in message


def test_figures_at_the_right_and_names_in_the_middle_are_in_line() -> None:
    rows: Lines = [
        ("区县", "户数", "金额"),
        ("望江区", "8", "960"),
        ("临港区", "1,020", "12,400"),
        ("东山县", "75", "9,000"),
    ]
    drawing = Drawing()
    for number, row in enumerate(rows):
        y = 700 - 20 * number
        drawing.canvas.setFont("STSong-Light", 12)
        drawing.canvas.drawCentredString(120, y, row[0])
        drawing.canvas.drawRightString(260, y, row[1])
        drawing.canvas.drawRightString(400, y, row[2])
    assert body_of(drawing.data()).strip() == markdown(rows)


def test_a_header_may_stand_in_the_middle_of_its_columns_and_near_the_first_row() -> None:
    drawing = draw([FEES[0]], xs=(80.0, 190.0, 330.0, 470.0), y=694)
    draw(
        FEES[1:],
        xs=(60.0, 125.0, 280.0, 420.0),
        y=677,
        step=26,
        drawing=drawing,
    )
    assert body_of(drawing.data()).strip() == markdown(FEES)


def test_columns_of_figures_go_on_over_pages_however_wide_the_figures_are() -> None:
    rows: Lines = [
        ("区县", "户数", "金额"),
        *((f"区{n}", f"{n}", f"{10 ** (2 + n // 16) * 12}") for n in range(1, 50)),
    ]
    drawing = Drawing()
    for page in (rows[:31], rows[31:]):
        for number, row in enumerate(page):
            drawing.lines(row[0], x=100, y=700 - 20 * number)
            drawing.canvas.drawRightString(260, 700 - 20 * number, row[1])
            drawing.canvas.drawRightString(400, 700 - 20 * number, row[2])
        drawing.page()
    assert body_of(drawing.data()).strip() == markdown(rows)


def test_a_cell_may_be_empty() -> None:
    rows = [*FEES[:3], ("3", "身份证换领", "每证20元", ""), FEES[4]]
    assert body_of(draw(rows).data()).strip() == markdown(rows)


WRAPPED: Lines = [
    ("序号", "事项", "办理条件", "期限"),
    ("1", "申领", "在本市居住半年以上，有", "十日"),
    ("", "", "合法稳定住所的", ""),
    ("2", "补领", "居住证遗失或者损毁，本", "五日"),
    ("", "", "人提出申请的", ""),
    ("3", "签注", "每年办理一次", "当日"),
]
WHOLE: Lines = [
    ("序号", "事项", "办理条件", "期限"),
    ("1", "申领", "在本市居住半年以上，有合法稳定住所的", "十日"),
    ("2", "补领", "居住证遗失或者损毁，本人提出申请的", "五日"),
    ("3", "签注", "每年办理一次", "当日"),
]
NARROW = (80.0, 130.0, 200.0, 420.0)


def test_a_cell_of_two_lines_belongs_to_its_row() -> None:
    assert body_of(draw(WRAPPED, xs=NARROW).data()).strip() == markdown(WHOLE)


@pytest.mark.parametrize("lower", [0.0, 9.0])
def test_a_cell_of_two_lines_belongs_to_its_row_where_rows_are_apart(lower: float) -> None:
    """``lower``: the other cells stand in the middle of its height."""
    drawing = Drawing()
    y = 700.0
    for number, row in enumerate(WHOLE):
        lines = [row[2][:11], row[2][11:]] if len(row[2]) > 11 else [row[2]]
        drawing.lines(*[each for each in lines if each], x=NARROW[2], y=y)
        for column in (0, 1, 3):
            drawing.lines(row[column], x=NARROW[column], y=y - (lower if len(lines) > 1 else 0))
        y -= 19.2 * len(lines) + (6 if number else 9)
    assert body_of(drawing.data()).strip() == markdown(WHOLE)


@pytest.mark.parametrize("repeated", [True, False])
def test_a_table_over_pages_is_one_with_its_header(repeated: bool) -> None:
    rows: Lines = [FEES[0], *((str(n), f"项目{'甲乙丙丁'[n % 4] * 3}", f"{n}元", "无") for n in range(1, 41))]
    drawing = draw(rows[:31])
    drawing.page()
    draw([rows[0], *rows[31:]] if repeated else rows[31:], drawing=drawing)
    assert body_of(drawing.data()).strip() == markdown(rows)


def test_a_line_that_says_that_the_table_goes_on_does_not_part_it() -> None:
    drawing = draw(FEES[:4])
    drawing.page().lines("续表1", x=260, y=720)
    draw([FEES[0], FEES[4]], drawing=drawing)
    assert body_of(drawing.data()).strip() == markdown(FEES)


def test_page_numbers_below_do_not_part_it() -> None:
    rows: Lines = [FEES[0], *((str(n), "项目甲", f"{n}元", "无") for n in range(1, 41))]
    drawing = draw(rows[:31]).lines("— 1 —", x=280, y=30, size=9)
    drawing.page()
    draw(rows[31:], drawing=drawing).lines("— 2 —", x=280, y=30, size=9)
    assert body_of(drawing.data()).strip() == markdown(rows)


def test_text_at_the_beginning_of_the_next_page_is_not_a_row() -> None:
    drawing = draw(FEES).page().lines("一、　　申领居住证的，按照规定提交材料。", x=80, y=700)
    assert body_of(drawing.data()).strip().split("\n\n") == [
        markdown(FEES),
        "一、 申领居住证的，按照规定提交材料。",
    ]


NO_TABLES: dict[str, tuple[Lines, tuple[float, ...]]] = {
    "no header": ([("张三丰", "李四光", "王五行"), ("赵六合", "钱七巧", "孙八斗")] * 3, X),
    "figures only": ([("1", "10元", "20元"), ("2", "30元", "40元")] * 3, X),
    "a form": (
        [
            ("姓名", "张三", "性别", "男"),
            ("民族", "汉", "年龄", "35"),
            ("单位", "民政局", "职务", "科员"),
            ("地址", "文昌路", "电话", "88"),
        ],
        X,
    ),
    "an empty form": (
        [
            ("姓名", "性别", "年龄"),
            ("职务", "单位", "电话"),
            ("地址", "时间", "方式"),
            ("材料", "期限", "备注"),
        ],
        X,
    ),
    "labels": (
        [("联系人：", "张三", "电话："), ("单位：", "民政局", "地址："), ("时间：", "上午", "方式：")] * 2,
        X,
    ),
    "two rows": (FEES[:3], X),
    "cells out of line": (
        [
            ("姓名", "单位", "备注"),
            ("张三", "民政局", "甲"),
            ("　　　李四", "　　　　　　财政局", "　　　　乙"),
            ("　王五", "　　司法局", "　　　丙丁"),
        ],
        (80.0, 200.0, 380.0),
    ),
    "a list": (
        [
            ("材料", "说明"),
            ("1．", "居住证申请表原件一份"),
            ("2．", "身份证原件"),
            ("3．", "居住证明材料"),
            ("4．", "照片两张"),
        ],
        (80.0, 140.0),
    ),
    "too near": (
        [("姓名", "单位"), ("张三", "民政局"), ("李四", "财政局"), ("王五", "司法局")],
        (80.0, 116.0),
    ),
}


@pytest.mark.parametrize("name", NO_TABLES)
def test_what_is_not_clearly_a_table_stays_lines(name: str) -> None:
    rows, xs = NO_TABLES[name]
    body = body_of(draw(rows, xs=xs).data())
    assert "|" not in body
    assert squeezed(body) == "".join("".join(row) for row in rows).replace("　", "")


def test_a_table_that_goes_on_below_a_line_of_its_own_is_not_read_in_part() -> None:
    rows = [*FEES, ("", "其他", "", ""), ("5", "暂住证", "每证5元", "停办")]
    body = body_of(draw(rows).data())
    assert "|" not in body
    assert squeezed(body) == "".join("".join(row) for row in rows)


BENEFITS: Lines = [
    ("补贴项目", "标准"),
    ("护理补贴", "80"),
    ("生活补贴", "90"),
    ("一次性抚恤补贴", "100"),
]


@pytest.mark.parametrize(
    "below",
    [
        ("三、申请材料", "（一）申请表；"),
        ("附件",),
        ("附件2：申请表",),
        ("注：每月发放。",),
        ("备注1：每月发放。",),
    ],
)
@pytest.mark.parametrize("last", ["一次性抚恤补贴", "4"])
def test_a_heading_below_as_near_as_a_row_ends_the_table(below: tuple[str, ...], last: str) -> None:
    rows = [*BENEFITS[:3], (last, "100")]
    body = body_of(draw([*rows, *((text, "") for text in below)], xs=(80.0, 280.0)).data())
    table, *rest = body.strip().split("\n\n")
    assert (table, "".join(rest)) == (markdown(rows), "".join(below))


def test_a_list_below_a_heading_is_not_taken_for_rows() -> None:
    below = ("三、申请材料", "1．　申请表一份", "2．　照片两张")
    body = body_of(
        draw([*FEES, *((text, "", "", "") for text in below)], xs=(80.0, 200.0, 330.0, 450.0)).data()
    )
    assert body.strip().startswith(markdown(FEES) + "\n\n三、申请材料")


def test_a_table_whose_rows_go_on_below_a_heading_is_not_read_in_part() -> None:
    rows = [*FEES, ("二、补领", "", "", ""), ("5", "暂住证", "每证5元", "停办")]
    body = body_of(draw(rows, xs=(80.0, 150.0, 280.0, 420.0)).data())
    assert "|" not in body
    assert squeezed(body) == "".join("".join(row) for row in rows)


def test_a_number_or_name_in_the_middle_of_its_rows_height_is_no_heading() -> None:
    rows: Lines = [
        ("事项", "办理条件"),
        ("一、申领", "在本市居住半年以上，有合法稳定住所的"),
        ("二、补领", "居住证遗失或者损毁，本人提出申请的。"),
        ("三、签注", "每年办理一次，到期前一个月提出申请。"),
    ]
    drawing = draw([rows[0]], xs=NARROW)
    for number, row in enumerate(rows[1:]):
        y = 670 - 50.0 * number
        drawing.lines(row[1][:11], row[1][11:], x=NARROW[1], y=y)
        drawing.lines(row[0], x=60, y=y - 9)
    assert body_of(drawing.data()).strip() == markdown(rows)


def test_a_page_full_of_what_may_be_headers_takes_no_long_time() -> None:
    names = (("项目名称", 80.0), ("单位地址", 200.0), ("备注", 400.0))
    lines = []
    for number in range(1600):
        place = (20.0 * number, 20.0 * number + 12, 12.0, 1)
        pieces = tuple(Line(text, x, x + 48, *place) for text, x in names)
        lines.append(Line("项目名称 单位地址 备注", 80, 448, *place, pieces=pieces))
    start = time.process_time()
    assert with_aligned_tables(lines, None) == lines
    assert time.process_time() - start < 8  # 1.6 seconds; trying all of them takes 20
