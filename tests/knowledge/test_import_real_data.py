"""Real laws and a real FAQ table into the drafts: beside the repository, and sometimes missing."""

from pathlib import Path

import pytest

from knowledge.importing import import_paths
from knowledge.service import KnowledgeService
from knowledge.store import ImportCounts

DATA = Path(__file__).parents[3] / "shared" / "data"
LAWS = DATA / "laws"
TAIPEI = DATA / "taipei" / "faq.csv"

needs_laws = pytest.mark.skipif(not LAWS.is_dir(), reason="../shared/data/laws is missing")
needs_taipei = pytest.mark.skipif(not TAIPEI.is_file(), reason="../shared/data/taipei/faq.csv is missing")


@needs_laws
def test_fifty_laws_are_imported_published_and_found_by_their_articles(service: KnowledgeService) -> None:
    paths = sorted(LAWS.rglob("*.md"))[:50]
    report = import_paths(service, paths)
    assert (report.files, report.documents) == (50, 50)
    assert report.counts == ImportCounts(added=50)
    assert [problem for problem in report.problems if problem.severity == "error"] == []
    assert import_paths(service, paths).counts == ImportCounts(unchanged=50)

    assert service.publish().documents == 50
    index = service.index()
    assert len({source.document_id for source in index.sources}) == 50
    assert len(index.by_id) == len(index.sources) > 1000
    for source in index.sources[:: len(index.sources) // 20]:
        answer = service.answer(source.text[:100])
        found = [row["id"] for row in service.log.explained(answer.id)["trace"]["candidates"]]
        rejected = [row["id"] for row in service.log.explained(answer.id)["trace"]["rejected"]]
        assert source.id in found + rejected


@needs_taipei
def test_a_citys_faq_table_is_imported_whole(service: KnowledgeService) -> None:
    report = import_paths(service, [TAIPEI])
    assert report.faqs == report.counts.added == service.store.draft_counts()["faq"]
    errors = [problem for problem in report.problems if problem.severity == "error"]
    assert report.faqs + len({problem.row for problem in errors}) == 1877
    assert import_paths(service, [TAIPEI]).counts == ImportCounts(unchanged=report.faqs)
