"""Reading document files: every encoding, every mistake named, and nothing changed by a round trip."""

import codecs

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from knowledge.content import Document, ReadResult, document_slug, is_valid_id, read_document, write_document

FULL = """---
id: juzhuzheng-2024
title: 临江市居住证管理办法
doc_number: 临政规〔2024〕3号
issuer: 临江市人民政府
published: 2024-01-05
effective_from: 2024/2/1
effective_to:
status: 现行有效
supersedes: [临政发〔2015〕8号]
region: 临江市
topics: [户籍, 居住证]
audience: 来临人员
source_url: https://www.linjiang.example/zc/3
attachments: [居住证申请表, 办理流程图]
---

第一条 为了规范居住证管理，制定本办法。
"""


def read(text: str, name: str = "办法.md") -> ReadResult:
    return read_document(text.encode(), name)


def codes(result: ReadResult, severity: str = "error") -> list[tuple[str, int, str]]:
    return [(each.code, each.row, each.column) for each in result.problems if each.severity == severity]


def test_all_facts_of_the_front_matter_are_read() -> None:
    result = read(FULL)
    assert result.problems == ()
    assert result.document == Document(
        id="juzhuzheng-2024",
        title="临江市居住证管理办法",
        doc_number="临政规〔2024〕3号",
        issuer="临江市人民政府",
        published="2024-01-05",
        effective_from="2024-02-01",
        status="现行有效",
        supersedes=("临政发〔2015〕8号",),
        region="临江市",
        topics=("户籍", "居住证"),
        audience=("来临人员",),
        source_url="https://www.linjiang.example/zc/3",
        attachments=("居住证申请表", "办理流程图"),
        body="第一条 为了规范居住证管理，制定本办法。\n",
    )


LINE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(str.strip).filter(bool)
OPTIONAL = st.just("") | LINE
DAYS = st.none() | st.dates().map(lambda day: day.isoformat())
BODIES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=200)
DOCUMENTS = st.builds(
    Document,
    id=st.text(st.sampled_from("abc政策-0.1"), min_size=1, max_size=20),
    title=LINE,
    doc_number=OPTIONAL
    | st.sampled_from(["2024", "yes", "null", "~", "2024-01-01", "- a", "a: b", "#x", "'", '"']),
    issuer=OPTIONAL,
    published=DAYS,
    effective_from=DAYS,
    status=st.sampled_from(["", "现行有效", "已修改", "已废止"]),
    supersedes=st.lists(LINE, max_size=3).map(tuple),
    superseded_by=OPTIONAL,
    topics=st.lists(LINE, max_size=3).map(tuple),
    attachments=st.lists(LINE, max_size=3).map(tuple),
    body=BODIES.map(
        lambda text: (
            text + "\n第一条 自2024年1月1日起施行，有效期5年。\n附件：甲表\n某市人民政府\n2023年12月1日"
        )
    ),
)


@settings(max_examples=300, deadline=None)
@given(DOCUMENTS)
@example(Document(id="a", title="甲\x85乙\u2028丙", topics=("一\n二",), body="文字"))
def test_a_round_trip_changes_nothing(document: Document) -> None:
    result = read_document(write_document(document).encode(), "别的名字(2001-02-03).md")
    assert result.document == document, result.problems


@pytest.mark.parametrize(
    ("key", "attachments"),
    [
        ("attachments: [乙表]", ("乙表",)),
        ("attachments: []", ()),
        ("attachments:", ()),
        ("region:", ("甲表",)),
    ],
)
def test_attachments_that_the_editor_gives_are_not_sought(key: str, attachments: tuple[str, ...]) -> None:
    document = read(f"---\ntitle: 甲\n{key}\n---\n一、甲。\n\n附件：甲表\n").document
    assert document is not None
    assert document.attachments == attachments


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_files_are_read_in_every_usual_encoding(encoding: str) -> None:
    data = "# 居住证办法\r\n\r\n第一条 “文字”。\r\n".encode(encoding)
    document = read_document(data, "办法.txt").document
    assert document is not None
    assert (document.title, document.body) == ("居住证办法", "# 居住证办法\n\n第一条 “文字”。\n")


def test_utf16_with_the_other_byte_order_is_read() -> None:
    data = codecs.BOM_UTF16_BE + "居住证办法\n第一条 文字。".encode("utf-16-be")
    document = read_document(data, "a.txt").document
    assert document is not None
    assert document.title == "居住证办法"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\ntitle: 甲\n第一条 文字", ("front_matter_open", 1, "")),
        ("---\ntitle: 甲\ntopics: [户籍\nissuer: 乙\n---\n文字", ("front_matter_broken", 4, "")),
        ("---\ntitle: 甲: 乙\n---\n文字", ("front_matter_broken", 2, "")),
        ("---\n- 甲\n- 乙\n---\n文字", ("front_matter_not_keys", 2, "")),
        ("---\ntitle: 甲\ntitle: 乙\n---\n文字", ("front_matter_duplicate", 3, "title")),
        ("---\ntitle: 甲\npublished: 去年\n---\n文字", ("bad_date_key", 3, "published")),
        ("---\ntitle: 甲\neffective_to: 2023-02-30\n---\n文字", ("bad_date_key", 3, "effective_to")),
        ("---\ntitle: 甲\nstatus: 有效\n---\n文字", ("bad_status", 3, "status")),
        ("---\ntitle: 甲\nid: a#b\n---\n文字", ("bad_document_id", 3, "id")),
        ("---\ntitle: [甲, 乙]\n---\n文字", ("front_matter_not_text", 2, "title")),
        ("---\ntitle: {甲: 乙}\n---\n文字", ("front_matter_nested", 2, "title")),
        (
            "---\ntitle: 甲\neffective_from: 2024-02-01\neffective_to: 2024-01-01\n---\n文字",
            ("dates_reversed", 0, "effective_to"),
        ),
        ("---\ntitle: 甲\n---\n\n<!-- 空 -->\n", ("no_text", 0, "")),
        ("  \n\n\u200b", ("no_text", 0, "")),
        ("", ("empty_file", 0, "")),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_the_mistake(
    text: str, problem: tuple[str, int, str]
) -> None:
    result = read(text)
    assert result.document is None
    assert codes(result) == [problem]
    assert all(each.file == "办法.md" and each.message for each in result.problems)


def test_the_message_names_the_key_and_what_to_write() -> None:
    (problem,) = read("---\ntitle: 甲\nstatus: 有效\n---\n文字").problems
    assert "有效" in problem.message
    assert "现行有效、已修改、已废止" in problem.message


def test_an_unknown_key_is_only_a_warning() -> None:
    result = read("---\ntitle: 甲\n颜色: 红\n---\n文字")
    assert result.document is not None
    assert codes(result, "warning") == [("front_matter_unknown", 3, "颜色")]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\x00\x01\x02abc", "not_text"), (b"\xff\xfe\x00", "bad_encoding"), (b"\x81", "bad_encoding")],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, code: str) -> None:
    assert [each[0] for each in codes(read_document(data, "a.txt"))] == [code]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"---\n", b"\xff\xfe", b"---\ntitle: [", b"---\n&a [*a]\n---\n"]),
)
def test_no_bytes_make_reading_fail(data: bytes, start: bytes) -> None:
    result = read_document(start + data, "a.md")
    assert (result.document is None) == any(each.severity == "error" for each in result.problems)


def test_a_file_over_the_limit_is_refused_before_it_is_read() -> None:
    result = read_document(b"\0" * 1_100_000, "大.md", max_bytes=1024 * 1024)
    assert codes(result) == [("too_large", 0, "")]
    assert "1.0 MB" in result.problems[0].message


def test_a_file_just_under_twenty_megabytes_is_read() -> None:
    text = "# 汇编\n\n" + "第一条 申请人应当提交材料，自2024年1月1日起施行。同时废止。有效期\n" * 215_000
    result = read_document(text.encode()[: 20 * 1024 * 1024 // 3 * 3 - 12].rsplit(b"\n", 1)[0], "汇编.md")
    assert result.document is not None
    assert len(result.document.body) > 6_000_000


NOTICE = """关于提高最低生活保障标准的通知

临民发〔2023〕12号

各区民政局：

一、标准提高到每人每月1200元。

二、本通知自2024年1月1日起施行，有效期5年。《关于调整低保标准的通知》（临民发〔2019〕7号）同时废止。

临江市民政局
2023年12月20日
"""


def test_facts_that_stand_in_the_text_are_recognised() -> None:
    result = read(NOTICE, "通知.txt")
    assert result.document is not None
    assert result.document == Document(
        id="通知",
        title="关于提高最低生活保障标准的通知",
        doc_number="临民发〔2023〕12号",
        issuer="临江市民政局",
        published="2023-12-20",
        effective_from="2024-01-01",
        effective_to="2028-12-31",
        supersedes=("临民发〔2019〕7号",),
        body=NOTICE,
    )
    assert set(result.recognised) >= {"title", "doc_number", "effective_to", "supersedes"}


def test_what_the_front_matter_says_is_not_overruled_by_the_text() -> None:
    document = read("---\ntitle: 甲\neffective_from: 2025-01-01\neffective_to:\n---\n" + NOTICE).document
    assert document is not None
    assert (document.title, document.effective_from, document.effective_to) == ("甲", "2025-01-01", None)


def test_the_term_of_a_licence_is_not_the_term_of_the_document() -> None:
    document = read("# 许可办法\n许可证有效期为5年。\n本办法自2024年1月1日起施行。").document
    assert document is not None
    assert (document.effective_from, document.effective_to) == ("2024-01-01", None)


def test_a_later_version_is_in_force_no_earlier_than_its_own_date() -> None:
    text = "# 劳动合同法\n\n<!-- INFO END -->\n\n第九十八条 本法自2008年1月1日起施行。"
    old = read(text, "劳动合同法(2007-06-29).md").document
    new = read(text, "劳动合同法(2012-12-28).md").document
    assert old is not None
    assert new is not None
    assert (old.published, old.effective_from) == ("2007-06-29", "2008-01-01")
    assert (new.published, new.effective_from) == ("2012-12-28", "2012-12-28")
    assert old.id != new.id


def test_without_a_title_the_file_name_stands_in_with_a_warning() -> None:
    result = read("本市居民可以在社区服务中心办理居住证，当场受理，十个工作日内发证。", "居住证 说明.txt")
    assert result.document is not None
    assert result.document.title == "居住证-说明"
    assert codes(result, "warning") == [("title_from_name", 0, "title")]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("劳动法(2018-12-29).md", "劳动法-2018-12-29"),
        ("文件夹/办法（试行）.docx", "办法-试行"),
        ("C:\\公文\\通知 1.txt", "通知-1"),
        ("a;b#c.md", "a-b-c"),
    ],
)
def test_the_default_id_comes_from_the_file_name(name: str, slug: str) -> None:
    assert document_slug(name) == slug


@given(st.text(max_size=300))
def test_every_name_gives_a_valid_stable_id(name: str) -> None:
    assert is_valid_id(document_slug(name))
    assert document_slug(name) == document_slug(name)
