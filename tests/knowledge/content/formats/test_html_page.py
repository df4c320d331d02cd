"""Web pages as government sites and Word write them: old encodings, a site around the text, tables for layout."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.content import ReadResult, read_document, split_clauses

SITE = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312">
<title>关于调整低保标准的通知_澜川市人民政府</title>
<meta name="ArticleTitle" content="关于调整低保标准的通知">
<style>p {color: red}</style><script>var 变量 = "<p>不是正文</p>";</script></head>
<body>
<div class="header"><a href="/">首页</a><a href="/a">政务公开</a><a href="/b">办事服务</a><a href="/c">互动</a></div>
<div class="crumb">您现在的位置：首页 &gt; 政务公开 &gt; 文件</div>
<table class="xxgk"><tr><td>发文机关：</td><td>澜川市民政局</td><td>发文字号：</td><td>澜民发〔2024〕9号</td></tr>
<tr><td>成文日期：</td><td>2024年3月5日</td><td>发布日期：</td><td>2024年3月8日</td></tr></table>
<div id="zoom" class="TRS_Editor"><!-- 正文 -->
<p style="text-indent:2em">各区县民政局：</p>
<p>&nbsp;&nbsp;&nbsp;&nbsp;一、低保标准调整为每人每月
1200元，详见下表。<br>二、自2024年4月1日起执行。</p>
<table><thead><tr><th rowspan="2">对象</th><th colspan="2">标准</th></tr><tr><th>城镇</th><th>农村</th></tr></thead>
<tbody><tr><td rowspan=2>成年</td><td>1200</td><td>900</td></tr><tr><td>1100</td><td>800</td></tr></tbody></table>
<p style="display:none">隐藏的话</p>
</div>
<div class="share">分享到：<a>微信</a><a>微博</a></div>
<ul class="links"><li><a href="#">国务院</a></li><li><a href="#">省政府</a></li><li><a>区县</a></li>
<li><a>部门</a></li></ul>
<div id="footer">版权所有：澜川市人民政府办公室　澜ICP备00000001号。网站标识码0000000001。</div>
</body></html>"""


def read(data: bytes | str, name: str = "页面.bin") -> ReadResult:
    result = read_document(data.encode() if isinstance(data, str) else data, name)
    assert result.document is not None, [str(problem) for problem in result.problems]
    return result


def body_of(data: bytes | str) -> str:
    document = read(data).document
    assert document is not None
    return document.body


def page(content: str) -> str:
    return f"<html><body>{content}</body></html>"


def test_a_rule_that_speaks_of_what_imprints_say_is_kept() -> None:
    text = "九、对于版权所有，应当约定技术支持、网站地图和备案。"
    assert body_of(page(f"<p>{text}</p><p>主办：某局　版权所有：某局　某ICP备12345678号</p>")) == f"{text}\n"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16"])
def test_only_the_content_of_a_site_is_read(encoding: str) -> None:
    result = read(SITE.encode(encoding))
    assert result.document is not None
    assert result.document.body == (
        "# 关于调整低保标准的通知\n\n"
        "| 发文机关： | 澜川市民政局 | 发文字号： | 澜民发〔2024〕9号 |\n| --- | --- | --- | --- |\n"
        "| 成文日期： | 2024年3月5日 | 发布日期： | 2024年3月8日 |\n\n"
        "各区县民政局：\n\n"
        "一、低保标准调整为每人每月1200元，详见下表。\n二、自2024年4月1日起执行。\n\n"
        "| 对象 | 标准·城镇 | 标准·农村 |\n| --- | --- | --- |\n| 成年 | 1200 | 900 |\n| 成年 | 1100 | 800 |\n"
    )
    assert result.recognised == {
        "title": "关于调整低保标准的通知",
        "doc_number": "澜民发〔2024〕9号",
        "issuer": "澜川市民政局",
        "published": "2024-03-05",
        "effective_from": "2024-04-01",
    }


def test_what_is_left_out_of_a_page_is_told() -> None:
    note = next(problem for problem in read(SITE).problems if problem.code == "page_parts_left_out")
    assert note.severity == "note"
    assert "个字没有导入" in note.message


def test_sentences_outside_the_known_content_area_are_kept() -> None:
    body = body_of(
        page(
            "<div class='top'>某市的规定在此。另行通知。</div><div id='zoom'><p>第一条 甲。</p></div>"
            "<div class='sidebar2'><p>第二条 这些话有句号，不是栏目。</p></div>"
        )
    )
    assert "另行通知" in body
    assert "第二条" in body


def test_a_page_that_word_saved_is_read_under_any_name() -> None:
    text = (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word">'
        '<head><meta http-equiv=Content-Type content="text/html; charset=gb2312"><!--[if gte mso 9]><xml>'
        "<w:WordDocument/></xml><![endif]--><style>@font-face{}</style></head><body><div class=Section1>"
        "<p class=MsoNormal align=center>澜川市居住\r\n证办法<o:p></o:p></p>"
        "<p class=MsoNormal><![if !supportLists]>"
        "<span style='mso-list:Ignore'>第一条<span>&nbsp; </span></span><![endif]>"
        "为了\n规范，制定。<o:p>&nbsp;</o:p></p></div></body></html>"
    )
    result = read(text.encode("gb18030"), "办法.doc")
    assert result.document is not None
    assert result.document.body == "澜川市居住证办法\n\n第一条 为了规范，制定。\n"


def test_a_web_archive_is_read() -> None:
    archive = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n--x\r\n'
        'Content-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
        "<html><body><p>=E7=AC=AC=E4=B8=80=E6=9D=A1 =E7=94=B2=E3=80=82</p></body></html>\r\n--x--\r\n"
    )
    assert body_of(archive) == "第一条 甲。\n"


def test_big5_is_read_where_the_page_says_so() -> None:
    text = "<html><head><meta charset='big5'></head><body><p>第一條 居住證辦法。</p></body></html>"
    assert "第一條" in body_of(text.encode("big5"))


def test_tags_left_open_are_no_obstacle() -> None:
    assert body_of(
        page("<p>第一条 甲。<p>第二条 乙。<table><tr><td>项目<td>金额<tr><td>证<td>10元</table>")
    ) == ("第一条 甲。\n\n第二条 乙。\n\n| 项目 | 金额 |\n| --- | --- |\n| 证 | 10元 |\n")


def test_tables_for_layout_are_read_as_text() -> None:
    body = body_of(
        page(
            "<table><tr><td>左栏</td><td><p>第一条 甲。</p><table><tr><td>项</td><td>元</td></tr><tr><td>证</td>"
            "<td>10</td></tr></table><p>第二条 乙。</p></td></tr></table>"
        )
    )
    assert body == "左栏\n\n第一条 甲。\n\n| 项 | 元 |\n| --- | --- |\n| 证 | 10 |\n\n第二条 乙。\n"


def test_numbers_of_lists_are_written() -> None:
    body = body_of(
        page(
            "<ol start=3><li>甲</li><li>乙</li></ol><ul><li>丙</li></ul>"
            "<ol style='list-style-type:cjk-ideographic'><li>丁</li></ol>"
        )
    )
    assert body.split("\n\n") == ["3. 甲", "4. 乙", "- 丙", "一、丁\n"]


def test_a_claimed_span_does_not_fill_the_memory() -> None:
    body = body_of(
        page("<table><tr><td rowspan=99999 colspan=99999>甲</td><td>乙</td></tr><tr><td>丙</td></tr></table>")
    )
    assert all(text in body for text in "甲乙丙")


@pytest.mark.parametrize(
    "content",
    ["<div>" * 50_000 + "甲", "<b>" * 5000 + "甲", "<table><tr><td>" * 3000 + "甲", "<ul><li>" * 3000 + "甲"],
)
def test_endless_nesting_is_refused(content: str) -> None:
    result = read_document(page(content).encode(), "深.html")
    assert [problem.code for problem in result.problems if problem.severity == "error"] in (
        ["too_complex"],
        [],
    )
    assert (result.document is None) or "甲" in result.document.body


def test_a_large_page_is_read_in_time() -> None:
    content = "<div class=row><p>第一条 申请人应当提交材料。</p></div>" * 60_000
    document = read(page(content)).document
    assert document is not None
    assert document.body.count("第一条") == 60_000


TAGS = st.sampled_from(
    ["<p>", "</p>", "<div class='footer'>", "</div>", "<table>", "</table>", "<tr>",
     "<td colspan=3>", "<td>", "<br>", "<h2>", "</h2>", "<ul>", "<li>", "<a href=x>", "</a>", "<nav>",
     "</nav>", "<!--", "-->", "<pre>", "&nbsp;",
     "&#0;", "<article>"]
)  # fmt: skip


@example("<div class='footer'>版权所有</div>\x1f")
@settings(max_examples=200, deadline=None)
@given(st.lists(TAGS | st.text(max_size=8), max_size=40).map("".join))
def test_no_page_makes_reading_fail_and_what_is_read_is_in_clauses(content: str) -> None:
    result = read_document(page(content).encode("utf-8", "replace"), "页面")
    if result.document is None:
        return
    body = result.document.body
    covered = bytearray(len(body))
    for clause in split_clauses(result.document):
        covered[clause.start : clause.end] = b"\1" * (clause.end - clause.start)
    assert all(covered[index] or char.isspace() for index, char in enumerate(body))


PLAIN = st.text("第一条居住证办理，。；abc12", min_size=1, max_size=30)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(PLAIN, min_size=1, max_size=20),
    st.sampled_from(["p", "div", "li", "td", "h3", "span", "blockquote"]),
)
def test_every_character_of_a_page_without_a_site_is_read(texts: list[str], tag: str) -> None:
    body = body_of(page("".join(f"<{tag}>{text}</{tag}>" for text in ["标题：", *texts])))
    shown = "".join(sign for sign in body if not sign.isspace())
    for text in texts:
        assert "".join(text.split()) in shown
