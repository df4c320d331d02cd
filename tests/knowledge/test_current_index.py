"""The index that answers follows the database, and never waits long for it."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from knowledge_fakes import TODAY, FakeEmbedder, fake_config, faq
from sqlalchemy.engine import Engine

from knowledge import current_index
from knowledge.index.release import ReleaseIndex
from knowledge.publishing import Publisher
from knowledge.service import KnowledgeService

PERMIT = faq("FAQ-1", "居住证怎么办理", "带身份证到派出所。")
FUND = faq("FAQ-2", "公积金怎么提取", "到柜台提取。")
CARD = faq("FAQ-3", "老年卡怎么申领", "到社区申领。")
Publish = Callable[..., KnowledgeService]


@pytest.fixture
def slow(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KnowledgeService]:
    """Another process's service, on which loading another index than the first takes until ``slow.let_load`` is set."""
    monkeypatch.setattr(current_index, "PATIENCE", 0.0)
    service = KnowledgeService(engine, tmp_path / "home", FakeEmbedder(), fake_config(), lambda: TODAY)
    let_load = threading.Event()
    opened = Publisher.open

    def wait(self: Publisher, release: Any, shared: ReleaseIndex | None = None) -> ReleaseIndex:
        if shared is not None and self is service._publisher:
            assert let_load.wait(30)
        return opened(self, release, shared)

    monkeypatch.setattr(Publisher, "open", wait)
    service.let_load = let_load  # type: ignore[attr-defined]
    yield service
    let_load.set()


def answered(service: KnowledgeService, question: str) -> str | None:
    answer = service.answer(question)
    return answer.text if answer.status == "answered" else None


def test_while_a_release_is_loading_the_old_one_answers_without_what_is_gone(
    publish: Publish, slow: KnowledgeService
) -> None:
    publish(PERMIT, FUND).store.remove("faq", ["FAQ-1"])
    assert answered(slow, "居住证怎么办理") == PERMIT.answer
    publish(CARD)
    old = slow._current.loaded
    for _ in range(2):
        # What was taken back is gone at once, what stayed answers, what is new comes when it is loaded.
        remaining = slow._current.get(patience=0.0)
        assert set(remaining.by_id) == {"FAQ-2"}
        assert slow._current.loaded is old
    slow.let_load.set()  # type: ignore[attr-defined]
    assert set(slow._current.get(patience=None).by_id) == {"FAQ-2", "FAQ-3"}
    assert answered(slow, "老年卡怎么申领") == CARD.answer


def test_while_a_release_is_loading_a_changed_item_is_not_answered_as_it_was(
    publish: Publish, slow: KnowledgeService
) -> None:
    publish(PERMIT, FUND)
    assert answered(slow, "居住证怎么办理") == PERMIT.answer
    publish(replace(PERMIT, answer="网上就能办。"))
    assert set(slow._current.get(patience=0.0).by_id) == {"FAQ-2"}
    slow.let_load.set()  # type: ignore[attr-defined]
    slow._current.get(patience=None)
    assert answered(slow, "居住证怎么办理") == "网上就能办。"


def test_while_a_release_is_loading_no_message_makes_the_vocabulary_anew(
    publish: Publish, slow: KnowledgeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(PERMIT, FUND)
    slow.warm_up()
    publish(CARD)
    made: list[int] = []
    synonyms = slow.store.synonyms
    monkeypatch.setattr(slow.store, "synonyms", lambda release: made.append(release) or synonyms(release))
    for _ in range(3):
        slow._ahead._read("居住证怎么办理")  # what `expect` has done on a thread of its own
        assert answered(slow, "居住证怎么办理") == PERMIT.answer
    assert len(made) == 1


def test_a_service_that_was_warmed_up_reads_ahead_from_the_first_question_on(
    publish: Publish, engine: Engine, tmp_path: Path
) -> None:
    asked: list[str] = []

    class Noting(FakeEmbedder):
        def queries(self, texts: Sequence[str]) -> np.ndarray:
            asked.extend(texts)
            return super().queries(texts)

    publish(PERMIT)
    service = KnowledgeService(engine, tmp_path / "home", Noting(), fake_config(), lambda: TODAY)
    service._ahead._read("居住证怎么办理")
    assert asked == []
    service.warm_up()
    service._ahead._read("居住证怎么办理")
    assert asked == ["预热", "居住证怎么办理"]


def test_publications_that_follow_each_other_while_loading_all_count(
    publish: Publish, slow: KnowledgeService
) -> None:
    publish(PERMIT, FUND, CARD)
    slow.index()
    for identifier, left in (("FAQ-1", {"FAQ-2", "FAQ-3"}), ("FAQ-3", {"FAQ-2"})):
        publish().store.remove("faq", [identifier])
        publish()
        assert set(slow._current.get(patience=0.0).by_id) == left
    slow.let_load.set()  # type: ignore[attr-defined]
    index = slow._current.get(patience=None)
    assert set(index.by_id) == {"FAQ-2"}
    assert index.release_id == slow.store.current_id()


def test_an_index_that_cannot_be_loaded_is_reported_and_tried_again(
    publish: Publish, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(PERMIT)
    other = KnowledgeService(engine, tmp_path / "home", FakeEmbedder(), fake_config(), lambda: TODAY)

    def fail(*_given: Any) -> ReleaseIndex:
        raise OSError("disk broken")

    monkeypatch.setattr(other._publisher, "open", fail)
    with pytest.raises(OSError, match="disk broken"):
        other.index()
    monkeypatch.undo()
    assert set(other.index().by_id) == {"FAQ-1"}


def test_threads_that_ask_first_load_the_index_once(
    publish: Publish, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(PERMIT)
    other = KnowledgeService(engine, tmp_path / "home", FakeEmbedder(), fake_config(), lambda: TODAY)
    opened, calls = other._publisher.open, []

    def count(*given: Any) -> ReleaseIndex:
        calls.append(given)
        return opened(*given)

    monkeypatch.setattr(other._publisher, "open", count)
    found: list[ReleaseIndex] = []
    threads = [threading.Thread(target=lambda: found.append(other.index())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert len({id(index) for index in found}) == 1
