"""Each step of the pipeline, and their order."""

import json
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from knowledge_fakes import TODAY, FakeEmbedder, document, fake_config, faq, weights

from knowledge.content import Document, Faq
from knowledge.decision.calibration import Calibration
from knowledge.embedding import EmbeddingCache
from knowledge.index.release import ReleaseIndex, build_release_index
from knowledge.pipeline import LAST_STEPS, STEPS, Candidate, Context, run_pipeline
from knowledge.pipeline.compose import most_relevant, opening
from knowledge.pipeline.context import Previous
from knowledge.pipeline.decide import decide, option_label
from knowledge.pipeline.rank import rank
from knowledge.pipeline.retrieve import retrieve
from knowledge.pipeline.understand import normalise_question, screen, understand
from knowledge.pipeline.validity import check_validity, why_not
from knowledge.source import Source, contains, is_basis

PERMIT = document("permit", "居住证办法", "申领居住证应当满半年。", "居住证每年签注一次。", region="澜川市")
CITY = document("city", "公租房办法", "公租房轮候三年。", "公租房按月交租。", region="澜川市")
PORT = document("port", "临港公租房办法", "公租房轮候一年。", region="临港区")
RIVER = document("river", "望江公租房办法", "公租房轮候两年。", region="望江区")
ASK = faq("FAQ-1", "居住证怎么办理", basis=("permit#第一条",), department="市公安局")


@pytest.fixture
def context(tmp_path: Path) -> Any:
    def make(question: str, *items: Document | Faq, today: date = TODAY, **decision: float) -> Context:
        config = fake_config(**decision)
        cache = EmbeddingCache(tmp_path / "cache", FakeEmbedder())
        folder = tmp_path / f"index-{abs(hash(items))}"
        build_release_index(folder, items or (PERMIT, ASK), cache, config.retrieval)
        index = ReleaseIndex(folder, 1, config.retrieval)
        return Context(
            question,
            today,
            index,
            FakeEmbedder(),
            config,
            text=question,
            calibration=Calibration(answer=config.decision.answer, clarify=config.decision.clarify),
        )

    return make


def source(identifier: str = "x", **facts: Any) -> Source:
    kind = "clause" if "#" in identifier else "faq"
    return Source(
        **{"kind": kind, "id": identifier, "title": "题", "text": "文", "search_text": "文", **facts}
    )


def test_the_steps_stand_in_their_order() -> None:
    assert [step.__name__ for step in STEPS] == [
        "normalise_question",
        "screen",
        "understand",
        "recall",
        "look_up",
        "follow",
        "retrieve",
        "rank",
        "check_validity",
        "note_lapse",
        "prefer_own",
        "decide",
        "compose",
    ]
    assert [step.__name__ for step in LAST_STEPS] == ["tell_notice", "ask_whom"]


def test_a_run_ends_with_the_step_that_answers_and_times_every_step(context: Any) -> None:
    run = context("？？？")
    answer = run_pipeline(run)
    looked_over = ["tell_notice", "ask_whom"]
    assert run.steps == ["normalise_question", "screen", *looked_over]
    assert set(answer.timings_ms) == {*run.steps, "total"}
    assert answer.release == "1"
    whole = context("居住证怎么办理")
    timings = run_pipeline(whole).timings_ms
    assert set(timings) == {step.__name__ for step in (*STEPS, *LAST_STEPS)} | {
        "embed",
        "lexical",
        "dense",
        "total",
    }


def test_the_question_is_brought_to_one_form_and_cut(context: Any) -> None:
    run = context("　居住證　　怎麼辦\x00理" + "？" * 1000)
    normalise_question(run)
    assert run.text.startswith("居住证 怎么办理?")
    assert len(run.text) == run.config.decision.max_question_length


@pytest.mark.parametrize("text", ["", " ", "？！。", "😀👍", "…——", "\n"])
def test_what_says_nothing_is_empty(context: Any, text: str) -> None:
    run = context(text)
    screen(run)
    assert run.answer is not None
    assert (run.answer.status, run.answer.reason) == ("no_answer", "empty")


@pytest.mark.parametrize("text", ["hello", "12345", "كيف", "как получить", "'; drop table", "<b>1</b>"])
def test_what_is_not_chinese_is_no_question(context: Any, text: str) -> None:
    run = context(text)
    screen(run)
    assert run.answer is not None
    assert (run.answer.status, run.answer.reason) == ("no_answer", "not_a_question")


@pytest.mark.parametrize("text", ["怎么办", "请问咋办呢?", "为什么", "多少?", "有没有"])
def test_a_question_about_nothing_is_asked_what_it_is_about(context: Any, text: str) -> None:
    run = context(text)
    screen(run)
    assert run.answer is not None
    assert (run.answer.status, run.answer.reason) == ("no_answer", "no_subject")
    after = context(text)
    after.previous = Previous("居住证丢了", ())
    screen(after)
    assert after.answer is None, "it is about what was said before"


def test_a_chinese_question_passes(context: Any) -> None:
    run = context("WiFi 怎么连")
    screen(run)
    assert run.answer is None


@pytest.mark.parametrize(
    ("question", "region"),
    [
        ("临港区的公租房", "临港区"),
        ("在临港怎么申请公租房", "临港区"),
        ("澜川市的公租房", "澜川市"),
        ("澜川市临港区的公租房", "临港区"),
        ("澜川临港公租房", "临港区"),
        ("望江区公租房", "望江区"),
        ("公租房怎么申请", ""),
        ("北京市的公租房", ""),
    ],
)
def test_the_region_is_the_one_that_the_question_names_a_district_before_its_city(
    context: Any, question: str, region: str
) -> None:
    run = context(question, CITY, PORT, RIVER)
    understand(run)
    assert run.region == region


def test_a_region_written_in_traditional_characters_is_known(context: Any) -> None:
    run = context("", faq("F", "问", region="臺北市"))
    run.text = "台北的居住证"
    understand(run)
    assert run.region == "臺北市"


def test_retrieving_gathers_faqs_and_clauses_with_their_evidence(context: Any) -> None:
    run = context("居住证怎么办理")
    retrieve(run)
    found = {candidate.source.id: candidate for candidate in run.candidates}
    assert set(found) == {"FAQ-1", "permit#第一条", "permit#第二条"}
    assert found["FAQ-1"].evidence["question_cosine"] == pytest.approx(1.0, abs=1e-2)
    assert found["FAQ-1"].evidence["answer_bm25"] > 0
    assert found["FAQ-1"].evidence["length"] == pytest.approx(math.log(8))
    assert 0 < found["permit#第一条"].evidence["clause_cosine"] < 1
    # What a kind does not have, it has no evidence of.
    assert not any(name.startswith(("question_", "answer_")) for name in found["permit#第一条"].evidence)
    assert not any(name.startswith("clause_") for name in found["FAQ-1"].evidence)
    assert run.timings["embed"] > 0


def test_ranking_puts_the_likeliest_first_and_probabilities_stay_below_1(context: Any) -> None:
    run = context("居住证怎么办理")
    retrieve(run)
    rank(run)
    assert run.candidates[0].source.id == "FAQ-1"
    assert run.candidates[0].evidence["question_match"] == pytest.approx(1.0)
    assert run.candidates[0].evidence["answer_coverage"] == pytest.approx(1.0)
    probabilities = [candidate.probability for candidate in run.candidates]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) < 1


def test_an_faq_is_as_certain_as_it_and_its_basis_together(context: Any) -> None:
    run = context("居住证怎么办理")
    retrieve(run)
    rank(run)
    by_id = {candidate.source.id: candidate for candidate in run.candidates}
    together = by_id["FAQ-1"].probability + by_id["permit#第一条"].probability
    assert by_id["FAQ-1"].confidence == pytest.approx(together)
    assert by_id["permit#第二条"].confidence == by_id["permit#第二条"].probability


def test_weights_however_large_do_not_overflow(context: Any) -> None:
    run = context("居住证怎么办理")
    run.config = replace(
        run.config, weights=weights(none=-5000.0, answer_coverage=90000.0, clause_coverage=90000.0)
    )
    retrieve(run)
    rank(run)
    assert sum(candidate.probability for candidate in run.candidates) == pytest.approx(1.0)


def test_without_candidates_nothing_is_ranked(context: Any) -> None:
    run = context("居住证怎么办理")
    rank(run)
    assert run.candidates == []


@pytest.mark.parametrize(
    ("basis", "clause", "expected"),
    [
        ("d#第八条", "d#第八条", True),
        ("d#第八条", "d#第八条第（二）项", True),
        ("d#第八条第（二）项", "d#第八条", True),
        ("d#第八条", "d#第八条之一", False),
        ("d#第八条", "d#第十八条", False),
        ("d#6.1", "d#6.10", False),
        ("d#6.1", "d#6.1.2", False),
        ("d#二、", "d#二、（四）", True),
        ("d", "d#第一条", True),
        ("d", "d-2024#第一条", False),
        ("《某办法》第八条", "d#第八条", False),
        ("", "d#第八条", False),
    ],
)
def test_a_clause_is_an_faqs_basis_when_one_holds_the_other(basis: str, clause: str, expected: bool) -> None:
    question, part = source("F", basis=(basis,)), source(clause)
    assert is_basis(question, part) is is_basis(part, question) is expected


def test_two_of_a_kind_are_no_basis() -> None:
    assert not is_basis(source("F", basis=("G",)), source("G"))
    assert not is_basis(source("d#第一条"), source("d#第一条第一款"))


def test_what_contains_what_is_told_by_whole_steps_of_an_anchor() -> None:
    assert contains("d#第一条", "d#第一条")
    assert not contains("d#第一条第一款", "d#第一条")


DAY = TODAY.isoformat()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, None),
        ({"status": "现行有效"}, None),
        ({"status": "已修改"}, None),
        ({"status": "已废止"}, "repealed"),
        ({"effective_from": DAY}, None),
        ({"effective_from": "2026-06-16"}, "not_yet"),
        ({"effective_to": DAY}, None),
        ({"effective_to": "2026-06-14"}, "expired"),
        ({"superseded_by": "某发〔2025〕1号"}, "superseded"),
    ],
)
def test_why_a_source_may_not_answer_today(context: Any, facts: dict[str, str], reason: str | None) -> None:
    run = context("问", document("d", "办法", "一条规定。", **facts))
    assert why_not(run.index.by_id["d#第一条"], run) == reason


@pytest.mark.parametrize(
    ("asked", "region", "reason"),
    [
        ("临港区", "临港区", None),
        ("临港区", "澜川市", None),
        ("临港区", "", None),
        ("临港区", "望江区", "region"),
        ("澜川市", "望江区", "region"),
        ("", "望江区", None),
    ],
)
def test_why_a_source_may_not_answer_here(context: Any, asked: str, region: str, reason: str | None) -> None:
    run = context("问", CITY, PORT, RIVER)
    run.region = asked
    assert why_not(source("F", region=region), run) == reason


def candidates(*given: tuple[Source, float]) -> list[Candidate]:
    return [Candidate(each, probability=p, confidence=p) for each, p in given]


OLD = document("old", "居住证旧办法", "申领居住证应当满五年。", doc_number="某发〔2017〕1号", status="已废止")
NEW = document("new", "居住证新办法", "申领居住证应当满半年。", supersedes=("某发〔2017〕1号",))


@pytest.mark.parametrize(("documents", "share"), [((OLD, NEW), 0.5), ((OLD,), 0.1)])
def test_what_has_lapsed_is_kept_aside_and_its_share_goes_to_its_heirs_if_there_are_any(
    context: Any, documents: tuple[Document, ...], share: float
) -> None:
    run = context("问", *documents)
    run.candidates = candidates((run.index.by_id["old#第一条"], 0.8), (source("F"), 0.1))
    check_validity(run)
    assert [(item.candidate.source.id, item.reason) for item in run.rejected] == [("old#第一条", "repealed")]
    assert [candidate.probability for candidate in run.candidates] == pytest.approx([share])


def test_the_share_of_what_has_lapsed_goes_to_what_its_successor_says_in_proportion(context: Any) -> None:
    run = context("问", OLD, NEW)
    rests = source("F", basis=("new#第一条",))
    lapsed, heir = (run.index.by_id[f"{name}#第一条"] for name in ("old", "new"))
    run.candidates = candidates((lapsed, 0.6), (heir, 0.1), (rests, 0.05), (source("G"), 0.2))
    check_validity(run)
    found = {each.source.id: each.probability for each in run.candidates}
    assert found == pytest.approx({"new#第一条": 0.5, "F": 0.25, "G": 0.2})


def test_an_faq_that_rests_only_on_what_has_lapsed_has_lapsed_with_it(context: Any) -> None:
    run = context("问", OLD, NEW)
    faqs = [source("F", basis=("old#第一条",)), source("G", basis=("old#第一条", "new#第一条"))]
    assert [why_not(each, run) for each in faqs] == ["repealed", None]


def test_a_repealed_basis_lends_an_faq_no_confidence(context: Any) -> None:
    run = context("问", OLD, NEW, CITY)
    resting = source("F", basis=("old#第一条", "city#第一条"))
    run.candidates = candidates((run.index.by_id["old#第一条"], 0.8), (resting, 0.1))
    run.candidates[1].confidence = 0.9
    check_validity(run)
    assert run.candidates[0].confidence == pytest.approx(0.5)


def decided(context: Any, *given: tuple[Source, float]) -> Context:
    run: Context = context("问", answer=0.6, clarify=0.4, option=0.03)
    run.candidates = candidates(*given)
    decide(run)
    return run


def test_a_likely_candidate_is_let_through(context: Any) -> None:
    assert decided(context, (source("F"), 0.6)).answer is None


def test_likely_only_together_is_asked_back(context: Any) -> None:
    run = decided(context, (source("F", title="甲"), 0.3), (source("G", title="乙"), 0.2))
    assert run.answer is not None
    assert run.answer.status == "clarify"
    assert [(option.id, option.label) for option in run.answer.options] == [("F", "甲"), ("G", "乙")]


def test_unlikely_even_together_is_declined(context: Any) -> None:
    run = decided(context, (source("F", department="市公安局"), 0.2), (source("G"), 0.1))
    assert run.answer is not None
    assert (run.answer.status, run.answer.reason) == ("no_answer", "low_confidence")
    assert run.answer.department == "市公安局"
    assert run.answer.options == ()


def test_nothing_found_is_declined_without_a_department(context: Any) -> None:
    run = decided(context)
    assert run.answer is not None
    assert (run.answer.status, run.answer.department, run.answer.confidence) == ("no_answer", None, 0.0)
    assert decided(context, (source("F"), 0.1)).answer.department is None  # type: ignore[union-attr]


def test_at_most_four_options_are_offered_and_none_that_is_unlikely(context: Any) -> None:
    many = decided(context, *((source(f"F{number}"), 0.15) for number in range(6)))
    assert [option.id for option in many.answer.options] == ["F0", "F1", "F2", "F3"]  # type: ignore[union-attr]
    few = decided(context, (source("F"), 0.45), (source("G"), 0.02))
    assert [option.id for option in few.answer.options] == ["F"]  # type: ignore[union-attr]
    assert few.answer.text != many.answer.text  # type: ignore[union-attr]


def test_an_faq_and_its_basis_or_an_article_and_its_item_are_one_option(context: Any) -> None:
    run = decided(
        context,
        (source("F", basis=("d#第八条",)), 0.2),
        (source("d#第八条第（二）项"), 0.1),
        (source("d#第九条"), 0.1),
        (source("d#第九条第（一）项"), 0.1),
        (source("d#第九条之一"), 0.1),
    )
    assert [option.id for option in run.answer.options] == ["F", "d#第九条", "d#第九条之一"]  # type: ignore[union-attr]


def test_a_clause_is_offered_by_its_document_its_article_and_its_opening() -> None:
    clause = source("d#第八条", title="居住证办法", article="第八条", text="第八条　申领居住证，应当满半年。")
    assert option_label(clause) == "《居住证办法》第八条（申领居住证……）"


def test_a_short_passage_is_given_whole() -> None:
    assert most_relevant("一句。二句。", "二句", 100) == ("一句。二句。", False)


def test_of_a_long_passage_the_sentences_about_the_question_are_given_verbatim() -> None:
    passage = "无关的一句话。" * 30 + "提取公积金要身份证。租房提取要租约。" + "无关的另一句话。" * 30
    excerpt, clipped = most_relevant(passage, "公积金租房提取要什么", 60)
    assert clipped
    assert excerpt in passage
    assert "提取公积金要身份证。租房提取要租约。" in excerpt
    assert len(excerpt) <= 60


def test_a_sentence_longer_than_the_limit_is_left_out_rather_than_cut() -> None:
    long = "很长的一句话" * 50 + "。"
    assert most_relevant(long + "短句。", "很长", 40) == ("短句。", True)
    assert most_relevant(long, "很长", 40) == ("", True)
    assert opening("短句。" + long, 40) == "短句。"
    assert opening(long, 40) == ""


def test_the_trace_explains_the_answer(context: Any) -> None:
    run = context(
        "居住证怎么办理", PERMIT, ASK, document("old", "居住证旧办法", "办理居住证。", status="已废止")
    )
    run_pipeline(run)
    trace = json.loads(json.dumps(run.trace()))
    assert trace["steps"] == run.steps
    assert trace["text"] == "居住证怎么办理"
    first = trace["candidates"][0]
    assert (first["id"], first["title"]) == ("FAQ-1", "居住证怎么办理")
    assert first["question_match"] == 1.0
    assert [(row["id"], row["reason"]) for row in trace["rejected"]] == [("old#第一条", "repealed")]
    assert trace["rejected"][0]["clause_bm25"] > 0


def test_what_only_the_answer_speaks_of_is_told_from_what_the_questions_say(context: Any) -> None:
    answer = "带身份证。不能与职工医保同时参加。"
    run = context(
        "职工医保", faq("FAQ-1", "居民医保怎么参加", answer), faq("FAQ-2", "职工医保怎么参加", answer)
    )
    normalise_question(run)
    retrieve(run)
    evidence = {each.source.id: each.evidence for each in run.candidates}
    assert evidence["FAQ-1"]["question_beside"] > 0
    assert evidence["FAQ-2"]["question_beside"] == 0
    assert evidence["FAQ-1"]["answer_coverage"] == evidence["FAQ-2"]["answer_coverage"] == pytest.approx(1.0)


def test_the_mean_of_the_nearest_questions_does_not_fall_with_how_many_there_are(context: Any) -> None:
    alike = ("居住证怎么办理", "居住证怎么办理呢", "居住证怎么办理啊")
    far = ("公积金提取", "新生儿上户口", "老年人乘公交")
    run = context(
        "居住证怎么办理",
        faq("FAQ-1", alike[0], similar_questions=alike[1:]),
        faq("FAQ-2", alike[0], similar_questions=(*alike[1:], *far)),
    )
    normalise_question(run)
    retrieve(run)
    few, many = (each.evidence for each in sorted(run.candidates, key=lambda each: each.source.id)[:2])
    assert few["question_best"] == pytest.approx(many["question_best"], abs=1e-3)
    assert few["question_best"] < few["question_cosine"]


def test_texts_are_compared_token_by_token(context: Any) -> None:
    run = context(
        "居住证怎么办理",
        faq("FAQ-1", "问", "带身份证，居住证就这样：怎么办理都行。"),
        faq("FAQ-2", "问", "居住地。"),
        faq("FAQ-3", "问", "公积金。"),
        document("permit", "办法", "怎么办理居住证。"),
    )
    retrieve(run)
    alike = {
        each.source.id: each.evidence["answer_max_sim" if each.source.kind == "faq" else "clause_max_sim"]
        for each in run.candidates
    }
    # Of the question's six pairs, each of which is a token here: 居住 住证 证怎 怎么 么办 办理.
    assert alike == pytest.approx({"FAQ-1": 5 / 6, "permit#第一条": 5 / 6, "FAQ-2": 1 / 6, "FAQ-3": 0.0})


def test_texts_are_compared_across_kinds_and_questions_among_faqs(context: Any) -> None:
    run = context("居住证怎么办理")
    retrieve(run)
    best = max(
        each.evidence.get("answer_cosine", each.evidence.get("clause_cosine")) for each in run.candidates
    )
    for each in run.candidates:
        kind = "answer" if each.source.kind == "faq" else "clause"
        assert each.evidence[f"behind_{kind}_cosine"] == pytest.approx(each.evidence[f"{kind}_cosine"] - best)
    faqs = [each.evidence["behind_question_cosine"] for each in run.candidates if each.source.kind == "faq"]
    assert max(faqs) == 0.0


def test_the_question_itself_says_how_much_of_it_is_known(context: Any) -> None:
    known, partly = context("居住证怎么办理"), context("居住证火星移民签证")
    for run in (known, partly):
        normalise_question(run)
        retrieve(run)
    assert all(each.evidence["known"] == pytest.approx(1.0) for each in known.candidates)
    assert 0 < partly.candidates[0].evidence["known"] < 1
