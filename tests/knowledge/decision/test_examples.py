"""Questions with known answers are made of the content: evenly, always the same, and not giving themselves away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from knowledge_fakes import document, faq

from knowledge.decision.evidence import WEIGHED
from knowledge.decision.examples import Example, examples, held_out, rows_of
from knowledge.pipeline import Context
from knowledge.pipeline.retrieve import retrieve
from knowledge.service import KnowledgeService
from knowledge.source import Source, faq_source

Publish = Callable[..., KnowledgeService]
PERMIT = document("permit", "居住证办法", "申领居住证应当住满半年。", "居住证每年签注一次。")
FARES = document("fares", "公交票价规定", "老年人乘坐公交免费。")
OWN = ("外地人办理居住证", "怎么弄居住证", "居住证的办法", "申请居住证的步骤")
ASK = faq("FAQ-1", "居住证怎么申请", similar_questions=OWN, basis=("permit#第一条",))
OTHER = faq("FAQ-2", "老年人乘公交怎么收费", similar_questions=("老人坐公交要钱吗",))
QUESTION = faq_source(ASK).questions


def faqs(*similar: int) -> list[Source]:
    return [
        faq_source(
            faq(
                f"F{number}", f"问题{number}", similar_questions=[f"{number}问{each}" for each in range(size)]
            )
        )
        for number, size in enumerate(similar)
    ]


def test_questions_are_held_out_evenly_and_the_same_every_time() -> None:
    given = faqs(5, 1, 0, 5)
    pairs = held_out(given, 7)
    assert Counter(source.id for source, _ in pairs) == {"F0": 3, "F3": 3, "F1": 1}
    assert len({question for _, question in pairs}) == 7
    assert pairs == held_out(given[::-1], 7)


def test_standard_questions_are_never_held_out_and_there_are_no_more_than_there_are() -> None:
    given = faqs(2, 3)
    pairs = held_out(given, 100)
    assert sorted(question for _, question in pairs) == sorted(
        q for each in given for q in each.questions[1:]
    )


@pytest.fixture
def made(publish: Publish) -> Callable[[str], tuple[Context, list[Example]]]:
    """The two examples of a question of FAQ-1, and the run that they were made of."""
    service = publish(PERMIT, FARES, ASK, OTHER)

    def make(question: str) -> tuple[Context, list[Example]]:
        runs: list[Context] = []

        def context_for(asked: str) -> Context:
            runs.append(service.context(asked))
            return runs[-1]

        found = list(examples([(service.index().by_id["FAQ-1"], question)], context_for))
        return runs[0], found

    return make


@pytest.mark.parametrize("question", OWN)
def test_the_held_out_question_is_not_found_by_itself(
    made: Callable[[str], tuple[Context, list[Example]]], question: str
) -> None:
    run, _ = made(question)
    own = _rows_of(run, question)
    assert own == run.hidden
    assert len(own) == 1
    # Asked word for word, it would be nearest to itself.
    vectors = run.embedder.queries([question])
    shown = run.index.search("questions", question, vectors, 10, hidden=run.hidden)
    assert own.isdisjoint(hit.row for _, hit in shown)
    near, left = (
        run.index.cosines("questions", ["FAQ-1"], vectors, hidden)[0] for hidden in ((), run.hidden)
    )
    assert max(near) == pytest.approx(1.0, abs=0.01)
    assert max(left) < 0.99


def _rows_of(run: Context, question: str) -> set[int]:
    rows, questions = run.index.rows("questions", "FAQ-1"), run.index.by_id["FAQ-1"].questions
    return {row for row, each in zip(rows, questions, strict=True) if each == question}


def test_a_held_out_question_does_not_speak_for_its_faq(publish: Publish) -> None:
    question = "丢掉饭碗能拿救济吗"
    job = faq("FAQ-3", "失业保险金怎么申领", similar_questions=("失业金去哪里领",))
    evidence = []
    for similar in ((*job.similar_questions, question), job.similar_questions):
        service = publish(PERMIT, ASK, OTHER, replace(job, similar_questions=similar))
        run = service.context(question)
        run.hidden = rows_of(run.index, run.index.by_id["FAQ-3"], [question])
        run.text = "失业保险金能拿救济吗"
        retrieve(run)
        evidence.append(next(each.evidence for each in run.candidates if each.source.id == "FAQ-3"))
    hidden, never_there = evidence
    for name in ("question_beside", "answer_coverage", "question_match", "question_cosine", "question_best"):
        assert hidden[name] == pytest.approx(never_there[name], abs=0.05), name
    assert hidden["question_beside"] == 0.0


def test_the_first_example_has_the_answer_the_second_none_of_its_sources(
    made: Callable[[str], tuple[Context, list[Example]]],
) -> None:
    run, (answerable, not_answerable) = made(OWN[0])
    found = [each.source.id for each in run.candidates]
    right = {name for name, is_right in zip(found, answerable.right, strict=True) if is_right}
    assert right == {"FAQ-1", "permit#第一条"}
    assert (answerable.answerable, not_answerable.answerable) == (True, False)
    assert not not_answerable.right.any()
    assert len(not_answerable.right) == len(found) - 2
    assert not_answerable.evidence.shape == (len(found) - 2, len(WEIGHED))
    # What is left is compared among itself: something of it has most of everything.
    behind = [place for place, name in enumerate(WEIGHED) if name.startswith("behind_")]
    assert not_answerable.evidence[:, behind].max(axis=0) == pytest.approx(0.0)
    assert answerable.subjects.sum() > len(found)  # the FAQ and its basis add up
