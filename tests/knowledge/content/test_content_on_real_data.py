"""Real files, 527 laws and a city's FAQ table: beside the repository, and sometimes missing."""

import re
from functools import cache
from pathlib import Path

import pytest

from knowledge.content import (
    Clause,
    Document,
    read_document,
    read_faq_table,
    split_clauses,
    write_document,
    write_faq_table,
)

DATA = Path(__file__).parents[4] / "shared" / "data"
LAWS = DATA / "laws"
TAIPEI = DATA / "taipei" / "faq.csv"
ARTICLE = re.compile(r"^[\s#*]*(第[零〇一二三四五六七八九十百千0-9]+条(?:之[一二三四五六七八九十]+)?)", re.M)

needs_laws = pytest.mark.skipif(not LAWS.is_dir(), reason="../shared/data/laws is missing")
needs_taipei = pytest.mark.skipif(not TAIPEI.is_file(), reason="../shared/data/taipei/faq.csv is missing")


@cache
def laws() -> list[tuple[Document, list[Clause]]]:
    documents = []
    for path in sorted(LAWS.rglob("*.md")):
        result = read_document(path.read_bytes(), path.name)
        assert result.document is not None, (path, result.problems)
        documents.append(result.document)
    return [(document, split_clauses(document)) for document in documents]


@needs_laws
def test_every_law_is_read_with_an_id_of_its_own() -> None:
    assert len(laws()) == 527
    assert len({document.id for document, _ in laws()}) == 527


@needs_laws
def test_no_character_of_a_law_is_lost() -> None:
    for document, clauses in laws():
        covered = bytearray(len(document.body))
        for clause in clauses:
            assert document.body[clause.start : clause.end] == clause.text
            covered[clause.start : clause.end] = b"\1" * (clause.end - clause.start)
        lost = [i for i, char in enumerate(document.body) if not char.isspace() and not covered[i]]
        assert not lost, (document.id, document.body[lost[0] :][:30])


@needs_laws
def test_every_article_of_a_law_has_its_anchor_and_anchors_are_unique() -> None:
    found = 0
    for document, clauses in laws():
        anchors = [clause.anchor for clause in clauses]
        assert len(anchors) == len(set(anchors)), document.id
        numbers = ARTICLE.findall(document.body)
        assert set(numbers) <= set(anchors), document.id
        found += len(numbers)
    assert found > 26_000


# The one line of the 26,040 that only looks like an article: a line of the history, broken in the file itself.
NO_ARTICLE = {("文物保护法-2017-11-04", "第三十一条的决定》第一次修正")}


@needs_laws
def test_every_line_of_a_law_that_begins_with_an_article_number_begins_that_article() -> None:
    exceptions = set()
    for document, clauses in laws():
        articles = {clause.start: clause.anchor for clause in clauses if clause.kind == "article"}
        for match in ARTICLE.finditer(document.body):
            start = document.body.rfind("\n", 0, match.start(1)) + 1
            line = document.body[start:].split("\n", 1)[0]
            anchor = articles.get(start + len(line) - len(line.lstrip()), "")
            if not anchor.startswith(match[1]):
                exceptions.add((document.id, line.strip()))
    assert exceptions == NO_ARTICLE


@needs_laws
def test_articles_of_a_law_do_not_swallow_each_other() -> None:
    for document, clauses in laws():
        for clause in clauses:
            if clause.kind == "article":
                assert len(ARTICLE.findall(clause.text)) <= 1, (document.id, clause.anchor)


@needs_laws
def test_laws_survive_a_round_trip() -> None:
    for document, _ in laws():
        assert read_document(write_document(document).encode(), "别名(1999-01-01).md").document == document


@needs_taipei
def test_the_city_table_imports_as_it_is() -> None:
    table = read_faq_table(TAIPEI.read_bytes(), TAIPEI.name)
    assert table.rows == 1877
    assert len(table.faqs) == 1875
    errors = [(each.code, each.column) for each in table.problems if each.severity == "error"]
    assert errors == [("empty_required", "答案")] * 2
    assert not [faq.id for faq in table.faqs if re.search(r"</?(?:br|p|td|a|li)[ />]", faq.answer, re.I)]
    assert max(faq.effective_to or "" for faq in table.faqs) > "2100"


@needs_taipei
@pytest.mark.parametrize("target", ["csv", "xlsx"])
def test_the_city_table_survives_a_round_trip(target: str) -> None:
    faqs = read_faq_table(TAIPEI.read_bytes(), TAIPEI.name).faqs
    assert read_faq_table(write_faq_table(faqs, target), f"a.{target}").faqs == faqs
