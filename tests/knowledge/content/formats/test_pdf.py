"""PDF files: what is printed on the page, nothing more, nothing less; and why a file cannot be read."""

import io
import zlib

import pytest
from office_files import FONT, to_pdf
from pdf_files import WIDTH, Drawing, body_of, read
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.platypus import SimpleDocTemplate, Table

from knowledge.content import ContentError, read_document, split_clauses
from knowledge.content.formats.pdf import read_pdf


def error_of(data: bytes) -> tuple[str, str]:
    result = read_document(data, "文件.pdf")
    (problem,) = [each for each in result.problems if each.severity == "error"]
    return problem.code, problem.message


def test_lines_are_joined_to_paragraphs_also_over_pages() -> None:
    text = "申请人应当向居住地公安派出所提交申请表、身份证明和居住证明材料，" * 12
    body = f"# 某市办法\n\n第一条 {text}以上。\n\n第二条 {text}以上。\n\n" * 4
    document = read(to_pdf(body, page_numbers=False)).document
    assert document is not None
    lines = [line for line in document.body.split("\n") if line]
    assert sum(line.startswith("第一条") for line in lines) == 4
    assert len(lines) == 12


def test_english_words_keep_their_spaces() -> None:
    assert "Wi-Fi open data platform 2024" in body_of(
        Drawing().lines("接入 Wi-Fi open data platform 2024 年版").data()
    )


def test_headers_and_page_numbers_go_and_are_told() -> None:
    drawing = Drawing()
    for number in range(1, 6):
        drawing.lines("澜川市人民政府公报", y=800, size=9).lines(f"第{number}页 共5页", y=30, size=9)
        drawing.lines(f"第{number}条 内容{'甲乙丙丁戊'[number - 1]}。").page()
    result = read(drawing.data())
    assert result.document is not None
    assert "公报" not in result.document.body
    assert "页" not in result.document.body
    assert result.document.body.count("条") == 5
    note = next(problem for problem in result.problems if problem.code == "running_lines_left_out")
    assert "澜川市人民政府公报" in note.message


def test_what_only_looks_like_a_header_stays() -> None:
    drawing = Drawing()
    for text in ("甲的附表", "乙的附表", "丙的附表"):
        drawing.lines(text, y=800).lines("内容。").page()
    body = body_of(drawing.data())
    assert all(text in body for text in ("甲的附表", "乙的附表", "丙的附表"))


def test_a_number_on_one_page_alone_stays() -> None:
    assert "— 1 —" in body_of(Drawing().lines("第一条 甲。").lines("— 1 —", x=280, y=30).data())


def test_numbers_at_the_edge_that_do_not_count_stay() -> None:
    drawing = Drawing()
    for number in (12, 7, 40):
        drawing.lines("正文。").lines(str(number), y=30).page()
    body = body_of(drawing.data())
    assert all(number in body for number in ("12", "7", "40"))


def table_pdf(rows: list[list[str]], repeat: int) -> bytes:
    out = io.BytesIO()
    grid = [("GRID", (0, 0), (-1, -1), 0.5, "black"), ("FONT", (0, 0), (-1, -1), FONT, 10)]
    SimpleDocTemplate(out, pagesize=A4).build([Table(rows, colWidths=120, style=grid, repeatRows=repeat)])
    return out.getvalue()


@pytest.mark.parametrize("repeat", [0, 1])
def test_a_table_over_pages_is_one_with_its_header(repeat: int) -> None:
    rows = [["项目", "金额", "说明"], *([f"项目{n}", f"{n}元", f"说明{n}"] for n in range(1, 121))]
    document = read(table_pdf(rows, repeat)).document
    assert document is not None
    assert document.body.count("| 项目 |") == 1
    clauses = {clause.anchor: clause for clause in split_clauses(document)}
    assert clauses["表格1第120行"].quote.endswith("项目：项目120；金额：120元；说明：说明120")
    assert "表格2" not in clauses


def test_a_merged_cell_that_goes_on_over_the_page_end_is_filled() -> None:
    drawing = Drawing()

    def cell(column: int, row: int, text: str, rows: int = 1, columns: int = 1) -> None:
        x, y = 100 + 120 * column, 740 - 24 * (row + rows)
        drawing.canvas.rect(x, y, 120 * columns, 24 * rows)
        drawing.lines(text, x=x + 6, y=y + 24 * rows - 17, size=10)

    cell(0, 0, "类别", rows=2)
    cell(1, 0, "标准", columns=2)
    for row, texts in enumerate([("城镇", "农村"), ("城1", "农1"), ("城2", "农2")], 1):
        for column, text in enumerate(texts, 1):
            cell(column, row, text)
    cell(0, 2, "甲", rows=2)
    drawing.page()
    cell(0, 0, "", rows=2)
    cell(0, 2, "乙")
    for row, texts in enumerate([("城3", "农3"), ("城4", "农4"), ("城5", "农5")]):
        for column, text in enumerate(texts, 1):
            cell(column, row, text)
    assert body_of(drawing.data()).strip().split("\n") == [
        "| 类别 | 标准·城镇 | 标准·农村 |",
        "| --- | --- | --- |",
        *(f"| 甲 | 城{n} | 农{n} |" for n in (1, 2, 3, 4)),
        "| 乙 | 城5 | 农5 |",
    ]


def test_a_turned_page_is_read_as_it_is_shown() -> None:
    drawing = Drawing(landscape(A4))
    drawing.lines("第一条 横页。", y=400)
    drawing.canvas.setPageRotation(0)
    drawing.page()
    drawing.canvas.setPageSize(A4)
    drawing.canvas.setPageRotation(90)
    drawing.canvas.rotate(90)
    drawing.canvas.translate(0, -WIDTH)
    drawing.lines("第二条 转过来的页。", "第三条 同样。", y=400)
    assert body_of(drawing.data()).split("\n\n") == [
        "第一条 横页。",
        "第二条 转过来的页。",
        "第三条 同样。\n",
    ]


def test_a_line_that_says_that_a_table_goes_on_does_not_part_it() -> None:
    drawing = Drawing()
    for rows in ([("项", "额"), ("甲", "1元")], [("项", "额"), ("乙", "2元")]):
        if rows[1][0] == "乙":
            drawing.page().lines("续表1", y=720)
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                drawing.canvas.rect(80 + 100 * column, 600 - 40 * number, 100, 40)
                drawing.lines(text, x=90 + 100 * column, y=615 - 40 * number)
    assert body_of(drawing.data()) == "| 项 | 额 |\n| --- | --- |\n| 甲 | 1元 |\n| 乙 | 2元 |\n"


def small_table() -> bytes:
    drawing = Drawing().lines("第一条 见下表。")
    for column, row, text in ((0, 0, "项"), (1, 0, "额"), (0, 1, "证"), (1, 1, "十元")):
        drawing.canvas.rect(80 + 100 * column, 400 - 40 * row, 100, 40)
        drawing.lines(text, x=90 + 100 * column, y=415 - 40 * row)
    return drawing.data()


TABLE_BODY = "第一条 见下表。\n\n| 项 | 额 |\n| --- | --- |\n| 证 | 十元 |\n"


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_that_is_shown_sideways_is_read_upright(turn: int) -> None:
    assert body_of(small_table().replace(b"/Rotate 0", b"/Rotate %d" % turn)) == TABLE_BODY


@pytest.mark.parametrize("box", [b"-50 -60 545 782", b"0 0 595 900", b"10 20 595 842"])
def test_a_page_may_begin_at_any_corner(box: bytes) -> None:
    data = small_table()
    old = data[data.index(b"/MediaBox") : data.index(b"]", data.index(b"/MediaBox"))]
    assert body_of(data.replace(old, b"/MediaBox [ " + box + b" ")) == TABLE_BODY


def test_a_slanting_watermark_is_left_out_and_told() -> None:
    drawing = Drawing().lines("第一条 正文。")
    drawing.canvas.rotate(45)
    drawing.lines("内部资料", x=400, y=100, size=40)
    result = read(drawing.data())
    assert result.document is not None
    assert result.document.body == "第一条 正文。\n"
    assert "第 1 页" in next(each.message for each in result.problems if each.code == "rotated_left_out")


def test_a_character_printed_twice_to_look_bold_is_read_once() -> None:
    assert body_of(Drawing().lines("居住证办法").lines("居住证办法", x=90.4).data()) == "居住证办法\n"


def test_a_scan_is_refused_with_what_to_do() -> None:
    code, message = error_of(Drawing().picture().page().picture().data())
    assert code == "scanned_pdf"
    assert "OCR" in message


def test_scanned_pages_among_others_are_named() -> None:
    drawing = Drawing().lines("第一条 甲。").page()
    for _ in range(3):
        drawing.picture().page()
    drawing.lines("第二条 乙。").page().picture().page()
    code, message = error_of(drawing.data())
    assert code == "scanned_pages"
    assert "第 2—4、6 页" in message


def test_a_large_picture_beside_text_is_told() -> None:
    result = read(Drawing().lines("第一条 见流程图。").picture(0.7).data())
    assert [problem.code for problem in result.problems if problem.code.startswith("pictures")] == [
        "pictures_on_pages"
    ]


def test_an_empty_page_is_no_scan() -> None:
    assert body_of(Drawing().lines("第一条 甲。").page().page().data()) == "第一条 甲。\n"


def test_a_pdf_without_any_text_says_so() -> None:
    assert error_of(Drawing().page().data())[0] == "no_text_layer"


def test_a_pdf_with_a_password_is_refused_one_that_only_forbids_printing_is_read() -> None:
    locked = Drawing(encrypt=StandardEncryption("secret", strength=128)).lines("第一条 甲。").data()
    assert error_of(locked)[0] == "encrypted_file"
    open_one = StandardEncryption("", ownerPassword="owner", canPrint=0, strength=128)
    assert body_of(Drawing(encrypt=open_one).lines("第一条 甲。").data()) == "第一条 甲。\n"


def test_a_font_without_meaning_is_refused() -> None:
    """Codes of a font whose characters nobody can name: what old programs write."""
    stream = b"BT /F1 12 Tf 72 700 Td <00010002000300040005000600070008> Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/Identity-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/X"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor 7 0 R/DW 1000>>",
        b"<</Type/FontDescriptor/FontName/X/Flags 4/FontBBox[0 0 1000 1000]/ItalicAngle 0/Ascent 800/Descent -200"
        b"/CapHeight 700/StemV 80>>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start)
    assert error_of(bytes(out))[0] == "garbled_pdf"


GOOD = Drawing().lines("第一条 甲。").page().lines("第二条 乙。").data()


@pytest.mark.parametrize("length", [5, 9, 100, len(GOOD) // 2])
def test_a_truncated_file_is_refused_or_read(length: int) -> None:
    result = read_document(GOOD[:length], "断.pdf")
    assert result.document is None
    assert [each.severity for each in result.problems] == ["error"]


def test_a_file_of_nothing_but_a_beginning_is_broken() -> None:
    assert error_of(b"%PDF-1.7 ...")[0] == "broken_file"


def test_reading_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(ContentError) as raised:
        read_pdf(GOOD, seconds=0.05)
    assert raised.value.code == "reading_takes_too_long"


def test_a_stream_that_unpacks_to_gigabytes_is_stopped() -> None:
    size, times = 2**24, 192
    packer = zlib.compressobj(9)
    start = packer.compress(b" " * size) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * size) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 1
    for _ in range(times):
        checksum = zlib.adler32(b" " * size, checksum)
    bomb = start + again * (times - 1) + b"\x03\x00" + checksum.to_bytes(4, "big")
    content = (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%%%EOF"
    ) % (len(bomb), bomb)
    assert error_of(content)[0] in ("unpacked_too_large", "broken_file")
