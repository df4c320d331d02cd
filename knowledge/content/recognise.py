"""Facts that stand in a document's text or file name: hints for the editor to confirm."""

import re
from datetime import date, timedelta

from knowledge.content.dates import iso_date
from knowledge.content.display import plain_text
from knowledge.content.numerals import parse_numeral
from knowledge.content.outline import INFO_END

_HEAD, _TAIL = 3000, 400
_NUMBER = r"[\u4e00-\u9fff（）]{1,16}[〔\[［（(【]\d{4}[〕\]］）)】]\s?第?\s?\d{1,5}\s?号"
_DOC_NUMBER = re.compile(
    rf"^[\s（(*]{{0,6}}((?:文号[：:]\s?)?)({_NUMBER}|[\u4e00-\u9fff]{{2,16}}令\s?第?\s?\d{{1,5}}\s?号)[\s）)*]{{0,6}}$",
    re.M,
)
_DAY = r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日"
_IN_FORCE = re.compile(rf"(本[\u4e00-\u9fff]{{1,8}})?自\s?{_DAY}\s?起(?:正式)?(?:施行|实施|执行|生效)")
_AT_ONCE = re.compile(r"本[\u4e00-\u9fff]{1,8}自(?:公布|发布|印发|颁布|下发)之日起(?:施行|实施|执行|生效)")
# Only the document's own term: "有效期" alone is often that of a licence the document speaks about.
_OWN_TERM = (
    r"(?:(?:施行|实施|执行|生效)[，,；;（(。]?\s?(?:本[\u4e00-\u9fff]{1,6})?"
    r"|本(?:办法|规定|通知|意见|细则|方案|决定|公告|通告|措施|规则|条例|政策))的?有效期(?:限)?"
)
_UNTIL = re.compile(rf"{_OWN_TERM}(?:为|截止|截)?(?:{_DAY})?[到至]\s?{_DAY}")
_YEARS = re.compile(rf"{_OWN_TERM}(?:为|是)?\s?([一二三四五六七八九十]|\d{{1,2}})\s?年")
_REPEALED = re.compile(r"同时废止")
_HISTORY_DATE = re.compile(rf"^{_DAY}", re.M)
_HISTORY_IN_FORCE = re.compile(rf"^{_DAY}\s{{0,4}}起?(?:施行|实施)\s*$", re.M)
_SIGNED = re.compile(rf"^\s{{0,80}}{_DAY}\s{{0,20}}$", re.M)
_ISSUER = re.compile(
    r"[\u4e00-\u9fff、（） \u3000]{2,40}(?:政府|委员会|局|厅|部|委|院|办公室|办公厅|中心|署)"
)
_NAME_DATE = re.compile(r"[(（_\-](\d{4})-?(\d{2})-?(\d{2})[)）]?(?=\.|$)")
_HEADING = re.compile(r"^#{1,3}[ \t\u3000]{1,8}(\S.{0,199})$", re.M)


def recognise(body: str, name: str) -> dict[str, str | tuple[str, ...]]:
    """The facts found, by their key in the front matter. What does not stand there is absent."""
    facts: dict[str, str | tuple[str, ...]] = {}
    head, tail = body[:_HEAD], body.rstrip()[-_TAIL:]
    mark = head.find(INFO_END)
    history = head[:mark] if mark >= 0 else head[:600]
    number = _DOC_NUMBER.search(history if mark >= 0 else head[:800])
    if number:
        facts["doc_number"] = "".join(number[2].split())
    title = _title(body)
    if title:
        facts["title"] = title
    published, issuer = _published(name, history if mark >= 0 else "", tail)
    if published:
        facts["published"] = published
    if issuer:
        facts["issuer"] = issuer
    effective = _effective_from(body, history if mark >= 0 else "", published)
    if effective:
        facts["effective_from"] = effective
    until = _effective_to(body, effective)
    if until:
        facts["effective_to"] = until
    repealed = _repealed(body)
    if repealed:
        facts["supersedes"] = repealed
    return facts


def _repealed(body: str) -> tuple[str, ...]:
    numbers: dict[str, None] = {}
    for match in _REPEALED.finditer(body):
        sentence = re.split(r"[。\n]", body[max(0, match.start() - 300) : match.start()])[-1]
        numbers |= dict.fromkeys(
            "".join(each.split()).lstrip("（(") for each in re.findall(_NUMBER, sentence)
        )
    return tuple(numbers)


def _title(body: str) -> str:
    mark = body.find(INFO_END, 0, _HEAD)
    headings = _HEADING.findall(body, 0, mark if mark >= 0 else _HEAD)
    if headings:
        # The parts of a code (民法典, 物权编) have one heading each before the INFO END mark.
        return plain_text(" ".join(headings if mark >= 0 else headings[:1]))
    for line in body[:_HEAD].split("\n"):
        shown = plain_text(line)
        if shown:
            is_title = len(shown) <= 80 and shown[-1] not in "。；;：:，,|" and not _DOC_NUMBER.match(shown)
            return shown if is_title else ""
    return ""


def _published(name: str, history: str, tail: str) -> tuple[str, str]:
    """From the file's name, the last line of the history, or the signature at the end."""
    signed = max(_SIGNED.finditer(tail), key=lambda match: match.start(), default=None)
    issuer = ""
    if signed:
        above = tail[: signed.start()].rstrip().rsplit("\n", 1)[-1].strip()
        issuer = above if _ISSUER.fullmatch(above) else ""
    in_name = _NAME_DATE.search(name)
    if in_name and (day := iso_date(in_name[1], in_name[2], in_name[3])):
        return day, issuer
    days = [
        day
        for found in _HISTORY_DATE.findall(_HISTORY_IN_FORCE.sub("", history))
        if (day := iso_date(*found))
    ]
    if days:
        return max(days), issuer
    return (iso_date(*signed.groups()) or "" if signed else ""), issuer


def _effective_from(body: str, history: str, published: str) -> str:
    """A later version keeps the first one's date in its last article; its own date is the earliest."""
    for found in _HISTORY_IN_FORCE.findall(history)[::-1]:
        if day := iso_date(*found):
            return max(day, published)
    matches = list(_IN_FORCE.finditer(body))
    own = [match for match in matches if match[1]] or matches[-1:]
    if own and (day := iso_date(*own[-1].groups()[1:])):
        return max(day, published)
    return published if _AT_ONCE.search(body) else ""


def _effective_to(body: str, effective_from: str) -> str:
    until = _UNTIL.search(body)
    if until:
        return iso_date(*until.groups()[-3:]) or ""
    years = _YEARS.search(body)
    count = parse_numeral(years[1]) if years else None
    if not count or not effective_from:
        return ""
    start = date.fromisoformat(effective_from)
    leap = start.month == 2 and start.day == 29
    return (
        date(start.year + count, 3 if leap else start.month, 1 if leap else start.day) - timedelta(days=1)
    ).isoformat()
