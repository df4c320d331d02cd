"""FAQ tables: good rows are kept, every mistake is named by row and column, a round trip changes nothing."""

import csv
import io
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from knowledge.content import ContentError, Faq, FaqTable, read_faq_table, write_faq_table
from knowledge.content.faq_columns import COLUMNS

HEADER = "编号,标准问题,相似问法,答案,主题,部门,适用区域,适用人群,依据,办理链接,配图,生效日期,失效日期"


def read(text: str, encoding: str = "utf-8") -> FaqTable:
    return read_faq_table(text.encode(encoding), "问答.csv")


def problems(table: FaqTable, severity: str = "error") -> list[tuple[str, int, str]]:
    return [(each.code, each.row, each.column) for each in table.problems if each.severity == severity]


def workbook(*rows: list[Any], merge: str = "", title: str = "") -> bytes:
    book = Workbook()
    sheet: Any = book.active
    if title:
        sheet.append([title])
        sheet.merge_cells("A1:D1")
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_full_row_is_read() -> None:
    row = (
        'FAQ-1,怎么办居住证？,"居住证怎么办\n办居住证",到社区服务中心办理。,户籍,公安局,临江市,来临人员、学生,'
        '"juzhuzheng#第八条\n国务院令第663号",https://a.example/1,https://a.example/1.png,2024-01-01,2030年12月31日'
    )
    assert read(f"{HEADER}\n{row}\n") == FaqTable(
        faqs=(
            Faq(
                id="FAQ-1",
                standard_question="怎么办居住证？",
                similar_questions=("居住证怎么办", "办居住证"),
                answer="到社区服务中心办理。",
                topic="户籍",
                department="公安局",
                region="临江市",
                audience=("来临人员", "学生"),
                basis=("juzhuzheng#第八条", "国务院令第663号"),
                link="https://a.example/1",
                picture="https://a.example/1.png",
                effective_from="2024-01-01",
                effective_to="2030-12-31",
            ),
        ),
        problems=(),
        rows=1,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_are_read_in_every_usual_encoding_and_delimiter(encoding: str, delimiter: str) -> None:
    text = delimiter.join(["标准问题", "答案"]) + "\r\n" + delimiter.join(["问，一？", "答、一。"]) + "\r\n"
    table = read(text, encoding)
    assert table.problems == ()
    assert [(faq.standard_question, faq.answer) for faq in table.faqs] == [("问，一？", "答、一。")]


@pytest.mark.parametrize(
    "header",
    [
        "答案,标准问题",
        " 答 案* ,标准问题（必填）",
        "回答,问题",
        "答复\u3000,标准问",
        "答案＊,ＱＵＥＳＴＩＯＮ",
        "news_content,news_title",
    ],
)
def test_columns_are_known_by_name_in_any_order(header: str) -> None:
    table = read(f"{header}\n答一,问一\n")
    assert table.problems == ()
    assert (table.faqs[0].answer, table.faqs[0].standard_question) == ("答一", "问一")


def test_a_title_row_above_the_header_is_skipped() -> None:
    table = read("2024年问答库,,\n,,\n编号,标准问题,答案\n1,问,答\n")
    assert (table.problems, len(table.faqs)) == ((), 1)


def test_missing_columns_are_named_with_what_was_found() -> None:
    table = read("编号,标准问题,分类\n1,问,户籍\n")
    assert table.faqs == ()
    assert problems(table) == [("missing_columns", 1, "")]
    assert "答案" in table.problems[0].message
    assert "编号、标准问题、分类" in table.problems[0].message


def test_a_table_without_a_header_is_refused() -> None:
    assert problems(read("怎么办证？,到窗口办理。\n")) == [("no_columns", 1, "")]


@pytest.mark.parametrize("text", ["标准问题,答案\n", "标准问题,答案\n,\n  ,  \n"])
def test_a_table_without_rows_is_refused(text: str) -> None:
    assert problems(read(text)) == [("no_rows", 1, "")]


def test_good_rows_are_kept_and_each_mistake_is_named() -> None:
    long = "字" * 20_001
    table = read(
        "编号,标准问题,答案,生效日期,失效日期\n"
        "1,问一,答一,,\n"
        "2,,答二,,\n"
        "3,问三,  ,,\n"
        "1,问四,答四,,\n"
        "5,问五,答五,2024-13-01,\n"
        "6,问六,答六,2024-02-01,2024-01-01\n"
        f"7,问七,{long},,\n"
        "8 8,问八,答八,,\n"
        "\n"
        "9,问九,答九,2024.1.31,2024/12/1\n"
    )
    assert [faq.id for faq in table.faqs] == ["1", "9"]
    assert table.faqs[0].answer == "答一"
    assert (table.faqs[1].effective_from, table.faqs[1].effective_to) == ("2024-01-31", "2024-12-01")
    assert problems(table) == [
        ("empty_required", 3, "标准问题"),
        ("empty_required", 4, "答案"),
        ("duplicate_id", 5, "编号"),
        ("bad_date", 6, "生效日期"),
        ("dates_reversed_row", 7, "失效日期"),
        ("too_long", 8, "答案"),
        ("bad_faq_id", 9, "编号"),
    ]
    assert table.rows == 9
    assert all(each.file == "问答.csv" for each in table.problems)


def test_one_row_reports_all_its_mistakes() -> None:
    table = read("标准问题,答案,生效日期,失效日期\n,,昨天,明天\n")
    assert [each[2] for each in problems(table)] == ["标准问题", "答案", "生效日期", "失效日期"]


def test_a_question_without_a_number_gets_the_same_id_every_time() -> None:
    first = read("标准问题,答案\n怎么办证？,甲\n").faqs[0]
    second = read("答案,标准问题\n乙, 怎么办证？ \n").faqs[0]
    assert first.id == second.id
    assert read("标准问题,答案\n怎么销户？,甲\n").faqs[0].id != first.id


def test_repeated_questions_are_noticed() -> None:
    table = read("编号,标准问题,答案\n1,问,甲\n2,问,乙\n,问,丙\n,问,丁\n")
    assert [faq.answer for faq in table.faqs] == ["甲", "乙", "丙"]
    assert problems(table) == [("duplicate_unnumbered", 5, "编号")]
    assert problems(table, "warning") == [
        ("duplicate_question", 3, "标准问题"),
        ("duplicate_question", 4, "标准问题"),
    ]


def test_unknown_and_double_columns_are_only_warnings() -> None:
    table = read("标准问题,答案,回答,颜色\n问,答,别的,红\n")
    assert table.faqs[0].answer == "答"
    assert problems(table, "warning") == [("duplicate_column", 1, "回答"), ("unknown_columns", 1, "")]


def test_a_row_wider_than_the_header_is_noticed() -> None:
    assert problems(read("标准问题,答案\n问,答,多,余\n"), "warning") == [("row_too_wide", 2, "")]


def test_a_link_that_is_no_address_is_noticed() -> None:
    table = read("标准问题,答案,链接\n问,答,窗口\n再问,答,HTTPS://a.example/1\n")
    assert problems(table, "warning") == [("bad_link", 2, "办理链接")]


@pytest.mark.parametrize(
    "picture",
    ["card.png", "/pictures/card.png", "ftp://a.example/card.png", "https://", "https://a.example/a b.png"],
)
def test_a_picture_that_is_no_address_is_refused(picture: str) -> None:
    table = read(f"标准问题,答案,办理链接,配图\n问,答,https://a.example/1,{picture}\n问二,答二,,\n")
    assert problems(table) == [("bad_picture", 2, "配图")]
    assert picture in table.problems[0].message
    assert [faq.standard_question for faq in table.faqs] == ["问二"]


def test_a_picture_that_wechat_does_not_show_is_noticed() -> None:
    rows = "".join(
        f"问{end},答,https://a.example/1,https://a.example/1{end}\n" for end in (".PNG", ".gif", "?id=1")
    )
    table = read(f"标准问题,答案,办理链接,图片链接\n{rows}")
    assert problems(table, "warning") == [("picture_format", 3, "配图")]
    assert len(table.faqs) == 3


@pytest.mark.parametrize("link", ["", "窗口"])
def test_a_picture_without_a_place_to_go_is_said_not_to_be_shown(link: str) -> None:
    table = read(f"标准问题,答案,办理链接,配图\n问,答,{link},https://a.example/1.png\n")
    assert problems(table, "note") == [("picture_without_link", 2, "配图")]
    assert table.faqs[0].picture == "https://a.example/1.png"


def test_an_open_quotation_mark_does_not_swallow_the_good_rows_silently() -> None:
    text = '标准问题,答案\n问一,答一\n问二,"答二\n' + "问,答\n" * 50_000
    table = read(text)
    assert [faq.answer for faq in table.faqs] == ["答一"]
    assert problems(table)[0][0] in ("csv_broken", "too_long")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"\xd0\xcf\x11\xe0rest", "unsupported_format"),
        (b"%PDF-1.4", "unsupported_format"),
        (b"PK\x03\x04broken", "not_table"),
        (b"\x00\x01\x02", "not_text"),
        ("标准问题,答案\n问,答".encode() + b"\xff", "bad_encoding"),
    ],
)
def test_files_that_are_no_tables_are_refused(data: bytes, code: str) -> None:
    table = read_faq_table(data, "a.xlsx")
    assert [each.code for each in table.problems] == [code]
    assert table.faqs == ()


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", "标准问题,答案\n".encode()])
)
def test_no_bytes_make_reading_fail(data: bytes, start: bytes) -> None:
    table = read_faq_table(start + data, "a.csv")
    assert table.faqs or table.problems


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4000), st.binary(min_size=1, max_size=4))
def test_a_damaged_workbook_is_refused_or_read_but_never_fails(place: int, bytes_: bytes) -> None:
    data = bytearray(workbook(["标准问题", "答案"], ["问", "答"]))
    data[place : place + len(bytes_)] = bytes_
    table = read_faq_table(bytes(data), "a.xlsx")
    assert table.faqs or table.problems


def test_a_table_over_the_limit_is_refused() -> None:
    assert problems(read_faq_table(b"a" * 2000, "a.csv", max_bytes=1000)) == [("too_large", 0, "")]


def test_excel_cells_are_read_as_they_look() -> None:
    data = workbook(
        ["编号", "标准问题", "答案", "生效日期", "失效日期"],
        [12, "问一", 1200, datetime(2024, 1, 31, 8, 0), date(2025, 1, 31)],
        [13.0, "问二", "答二", 45322, "2026/1/1"],
        [14, "问三", "答三", 3.5, None],
        title="问答库",
    )
    table = read_faq_table(data, "问答.xlsx")
    assert [(faq.id, faq.answer, faq.effective_from, faq.effective_to) for faq in table.faqs] == [
        ("12", "1200", "2024-01-31", "2025-01-31"),
        ("13", "答二", "2024-01-31", "2026-01-01"),
    ]
    assert problems(table) == [("bad_date", 5, "生效日期")]


def test_cells_merged_downwards_count_for_each_row() -> None:
    rows: list[list[Any]] = [
        ["标准问题", "答案", "部门"],
        ["问一", "答一", "民政局"],
        ["问二", "答二", None],
        ["问三", "答三", "公安局"],
    ]
    table = read_faq_table(workbook(*rows, merge="C2:C3"), "问答.xlsx")
    assert [faq.department for faq in table.faqs] == ["民政局", "民政局", "公安局"]


def test_a_formula_error_in_a_cell_is_named() -> None:
    table = read_faq_table(workbook(["标准问题", "答案"], ["问一", "#N/A"], ["问二", "答二"]), "问答.xlsx")
    assert problems(table) == [("cell_error", 2, "答案")]
    assert [faq.standard_question for faq in table.faqs] == ["问二"]


def test_the_first_sheet_with_the_columns_is_read() -> None:
    book = Workbook()
    note: Any = book.active
    note.append(["填写说明"])
    sheet: Any = book.create_sheet("问答")
    sheet.append(["标准问题", "答案"])
    sheet.append(["问", "答"])
    out = io.BytesIO()
    book.save(out)
    assert [faq.answer for faq in read_faq_table(out.getvalue(), "a.xlsx").faqs] == ["答"]


def test_open_data_with_html_becomes_plain_text() -> None:
    link = '請見<A title="另開" href="https://a.example/qa">問答集</A>。<br />'
    content = link + "\n<ul><li>甲</li><li>乙&nbsp;丙</li></ul>"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            "data_id",
            "news_title",
            "news_content",
            "deptName",
            "keyword",
            "post_date",
            "start_date",
            "end_date",
        ]
    )
    writer.writerow(
        ["GIP_1", "問題", content, "警察局", "交通,簡訊", "2015-01-06", "2015-01-06", "2100-10-21"]
    )
    table = read(out.getvalue(), "utf-8-sig")
    assert table.problems == ()
    (faq,) = table.faqs
    assert faq.answer == "請見問答集（https://a.example/qa）。\n· 甲\n· 乙 丙"
    assert (faq.id, faq.department, faq.topic) == ("GIP_1", "警察局", "交通,簡訊")
    assert (faq.effective_from, faq.effective_to) == ("2015-01-06", "2100-10-21")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>甲</p><p>乙</p>", "甲\n乙"),
        ("甲<br><br><br>乙", "甲\n\n乙"),
        ("<ol><li>甲<li>乙</ol>丙", "1. 甲\n2. 乙\n丙"),
        (
            "<table>\n<tr>\n<th>日期</th>\n<th>主題</th></tr><tr><td>1/3</td><td>茶</td></tr></table>",
            "日期　主題\n1/3　茶",
        ),
        ('<a href="http://a.example/">http://a.example</a>', "http://a.example"),
        ('<a href="http://a.example/"></a>見', "http://a.example/見"),
        ('<a href="/local">說明</a>', "說明"),
        ('<a href="mailto:a@b.example">來信</a>', "來信（a@b.example）"),
        ("<html><head><title>題</title></head><body>第一\n行</body></html>", "第一 行"),
        ('<img src="a.png" alt="流程圖"><br>', "［图：流程圖］"),
        ("A &amp; B &lt;b&gt;", "A & B <b>"),
        ("年龄<18岁且>16岁", "年龄<18岁且>16岁"),
        ("路徑：設定>記名<br>完", "路徑：設定>記名\n完"),
    ],
)
def test_html_answers_become_what_a_citizen_can_read(html: str, text: str) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([["标准问题", "答案"], ["问", html]])
    assert [faq.answer for faq in read(out.getvalue()).faqs] == [text]


def test_an_answer_of_tags_only_is_refused() -> None:
    assert problems(read("标准问题,答案\n问,<p><br></p>\n"))[0] == ("html_empty", 2, "答案")


TRICKY = st.sampled_from(
    [
        "=1+1",
        "+86",
        "-5",
        "@a",
        "'x",
        "''=1",
        "'",
        "＝1",
        '"',
        "a,b",
        "a;b",
        "<b>粗</b>",
        "&amp;",
        "<pre>&lt;</pre>",
        "_x000D_",
        "_x0041_",
        "001",
        "1e5",
        "2024-01-01",
        "TRUE",
        "#N/A",
        "问、答",
        "0",
    ]
)
CHARS = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
WORD = (TRICKY | st.text(CHARS, min_size=1, max_size=12)).map(str.strip).filter(bool)
TEXT = st.lists(WORD, min_size=1, max_size=4).map("\n".join)
MAYBE = st.just("") | WORD
DAY = st.dates(date(1990, 1, 1), date(2019, 1, 1)).map(lambda day: day.isoformat())
FAQS = st.lists(
    st.builds(
        Faq,
        id=st.text(st.sampled_from("FAQ-0189=+@'问.e"), min_size=1, max_size=10),
        standard_question=TEXT,
        answer=TEXT,
        similar_questions=st.lists(WORD, max_size=3).map(tuple),
        topic=MAYBE,
        department=MAYBE,
        region=MAYBE,
        audience=st.lists(WORD, max_size=3).map(tuple),
        basis=st.lists(WORD, max_size=3).map(tuple),
        link=MAYBE,
        picture=st.sampled_from(["", "http://a.example", "https://a.example/图?a=1&b=<2>#c"]),
        effective_from=st.none() | DAY,
        effective_to=st.none() | st.just("2100-10-21"),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda faq: faq.id,
)


@pytest.mark.parametrize("target", ["csv", "xlsx"])
@settings(max_examples=150, deadline=None)
@given(faqs=FAQS)
def test_a_round_trip_changes_nothing(target: str, faqs: list[Faq]) -> None:
    table = read_faq_table(write_faq_table(faqs, target), f"a.{target}")
    assert [each for each in table.problems if each.severity == "error"] == []
    assert list(table.faqs) == faqs


@pytest.mark.parametrize("target", ["csv", "xlsx"])
@pytest.mark.parametrize("attack", ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "＝1", "\t=1"])
def test_no_cell_begins_a_formula(target: str, attack: str) -> None:
    faq = Faq(id="1", standard_question=attack, answer=attack, audience=(attack,), link=attack)
    data = write_faq_table([faq], target)
    if target == "csv":
        cells = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))[1]
    else:
        sheet: Any = load_workbook(io.BytesIO(data)).active
        row = next(sheet.iter_rows(min_row=2, max_row=2))
        assert all(cell.data_type != "f" for cell in row)
        cells = [str(cell.value or "") for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@＝\t")]


def test_an_exported_table_has_every_column_and_opens_in_excel() -> None:
    data = write_faq_table([Faq(id="1", standard_question="问", answer="答")], "导出/问答.csv")
    assert data.startswith(b"\xef\xbb\xbf")
    header = data.decode("utf-8-sig").splitlines()[0].replace("*", "")
    assert header == ",".join(column.name for column in COLUMNS) == HEADER


def test_a_cell_that_excel_cannot_hold_is_refused_when_written() -> None:
    faq = Faq(id="FAQ-9", standard_question="问", answer="字" * 40_000)
    with pytest.raises(ContentError, match="FAQ-9") as caught:
        write_faq_table([faq], "xlsx")
    assert caught.value.code == "cell_too_long_to_write"


def test_another_table_format_is_refused() -> None:
    with pytest.raises(ValueError, match="pdf"):
        write_faq_table([], "a.pdf")
