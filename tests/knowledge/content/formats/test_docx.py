"""Word files as offices really make them: automatic numbers, merged cells, text boxes, tracked changes."""

import io
import re
import zipfile

import pytest
from docx import Document as new_docx
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import save_docx

from knowledge.content import Document, ReadResult, read_document, split_clauses

W = nsdecls("w")
CHAPTERS, COUNTED, DECIMAL = "61", "62", "63"


def read(data: bytes, name: str = "文件.docx") -> ReadResult:
    result = read_document(data, name)
    assert result.document is not None, [str(problem) for problem in result.problems]
    return result


def body_of(document) -> str:  # type: ignore[no-untyped-def]
    found = read(save_docx(document)).document
    assert found is not None
    return found.body


def lines_of(document) -> list[str]:  # type: ignore[no-untyped-def]
    return [line for line in body_of(document).split("\n") if line]


def level(place: int, style: str, text: str, extra: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{place}"><w:start w:val="1"/><w:numFmt w:val="{style}"/>{extra}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def with_numbering():  # type: ignore[no-untyped-def]
    """A new document whose lists count as official papers do."""
    document = new_docx()
    numbering = document.part.numbering_part.element
    lists = {
        CHAPTERS: level(0, "chineseCountingThousand", "第%1章")
        + level(1, "chineseCountingThousand", "第%2条", '<w:lvlRestart w:val="0"/>')
        + level(2, "chineseCounting", "（%3）", '<w:suff w:val="nothing"/>')
        + level(3, "decimal", "%4．"),
        COUNTED: level(0, "chineseCounting", "%1、") + level(1, "chineseCounting", "（%2）"),
        DECIMAL: level(0, "decimal", "%1")
        + level(1, "decimal", "%1.%2")
        + level(2, "decimalEnclosedCircle", "%3"),
    }
    for number, levels in lists.items():
        abstract = parse_xml(f'<w:abstractNum {W} w:abstractNumId="{number}">{levels}</w:abstractNum>')
        numbering.insert(0, abstract)
        numbering.append(
            parse_xml(f'<w:num {W} w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>')
        )
    return document


def numbered(document, text: str, number: str, place: int = 0):  # type: ignore[no-untyped-def]
    paragraph = document.add_paragraph(text)
    paragraph._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {W}><w:ilvl w:val="{place}"/><w:numId w:val="{number}"/></w:numPr>')
    )
    return paragraph


def test_automatic_chapters_articles_and_items_are_in_the_text() -> None:
    document = with_numbering()
    document.add_heading("某市办法", 1)
    for place, text in [
        (0, "总则"),
        (1, "为了规范管理，制定本办法。"),
        (1, "申请人应当提交："),
        (2, "申请表；"),
        (2, "身份证。"),
        (0, "附则"),
        (1, "本办法自公布之日起施行。"),
        (2, "甲；"),
    ]:
        numbered(document, text, CHAPTERS, place)
    assert lines_of(document) == [
        "# 某市办法",
        "第一章 总则",
        "第一条 为了规范管理，制定本办法。",
        "第二条 申请人应当提交：",
        "（一）申请表；",
        "（二）身份证。",
        "第二章 附则",
        "第三条 本办法自公布之日起施行。",
        "（一）甲；",
    ]
    found = read(save_docx(document)).document
    assert found is not None
    clauses = {clause.anchor: clause for clause in split_clauses(found)}
    assert clauses["第三条"].path == ("第二章 附则",)


def test_lists_of_notices_and_decimal_levels_count() -> None:
    document = with_numbering()
    numbered(document, "总体要求", COUNTED)
    numbered(document, "目标。", COUNTED, 1)
    document.add_paragraph("不编号的段落。")
    numbered(document, "", COUNTED)
    numbered(document, "主要措施", COUNTED)
    numbered(document, "减免。", COUNTED, 1)
    numbered(document, "范围", DECIMAL)
    numbered(document, "对象", DECIMAL, 1)
    numbered(document, "细目", DECIMAL, 2)
    numbered(document, "条件", DECIMAL, 1)
    assert lines_of(document) == [
        "一、总体要求",
        "（一）目标。",
        "不编号的段落。",
        "二、主要措施",
        "（一）减免。",
        "1 范围",
        "1.1 对象",
        "① 细目",
        "1.2 条件",
    ]


def test_a_number_can_come_from_the_style_and_be_switched_off() -> None:
    document = with_numbering()
    style = document.styles.add_style("条", 1)
    style.element.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {W}><w:ilvl w:val="1"/><w:numId w:val="{CHAPTERS}"/></w:numPr>')
    )
    document.add_paragraph("甲。", style="条")
    plain = document.add_paragraph("不编号。", style="条")
    plain._p.get_or_add_pPr().append(parse_xml(f'<w:numPr {W}><w:numId w:val="0"/></w:numPr>'))
    document.add_paragraph("乙。", style="条")
    assert lines_of(document) == ["第一条 甲。", "不编号。", "第二条 乙。"]


def test_a_list_may_begin_again_or_at_another_number() -> None:
    document = with_numbering()
    document.part.numbering_part.element.append(
        parse_xml(
            f'<w:num {W} w:numId="70"><w:abstractNumId w:val="{COUNTED}"/>'
            '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
        )
    )
    numbered(document, "甲", COUNTED)
    numbered(document, "乙", "70")
    numbered(document, "丙", "70")
    assert lines_of(document) == ["一、甲", "五、乙", "六、丙"]


@pytest.mark.parametrize(
    ("style", "labels"),
    [
        ("chineseCounting", ["十九、", "二十、", "二十一、"]),
        ("ideographDigital", ["一九、", "二〇、", "二一、"]),
        ("chineseLegalSimplified", ["拾玖、", "贰拾、", "贰拾壹、"]),
        ("decimalEnclosedCircleChinese", ["⑲、", "⑳、", "21、"]),
        ("upperRoman", ["XIX、", "XX、", "XXI、"]),
        ("lowerLetter", ["s、", "t、", "u、"]),
        ("decimalFullWidth", ["１９、", "２０、", "２１、"]),
        ("ideographTraditional", ["壬、", "癸、", "甲、"]),
    ],
)
def test_numbers_are_written_as_word_shows_them(style: str, labels: list[str]) -> None:
    document = with_numbering()
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {W} w:abstractNumId="80"><w:lvl w:ilvl="0"><w:start w:val="19"/>'
            f'<w:numFmt w:val="{style}"/><w:lvlText w:val="%1、"/></w:lvl></w:abstractNum>'
        ),
    )
    numbering.append(parse_xml(f'<w:num {W} w:numId="80"><w:abstractNumId w:val="80"/></w:num>'))
    for _ in labels:
        numbered(document, "项", "80")
    assert lines_of(document) == [label + "项" for label in labels]


def test_merged_cells_are_filled_and_a_header_of_two_rows_is_one() -> None:
    document = new_docx()
    document.add_heading("某市标准", 1)
    table = document.add_table(5, 4)
    rows = [
        ["补贴标准表", "", "", ""],
        ["类别", "项目", "标准（元）", ""],
        ["", "", "新购", "换购"],
        ["车辆", "轿车", "8000", "6000"],
        ["", "货车", "a|b", "另行\n通知"],
    ]
    for cells, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, texts, strict=True):
            cell.text = text
    table.cell(0, 0).merge(table.cell(0, 3))
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(1, 1).merge(table.cell(2, 1))
    table.cell(1, 2).merge(table.cell(1, 3))
    table.cell(3, 0).merge(table.cell(4, 0))
    assert body_of(document) == (
        "# 某市标准\n\n补贴标准表\n\n"
        "| 类别 | 项目 | 标准（元）·新购 | 标准（元）·换购 |\n"
        "| --- | --- | --- | --- |\n"
        "| 车辆 | 轿车 | 8000 | 6000 |\n"
        "| 车辆 | 货车 | a\\|b | 另行<br>通知 |\n"
    )
    found = read(save_docx(document)).document
    assert found is not None
    clauses = {clause.anchor: clause for clause in split_clauses(found)}
    assert clauses["表格1第2行"].quote == (
        "补贴标准表\n类别：车辆；项目：货车；标准（元）·新购：a|b；标准（元）·换购：另行\n通知"
    )


def test_a_frame_around_text_is_no_table() -> None:
    document = new_docx()
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "某市民政局", "某市财政局"
    assert lines_of(document) == ["某市民政局", "某市财政局"]


def test_inserted_text_counts_deleted_text_does_not() -> None:
    document = new_docx()
    paragraph = document.add_paragraph("第一条 标准为")
    paragraph._p.append(parse_xml(f'<w:del {W} w:id="1"><w:r><w:delText>800</w:delText></w:r></w:del>'))
    paragraph._p.append(parse_xml(f'<w:ins {W} w:id="2"><w:r><w:t>1000元。</w:t></w:r></w:ins>'))
    result = read(save_docx(document))
    assert result.document is not None
    assert result.document.body == "第一条 标准为1000元。\n"
    assert "tracked_changes" in [problem.code for problem in result.problems]


def test_content_controls_text_boxes_and_footnotes_are_read() -> None:
    document = new_docx()
    body = document.element.body
    body.insert(
        0,
        parse_xml(
            f"<w:sdt {W}><w:sdtPr/><w:sdtContent><w:p><w:r><w:t>在控件里</w:t></w:r></w:p>"
            "</w:sdtContent></w:sdt>"
        ),
    )
    box = "<w:txbxContent><w:p><w:r><w:t>在文本框里</w:t></w:r></w:p></w:txbxContent>"
    body.insert(
        1,
        parse_xml(
            f"<w:p {W} xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'><w:r><w:t>正文</w:t></w:r>"
            f"<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>{box}</w:drawing></mc:Choice>"
            f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
        ),
    )
    paragraph = document.add_paragraph("居住证")
    paragraph._p.append(parse_xml(f"<w:r {W}><w:footnoteReference w:id='7'/></w:r>"))
    notes = (
        f"<w:footnotes {W}><w:footnote w:type='separator' w:id='0'><w:p/></w:footnote>"
        "<w:footnote w:id='7'><w:p><w:r><w:t>指本市居住证。</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    data = with_part(save_docx(document), "word/footnotes.xml", notes.encode())
    found = read(data).document
    assert found is not None
    assert found.body.split("\n\n") == [
        "在控件里",
        "在文本框里",
        "正文",
        "居住证〔注1〕",
        "〔注1〕指本市居住证。\n",
    ]


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.namelist():
            if item != name:
                new.writestr(item, old.read(item))
        new.writestr(name, content)
    return out.getvalue()


def test_hidden_text_breaks_tabs_and_symbols() -> None:
    document = new_docx()
    paragraph = document.add_paragraph("甲\t乙\n丙")
    paragraph.add_run("看不见").font.hidden = True
    paragraph._p.append(parse_xml(f'<w:r {W}><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>'))
    assert body_of(document) == "甲 乙\n丙☑\n"


VALUES = st.sampled_from(["", "-1", "0", "3", "9", "61", "1.5", "99999999", "²", "x", "continue", "Heading1"])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["document", "numbering", "styles"]), st.data())
def test_no_value_in_a_word_file_makes_reading_fail(part: str, data: st.DataObject) -> None:
    document = with_numbering()
    numbered(document, "总则", CHAPTERS)
    numbered(document, "甲。", CHAPTERS, 1)
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 0).text = "格"
    content = save_docx(document)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(f"word/{part}.xml").decode()
    places = [match.span(1) for match in re.finditer(r'w:\w+="([^"]*)"', xml)]
    chosen = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=4, unique=True))
    for start, end in sorted(chosen, reverse=True):
        xml = xml[:start] + data.draw(VALUES) + xml[end:]
    result = read(with_part(content, f"word/{part}.xml", xml.encode()))
    assert result.document is not None
    assert "总则" in result.document.body


def test_a_red_headed_paper_gives_its_facts() -> None:
    document = new_docx()
    for text in [
        "澜川市民政局",
        "澜川市财政局",
        "文件",
        "",
        "　　　　　　　　澜民规〔2025〕2号",
        "",
        "关于发放高龄津贴的通知",
        "各区县民政局：",
        "一、标准为每人每月100元。",
        "二、本通知自2025年3月1日起施行，有效期五年。《关于发放老年津贴的通知》（澜民发〔2018〕9号）和《老年优待规定》同时废止。",
        "附件：1. 高龄津贴申请表",
        "　　　2. 办理流程图",
        "　　　　　　　　　　澜川市民政局　　澜川市财政局",
        "　　　　　　　　　　　　　二〇二五年二月十四日",
        "（此件公开发布）",
        "附件1",
        "高龄津贴申请表",
        "姓名、年龄、住址。",
    ]:
        document.add_paragraph(text)
    result = read(save_docx(document))
    assert result.recognised == {
        "title": "关于发放高龄津贴的通知",
        "doc_number": "澜民规〔2025〕2号",
        "issuer": "澜川市民政局、澜川市财政局",
        "published": "2025-02-14",
        "effective_from": "2025-03-01",
        "effective_to": "2030-02-28",
        "supersedes": ("澜民发〔2018〕9号", "老年优待规定"),
        "attachments": ("高龄津贴申请表", "办理流程图"),
    }
    notes = {problem.code: problem.message for problem in result.problems if problem.severity == "note"}
    assert "文号 澜民规〔2025〕2号" in notes["recognised"]
    assert "办理流程图" in notes["attachments"]
    assert isinstance(result.document, Document)
    annex = {clause.anchor: clause for clause in split_clauses(result.document)}["附件1"]
    assert annex.kind == "heading"
