"""Tables of everyday words: good rows are kept, every mistake is named, a round trip changes nothing."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from knowledge.content import (
    Faq,
    Synonym,
    is_synonym_table,
    read_faq_table,
    read_synonym_table,
    write_faq_table,
    write_synonym_table,
)
from knowledge.content.synonym_tables import SynonymTable

WORDS = (Synonym("暂住证", ("居住证",)), Synonym("上户口", ("出生登记", "户口登记")))
TEXT = "用语,规范用语\n暂住证,居住证\n上户口,出生登记；户口登记\n"


def read(text: str, encoding: str = "utf-8") -> SynonymTable:
    return read_synonym_table(text.encode(encoding), "用语.csv")


def mistakes(table: SynonymTable) -> list[tuple[str, int, str]]:
    return [(each.code, each.row, each.column) for each in table.problems]


def workbook(*sheets: list[list[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_table_is_read_in_every_usual_encoding_and_delimiter(encoding: str, delimiter: str) -> None:
    data = TEXT.replace(",", delimiter).encode(encoding)
    assert is_synonym_table(data, "用语.csv")
    assert read_synonym_table(data, "用语.csv") == SynonymTable(WORDS, ())


def test_a_workbook_is_read_from_the_sheet_that_has_the_columns() -> None:
    data = workbook(
        [["说明"], ["请在下一张表填写"]],
        [["用语", "规范用语"], ["暂住证", "居住证"], ["上户口", "出生登记\n户口登记"]],
    )
    assert is_synonym_table(data, "用语.xlsx")
    assert read_synonym_table(data, "用语.xlsx") == SynonymTable(WORDS, ())


@pytest.mark.parametrize(
    "text",
    [
        "规范用语,用语\n居住证,暂住证\n",
        "序号,规范用语,备注,用语\n1,居住证,旧称,暂住证\n",
        " 用 语* ,规范用语（必填）\n暂住证,居住证\n",
        "某市用语表,\n,\n用语,规范用语\n暂住证,居住证\n",
    ],
    ids=["turned round", "among others", "decorated", "below a title"],
)
def test_columns_are_known_by_name_wherever_they_stand(text: str) -> None:
    assert read(text) == SynonymTable((Synonym("暂住证", ("居住证",)),), ())


@pytest.mark.parametrize(
    "cell", ["甲；乙；丙", "甲;乙;丙", "甲、乙、丙", '"甲\n乙\n丙"', '" 甲 ；\n；乙、丙；"', "甲；乙；甲；丙"]
)
def test_several_official_words_are_parted_and_each_stands_once(cell: str) -> None:
    assert read(f"用语,规范用语\n俗称,{cell}\n").synonyms == (Synonym("俗称", ("甲", "乙", "丙")),)


def test_a_word_is_no_official_word_for_itself() -> None:
    table = read("用语,规范用语\n落户,落户；户口迁移\n居住证,居住证\n")
    assert table.synonyms == (Synonym("落户", ("户口迁移",)),)
    assert mistakes(table) == [("empty_required", 3, "规范用语")]


def test_good_rows_are_kept_and_each_mistake_is_named_by_row_and_column() -> None:
    table = read(
        "用语,规范用语\n"
        "暂住证,居住证\n"
        ",居住证\n"
        "绿本,\n"
        "绿本\n"
        "\n"
        f"{'长' * 21},太长\n"
        "办 证,居住证\n"
        "暂住证,居住登记\n"
        f"{'长' * 20},正好\n"
        "上户口,出生登记；户口登记\n"
    )
    assert table.synonyms == (WORDS[0], Synonym("长" * 20, ("正好",)), WORDS[1])
    assert mistakes(table) == [
        ("empty_required", 3, "用语"),
        ("empty_required", 4, "规范用语"),
        ("empty_required", 5, "规范用语"),
        ("word_unusable", 7, "用语"),
        ("word_unusable", 8, "用语"),
        ("word_repeated", 9, "用语"),
    ]
    assert {each.severity for each in table.problems} == {"error"}
    assert str(table.problems[-1]).startswith("错误\u3000用语.csv 第 9 行“用语”")
    assert "暂住证" in table.problems[-1].message


def test_a_table_without_rows_is_refused() -> None:
    assert mistakes(read("用语,规范用语\n,\n")) == [("no_words", 1, "")]


def test_a_file_that_cannot_be_opened_is_a_problem_and_no_table_of_words() -> None:
    broken = b"PK\x03\x04 cut off"
    assert not is_synonym_table(broken, "用语.xlsx")
    (problem,) = read_synonym_table(broken, "用语.xlsx").problems
    assert (problem.severity, problem.code) == ("error", "not_table")


def test_a_table_is_not_mistaken_for_the_other_kind() -> None:
    faqs = [Faq("F1", "暂住证怎么办", "到派出所。")]
    for kind in ("csv", "xlsx"):
        questions, words = write_faq_table(faqs, kind), write_synonym_table(WORDS, kind)  # type: ignore[arg-type]
        assert not is_synonym_table(questions, f"faq.{kind}")
        assert is_synonym_table(words, f"synonyms.{kind}")
        assert read_faq_table(words, f"synonyms.{kind}").faqs == ()
        assert read_synonym_table(questions, f"faq.{kind}").synonyms == ()
        assert read_synonym_table(questions, f"faq.{kind}").problems


@pytest.mark.parametrize(
    "text", ["用语,说明\n暂住证,旧称\n", "规范用语\n居住证\n", "本办法的用语，规范用语如下。\n"]
)
def test_both_columns_must_be_there(text: str) -> None:
    assert not is_synonym_table(text.encode(), "table.csv")


def test_no_cell_that_is_written_is_a_formula() -> None:
    words = [Synonym("=1+1", ("+甲",)), Synonym("-乙", ("@丙", "=丁")), Synonym("'戊", ("'己",))]
    data = write_synonym_table(words, "csv")
    cells = [cell for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in row]
    sheet = load_workbook(io.BytesIO(write_synonym_table(words, "xlsx"))).worksheets[0]
    cells += [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert len(cells) == 16
    assert not [cell for cell in cells if cell[0] in "=+-@"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    for kind in ("csv", "xlsx"):
        table = read_synonym_table(write_synonym_table(words, kind), f"用语.{kind}")
        assert table == SynonymTable(tuple(words), ())


_WORD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="#;；、/\\"))
_OFFICIAL = _WORD.filter(bool)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(st.sampled_from("甲乙丙ab1=+-@'“”，.()"), min_size=1, max_size=20),
        st.lists(_OFFICIAL, min_size=1, max_size=4, unique=True),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["csv", "xlsx"]),
)
def test_what_is_written_reads_back_the_same(entries: dict[str, list[str]], kind: str) -> None:
    words = tuple(
        Synonym(word, tuple(official))
        for word, listed in entries.items()
        if (official := [each for each in listed if each != word])
    )
    if not words:
        return
    assert read_synonym_table(write_synonym_table(words, kind), f"用语.{kind}") == SynonymTable(words, ())


def test_another_format_is_not_written() -> None:
    with pytest.raises(ValueError, match="ods"):
        write_synonym_table(WORDS, "ods")
