"""What the sample city's FAQs and golden questions cite is there to be cited."""

import csv
from pathlib import Path

from knowledge.content import read_document, read_faq_table, split_clauses
from knowledge.source import contains

SAMPLE = Path(__file__).parents[3] / "sample"


def is_citable(source: str, known: set[str]) -> bool:
    """Whether there is such an FAQ, document or clause, or a clause that has it inside: short ones stay whole."""
    return source in known or any("#" in each and contains(each, source) for each in known)


def citable() -> set[str]:
    """Every id that may be cited: FAQs, documents, clauses."""
    table = SAMPLE / "faq.csv"
    found = {faq.id for faq in read_faq_table(table.read_bytes(), table.name).faqs}
    for path in (SAMPLE / "documents").glob("*.md"):
        document = read_document(path.read_bytes(), path.name).document
        assert document is not None
        found.add(document.id)
        found |= {f"{document.id}#{clause.anchor}" for clause in split_clauses(document)}
    return found


def test_every_basis_of_an_faq_is_a_clause_or_document() -> None:
    table = SAMPLE / "faq.csv"
    known = citable()
    cited = [basis for faq in read_faq_table(table.read_bytes(), table.name).faqs for basis in faq.basis]
    assert cited
    assert [basis for basis in cited if not is_citable(basis, known)] == []


def test_every_accepted_source_of_a_golden_question_exists() -> None:
    known = citable()
    with (SAMPLE / "golden.csv").open(encoding="utf-8-sig", newline="") as file:
        accepted = [
            source.strip()
            for row in csv.DictReader(file)
            for source in row["accepted_sources"].split(";")
            if source.strip()
        ]
    assert accepted
    assert [source for source in accepted if not is_citable(source, known)] == []
