"""What may stand in a calendar file, and what is said about what may not."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

import desk.calendar
from desk.calendar import CalendarError, WorkingCalendar
from desk.calendar.words import TEXTS

GOOD = "zone: Asia/Shanghai\nhours:\n  周一至周五: 09:00-12:00\n"


def problems(path: Path, text: str | bytes) -> list[str]:
    path = path / "calendar.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CalendarError) as refused:
        WorkingCalendar.load(path)
    assert str(path) in str(refused.value)
    assert all(problem in str(refused.value) for problem in refused.value.problems)
    return refused.value.problems


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("horus: 1\n", "第 4 行（horus）：不认识“horus”，可用的有：zone、hours"),
        ("zone: Asia/Shanghai\n", "第 4 行（zone）：“zone”写了两次（前一次在第 1 行）"),
        ("  周六: 09:00-25:00\n", "第 4 行（hours › 周六）：没有 25:00 这个时间"),
        ("  周六: 09:60-11:00\n", "没有 9:60 这个时间"),
        ("  周六: 09:00-24:30\n", "没有 24:30 这个时间"),
        ("  周六: 12:00-09:00\n", "12:00-09:00 的结束不晚于开始"),
        ("  周六: 09:00-09:00\n", "结束不晚于开始"),
        ("  周六: 10:00-12:00, 09:00-11:00\n", "09:00-11:00 与 10:00-12:00 重叠"),
        ("  周六: 上午\n", "看不懂“上午”"),
        ("  周六: 9\n", "看不懂“9”"),
        ("  周六:\n", "第 4 行（hours › 周六）：没有内容"),
        ("  周六: {a: b}\n", "应是一段文字"),
        ("  周八: 09:00-12:00\n", "不认识“周八”"),
        ("  周日至周六: 09:00-12:00\n", "不认识“周日至周六”"),
        ("  星期三: 09:00-12:00\n", "周三的时间写了两次"),
        (
            "departments:\n  甲: {周一: 10:00-11:00}\n  甲: {周二: 10:00-11:00}\n",
            "第 6 行（departments › 甲）：“甲”写了两次",
        ),
        ("departments:\n  甲: {周一: 休息}\n", "第 5 行（departments › 甲）：一周中没有任何开放时间"),
        ("departments: [甲]\n", "第 4 行（departments）：应写成“名称：内容”"),
        ("closed: {days: 2026-03-05}\n", "第 4 行（closed）：应是一个列表"),
        ("closed:\n  - {days: 2026-03-05}\n", "第 5 行（closed › 第 1 项）：缺少“reason”"),
        ("closed:\n  - {days: 3月5日, reason: 停电}\n", "“3月5日”没有写年份"),
        ("closed:\n  - {days: 2026-03-05至2028-03-04, reason: 停电}\n", "最多 366 天"),
        ("closed:\n  - {days: 2026-03-05, reason: 停电, departments: []}\n", "没有内容"),
        ("holidays:\n  今年: []\n", "第 5 行（holidays › 今年）：“今年”不是年份"),
        ("holidays:\n  2027: []\n", "第 5 行（holidays › 2027）：没有内容"),
        (
            "holidays:\n  2026:\n    - {name: 元旦, days: 1月1日, from: 1月1日}\n",
            "不认识“from”，可用的有：name、days、work",
        ),
        ("holidays:\n  2026:\n    - {name: 元旦, days: 年初}\n", "看不懂“年初”"),
        ("holidays:\n  2026:\n    - {name: 元旦, days: 1日}\n", "看不懂“1日”"),
        ("holidays:\n  2026:\n    - {name: 元旦, days: 2月29日}\n", "没有 2026年2月29日 这一天"),
        ("holidays:\n  2026:\n    - {name: 元旦, days: 1月3日至1日}\n", "结束早于开始"),
        ("holidays:\n  2026:\n    - {name: 元旦, days: 2025-01-01}\n", "2025-01-01 不在 2026 年"),
        ("holidays:\n  2026:\n    - {name: 元旦, days: 1月1日（周五）}\n", "2026-01-01 是周四，不是周五"),
        (
            "holidays:\n  2026:\n    - {name: 国庆节, days: 10月1日至7日}\n    - {name: 中秋节, days: 10月7日}\n",
            "第 7 行（holidays › 2026 › 第 2 项 › days）：2026-10-07 已属于“国庆节”（第 6 行）",
        ),
        (
            "holidays:\n  2026:\n    - {name: 国庆节, days: 10月1日至7日, work: 10月4日}\n",
            "2026-10-04 又上班又放假：它在“国庆节”的放假时间内（第 6 行）",
        ),
        (
            "holidays:\n  2026:\n    - {name: 国庆节, days: 10月1日, work: '10月10日、10月10日'}\n",
            "2026-10-10 已是“国庆节”的调休上班日",
        ),
        (
            "holidays:\n  2026:\n    - {name: 国庆节, days: 10月1日, work: 10月9日}\n",
            "2026-10-09 是周五，不是周末",
        ),
        ("holidays:\n  2026:\n    - {name: 国庆节, days: 10月1日, work: 10月10日至11日}\n", "应只是一天"),
        (
            "holidays:\n  2026:\n    - {name: 国庆节, days: 10月1日, work: [{day: 10月10日, as: 礼拜五}]}\n",
            "› work › 第 1 项 › as）：不认识“礼拜五”",
        ),
        (
            "holidays:\n  2026:\n    - {name: 国庆节, days: 10月1日, work: [{day: 10月10日, as: 周一至周五}]}\n",
            "不认识“周一至周五”。请写一个",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_place(tmp_path: Path, added: str, said: str) -> None:
    [problem] = problems(tmp_path, GOOD + added)
    assert said in problem


@pytest.mark.parametrize("zone", ["Asia/Shanghia", "../etc/passwd", "Asia", "/etc", "北京"])
def test_a_zone_that_does_not_exist_is_named(tmp_path: Path, zone: str) -> None:
    [problem] = problems(tmp_path, GOOD.replace("Asia/Shanghai", zone))
    assert f"第 1 行（zone）：没有时区“{zone}”" in problem


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    bad = "hours:\n  周一: 9:00-8:00\n  周八: 休息\nclosed:\n  - {days: 5月1日}\nholidays:\n  2026: x\n"
    found = problems(tmp_path, bad)
    assert [re.match(r"第 (\d) 行", each)[1] for each in found] == ["1", "2", "3", "5", "5", "7"]  # type: ignore[index]
    assert "缺少“zone”" in found[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("zone: [\n", "第 2 行第 1 列不是有效的 YAML"),
        ("zone: a\n\thours: b\n", "第 2 行第 1 列不是有效的 YAML"),
        ("zone: &a [*a]\n", "第 1 行第 11 列不是有效的 YAML"),
        ("zone: a\n---\nzone: b\n", "不是有效的 YAML"),
        ("zone: a\x00b\n", "不是有效的 YAML"),
        ("zone: 北京\n".encode("gb18030"), "不是 UTF-8 编码"),
        ("", "没有内容"),
        ("- a\n", "第 1 行（最外层）：应写成“名称：内容”"),
        ("? [a]\n: b\n", "应写成“名称：内容”"),
    ],
)
def test_what_is_no_calendar_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    assert said in "\n".join(problems(tmp_path, content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalendarError, match=re.escape(str(tmp_path / "no.yml"))) as refused:
        WorkingCalendar.load(tmp_path / "no.yml")
    assert "无法读取文件" in refused.value.problems[0]
    with pytest.raises(CalendarError, match="无法读取文件"):
        WorkingCalendar.load(tmp_path)


def test_the_notice_can_be_copied_as_it_stands(tmp_path: Path, national: WorkingCalendar) -> None:
    path = tmp_path / "calendar.yml"
    path.write_text(
        GOOD
        + """\
holidays:
  2026:
    - name: 春节
      days: 2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）
      work: 2月14日（周六）、2月28日（周六）
    - {name: 元旦, days: 2026-01-01 至 2026-01-03, work: [2026-01-04]}
""",
        encoding="utf-8-sig",
    )
    copied = WorkingCalendar.load(path)
    for number in range(90):
        day = date(2026, 1, 1) + timedelta(number)
        ours, theirs = copied.day("", day), national.day("", day)
        assert (ours.kind, ours.name) == (theirs.kind, theirs.name)


def test_the_code_names_every_text_there_is_and_no_other_and_hides_no_chinese() -> None:
    folder = Path(desk.calendar.__file__).parent
    code = {
        file.name: re.sub(r'""".*?"""|#[^\n]*', "", file.read_text(encoding="utf-8"), flags=re.S)
        for file in folder.glob("*.py")
    }
    every = "".join(code.values())
    named = set(re.findall(r'problems\.add\([^"]*?"(\w+)"', every, re.S))
    named |= set(re.findall(r'"problems\.(\w+)"', every))
    assert len(named) > 25
    for key in named:
        assert TEXTS._find(f"problems.{key}")
    unused = [key for key in TEXTS._find("problems") if not re.search(rf'"(problems\.)?{key}"', every)]
    assert unused == []
    # The patterns that read dates and hours have Chinese characters; sentences are elsewhere.
    assert not re.findall("[一-鿿]{3,}", every)
