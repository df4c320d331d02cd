"""How documents stand on a day, from the facts of all of them."""

from __future__ import annotations

from typing import Any

import pytest
from knowledge_fakes import document

from knowledge.content import Document
from knowledge.index.segment import facts_of
from knowledge.source import sources_of
from knowledge.validity_facts import ValidityFacts, document_facts, number_key, title_key

DAY = "2026-06-15"


def doc(identifier: str, year: int, **facts: Any) -> Document:
    """A document of a year, numbered 某发〔year〕1号."""
    given = {"doc_number": f"某发〔{year}〕1号", "effective_from": f"{year}-03-01", **facts}
    return document(identifier, given.pop("title", f"{identifier}办法"), "第一句。", **given)


def facts(*documents: Document) -> ValidityFacts:
    return ValidityFacts(document_facts(facts_of(each, "", 1)) for each in documents)


def stands(identifier: str, *documents: Document, day: str = DAY) -> tuple[str | None, str | None, list[str]]:
    found = facts(*documents).standing(identifier, day)
    return found.lapse, found.since, [each.id or each.doc_number or each.title for each in found.successors]


@pytest.mark.parametrize(
    "said",
    [
        "某发〔2017〕6号",
        "某发[2017]6号",
        "某发（2017）6号",
        "某发【2017】第6号",
        "某发2017年6号",
        "某发 〔２０１７〕 ６ 号",
    ],
)
def test_a_number_is_one_however_it_is_written(said: str) -> None:
    assert number_key(said) == "某发|2017|6"


def test_a_title_is_known_without_its_edition() -> None:
    assert title_key("《居住证办法》（2017年）") == title_key("居住证 办法") == "居住证办法"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"supersedes": ("某发〔2017〕1号",)}),
        ({}, {"supersedes": ("某发[2017]第1号",)}),
        ({"superseded_by": "某发〔2024〕1号"}, {}),
        ({"superseded_by": "new"}, {}),
        ({}, {"supersedes": ("《old办法》",)}),
        ({}, {"supersedes": ("《某某的办法》（某发〔2017〕1号）",)}),
        ({"superseded_by": "《new办法》"}, {}),
        ({"title": "同名办法"}, {"title": "同名办法", "supersedes": ("《同名办法》",)}),
        ({"title": "同名办法（2017年）", "status": "已修改"}, {"title": "同名办法"}),
    ],
)
def test_either_document_may_say_by_number_id_or_title_what_replaces_what(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    both = doc("old", 2017, **old), doc("new", 2024, **new)
    assert stands("old", *both) == ("superseded", "2024-03-01", ["new"])
    assert stands("new", *both) == (None, None, [])
    assert stands("old", *both, day="2024-02-29") == (None, None, [])
    assert stands("new", *both, day="2024-02-29") == ("not_yet", "2024-03-01", [])


def test_a_chain_leads_to_what_holds_at_its_end() -> None:
    chain = (
        doc("a", 2010),
        doc("b", 2015, supersedes=("某发〔2010〕1号",)),
        doc("c", 2020, supersedes=("某发〔2015〕1号",)),
    )
    assert stands("a", *chain) == ("superseded", "2015-03-01", ["c"])
    assert stands("a", *chain, day="2016-01-01") == ("superseded", "2015-03-01", ["b"])
    assert stands("b", *chain) == ("superseded", "2020-03-01", ["c"])


def test_a_document_may_be_replaced_by_two() -> None:
    both = [doc(name, year, supersedes=("某发〔2010〕1号",)) for name, year in (("b", 2015), ("c", 2016))]
    assert stands("a", doc("a", 2010), *both) == ("superseded", "2015-03-01", ["b", "c"])


def test_facts_that_go_round_in_a_circle_come_to_an_end() -> None:
    circle = (
        doc("a", 2015, supersedes=("某发〔2016〕1号",)),
        doc("b", 2016, supersedes=("某发〔2017〕1号",), effective_from="2015-03-01"),
        doc("c", 2017, supersedes=("某发〔2015〕1号",), effective_from="2015-03-01"),
    )
    assert [stands(name, *circle)[0] for name in "abc"] == ["superseded"] * 3
    own = doc("own", 2015, supersedes=("某发〔2015〕1号",), superseded_by="own")
    assert stands("own", own) == (None, None, [])


def test_an_older_document_does_not_replace_a_newer_one() -> None:
    mistaken = doc("old", 2017, supersedes=("某发〔2024〕1号",))
    assert stands("new", mistaken, doc("new", 2024)) == (None, None, [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"status": "已废止"}, ("repealed", None, [])),
        ({"status": "已废止", "effective_to": "2024-02-29"}, ("repealed", "2024-03-01", [])),
        ({"status": "已废止", "effective_from": "2027-01-01"}, ("repealed", None, [])),
        ({"effective_to": "2026-06-14"}, ("expired", "2026-06-14", [])),
        ({"effective_to": DAY}, (None, None, [])),
        ({"effective_from": "2026-06-16"}, ("not_yet", "2026-06-16", [])),
        ({"effective_from": DAY}, (None, None, [])),
        ({"superseded_by": "某发〔2024〕9号"}, ("superseded", None, ["某发〔2024〕9号"])),
        ({"superseded_by": "《别的办法》"}, ("superseded", None, ["别的办法"])),
    ],
)
def test_a_documents_own_facts_count_by_the_day(
    given: dict[str, Any], expected: tuple[str | None, str | None, list[str]]
) -> None:
    assert stands("d", doc("d", 2017, **given)) == expected


def test_what_ran_out_and_was_replaced_is_replaced() -> None:
    old = doc("old", 2017, effective_to="2024-02-29")
    new = doc("new", 2024, supersedes=("某发〔2017〕1号",))
    assert stands("old", old, new) == ("superseded", "2024-03-01", ["new"])


def test_an_amended_document_holds() -> None:
    found = facts(doc("d", 2017, status="已修改")).standing("d", DAY)
    assert (found.lapse, found.amended) == (None, True)


def test_a_successor_that_has_ended_too_is_named_where_nothing_else_holds() -> None:
    gone = doc("new", 2024, supersedes=("某发〔2017〕1号",), status="已废止")
    assert stands("old", doc("old", 2017), gone) == ("superseded", "2024-03-01", ["new"])


def test_a_number_that_is_only_known_as_replaced_stands_as_replaced() -> None:
    known = facts(doc("new", 2024, supersedes=("某发〔2017〕1号",)))
    found = known.standing_of_number("某发|2017|1", DAY)
    assert found is not None
    assert (found.lapse, found.since, found.document.doc_number) == (
        "superseded",
        "2024-03-01",
        "某发〔2017〕1号",
    )
    assert [each.id for each in found.successors] == ["new"]
    assert known.standing_of_number("某发|1999|1", DAY) is None


def test_numbers_are_found_in_a_sentence_and_houses_are_none() -> None:
    known = facts(doc("d", 2017))
    assert known.numbers_in("请问某发〔2017〕1号还有效吗") == [("某发〔2017〕1号", "某发|2017|1")]
    assert known.numbers_in("我住文昌路20171号") == []
    assert [key for _, key in known.numbers_in("别发〔2020〕3号")] == ["别发|2020|3"]


def test_the_clause_about_something_is_the_last_that_says_it() -> None:
    text = ("第一句。", "某发[2017]1号同时废止。", "完。")
    successor = document("d", "办法", *text, doc_number="某发〔2024〕1号")
    known, clauses = facts(successor), sources_of([successor])
    found = [
        known.clause_about(clauses, *words) for words in (("某发〔2017〕1号",), ("没有", "废止"), ("没有",))
    ]
    assert [each.article if each else None for each in found] == ["第二条", "第二条", "第一条"]
