"""Files as editors really have them, into the drafts and out again."""

import json
from pathlib import Path

import pytest
from docx import Document as new_docx
from knowledge_fakes import document, faq

from knowledge.content import Synonym, write_faq_table, write_synonym_table
from knowledge.importing import export_items, import_paths
from knowledge.service import KnowledgeService
from knowledge.store import ImportCounts

TABLE = "编号,标准问题,答案\nFAQ-1,居住证怎么办理,到派出所。\nFAQ-2,公积金怎么提取,到柜台。\n"
WORDS = "规范用语,用语\n居住证,暂住证\n出生登记；户口登记,上户口\n"
NOTICE = "---\nid: notice\ntitle: 关于签注的通知\n---\n\n一、每年签注一次。\n"
SAMPLE = Path(__file__).parents[2] / "sample"


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def codes(problems: list) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    return [(problem.file, problem.code) for problem in problems]


def test_a_folder_with_good_and_bad_files_keeps_the_good_and_reports_the_bad(
    service: KnowledgeService, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    put(folder, "faq.csv", TABLE)
    put(folder, "sub/notice.md", NOTICE)
    put(folder, "empty.md", "")
    put(folder, "broken.md", "---\ntitle: [\n---\n正文。\n")
    put(folder, "table.csv", "列一,列二\n1,2\n")
    put(folder, "scan.pdf", b"%PDF-1.7 ...")
    put(folder, "picture.png", b"\x89PNG")
    put(folder, ".hidden.md", NOTICE)
    put(folder, "README.md", "这里是本市的内容。\n")
    put(folder, "~$lock.docx", b"lock")
    steps: list[tuple[int, int]] = []
    report = import_paths(service, [folder], lambda done, total: steps.append((done, total)))
    assert (report.files, report.documents, report.faqs) == (6, 1, 2)
    assert report.counts == ImportCounts(added=3)
    assert {problem.file for problem in report.problems if problem.severity == "error"} == {
        "empty.md",
        "broken.md",
        "table.csv",
        "scan.pdf",
    }
    assert all(problem.message for problem in report.problems)
    assert steps == [(number, 6) for number in range(1, 7)]
    assert [item.id for item in service.store.drafts()] == ["notice", "FAQ-1", "FAQ-2"]


def test_a_folder_with_all_three_kinds_goes_out_and_in_unchanged(
    service: KnowledgeService, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    put(folder, "faq.csv", TABLE)
    put(folder, "notice.md", NOTICE)
    put(folder, "words.csv", WORDS.encode("gb18030"))
    report = import_paths(service, [folder])
    assert (report.documents, report.faqs, report.synonyms, report.items) == (1, 2, 2, 5)
    assert [each for each in report.problems if each.severity == "error"] == []
    before = service.store.drafts()
    assert [item.id for item in before] == ["notice", "FAQ-1", "FAQ-2", "上户口", "暂住证"]
    assert before[3:] == [Synonym("上户口", ("出生登记", "户口登记")), Synonym("暂住证", ("居住证",))]
    for table in ("csv", "xlsx"):
        out = tmp_path / table
        written = export_items(before, out, table)  # type: ignore[arg-type]
        assert [path.name for path in written] == ["notice.md", f"faq.{table}", f"synonyms.{table}"]
        again = import_paths(service, [out])
        assert (again.counts, again.problems) == (ImportCounts(unchanged=5), [])
        assert service.store.drafts() == before


@pytest.mark.parametrize("name", ["words.xlsx", "words.xls", "words"])
def test_a_workbook_of_everyday_words_is_known_by_its_columns(
    service: KnowledgeService, tmp_path: Path, name: str
) -> None:
    content = write_synonym_table([Synonym("暂住证", ("居住证",))], "xlsx")
    report = import_paths(service, [put(tmp_path, name, content)])
    assert (report.synonyms, report.faqs, report.problems) == (1, 0, [])


def test_a_mistake_in_a_table_of_everyday_words_is_named_and_the_good_rows_are_kept(
    service: KnowledgeService, tmp_path: Path
) -> None:
    table = put(tmp_path, "words.csv", WORDS + ",绿本\n居住登记,暂住证\n")
    report = import_paths(service, [table])
    assert [(each.file, each.code, each.row, each.column) for each in report.problems] == [
        ("words.csv", "empty_required", 4, "规范用语"),
        ("words.csv", "word_repeated", 5, "用语"),
    ]
    assert report.counts == ImportCounts(added=2)
    assert Synonym("暂住证", ("居住证",)) in service.store.drafts()


def test_a_word_in_two_files_warns_and_the_later_wins(service: KnowledgeService, tmp_path: Path) -> None:
    first = put(tmp_path, "a.csv", WORDS)
    second = put(tmp_path, "b.csv", "用语,规范用语\n暂住证,居住登记\n")
    report = import_paths(service, [first, second])
    assert codes(report.problems) == [("b.csv", "id_repeated")]
    assert report.counts == ImportCounts(added=2, changed=1)
    assert Synonym("暂住证", ("居住登记",)) in service.store.drafts()


def test_a_word_and_an_faq_may_have_the_same_id(service: KnowledgeService, tmp_path: Path) -> None:
    table = put(tmp_path, "faq.csv", "编号,标准问题,答案\n暂住证,暂住证怎么办,到派出所。\n")
    words = put(tmp_path, "words.csv", "用语,规范用语\n暂住证,居住证\n")
    report = import_paths(service, [table, words])
    assert (report.problems, report.counts) == ([], ImportCounts(added=2))


def test_a_readme_is_imported_where_it_is_named_itself(service: KnowledgeService, tmp_path: Path) -> None:
    path = put(tmp_path, "in/README.md", NOTICE)
    assert import_paths(service, [tmp_path / "in"]).files == 0
    assert import_paths(service, [path]).documents == 1


def test_good_rows_beside_bad_ones_are_kept(service: KnowledgeService, tmp_path: Path) -> None:
    table = put(tmp_path, "faq.csv", TABLE + "FAQ-3,,没有问题\nFAQ-4,日期不对,答案\n")
    report = import_paths(service, [table])
    (problem,) = [each for each in report.problems if each.severity == "error"]
    assert (problem.file, problem.row, problem.column) == ("faq.csv", 4, "标准问题")
    assert (report.faqs, report.counts.added) == (3, 3)


def test_a_gb18030_table_is_read(service: KnowledgeService, tmp_path: Path) -> None:
    report = import_paths(service, [put(tmp_path, "faq.csv", TABLE.encode("gb18030"))])
    assert report.counts.added == 2
    assert "公积金怎么提取" in [item.standard_question for item in service.store.drafts()]  # type: ignore[union-attr]


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("policy.docx", b"PK\x03\x04 cut off", "broken_file"),
        ("policy.pdf", b"%PDF-1.7 ...", "broken_file"),
        ("policy.doc", OLE + "WordDocument".encode("utf-16-le"), "old_word"),
        ("policy.rtf", b"{\\rtf1 text}", "old_word"),
        ("policy.wps", OLE + "WordDocument".encode("utf-16-le"), "old_word"),
        ("policy.docx", OLE + "EncryptedPackage".encode("utf-16-le"), "encrypted_file"),
        ("faq.xls", OLE + "Workbook".encode("utf-16-le"), "unsupported_format"),
        ("faq.txt", OLE + "Workbook".encode("utf-16-le"), "unsupported_format"),
        ("faq.xls", b"<html><table><tr><td>1</td></tr></table></html>", "unsupported_format"),
    ],
)
def test_a_format_that_cannot_be_read_is_refused_with_what_to_do(
    service: KnowledgeService, tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    report = import_paths(service, [put(tmp_path, name, content)])
    (problem,) = report.problems
    assert (problem.severity, problem.file, problem.code) == ("error", name, code)
    assert "再导入" in problem.message
    assert report.counts == ImportCounts()


@pytest.mark.parametrize("name", ["faq.xlsx", "faq.xls", "faq.docx", "faq.txt"])
def test_a_workbook_is_a_table_whatever_its_name(
    service: KnowledgeService, tmp_path: Path, name: str
) -> None:
    content = write_faq_table([faq("F1", "居住证怎么办理", "到派出所。")], "xlsx")
    report = import_paths(service, [put(tmp_path, name, content)])
    assert (report.faqs, report.problems) == (1, [])


@pytest.mark.parametrize("name", ["policy.docx", "policy.xlsx", "policy.csv", "policy"])
def test_a_word_file_is_a_document_whatever_its_name(
    service: KnowledgeService, tmp_path: Path, name: str
) -> None:
    document = new_docx()
    document.add_heading("某市办法", 1)
    document.add_paragraph("第一条 甲。")
    document.save(tmp_path / name)
    report = import_paths(service, [tmp_path / name])
    assert report.documents == 1
    assert [problem.severity for problem in report.problems] == ["note"]
    (item,) = service.store.drafts()
    assert item.title == "某市办法"  # type: ignore[union-attr]


def test_an_old_excel_file_in_a_folder_is_reported_as_a_table(
    service: KnowledgeService, tmp_path: Path
) -> None:
    put(tmp_path, "in/faq.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    (problem,) = import_paths(service, [tmp_path / "in"]).problems
    assert (problem.file, problem.code) == ("faq.xls", "unsupported_format")
    assert ".xlsx" in problem.message


def test_a_path_that_is_missing_is_reported_and_the_rest_is_imported(
    service: KnowledgeService, tmp_path: Path
) -> None:
    good = put(tmp_path, "notice.md", NOTICE)
    report = import_paths(service, [tmp_path / "missing.md", good])
    assert codes(report.problems) == [("missing.md", "file_unreadable")]
    assert report.documents == 1


def test_an_id_repeated_in_another_file_warns_and_the_later_wins(
    service: KnowledgeService, tmp_path: Path
) -> None:
    first = put(tmp_path, "a.csv", TABLE)
    second = put(tmp_path, "b.csv", "编号,标准问题,答案\nFAQ-1,居住证怎么办理,网上办。\n")
    report = import_paths(service, [first, second])
    (problem,) = report.problems
    assert (problem.severity, problem.file, problem.code) == ("warning", "b.csv", "id_repeated")
    assert "FAQ-1" in problem.message
    assert "a.csv" in problem.message
    assert report.counts == ImportCounts(added=2, changed=1)
    assert service.store.drafts()[0].answer == "网上办。"  # type: ignore[union-attr]


def test_files_of_one_name_in_two_folders_are_told_apart(service: KnowledgeService, tmp_path: Path) -> None:
    put(tmp_path, "in/2024/notice.txt", "关于甲的通知\n\n一、甲。\n")
    put(tmp_path, "in/2025/notice.txt", "关于乙的通知\n\n一、乙。\n")
    report = import_paths(service, [tmp_path / "in"])
    (problem,) = [each for each in report.problems if each.code == "id_repeated"]
    assert "2024" in problem.message
    assert report.counts == ImportCounts(added=1, changed=1)


def test_a_file_named_twice_is_no_repetition(service: KnowledgeService, tmp_path: Path) -> None:
    path = put(tmp_path, "notice.md", NOTICE)
    report = import_paths(service, [path, tmp_path, path])
    assert "id_repeated" not in [problem.code for problem in report.problems]


def test_importing_again_changes_nothing(service: KnowledgeService, tmp_path: Path) -> None:
    path = put(tmp_path, "faq.csv", TABLE)
    import_paths(service, [path])
    assert import_paths(service, [path]).counts == ImportCounts(unchanged=2)


def test_an_empty_folder_imports_nothing(service: KnowledgeService, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    report = import_paths(service, [tmp_path / "in"])
    assert (report.files, report.counts, report.problems) == (0, ImportCounts(), [])


def test_a_report_can_be_written_as_json(service: KnowledgeService, tmp_path: Path) -> None:
    report = import_paths(service, [put(tmp_path, "faq.csv", TABLE), tmp_path / "missing"])
    data = json.loads(json.dumps(report.to_dict()))
    assert data["counts"] == {"added": 2, "changed": 0, "unchanged": 0}
    assert data["problems"][0]["code"] == "file_unreadable"


@pytest.mark.parametrize("table", ["csv", "xlsx"])
def test_the_sample_city_exported_and_imported_again_is_unchanged(
    service: KnowledgeService, tmp_path: Path, table: str
) -> None:
    first = import_paths(service, [SAMPLE / name for name in ("documents", "faq.csv", "synonyms.csv")])
    assert [problem for problem in first.problems if problem.severity == "error"] == []
    assert 20 <= first.synonyms <= 40
    before = service.store.drafts()
    written = export_items(before, tmp_path / "out", table)  # type: ignore[arg-type]
    assert len(written) == first.documents + 2
    again = import_paths(service, [tmp_path / "out"])
    assert again.counts == ImportCounts(unchanged=first.items)
    assert again.problems == []
    assert service.store.drafts() == before


@pytest.mark.parametrize("table", ["csv", "xlsx"])
def test_awkward_content_survives_going_out_and_in(
    service: KnowledgeService, tmp_path: Path, table: str
) -> None:
    items = [
        faq("F1", '=1+1 "引号", 逗号', "第一行\n\n<b>不是网页</b>；a < b", similar_questions=("-甲", "@乙")),
        faq("F2", "０１", "007", audience=("老人", "学生、儿童"), effective_to="2027-01-01"),
        document(
            "第1号·甲", "标题: 含冒号 #井号", "一句。", supersedes=("某发〔2020〕1号",), topics=("甲", "乙")
        ),
        document(
            "附件", "关于甲的通知", "一、甲。\n\n附件：1. 表", attachments=("申请表, 样式: 甲", "流程图")
        ),
        document("无附件", "关于乙的通知", "一、乙。\n\n附件：1. 表"),
    ]
    service.import_items(items)
    before = service.store.drafts()
    export_items(before, tmp_path / "out", table)  # type: ignore[arg-type]
    assert import_paths(service, [tmp_path / "out"]).counts == ImportCounts(unchanged=5)
    assert service.store.drafts() == before


def test_exporting_only_documents_writes_no_table(tmp_path: Path) -> None:
    written = export_items([document("d", "办法", "一句。")], tmp_path / "out", "xlsx")
    assert [path.name for path in written] == ["d.md"]
