"""The vocabulary of a release is made once, however many ask for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from knowledge_fakes import faq

from knowledge.service import KnowledgeService
from knowledge.vocabulary import Vocabulary
from knowledge.vocabulary.release import ReleaseVocabulary


def test_threads_that_ask_first_get_the_same_one_made_once(
    publish: Callable[..., KnowledgeService], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = publish(faq("FAQ-1", "居住证怎么办理", "带身份证到派出所。"))
    index, made, go_on = service.index(), [], threading.Event()
    synonyms = service.store.synonyms

    def slowly(release_id: int) -> object:
        made.append(release_id)
        assert go_on.wait(30)
        return synonyms(release_id)

    monkeypatch.setattr(service.store, "synonyms", slowly)
    vocabulary = ReleaseVocabulary(service.store)
    assert vocabulary.latest is None
    found: list[Vocabulary] = []
    threads = [threading.Thread(target=lambda: found.append(vocabulary.of(index))) for _ in range(4)]
    for thread in threads:
        thread.start()
    threading.Timer(0.2, go_on.set).start()  # time for all of them to get as far as they can
    for thread in threads:
        thread.join()
    assert made == [index.release_id]
    assert {id(each) for each in found} == {id(vocabulary.latest)}
