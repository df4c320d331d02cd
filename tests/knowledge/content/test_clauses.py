"""Clauses: what is cited, where it begins and ends, and that nothing of a document is lost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.content import Clause, Document, split_clauses

LONG = "申请人应当提交书面材料并对其真实性负责，受理机关应当在规定期限内作出决定。"


def split(body: str, title: str = "") -> list[Clause]:
    return split_clauses(Document(id="d", title=title, body=body))


def by_anchor(body: str, title: str = "") -> dict[str, Clause]:
    return {clause.anchor: clause for clause in split(body, title)}


def assert_nothing_lost(body: str, clauses: list[Clause]) -> None:
    covered = bytearray(len(body))
    for clause in clauses:
        assert clause.text == body[clause.start : clause.end]
        covered[clause.start : clause.end] = b"\1" * (clause.end - clause.start)
    lost = [index for index, char in enumerate(body) if not char.isspace() and not covered[index]]
    assert not lost, body[lost[0] :][:40]
    anchors = [clause.anchor for clause in clauses]
    assert len(anchors) == len(set(anchors))


LINES = [
    "第一章 总则",
    "## 第二章\u3000管理",
    "### 第一节 一般规定",
    "第一条 为了规范，",
    "第二条",
    "**第三条** 内容。",
    "#### 第四条 标题",
    "第八条之一 内容",
    "第八条规定的情形，",
    "第 12 条 数字",
    "（一）项目；",
    "(二)项目。",
    "1.一、",
    "1．细目；",
    "①小目",
    "a)字母",
    "一、总体要求",
    "二、措施：",
    "### （一）标题",
    "5.1.1 标准",
    "附件1：目录",
    "目录",
    "附则",
    "表1 收费标准",
    "|项目|金额|",
    "|---|---|",
    "| 证照 | 10元 |",
    "A | B",
    "---|---",
    "<!-- INFO END -->",
    "<!-- 注 -->",
    "# 题目",
    "**申请条件**",
    "2024年1月1日 通过",
    "某政发〔2024〕3号",
]
PIECES = st.sampled_from(
    [
        *LINES,
        "\u200b",
        "",
        "　　",
        LONG * 3,
        LONG * 12,
        "下列情形：" + "（一）甲；（二）乙；" * 30,
        "前款 一、标题 （一）内容 1.细目" * 20,
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=12), max_size=30).map("\n".join))
def test_every_visible_character_is_inside_some_clause(body: str) -> None:
    assert_nothing_lost(body, split(body))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="第一二十条章节（）()1.、：；。 \n|-#*附件目录a<!>", max_size=120))
def test_no_arrangement_of_signs_loses_text(body: str) -> None:
    assert_nothing_lost(body, split(body))


@pytest.mark.parametrize(
    "line",
    [
        "第八条 申请人应当年满十八周岁。",
        "第八条　申请人应当年满十八周岁。",
        "第八条申请人应当年满十八周岁。",
        "　　第八条\u2002申请人应当年满十八周岁。",
        "第 八 条 申请人应当年满十八周岁。",
        "### 第八条 申请人应当年满十八周岁。",
        "**第八条** 申请人应当年满十八周岁。",
        "- 第八条 申请人应当年满十八周岁。",
        "第八条【年龄】申请人应当年满十八周岁。",
    ],
)
def test_an_article_is_found_however_its_number_is_set(line: str) -> None:
    clause = by_anchor(f"第七条 前文。\n{line}\n第九条 后文。")["第八条"]
    assert clause.kind == "article"
    assert clause.article == "第八条"
    assert clause.quote.endswith("申请人应当年满十八周岁。")


def test_arabic_numbers_and_inserted_articles_keep_their_label() -> None:
    clauses = by_anchor("第8条 甲\n第133条 乙\n第一百三十三条之一 丙\n第一百三十三条之二\n丁")
    assert list(clauses) == ["第8条", "第133条", "第一百三十三条之一", "第一百三十三条之二"]
    assert clauses["第一百三十三条之二"].quote == "第一百三十三条之二\n丁"


@pytest.mark.parametrize(
    "line", ["第八条规定的情形除外。", "第八条、第九条不适用。", "第八条第二款另有规定的，从其规定。"]
)
def test_a_line_that_only_speaks_about_an_article_begins_none(line: str) -> None:
    assert [clause.anchor for clause in split(f"第七条 前文：\n{line}")] == ["第七条"]


def test_an_article_knows_the_headings_above_it() -> None:
    clauses = by_anchor(
        "## 第一编 总则\n### 第二章　主体\n#### 第一节 自然人\n第五条 文字。\n### 第三章 行为\n第六条 文字。"
    )
    assert clauses["第五条"].path == ("第一编 总则", "第二章 主体", "第一节 自然人")
    assert clauses["第六条"].path == ("第一编 总则", "第三章 行为")
    assert clauses["第一编第二章第一节"].kind == "heading"


def test_a_repeated_article_number_gets_a_suffix() -> None:
    body = "第八条 甲\n第八条 乙\n附件1：细则\n第八条 丙"
    assert [c.anchor for c in split(body) if c.kind == "article"] == ["第八条", "第八条（2）", "第八条（3）"]


def test_a_short_article_is_one_clause_with_its_items() -> None:
    clauses = split("第八条 应当提交：\n（一）申请表；\n（二）身份证。\n第九条 完。")
    assert [clause.anchor for clause in clauses] == ["第八条", "第九条"]
    assert clauses[0].text.endswith("（二）身份证。")


def test_the_items_of_a_long_article_are_clauses_that_begin_with_its_lead_in() -> None:
    body = (
        "第八条 申请居住证应当提交：\n（一）申请表；\n"
        + f"(二)身份证明，{LONG * 12}；\n（三）照片。\n第九条 完。"
    )
    clauses = by_anchor(body)
    assert [a for a in clauses if a.startswith("第八条第") and a.endswith("项")] == [
        f"第八条第（{n}）项" for n in "一二三"
    ]
    item = clauses["第八条第（三）项"]
    assert item.kind == "item"
    assert item.text == "（三）照片。"
    assert item.retrieval_text == "第八条 申请居住证应当提交：\n（三）照片。"
    assert clauses["第八条第（二）项"].quote.startswith("(二)身份证明")
    assert clauses["第八条"].text.endswith("照片。")


def test_the_paragraphs_of_a_long_article_are_cited_as_lawyers_do() -> None:
    opening = f"第八条 {LONG * 3}\n受理机关可以要求补正：\n"
    body = opening + f"（一）材料不齐的；\n（二）{LONG * 10}\n本条所称材料包括复印件。"
    clauses = by_anchor(body)
    assert clauses["第八条第二款"].text.startswith("受理机关")
    assert "（一）材料不齐的；" in clauses["第八条第二款"].text
    assert clauses["第八条第二款第（一）项"].lead_in.endswith("受理机关可以要求补正：")
    assert clauses["第八条第三款"].text == "本条所称材料包括复印件。"
    assert clauses["第八条第三款"].retrieval_text.startswith("第八条 申请人应当")


def test_sub_items_of_a_long_item_are_clauses_too() -> None:
    body = f"第八条 分别处理：\n（一）属于本级的：\n1.当场办理，{LONG * 14}；\n2.转交。\n（二）其他。"
    assert by_anchor(body)["第八条第（一）项第2目"].text == "2.转交。"


def test_a_very_long_paragraph_is_cut_between_sentences() -> None:
    pieces = [c for c in split("第八条 " + LONG * 20) if c.kind == "paragraph"]
    assert len(pieces) > 1
    assert all(len(piece.text) <= 310 and piece.text.endswith("。") for piece in pieces)


def test_a_short_section_of_a_notice_is_one_clause_whose_parts_can_be_cited() -> None:
    clauses = split(
        "各区人民政府：\n现通知如下：\n一、提高标准\n（一）低保：\n1.城市每月1200元；\n2.农村每月900元。\n（二）特困。\n"
        "二、施行时间\n自发布之日起施行。"
    )
    assert [(c.kind, c.anchor, c.part) for c in clauses] == [
        ("paragraph", "第1段", False),
        ("section", "一、", False),
        ("item", "一、（一）", True),
        ("item", "一、（一）1.", True),
        ("item", "一、（一）2.", True),
        ("item", "一、（二）", True),
        ("section", "二、", False),
    ]
    assert clauses[3].text == "1.城市每月1200元；"
    assert (clauses[3].path, clauses[3].lead_in) == (("一、提高标准", "（一）低保："), "（一）低保：")


def test_a_long_section_of_a_notice_gives_its_parts() -> None:
    first = f"一、支持企业\n（一）减免房租\n对承租国有房屋的，{LONG * 8}\n"
    body = first + f"1．免两个月；\n2．减半两个月。{LONG * 8}\n（二）补贴\n发放补贴。"
    clauses = by_anchor(body)
    assert clauses["一、"].kind == "heading"
    assert clauses["一、（二）"].text == "（二）补贴\n发放补贴。"
    assert clauses["一、（二）"].path == ("一、支持企业",)
    assert clauses["一、（一）1."].path == ("一、支持企业", "（一）减免房租")
    assert "一、（一）2." in clauses


def test_markdown_headings_without_numbers_are_sections() -> None:
    clauses = by_anchor(
        f"# 居住证办事指南\n## 申请条件\n{LONG}\n## 所需材料\n1. 身份证 \n2. 照片\n", "居住证办事指南"
    )
    assert clauses["标题"].kind == "preamble"
    assert clauses["申请条件"].quote.endswith(LONG)
    assert clauses["所需材料"].text.endswith("2. 照片")


def test_text_without_headings_becomes_groups_of_paragraphs() -> None:
    body = "\n\n".join([LONG] * 20)
    clauses = split(body)
    assert [clause.anchor for clause in clauses] == [f"第{n}段" for n in range(1, len(clauses) + 1)]
    assert len(clauses) >= 3
    assert all(len(clause.text) <= 300 for clause in clauses)


def test_a_notice_on_one_line_is_still_divided() -> None:
    body = (
        f"特制定如下措施： 一、保障供应 1.补货。{LONG * 7} 2.运输。{LONG * 7} 二、减免租金 免收两个月。{LONG}"
    )
    clauses = by_anchor(body)
    assert {"一、", "一、1.", "一、2.", "二、"} <= set(clauses)
    assert clauses["一、2."].text.startswith("2.运输。")


def test_articles_set_apart_by_full_width_spaces_on_one_line_are_found() -> None:
    clauses = by_anchor(f"第六条 {LONG * 8} 第二章 生产　　第七条 面积。{LONG}")
    assert clauses["第七条"].text.startswith("第七条 面积。")


def test_a_table_stays_whole_with_its_caption() -> None:
    table = "| 证照 | 收费 |\n|---|---|\n" + "\n".join(f"| 证照{n} | {n}元 |" for n in range(60))
    clauses = split(f"一、收费\n{LONG * 3}\n表1 收费标准\n\n{table}\n以上自五月起执行。{LONG * 3}")
    (found,) = [clause for clause in clauses if clause.kind == "table"]
    assert found.text == f"表1 收费标准\n\n{table}"


def test_a_table_in_a_long_article_is_a_clause_of_its_own() -> None:
    table = "项目 | 标准\n---|---\n" + "\n".join(f"项目{n} | {n}元" for n in range(60))
    clauses = split(f"第八条 按下表执行：\n{table}\n第九条 完。")
    (found,) = [clause for clause in clauses if clause.kind == "table"]
    assert found.article == "第八条"
    assert found.text.endswith("项目59 | 59元")


def test_the_preamble_ends_at_its_mark() -> None:
    body = "# 某法\n\n2007年6月29日 通过\n\n第三十一条的决定》修正\n\n<!-- INFO END -->\n\n第一条 为了。"
    first, second = split(body)
    assert (first.kind, second.anchor) == ("preamble", "第一条")
    assert first.text.endswith("<!-- INFO END -->")


def test_a_preamble_without_a_mark_holds_title_and_history_only() -> None:
    body = "# 某市办法\n某政发〔2024〕3号\n（2024年1月1日发布）\n各区人民政府：\n第一条 为了。"
    assert [(c.kind, c.anchor) for c in split(body)] == [
        ("preamble", "标题"),
        ("paragraph", "第1段"),
        ("article", "第一条"),
    ]


def test_a_table_of_contents_does_not_hide_the_chapters() -> None:
    body = "目　录\n第一章 总则\n第二章 附则\n第一章 总则\n第一条 甲\n第二章 附则\n第二条 乙"
    clauses = by_anchor(body)
    assert clauses["目录"].kind == "toc"
    assert clauses["第二条"].path == ("第二章 附则",)
    assert "第一章（2）" not in clauses


def test_an_annex_is_not_part_of_the_last_article() -> None:
    clauses = by_anchor("第九条 本办法自公布之日起施行。\n附件1：办理流程\n一、受理。\n二、发证。")
    assert clauses["第九条"].text == "第九条 本办法自公布之日起施行。"
    assert clauses["附件1·二、"].path == ("附件1：办理流程",)


def test_articles_of_an_attachment_have_it_in_their_path() -> None:
    named = "附件：1. 申请表\n2. 办法\n\n某市民政局\n2024年1月5日\n\n"
    clauses = by_anchor(named + "附件1\n申请表\n姓名。\n附件2\n办法\n第一条 甲。\n第二条 乙。")
    assert clauses["附件1第1段"].path == ("附件1",)
    assert clauses["第二条"].path == ("附件2",)


def test_quotes_show_no_markdown_signs() -> None:
    clause = by_anchor("## **第八条** 申请人\n<!-- FORCE BREAK -->\n\n应当到场。")["第八条"]
    assert clause.quote == "第八条 申请人\n应当到场。"
    assert "<!--" in clause.text


@pytest.mark.parametrize(
    "body",
    [
        "（" * 200_000,
        "第" + " " * 200_000 + "条",
        "#" + " " * 200_000 + "x",
        "<!--" * 100_000,
        "|" + "-" * 200_000,
        " 1." * 100_000,
        "第一条 " + "（一）甲；" * 60_000,
        "\n".join(["目录"] * 20_000),
    ],
    ids=["brackets", "spaces", "heading", "comments", "rule", "numbers", "items", "contents"],
)
def test_hostile_text_is_split_all_the_same(body: str) -> None:
    assert_nothing_lost(body, split(body))


def test_a_document_of_twenty_megabytes_is_split() -> None:
    article = "第{n}条 " + LONG * 14 + "\n（一）甲；\n（二）乙。\n\n"
    body = "".join(article.format(n=n) for n in range(1, 13_000))
    assert len(body.encode()) > 19_000_000
    articles = [clause for clause in split(body) if clause.kind == "article"]
    assert len(articles) == 12_999
    assert re.match(r"第12999条", articles[-1].text)


TABLE = "| 年龄 | 标准 |\n| --- | --- |\n| 80至89岁 | 100 |\n| 90岁以上 | 300 |"


@pytest.mark.parametrize(
    ("body", "anchor"),
    [
        (f"第四条 标准见表1。\n\n表1 高龄津贴（单位：元）\n\n{TABLE}", "第四条表格1第2行"),
        (f"第四条 {LONG * 12}\n\n表1 高龄津贴（单位：元）\n\n{TABLE}", "第四条表格1第2行"),
        (
            f"第四条 如下：\n（一）{LONG * 12}如下：\n表1 高龄津贴（单位：元）\n{TABLE}",
            "第四条第（一）项表格1第2行",
        ),
        (f"一、标准\n\n表1 高龄津贴（单位：元）\n\n{TABLE}", "一、表格1第2行"),
        (f"一、标准\n{LONG * 12}\n表1 高龄津贴（单位：元）\n{TABLE}", "一、表格1第2行"),
        (f"一、标准\n（一）甲\n表1 高龄津贴（单位：元）\n{TABLE}\n（二）{LONG * 12}", "一、（一）表格1第2行"),
        (f"一句。\n\n表1 高龄津贴（单位：元）\n\n{TABLE}", "表格1第2行"),
        (f"附件1：标准\n表1 高龄津贴（单位：元）\n{TABLE}", "附件1表格1第2行"),
    ],
    ids=["article", "long article", "item", "section", "long section", "part", "document", "annex"],
)
def test_each_row_of_a_table_is_a_clause_with_its_header_and_caption(body: str, anchor: str) -> None:
    clauses = by_anchor(body)
    row = clauses[anchor]
    assert row.kind == "row"
    assert row.text == "| 90岁以上 | 300 |"
    assert row.quote == row.retrieval_text == "表1 高龄津贴（单位：元）\n年龄：90岁以上；标准：300"
    assert row.header == ("年龄", "标准")
    assert row.article == ("第四条" if anchor.startswith("第四条") else "")
    assert_nothing_lost(body, list(clauses.values()))


def test_a_table_that_is_a_sections_own_text_gives_its_rows() -> None:
    rows = "\n".join(f"| {LONG[:20]}{n} | {n} |" for n in range(40))
    clauses = by_anchor(f"一、高龄津贴标准\n\n| 年龄 | 标准 |\n|---|---|\n{rows}\n\n（一）完。{LONG}")
    assert clauses["一、表格1第40行"].quote.endswith("标准：39")


def test_a_row_without_caption_stands_below_what_leads_to_it() -> None:
    row = by_anchor(f"第四条 津贴按照下列标准发放，由区县负责，每月十五日前发到个人账户。\n{TABLE}")[
        "第四条表格1第1行"
    ]
    assert row.quote.startswith("第四条 津贴按照下列标准发放")
    assert row.quote.endswith("\n年龄：80至89岁；标准：100")


def test_lines_with_bars_but_without_header_give_no_rows() -> None:
    assert [clause.kind for clause in split("| 甲 | 乙 |\n| 丙 | 丁 |\n")] == ["table"]


def test_a_table_is_quoted_without_its_rule_and_with_its_signs() -> None:
    (table,) = [
        c for c in split("一句。\n\n| 甲 | 乙 |\n| :-- | --: |\n| a\\|b | 一<br>二 |") if c.kind == "table"
    ]
    assert table.quote == "甲 | 乙\na|b | 一 二"


def test_empty_cells_of_a_row_are_left_out_of_its_quote() -> None:
    rows = [
        c
        for c in split("一句。\n\n| 甲 | 乙 | 丙 |\n|---|---|---|\n| 1 |  | 3 |\n| 小计 | | |")
        if c.kind == "row"
    ]
    assert [row.quote for row in rows] == ["甲：1；丙：3", "甲：小计"]
