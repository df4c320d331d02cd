"""Drafts and releases in a real database."""

import threading
from dataclasses import replace

import pytest
from knowledge_fakes import document, faq
from sqlalchemy import func, select
from sqlalchemy.engine import Engine

from knowledge.content import Synonym
from knowledge.errors import NothingPublished, UnknownRelease
from knowledge.store import ContentStore, ImportCounts
from knowledge.tables import item_versions, releases

A, B = faq("A", "甲问题"), faq("B", "乙问题")
D = document("D", "丁办法", "第一句。")
W = Synonym("甲", ("某甲",))


@pytest.fixture
def store(engine: Engine) -> ContentStore:
    return ContentStore(engine)


def test_drafts_come_back_equal_by_kind_and_id(store: ContentStore) -> None:
    store.put([B, A, D])
    assert store.drafts() == [D, A, B]
    assert store.draft_counts() == {"document": 1, "faq": 2}


def test_putting_counts_what_is_added_changed_and_unchanged(store: ContentStore) -> None:
    assert store.put([A, B]) == ImportCounts(added=2)
    changed = replace(B, answer="新的答案")
    assert store.put([A, changed, D]) == ImportCounts(added=1, changed=1, unchanged=1)
    assert store.drafts() == [D, A, changed]


def test_the_last_of_equal_ids_wins(store: ContentStore) -> None:
    last = replace(A, answer="后来的")
    assert store.put([A, last]) == ImportCounts(added=1)
    assert store.drafts() == [last]


def test_a_document_and_an_faq_may_have_the_same_id(store: ContentStore) -> None:
    same = document("A", "甲办法", "一句。")
    assert store.put([A, same]) == ImportCounts(added=2)
    assert store.drafts() == [same, A]


def test_going_back_to_earlier_content_stores_no_second_version(store: ContentStore, engine: Engine) -> None:
    store.put([A])
    store.put([replace(A, answer="改")])
    assert store.put([A]) == ImportCounts(changed=1)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(item_versions)).scalar() == 2


def test_putting_nothing_changes_nothing(store: ContentStore) -> None:
    assert store.put([]) == ImportCounts()


def test_more_items_than_a_statement_takes_are_put_frozen_restored_and_removed(store: ContentStore) -> None:
    many = [faq(f"F{number:05}", f"问题{number}") for number in range(1000)]
    assert store.put(many) == ImportCounts(added=1000)
    release = store.freeze("")
    assert store.remove("faq", [item.id for item in many] + ["missing"]) == 1000
    assert store.drafts() == []
    store.restore_drafts(release.id)
    assert store.drafts() == many


def test_removing_says_how_many_were_there_and_minds_the_kind(store: ContentStore) -> None:
    store.put([A, B, D])
    assert store.remove("document", ["A"]) == 0
    assert store.remove("faq", ["A", "没有"]) == 1
    assert store.remove("faq", []) == 0
    assert store.drafts() == [D, B]


def test_freezing_counts_the_content(store: ContentStore) -> None:
    store.put([A, B, D])
    release = store.freeze("说明")
    assert (release.documents, release.faqs, release.note) == (1, 2, "说明")
    assert release.published_at is None
    assert not release.current


def test_everyday_words_are_content_of_a_kind_of_their_own(store: ContentStore) -> None:
    store.put([A, D])
    without = store.freeze("")
    store.put([replace(A, id="甲"), W])
    assert store.draft_counts() == {"document": 1, "faq": 2, "synonym": 1}
    store.remove("faq", ["甲"])
    assert store.drafts() == [D, A, W]
    release = store.freeze("")
    assert (release.documents, release.faqs) == (1, 1)
    assert (store.synonyms(release.id), store.synonyms(without.id)) == ([W], [])
    assert store.release_content(release.id) == [D, A, W]


def test_a_release_that_differs_only_in_everyday_words_is_another_one(store: ContentStore) -> None:
    store.put([A, W])
    first = store.freeze("")
    store.put([replace(W, official=("某乙",))])
    second = store.freeze("")
    assert second.id != first.id
    assert second.digest != first.digest
    assert store.synonyms(first.id) == [W]
    # What answers is the same, and so is all that is indexed.
    assert store.release_hashes(second.id) == store.release_hashes(first.id)
    store.restore_drafts(first.id)
    assert store.drafts() == [A, W]


def test_freezing_unchanged_drafts_again_gives_the_same_release(store: ContentStore) -> None:
    store.put([A])
    first = store.freeze("一")
    assert store.freeze("二") == first
    assert len(store.releases()) == 1


def test_a_release_never_changes(store: ContentStore) -> None:
    store.put([A, D])
    first = store.freeze("")
    store.put([replace(A, answer="改"), B])
    store.remove("document", ["D"])
    second = store.freeze("")
    assert store.release_content(first.id) == [D, A]
    assert store.release_content(second.id) == [replace(A, answer="改"), B]
    assert first.digest != second.digest


def test_the_digest_says_what_the_content_is(store: ContentStore) -> None:
    store.put([A])
    first = store.freeze("")
    store.put([B])
    store.freeze("")
    store.remove("faq", ["B"])
    third = store.freeze("")
    assert third.id != first.id
    assert third.digest == first.digest


def test_activating_makes_one_release_current(store: ContentStore) -> None:
    store.put([A])
    first = store.activate(store.freeze("").id)
    store.put([B])
    second = store.activate(store.freeze("").id)
    assert first.published_at is not None
    assert store.current() == second
    assert [(release.id, release.current) for release in store.releases()] == [
        (second.id, True),
        (first.id, False),
    ]


def test_activating_again_keeps_the_time_of_first_publication(store: ContentStore) -> None:
    store.put([A])
    first = store.activate(store.freeze("").id)
    store.put([B])
    store.activate(store.freeze("").id)
    assert store.activate(first.id).published_at == first.published_at


def test_before_the_first_publication_nothing_is_current(store: ContentStore) -> None:
    assert store.current_id() is None
    with pytest.raises(NothingPublished, match="还没有发布"):
        store.current()


@pytest.mark.parametrize("call", ["release", "release_content", "activate", "restore_drafts"])
def test_an_unknown_release_is_named(store: ContentStore, call: str) -> None:
    store.put([A])
    with pytest.raises(UnknownRelease, match="99"):
        getattr(store, call)(99)
    assert store.drafts() == [A]
    assert store.current_id() is None


def test_restoring_sets_the_drafts_to_a_release(store: ContentStore) -> None:
    store.put([A, D])
    first = store.freeze("")
    store.put([replace(A, answer="改"), B])
    store.restore_drafts(first.id)
    assert store.drafts() == [D, A]


def test_threads_that_put_at_once_lose_nothing(store: ContentStore) -> None:
    failures: list[BaseException] = []

    def put(worker: int) -> None:
        try:
            for number in range(10):
                store.put([faq(f"F{worker}-{number}", "问"), faq("shared", f"{worker}-{number}")])
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.draft_counts() == {"faq": 41}


def test_threads_that_freeze_at_once_make_one_release(store: ContentStore, engine: Engine) -> None:
    store.put([A, B])
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(store.freeze("").id)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(releases)).scalar() == 1
