"""Facts that stand in a document's text or file name: hints for the editor to confirm."""

import re
from datetime import date, timedelta

from knowledge.content.attachments import find_attachments
from knowledge.content.dates import DAY, day_of, iso_date
from knowledge.content.display import plain_text
from knowledge.content.numerals import parse_numeral
from knowledge.content.outline import INFO_END
from knowledge.content.signature import ISSUER, find_signature

Fact = str | tuple[str, ...]

_HEAD = 3000
_NUMBER = r"[\u4e00-\u9fff（）]{1,16}[〔\[［（(【]\d{4}[〕\]］）)】]\s?第?\s?\d{1,5}\s?号"
_ORDER = r"[\u4e00-\u9fff]{2,30}(?:令|公告)\s{0,80}(?:\d{4}\s?年\s?)?[（(]?第?\s?\d{1,5}\s?号[）)]?"
# On a line of its own; in the red head of a submitted paper the signer stands beside it.
_DOC_NUMBER = re.compile(
    rf"^[\s（(*]{{0,80}}((?:文\s?号[：:]\s?)?)({_NUMBER}|{_ORDER})[\s）)*]{{0,80}}(?:签发人[：:].{{0,40}})?$",
    re.M,
)
_LABELLED = {
    "doc_number": re.compile(rf"(?:发文字号|文\s{{0,4}}号)[：:\s|]{{1,6}}({_NUMBER})"),
    "issuer": re.compile(
        r"(?:发文机关|发布机构|制发机关|发文单位|发布机关)[：:\s|]{1,6}([\u4e00-\u9fff、（）]{3,60})"
    ),
    "published": re.compile(
        rf"(?:成文日期|发文日期)[：:\s|]{{1,6}}(?:{DAY}|(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}))"
    ),
}
_RED_HEAD = re.compile(r"^\s{0,80}([\u4e00-\u9fff、\s]{3,60}?)\s{0,4}文\s{0,4}件\s{0,80}$", re.M)
_IN_FORCE = re.compile(
    rf"(本[\u4e00-\u9fff]{{1,8}})?自\s?{DAY}\s?(?:零时)?起(?:正式)?(?:施行|实施|执行|生效)"
)
_AT_ONCE = re.compile(
    r"(?:^|[，。；、\s])(?:本[\u4e00-\u9fff]{1,8})?自(?:公布|发布|印发|颁布|下发|发文|成文)之日起(?:正式)?(?:施行|实施|执行|生效)",
    re.M,
)
# Only the document's own term: "有效期" alone is often that of a licence the document speaks about.
_OWN_TERM = (
    r"(?:(?:施行|实施|执行|生效)[，,；;（(。]?\s?(?:本[\u4e00-\u9fff]{1,6})?"
    r"|本(?:办法|规定|通知|意见|细则|方案|决定|公告|通告|措施|规则|条例|政策))的?有效期(?:限)?"
)
_UNTIL = re.compile(rf"{_OWN_TERM}(?:为|截止|截)?(?:自?{DAY}(?:起)?)?[到至]\s?{DAY}")
_YEARS = re.compile(rf"{_OWN_TERM}(?:为|是)?\s?([一二两三四五六七八九十]|\d{{1,2}})\s?年")
_REPEALED = re.compile(r"(?:同时|予以|即行|一并)废止|同时停止执行")
_CITED = re.compile(
    rf"《([^《》\n]{{2,80}})》\s?(?:[（(]\s?({_NUMBER}|{_ORDER})[^（）()]{{0,20}}[)）])?|(?:(?<=[》）)、，])(?:以及|[和及与]))?({_NUMBER})"
)
_HISTORY_DATE = re.compile(rf"^{DAY}", re.M)
_HISTORY_IN_FORCE = re.compile(rf"^{DAY}\s{{0,4}}起?(?:施行|实施)\s*$", re.M)
_NAME_DATE = re.compile(r"[(（_\-](\d{4})-?(\d{2})-?(\d{2})[)）]?(?=\.|$)")
_HEADING = re.compile(r"^#{1,3}[ \t\u3000]{1,8}(\S.{0,199})$", re.M)
_RED_HEAD_LINE = re.compile(
    r"文\s{0,4}件$|^\s*(?:签发人|份号|密级|紧急程度|特急|加急)|^[★☆\d\s]+$|^[（(]?第\s?\d{1,5}\s?号[）)]?$"
)
_KIND = re.compile(
    r"(?:通知|意见|办法|规定|公告|通告|决定|方案|批复|函|细则|命令|解释|报告|请示|纪要|条例|措施|安排|答复|规划|计划|标准|指南|目录|通报)"
    r"(?:[（(].{1,20}[)）])?\Z"
)


def recognise(body: str, name: str) -> dict[str, Fact]:
    """The facts found, by their key in the front matter. What does not stand there is absent."""
    head = body[:_HEAD]
    mark = head.find(INFO_END)
    history = head[:mark] if mark >= 0 else head[:600]
    title = _title(body)
    number = _doc_number(head, history if mark >= 0 else head[:800])
    published, issuer = _published(name, history if mark >= 0 else "", head, body)
    issuer = issuer or _issuer_of_head(head, title)
    effective = _effective_from(body, history if mark >= 0 else "", published)
    found: dict[str, Fact] = {
        "title": title,
        "doc_number": number,
        "issuer": issuer,
        "published": published,
        "effective_from": effective,
        "effective_to": _effective_to(body, effective),
        "supersedes": _repealed(body, title),
        "attachments": find_attachments(body),
    }
    return {key: value for key, value in found.items() if value}


def _doc_number(head: str, where: str) -> str:
    labelled = _LABELLED["doc_number"].search(head)
    found = _DOC_NUMBER.search(where)
    text = labelled[1] if labelled else found[2] if found else ""
    return "".join(text.split())


def _repealed(body: str, title: str) -> tuple[str, ...]:
    """The documents that a sentence repeals: by their numbers, without one by their titles."""
    found: dict[str, None] = {}
    for match in _REPEALED.finditer(body):
        sentence = re.split(r"[。\n]", body[max(0, match.start() - 600) : match.start()])[-1]
        for cited in _CITED.finditer(sentence):
            number = cited[2] or cited[3]
            if number:
                found["".join(number.split()).lstrip("（(")] = None
            elif cited[1] != title:
                found[cited[1].strip()] = None
    return tuple(found)


def _title(body: str) -> str:
    mark = body.find(INFO_END, 0, _HEAD)
    headings = _HEADING.findall(body, 0, mark if mark >= 0 else _HEAD)
    if headings:
        # The parts of a code (民法典, 物权编) have one heading each before the INFO END mark.
        return plain_text(" ".join(headings if mark >= 0 else headings[:1]))
    lines = [plain_text(line) for line in body[:_HEAD].split("\n")]
    for index, shown in enumerate(lines):
        # The head of an official paper stands above its title: issuers, 文件, number.
        if not shown or _RED_HEAD_LINE.search(shown) or _DOC_NUMBER.match(shown) or shown.endswith("令"):
            continue
        if "关于" not in shown and ISSUER.fullmatch(shown):
            continue
        return _whole_title(shown, [line for line in lines[index + 1 :] if line])
    return ""


def _whole_title(first: str, below: list[str]) -> str:
    """A title that goes on in the next line: with a bracket open, or with its kind (的通知) only there."""
    title = first
    for line in below[:2]:
        is_open = title.count("《") > title.count("》") or title.count("（") > title.count("）")
        lacks_kind = "关于" in title and not _KIND.search(title) and bool(_KIND.search(line))
        if not (is_open or lacks_kind) or len(line) > 60:
            break
        title += line
    return title if len(first) <= 80 and first[-1] not in "。；;：:，,|" else ""


def _published(name: str, history: str, head: str, body: str) -> tuple[str, str]:
    """From the file's name, the last line of the history, the page's own table, or the signature at the end."""
    signed = find_signature(body)
    labelled = _LABELLED["published"].search(head)
    named = _LABELLED["issuer"].search(head)
    issuer = (signed.issuer if signed else "") or (named[1].strip("、") if named else "")
    in_name = _NAME_DATE.search(name)
    if in_name and (day := iso_date(in_name[1], in_name[2], in_name[3])):
        return day, issuer
    days = [
        day for found in _HISTORY_DATE.findall(_HISTORY_IN_FORCE.sub("", history)) if (day := day_of(*found))
    ]
    if days:
        return max(days), issuer
    if labelled:
        groups = labelled.groups()
        day = day_of(*groups[:3]) if groups[0] else iso_date(*groups[3:])
        if day:
            return day, issuer
    return signed.day if signed else "", issuer


def _issuer_of_head(head: str, title: str) -> str:
    """The red head's issuer, or the one that the title begins with."""
    red = _RED_HEAD.search(head[:400])
    if red:
        return "、".join(red[1].split())
    issuer = title.partition("关于")[0].strip() if "关于" in title else ""
    return "、".join(issuer.split()) if ISSUER.fullmatch(issuer) else ""


def _effective_from(body: str, history: str, published: str) -> str:
    """A later version keeps the first one's date in its last article; its own date is the earliest."""
    for found in _HISTORY_IN_FORCE.findall(history)[::-1]:
        if day := day_of(*found):
            return max(day, published)
    matches = list(_IN_FORCE.finditer(body))
    own = [match for match in matches if match[1]] or matches[-1:]
    if own and (day := day_of(*own[-1].groups()[1:])):
        return max(day, published)
    return published if _AT_ONCE.search(body) else ""


def _effective_to(body: str, effective_from: str) -> str:
    until = _UNTIL.search(body)
    if until:
        return day_of(*until.groups()[-3:]) or ""
    years = _YEARS.search(body)
    count = parse_numeral(years[1]) if years else None
    if not count or not effective_from:
        return ""
    start = date.fromisoformat(effective_from)
    leap = start.month == 2 and start.day == 29
    return (
        date(start.year + count, 3 if leap else start.month, 1 if leap else start.day) - timedelta(days=1)
    ).isoformat()
