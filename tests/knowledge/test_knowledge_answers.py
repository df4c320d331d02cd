"""What citizens are answered, end to end through the knowledge service."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from knowledge_fakes import TODAY, FakeEmbedder, document, faq
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from knowledge.content import Document
from knowledge.errors import NoOptionsPending, OptionOutOfRange, UnknownAnswer
from knowledge.pipeline import Context
from knowledge.pipeline.compose import answer_from
from knowledge.service import KnowledgeService
from knowledge.tables import answer_feedback, answers

Publish = Callable[..., KnowledgeService]
PERMIT = document(
    "permit",
    "居住证管理办法",
    "申领居住证应当在本市居住满半年。凭身份证和租房合同到派出所办理。",
    "居住证每年签注一次。逾期未签注的，居住证使用功能中止。",
    doc_number="澜政规〔2024〕2号",
    issuer="市公安局",
    effective_from="2024-03-01",
    source_url="https://www.example.gov.cn/permit",
)
ANSWER = "带身份证到派出所。\n\n1. 先预约；\n2. 再现场办理，费用 0 元。"
APPLY = faq(
    "FAQ-1",
    "怎么申请居住证",
    ANSWER,
    similar_questions=("外地人要办暂住手续",),
    basis=("permit#第一条", "permit#第九十九条", "国务院《居住证暂行条例》"),
    department="市公安局",
    link="https://www.example.gov.cn/apply",
)
RENT = faq("FAQ-2", "公积金提取租房", "租房提取。")
BUY = faq("FAQ-3", "公积金提取购房", "购房提取。")


def test_an_faqs_answer_is_given_verbatim_with_its_basis_as_sources(publish: Publish) -> None:
    answer = publish(PERMIT, APPLY).answer("怎么申请居住证")
    assert (answer.status, answer.text, answer.department) == ("answered", ANSWER, "市公安局")
    assert answer.confidence >= 0.6
    first, second = answer.sources
    assert (first.kind, first.id, first.title, first.quote) == ("faq", "FAQ-1", "怎么申请居住证", ANSWER)
    assert first.url == "https://www.example.gov.cn/apply"
    assert (second.kind, second.id, second.title) == ("clause", "permit#第一条", "居住证管理办法")
    assert (second.doc_number, second.article) == ("澜政规〔2024〕2号", "第一条")
    assert second.quote == "第一条　申领居住证应当在本市居住满半年。凭身份证和租房合同到派出所办理。"
    assert (second.effective_from, second.effective_to) == ("2024-03-01", None)


def test_a_service_guides_picture_goes_with_its_source_and_changes_with_the_release(publish: Publish) -> None:
    picture = "https://www.example.gov.cn/apply.png"
    service = publish(PERMIT, replace(APPLY, picture=picture))
    first, second = service.answer("怎么申请居住证").sources
    assert (first.picture, second.picture) == (picture, "")
    assert service.answer("怎么申请居住证").to_dict()["sources"][0]["picture"] == picture
    with_picture = service.store.current().id
    assert publish(PERMIT, APPLY).answer("怎么申请居住证").sources[0].picture == ""
    service.rollback(with_picture)
    assert service.answer("怎么申请居住证").sources[0].picture == picture


def test_a_similar_question_leads_to_the_same_answer(publish: Publish) -> None:
    answer = publish(PERMIT, APPLY, RENT).answer("外地人要办暂住手续")
    assert [source.id for source in answer.sources] == ["FAQ-1", "permit#第一条"]


@pytest.mark.parametrize("asked", ["怎麼申請居住證", "怎么申请居住证？？", " 怎么 申请　居住证 "])
def test_the_way_of_writing_does_not_matter(publish: Publish, asked: str) -> None:
    assert publish(PERMIT, APPLY).answer(asked).status in ("answered", "clarify")


def test_traditional_writing_gets_the_same_answer(publish: Publish) -> None:
    service = publish(PERMIT, APPLY)
    assert service.answer("怎麼申請居住證").sources == service.answer("怎么申请居住证").sources


def test_a_clauses_answer_names_it_and_quotes_it_verbatim(publish: Publish) -> None:
    answer = publish(PERMIT).answer("居住证使用功能中止")
    assert answer.status == "answered"
    intro, quote = answer.text.split("\n", 1)
    assert ("居住证管理办法" in intro, "第二条" in intro) == (True, False)
    assert (
        quote == answer.sources[0].quote == "第二条　居住证每年签注一次。逾期未签注的，居住证使用功能中止。"
    )
    assert [source.id for source in answer.sources] == ["permit#第二条"]


def test_of_a_long_clause_whole_sentences_are_quoted_and_the_rest_is_said_to_be_left_out(
    publish: Publish,
) -> None:
    others = "".join(f"第{number}类事项由第{number}窗口受理。" for number in range(120))
    service = publish(document("long", "办事窗口规定", f"{others}办理残疾人证凭病历资料。{others}"))
    index = service.index()
    asked = "办理残疾人证凭病历资料"
    context = Context(asked, TODAY, index, FakeEmbedder(), service.config, text=asked)
    answer = answer_from(index.by_id["long#第一条"], context, 1.0)
    intro, quoted, hint = answer.text.split("\n")
    assert "第一条" in intro  # the excerpt begins elsewhere
    assert "办理残疾人证凭病历资料。" in quoted
    assert quoted in answer.sources[0].quote
    assert len(answer.text) <= service.config.compose.length
    assert (answer.clipped, "全文" in hint) == (True, True)


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("", "empty"),
        ("   \n\t", "empty"),
        ("？！……", "empty"),
        ("😀👍🏻", "empty"),
        ("\u200b\u200d\ufeff", "empty"),
        ("How do I get a permit?", "not_a_question"),
        ("как получить", "not_a_question"),
        ("' OR 1=1; DROP TABLE answers; --", "not_a_question"),
        ("<script>alert(1)</script>", "not_a_question"),
        ("1", "not_a_question"),
        ("怎么办", "no_subject"),
        ("请问怎么办呢？", "no_subject"),
        ("今天天气好吗", "low_confidence"),
        ("'; DROP TABLE answers; -- 天气", "low_confidence"),
        ("<img src=x onerror=alert(1)>天气", "low_confidence"),
        ('天气" AND title:(x^5 OR *', "low_confidence"),
        ("%s%n{0}{title}天气", "low_confidence"),
        ("天\x00气\ud83d", "low_confidence"),
        ("天气" * 5000, "low_confidence"),
        ("﷽" * 10000, "empty"),
        ("ﷺ" * 10000, "not_a_question"),
        ("の使い方を教えてください", "low_confidence"),
    ],
    ids=lambda value: value if value.isascii() and value.isidentifier() else "text",
)
def test_whatever_a_citizen_types_gets_an_answer_that_is_kept(
    publish: Publish, question: str, reason: str
) -> None:
    service = publish(PERMIT, APPLY)
    answer = service.answer(question, "web:1")
    assert (answer.status, answer.reason) == ("no_answer", reason)
    assert answer.text
    assert answer.sources == ()
    assert service.log.explained(answer.id)["conversation_id"] == "web:1"


def test_a_question_inside_10000_characters_is_still_read_from_the_beginning(publish: Publish) -> None:
    answer = publish(PERMIT, APPLY).answer("怎么申请居住证" + "。" * 10_000)
    assert answer.text == ANSWER


NOT_IN_FORCE = {
    "repealed": {"status": "已废止"},
    "expired": {"effective_to": "2026-06-14"},
    "not_yet": {"effective_from": "2026-06-16"},
    "superseded": {"superseded_by": "澜政规〔2026〕1号"},
}


@pytest.mark.parametrize("reason", NOT_IN_FORCE)
def test_what_is_not_in_force_is_rejected_and_never_answered(publish: Publish, reason: str) -> None:
    service = publish(replace(PERMIT, **NOT_IN_FORCE[reason]), RENT)
    answer = service.answer("居住证使用功能中止", "web:1")
    assert answer.notice is not None
    assert (answer.notice.kind, answer.notice.id) == (reason, "permit")
    assert answer.text == answer.notice.text
    assert "居住证使用功能中止" not in answer.text
    if reason == "not_yet":
        assert (answer.status, answer.reason, answer.notice.date) == ("answered", None, "2026-06-16")
    else:
        assert (answer.status, answer.reason, answer.sources) == ("no_answer", reason, ())
    rejected = service.log.explained(answer.id)["trace"]["rejected"]
    assert {row["reason"] for row in rejected} == {reason}
    assert rejected[0]["id"] == "permit#第二条"


def test_a_superseded_document_gives_way_to_its_successor(publish: Publish) -> None:
    new = document(
        "new",
        "居住证管理办法",
        "本办法适用于本市。",
        "居住证每两年签注一次。逾期未签注的，居住证使用功能中止。",
        doc_number="澜政规〔2026〕1号",
        supersedes=("澜政规〔2024〕2号",),
        effective_from="2026-01-01",
    )
    answer = publish(PERMIT, new).answer("居住证使用功能中止")
    assert [source.id for source in answer.sources] == ["new#第二条"]


@pytest.mark.parametrize(
    ("facts", "kind", "date"),
    [
        ({"effective_to": "2026-06-14"}, "expired", "2026年6月14日"),
        ({"effective_from": "2026-06-16"}, "not_yet", "2026年6月16日"),
    ],
)
def test_an_faq_that_is_not_in_force_is_never_answered_but_told_of(
    publish: Publish, facts: dict[str, str], kind: str, date: str
) -> None:
    answer = publish(replace(APPLY, **facts), RENT).answer("怎么申请居住证")
    assert answer.notice is not None
    assert (answer.notice.kind, date in answer.text, ANSWER in answer.text) == (kind, True, False)
    assert answer.status == ("answered" if kind == "not_yet" else "no_answer")


def test_an_faq_answers_on_its_first_and_last_day(publish: Publish, service: KnowledgeService) -> None:
    publish(replace(APPLY, effective_from="2026-06-15", effective_to="2026-06-15"))
    assert service.answer("怎么申请居住证").status == "answered"
    service._today = lambda: date(2026, 6, 16)
    assert service.answer("怎么申请居住证").status == "no_answer"


@pytest.mark.parametrize(
    ("question", "said", "status"),
    [
        ("2026年小学几号开始报名", "2026年小学网上报名为6月1日至10日。", "answered"),
        ("小学几号开始报名", "2026年小学网上报名为6月1日至10日。", "answered"),
        ("2027年小学几号开始报名", "2026年小学网上报名为6月1日至10日。", "clarify"),
        ("2027年小学几号开始报名", "2026年为6月1日，2027年为6月3日。", "answered"),
        ("2027年小学几号开始报名", "2025年至2028年均为6月1日。", "answered"),
        ("2020年生的小学几号开始报名", "2026年小学网上报名为6月1日至10日。", "answered"),
    ],
)
def test_what_is_said_of_one_year_is_no_answer_about_a_later_one(
    publish: Publish, question: str, said: str, status: str
) -> None:
    school = faq("FAQ-9", "小学几号开始报名", said, similar_questions=("2020年生的小学几号开始报名",))
    answer = publish(school, APPLY).answer(question)
    assert answer.status == status
    assert "FAQ-9" in [each.id for each in (*answer.sources, *answer.options)]


def test_what_is_asked_about_another_city_is_offered_and_not_answered(publish: Publish) -> None:
    service = publish(replace(APPLY, region="澜川市"), RENT)
    assert service.answer("怎么申请居住证").status == "answered"
    answer = service.answer("广州怎么申请居住证")
    assert answer.status == "clarify"
    assert APPLY.id in [each.id for each in answer.options]


SECTIONS = (
    "# 办法\n\n一、申领条件\n\n（一）住满半年；\n\n（二）有住所。\n\n二、附则\n\n（一）由公安局解释。\n\n"
)


def test_a_part_of_a_short_section_is_cited_by_itself(publish: Publish) -> None:
    notice = Document(id="notice", title="办法", body=SECTIONS)
    service = publish(
        notice, replace(APPLY, basis=("notice#一、（二）", "notice#一、（一）", "notice", "别处#一、"))
    )
    answer = service.answer("怎么申请居住证")
    assert [source.id for source in answer.sources] == ["FAQ-1", "notice#一、（二）", "notice#一、（一）"]


def test_a_part_of_a_short_section_is_not_searched_beside_it(publish: Publish) -> None:
    service = publish(Document(id="notice", title="居住证办法", body=SECTIONS))
    rejected = service.answer("居住证 住满半年").id
    trace = service.log.explained(rejected)["trace"]
    found = {row["id"] for row in [*trace["candidates"], *trace["rejected"]]}
    assert "notice#一、" in found
    assert not any("（" in each for each in found)


def test_whether_a_rule_still_holds_is_told_with_the_very_item_that_ends_it(publish: Publish) -> None:
    old = Document(id="old", title="居住证旧办法", body="第一条 旧的。", doc_number="澜政规〔2017〕6号")
    ends = "（二）本办法自2024年1月1日起施行。《居住证旧办法》（澜政规〔2017〕6号）同时废止。"
    new = Document(
        id="new",
        title="居住证办法",
        body=SECTIONS + ends,
        doc_number="澜政规〔2024〕1号",
        effective_from="2024-01-01",
        supersedes=("澜政规〔2017〕6号",),
    )
    answer = publish(old, new).answer("澜政规〔2017〕6号还有效吗")
    assert answer.status == "answered"
    assert [source.article for source in answer.sources] == ["二、（二）"]
    assert answer.sources[0].quote == ends


def test_a_basis_that_is_not_in_force_is_not_cited(publish: Publish) -> None:
    rules = document("rules", "派出所办事规定", "派出所应当当场受理。")
    resting = replace(APPLY, basis=("permit#第一条", "rules#第一条"))
    answer = publish(replace(PERMIT, status="已废止"), rules, resting).answer("怎么申请居住证")
    assert [source.id for source in answer.sources] == ["FAQ-1", "rules#第一条"]


CITY = document("city", "公租房办法", "公租房轮候期三年。", "公租房按月交租。", region="澜川市")
PORT = document("port", "临港区公租房办法", "公租房轮候期一年。", region="临港区")
RIVER = document("river", "望江区公租房办法", "公租房轮候期两年。", region="望江区")


def test_another_regions_rule_is_rejected_and_never_answered(publish: Publish) -> None:
    service = publish(CITY, PORT, RIVER)
    answer = service.answer("临港区公租房轮候期")
    told = {source.id for source in answer.sources} | {option.id for option in answer.options}
    assert "port#第一条" in told
    assert "river#第一条" not in told
    rejected = service.log.explained(answer.id)["trace"]["rejected"]
    assert ("river#第一条", "region") in [(row["id"], row["reason"]) for row in rejected]


def test_alike_subjects_are_asked_back_and_one_is_chosen_by_its_number(publish: Publish) -> None:
    service = publish(RENT, BUY, APPLY)
    asked = service.answer("公积金提取", "web:1")
    assert asked.status == "clarify"
    assert 2 <= len(asked.options) <= 4
    assert {option.label for option in asked.options} == {"公积金提取租房", "公积金提取购房"}
    number = [option.id for option in asked.options].index("FAQ-3") + 1
    chosen = service.choose("web:1", number)
    assert (chosen.status, chosen.text, chosen.confidence) == ("answered", "购房提取。", 1.0)
    assert [source.id for source in chosen.sources] == ["FAQ-3"]
    assert chosen.release == asked.release
    kept = service.log.explained(chosen.id)
    assert (kept["question"], kept["trace"]["question"]) == ("公积金提取购房", "公积金提取")
    assert (kept["trace"]["origin"], kept["trace"]["choice_of"]) == ("choice", asked.id)


def test_never_more_than_four_options_are_offered(publish: Publish) -> None:
    many = [faq(f"F{number}", f"公积金提取{word}") for number, word in enumerate("租购建修离退")]
    answer = publish(*many).answer("公积金提取", "web:1")
    assert (answer.status, len(answer.options)) == ("clarify", 4)


@pytest.mark.parametrize("number", [0, -1, 3, 99])
def test_a_number_that_was_not_offered_is_refused(publish: Publish, number: int) -> None:
    service = publish(RENT, BUY)
    assert len(service.answer("公积金提取", "web:1").options) == 2
    with pytest.raises(OptionOutOfRange, match="1 到 2"):
        service.choose("web:1", number)
    assert service.choose("web:1", 1).status == "answered"


def test_nothing_can_be_chosen_where_nothing_was_offered_last(publish: Publish) -> None:
    service = publish(RENT, BUY, APPLY)
    service.answer("公积金提取", "web:1")
    with pytest.raises(NoOptionsPending):
        service.choose("web:2", 1)
    service.answer("怎么申请居住证", "web:1")
    with pytest.raises(NoOptionsPending):
        service.choose("web:1", 1)


def test_an_option_taken_back_since_it_was_offered_is_not_answered(publish: Publish) -> None:
    service = publish(RENT, BUY)
    offered = service.answer("公积金提取", "web:1").options
    service.store.remove("faq", [offered[0].id])
    service.publish()
    chosen = service.choose("web:1", 1)
    assert (chosen.status, chosen.sources) == ("no_answer", ())


def test_an_option_that_has_ended_since_it_was_offered_is_not_answered(publish: Publish) -> None:
    ends = {"effective_to": "2026-06-15"}
    service = publish(replace(RENT, **ends), replace(BUY, **ends))
    assert len(service.answer("公积金提取", "web:1").options) == 2
    service._today = lambda: date(2026, 6, 16)
    chosen = service.choose("web:1", 1)
    assert (chosen.status, chosen.sources) == ("no_answer", ())


def test_every_answer_is_kept_with_its_trace(publish: Publish) -> None:
    service = publish(PERMIT, APPLY)
    answer = service.answer("怎么申请居住证", "wechat:1")
    kept = service.log.explained(answer.id)
    assert kept["question"] == "怎么申请居住证"
    assert kept["status"] == "answered"
    assert kept["release_id"] == service.store.current().id
    assert "compose" in kept["trace"]["steps"]
    assert kept["trace"]["candidates"][0]["id"] == "FAQ-1"
    assert kept["answer"]["sources"][0]["quote"] == ANSWER
    assert kept["answer"]["timings_ms"]["total"] > 0


def test_the_latest_answer_is_the_conversations_own(publish: Publish) -> None:
    service = publish(PERMIT, APPLY)
    service.answer("怎么申请居住证", "web:1")
    second = service.answer("今天天气好吗", "web:1")
    service.answer("怎么申请居住证", "web:2")
    service.answer("怎么申请居住证")
    latest = service.log.latest("web:1")
    assert latest is not None
    assert latest["id"] == second.id
    assert service.log.latest("web:3") is None


def test_a_verdict_is_kept_for_an_answer_that_was_given(publish: Publish, engine: Engine) -> None:
    service = publish(PERMIT, APPLY)
    answer = service.answer("怎么申请居住证")
    service.log.rate(answer.id, False, "不对\x00\ud800")
    with engine.connect() as connection:
        (row,) = connection.execute(select(answer_feedback)).all()
    assert (row.answer_id, row.helpful, row.comment) == (answer.id, False, "不对")
    with pytest.raises(UnknownAnswer, match="nothing"):
        service.log.rate("nothing", True)


def test_answers_in_threads_are_all_kept(publish: Publish, engine: Engine) -> None:
    service = publish(PERMIT, APPLY)
    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda number: service.answer("怎么申请居住证", f"web:{number}"), range(40)))
    assert {answer.text for answer in given} == {ANSWER}
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(answers)).scalar() == 40
