"""Facts that stand in the text, as official papers write them."""

import pytest

from knowledge.content import read_document


def facts(text: str, name: str = "文件.txt") -> dict[str, object]:
    return dict(read_document(text.encode(), name).recognised)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("二〇二四年一月十九日", "2024-01-19"),
        ("二○二四年十二月三十一日", "2024-12-31"),
        ("二Ｏ二四年十月二十日", "2024-10-20"),
        ("二零二四年二月廿九日", "2024-02-29"),
        ("2024 年 1 月 9 日", "2024-01-09"),
    ],
)
def test_a_day_is_read_however_it_is_written(text: str, day: str) -> None:
    found = facts(f"关于甲的通知\n\n一、甲。\n\n　　　　　　澜川市民政局\n　　　　　　{text}\n")
    assert (found["published"], found["issuer"]) == (day, "澜川市民政局")


def test_a_day_that_is_none_of_the_calendar_is_not_taken() -> None:
    assert "published" not in facts("关于甲的通知\n\n一、甲。\n\n澜川市民政局\n二〇二三年二月三十日\n")


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("澜政规〔2024〕2号", "澜政规〔2024〕2号"),
        ("　　　　　　　　　　　　　　　澜政规〔2024〕2号", "澜政规〔2024〕2号"),
        ("澜政报〔2024〕2号　　　　　　签发人：张某某", "澜政报〔2024〕2号"),
        ("（澜人社发[2024]12号）", "澜人社发[2024]12号"),
        ("发文字号：澜民发〔2024〕9号", "澜民发〔2024〕9号"),
        ("澜川市人民政府令\n\n　　　　第 12 号", "澜川市人民政府令第12号"),
        ("澜川市人民政府令（第12号）", "澜川市人民政府令（第12号）"),
        ("澜川市税务局公告2024年第5号", "澜川市税务局公告2024年第5号"),
    ],
)
def test_a_number_is_found_where_papers_put_it(line: str, number: str) -> None:
    assert facts(f"{line}\n\n澜川市居住证管理办法\n\n第一条 甲。\n")["doc_number"] == number


def test_a_number_inside_a_sentence_is_not_the_papers_own() -> None:
    assert "doc_number" not in facts("关于甲的通知\n\n根据澜政规〔2024〕2号文件，通知如下。\n")


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (
            "澜川市人民政府文件\n\n澜政规〔2024〕2号\n\n澜川市人民政府关于印发居住证办法的通知",
            "澜川市人民政府关于印发居住证办法的通知",
        ),
        ("澜川市人民政府令\n第12号\n\n澜川市居住证管理办法", "澜川市居住证管理办法"),
        ("澜川市民政局\n澜川市财政局\n文件\n\n关于甲的通知", "关于甲的通知"),
        (
            "澜川市人民政府关于印发《澜川市\n　　养老补贴办法》的通知",
            "澜川市人民政府关于印发《澜川市养老补贴办法》的通知",
        ),
        ("澜川市民政局　关于做好\n低保工作的通知", "澜川市民政局　关于做好低保工作的通知"),
        ("关于甲的情况\n\n甲的情况如下", "关于甲的情况"),
        ("★\n特急\n澜川市民政局文件\n关于甲的通知", "关于甲的通知"),
    ],
)
def test_the_title_stands_below_the_red_head(head: str, title: str) -> None:
    assert facts(f"{head}\n\n各区县：\n\n一、甲。\n")["title"] == title


@pytest.mark.parametrize(
    ("text", "issuer"),
    [
        ("澜川市人民政府文件\n\n关于甲的通知\n\n一、甲。", "澜川市人民政府"),
        ("澜川市民政局　澜川市财政局文件\n\n关于甲的通知\n\n一、甲。", "澜川市民政局、澜川市财政局"),
        ("澜川市公安局关于甲的通告\n\n一、甲。", "澜川市公安局"),
        (
            "关于甲的通知\n\n一、甲。\n\n澜川市民政局\n澜川市财政局\n2024年1月5日",
            "澜川市民政局、澜川市财政局",
        ),
        ("关于甲的通知\n\n一、甲。\n\n　　　　澜川市民政局　2024年1月5日", "澜川市民政局"),
        (
            "关于甲的通知\n\n一、甲。\n\n澜川市民政局\n2024年1月5日\n\n附件1\n名单\n" + "某某。\n" * 300,
            "澜川市民政局",
        ),
    ],
)
def test_the_issuer_is_found_in_head_title_or_signature(text: str, issuer: str) -> None:
    assert facts(text)["issuer"] == issuer


@pytest.mark.parametrize(
    ("sentence", "start", "end"),
    [
        ("本办法自2024年3月1日起施行。", "2024-03-01", None),
        ("本办法自二〇二四年三月一日起施行，有效期两年。", "2024-03-01", "2026-02-28"),
        ("本办法自公布之日起施行，有效期五年。", "2024-01-05", "2029-01-04"),
        ("本通知自印发之日起执行，有效期至2026年12月31日。", "2024-01-05", "2026-12-31"),
        ("自发布之日起施行。", "2024-01-05", None),
        ("本通知有效期自2024年2月1日至二〇二五年一月三十一日。", None, "2025-01-31"),
        ("居住证自签发之日起有效，有效期五年。", None, None),
    ],
)
def test_when_a_paper_is_in_force(sentence: str, start: str | None, end: str | None) -> None:
    found = facts(f"关于甲的通知\n\n一、{sentence}\n\n澜川市民政局\n2024年1月5日\n")
    assert (found.get("effective_from"), found.get("effective_to")) == (start, end)


@pytest.mark.parametrize(
    ("sentence", "repealed"),
    [
        ("《甲办法》（澜政发〔2015〕8号）同时废止。", ("澜政发〔2015〕8号",)),
        ("《甲办法》同时废止。", ("甲办法",)),
        (
            "《甲办法》（澜政发〔2015〕8号）、《乙规定》和澜民发〔2016〕1号文件同时废止。",
            ("澜政发〔2015〕8号", "乙规定", "澜民发〔2016〕1号"),
        ),
        ("自本办法施行之日起，《甲办法》予以废止。", ("甲办法",)),
        ("《甲办法》（市人民政府令第26号，2010年修订）同时废止。", ("市人民政府令第26号",)),
    ],
)
def test_what_a_paper_repeals(sentence: str, repealed: tuple[str, ...]) -> None:
    assert facts(f"乙办法\n\n第一条 根据《丙法》制定。\n\n第二条 {sentence}\n")["supersedes"] == repealed


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("附件：1. 申请表\n2. 流程图\n\n某市民政局\n2024年1月5日", ("申请表", "流程图")),
        ("附件：申请表\n\n某市民政局\n2024年1月5日", ("申请表",)),
        ("附件：\n1．申请表\n\n2．流程图", ("申请表", "流程图")),
        ("附件：1.申请表　2.流程图；3.名单。\n\n某市民政局", ("申请表", "流程图", "名单")),
        ("附件1：申请表\n附件2：流程图\n\n某市民政局\n2024年1月5日", ("申请表", "流程图")),
        (
            "附件1：申请表\n附件2：流程图\n\n某市民政局\n\n附件1\n\n申请表\n姓名。\n附件2\n\n流程图",
            ("申请表", "流程图"),
        ),
        ("附件：《申请表》", ("申请表",)),
        ("附件：居住证申请表。", ("居住证申请表",)),
        ("附件：《办法》修改对照表；\n\n某市民政局", ("《办法》修改对照表",)),
        ("附件：1.2024年《申请表》（2.0版）\n2.流程图", ("2024年《申请表》（2.0版）", "流程图")),
        ("某市民政局\n2024年1月5日\n\n附件1\n申请表\n姓名。\n附件2：流程图\n受理。", ("申请表", "流程图")),
        ("某市民政局\n2024年1月5日\n\n附件\n\n一、材料清单\n申请表。", ("附件",)),
        ("## 附件一\n\n下列文件予以废止：\n\n## 附件二\n\n名单", ("附件一", "名单")),
        ("附件：1. 申请表\n2. 流程图\n\n附件1：申请表\n姓名。\n附件2：流程图\n受理。", ("申请表", "流程图")),
    ],
)
def test_attachments_are_named(text: str, names: tuple[str, ...]) -> None:
    result = read_document(f"关于甲的通知\n\n一、甲。\n\n{text}\n".encode(), "文件.txt")
    assert result.document is not None
    assert result.recognised["attachments"] == result.document.attachments == names


@pytest.mark.parametrize(
    "text",
    [
        "附件所列的材料由申请人提交。",
        "附件 由市民政局另行制定。",
        "附件：略",
        "申请人应当提交附件：身份证。",
        "有关附件\n1. 甲。",
    ],
)
def test_what_only_speaks_of_attachments_names_none(text: str) -> None:
    assert "attachments" not in facts(f"关于甲的通知\n\n一、甲。\n\n{text}\n")


def test_attachments_are_told_with_what_to_do() -> None:
    result = read_document("关于甲的通知\n\n一、甲。\n\n附件：1. 申请表\n2. 流程图\n".encode(), "通知.txt")
    (note,) = [problem for problem in result.problems if problem.code == "attachments"]
    assert note.severity == "note"
    assert "2 个附件：申请表、流程图" in note.message


def test_recognised_facts_are_shown_to_the_editor_as_a_note() -> None:
    result = read_document("关于甲的通知\n\n澜民发〔2024〕9号\n\n一、甲。\n".encode(), "通知.txt")
    (note,) = result.problems
    assert (note.severity, note.code, note.file) == ("note", "recognised", "通知.txt")
    assert "标题 关于甲的通知；文号 澜民发〔2024〕9号" in note.message
    assert str(note).startswith("说明　通知.txt")


def test_nothing_recognised_is_no_note() -> None:
    result = read_document("---\ntitle: 甲\n---\n一句话。\n".encode(), "通知.md")
    assert result.problems == ()
