"""A file's content says what it is; what cannot be read is refused in words that help."""

import io
import zipfile

import pytest
from docx import Document as new_docx
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import save_docx, to_html, to_pdf
from openpyxl import Workbook

from knowledge.content import holds_table, read_document
from knowledge.content.formats import package

TEXT = "# 居住证办法\n\n第一条 为了规范居住证管理，制定本办法。\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500
NAMES = ["办法.md", "办法.txt", "办法.docx", "办法.doc", "办法.pdf", "办法.html", "办法.xlsx", "办法"]


def docx() -> bytes:
    document = new_docx()
    document.add_heading("居住证办法", 1)
    document.add_paragraph("第一条 为了规范居住证管理，制定本办法。")
    return save_docx(document)


def xlsx() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def ole(*streams: str) -> bytes:
    return OLE + b"".join(stream.encode("utf-16-le") for stream in streams)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "data",
    [
        docx(),
        to_html(TEXT).encode("gb18030"),
        TEXT.encode("utf-8"),
        TEXT.encode("gb18030"),
        TEXT.encode("utf-16-le"),
    ],
    ids=["docx", "html", "utf-8", "gb18030", "utf-16"],
)
def test_a_file_is_read_by_its_content_under_any_name(data: bytes, name: str) -> None:
    result = read_document(data, name)
    assert result.document is not None, [str(problem) for problem in result.problems]
    assert result.document.body == TEXT


def test_a_pdf_is_read_under_another_name() -> None:
    document = read_document(to_pdf(TEXT, page_numbers=False), "办法.txt").document
    assert document is not None
    assert document.title == "居住证办法"


def test_text_that_speaks_of_tags_is_no_web_page() -> None:
    text = "网页标签说明\n\n第一条 用 <p> 和 <table> 标记段落。\n"
    document = read_document(text.encode(), "说明.html").document
    assert document is not None
    assert document.body == text


@pytest.mark.parametrize(
    ("data", "code", "advice"),
    [
        (ole("WordDocument"), "old_word", "另存为"),
        (ole("Root Entry"), "old_word", "另存为"),
        (b"{\\rtf1\\ansi}", "old_word", "另存为"),
        (
            b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w:wordDocument/>',
            "old_word",
            "另存为",
        ),
        (ole("EncryptedPackage"), "encrypted_file", "取消密码"),
        (ole("Workbook"), "unsupported_format", ".xlsx"),
        (ole("PowerPoint Document"), "unsupported_format", "另存为"),
        (xlsx(), "unsupported_format", ".docx"),
        (archive(OFD_xml=b"<OFD/>"), "ofd_file", "PDF"),
        (archive(mimetype=b"application/vnd.oasis.opendocument.text"), "unsupported_format", ".docx"),
        (archive(甲=b"1"), "archive_file", "解压"),
        (b"Rar!\x1a\x07\x00", "archive_file", "解压"),
        (b"\x89PNG\r\n\x1a\n", "picture_file", "OCR"),
        (b"\xff\xd8\xff\xe0JFIF", "picture_file", "OCR"),
        (docx()[:2000], "broken_file", "重新保存"),
        (docx()[:-30], "broken_file", "重新保存"),
        (archive(word__document_xml=b"<w:document"), "broken_file", "重新保存"),
        (archive(word__document_xml=b"<document/>"), "broken_file", "重新保存"),
        (archive(**{"[Content_Types]_xml": b"<Types/>"}), "broken_file", "重新保存"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(data: bytes, code: str, advice: str) -> None:
    result = read_document(data, "文件.docx")
    assert result.document is None
    (problem,) = result.problems
    assert (problem.severity, problem.code) == ("error", code)
    assert advice in problem.message
    assert "{" not in problem.message


def test_a_locked_archive_is_refused() -> None:
    data = bytearray(docx())
    for sign, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = data.find(sign)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(sign, place + 4)
    assert [problem.code for problem in read_document(bytes(data), "锁.docx").problems] == ["encrypted_file"]


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked() -> None:
    size = package.UNPACKED_LIMIT // 4
    bomb = archive(**{f"part{n}": b" " * size for n in range(5)}, word__document_xml=b"<document/>")
    assert len(bomb) < 2**20
    assert [problem.code for problem in read_document(bomb, "大.docx").problems] == ["unpacked_too_large"]


def test_entities_of_an_xml_bomb_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE d [<!ENTITY a "%s">%s]><document><body><p><r><t>&z9;</t></r></p></body></document>' % (
        b"x" * 1000,
        b"".join(
            b'<!ENTITY z%d "%s">' % (n, b"&z%d;" % (n - 1) * 100 if n else b"&a;" * 100) for n in range(10)
        ),
    )
    result = read_document(archive(word__document_xml=bomb), "实体.docx")
    assert result.document is None
    assert [problem.severity for problem in result.problems] == ["error"]


@pytest.mark.parametrize(("depth", "code"), [(300, "too_complex"), (5000, "broken_file")])
def test_deep_nesting_in_a_word_file_is_refused(depth: int, code: str) -> None:
    deep = b"<document><body>" + b"<sdt>" * depth + b"<p/>" + b"</sdt>" * depth + b"</body></document>"
    assert [each.code for each in read_document(archive(word__document_xml=deep), "深.docx").problems] == [
        code
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_word_file_never_makes_reading_fail(data: st.DataObject) -> None:
    content = bytearray(WORD)
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    result = read_document(bytes(content), "坏.docx")
    assert (result.document is None) == any(problem.severity == "error" for problem in result.problems)


WORD = docx()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (xlsx(), True),
        (ole("Workbook"), True),
        (ole("WordDocument"), False),
        (OLE, None),
        (docx(), False),
        (b"%PDF-1.4", False),
        ("编号,标准问题".encode(), None),
        (b"PK\x03\x04", None),
    ],
)
def test_a_workbook_is_told_from_a_document(data: bytes, expected: bool | None) -> None:
    assert holds_table(data) is expected
