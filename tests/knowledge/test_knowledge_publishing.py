"""Publishing: what is answered is what was published last, for every process and thread."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from knowledge_fakes import TODAY, FakeEmbedder, fake_config, faq
from sqlalchemy.engine import Engine

from knowledge import publishing
from knowledge.content import Synonym
from knowledge.errors import NothingPublished, UnknownRelease
from knowledge.index.release import FORMAT
from knowledge.publishing import KEPT
from knowledge.service import KnowledgeService, city_today
from wenzheng.database import open_engine

PERMIT = faq("FAQ-1", "居住证怎么办理", "带身份证到派出所。")
FUND = faq("FAQ-2", "公积金怎么提取", "到柜台提取。")
WORD = Synonym("江城证", ("居住证",))
Publish = Callable[..., KnowledgeService]


def sources(service: KnowledgeService, question: str) -> list[str]:
    return [source.id for source in service.answer(question).sources]


def folders(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "index").iterdir() if path.is_dir())


def another_process(engine: Engine, home: Path) -> KnowledgeService:
    """A second service on the same database and home, sharing nothing in memory."""
    return KnowledgeService(open_engine(str(engine.url)), home, FakeEmbedder(), fake_config(), lambda: TODAY)


def test_before_the_first_publication_the_answer_says_so(service: KnowledgeService) -> None:
    service.import_items([PERMIT])
    answer = service.answer("居住证怎么办理", "web:1")
    assert (answer.status, answer.reason, answer.release) == ("no_answer", "not_ready", None)
    assert answer.text
    assert service.log.explained(answer.id)["question"] == "居住证怎么办理"
    with pytest.raises(NothingPublished):
        service.warm_up()


def test_drafts_do_not_answer_until_they_are_published(service: KnowledgeService, publish: Publish) -> None:
    publish(PERMIT)
    service.import_items([FUND])
    assert service.answer("公积金怎么提取").status == "no_answer"
    service.publish()
    assert sources(service, "公积金怎么提取") == ["FAQ-2"]


def test_publishing_unchanged_drafts_again_changes_nothing(
    service: KnowledgeService, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    service.import_items([PERMIT])
    first, before = service.publish("一"), folders(tmp_path / "home")
    embedder.embedded.clear()
    assert service.publish("二") == first
    assert embedder.embedded == []
    assert folders(tmp_path / "home") == before


def test_publishing_one_change_embeds_only_that(publish: Publish, embedder: FakeEmbedder) -> None:
    publish(PERMIT, FUND)
    embedder.embedded.clear()
    publish(replace(FUND, answer="网上提取。"))
    assert embedder.embedded == ["公积金怎么提取\n网上提取。"]


def test_a_published_change_is_answered_at_once_by_another_process(
    publish: Publish, engine: Engine, tmp_path: Path
) -> None:
    publish(PERMIT)
    other = another_process(engine, tmp_path / "home")
    assert other.answer("居住证怎么办理").text == "带身份证到派出所。"
    publish(replace(PERMIT, answer="网上就能办。"))
    assert other.answer("居住证怎么办理").text == "网上就能办。"


def test_a_deleted_faq_is_not_answered_after_publishing_by_any_process(
    publish: Publish, service: KnowledgeService, engine: Engine, tmp_path: Path
) -> None:
    publish(PERMIT, FUND)
    other = another_process(engine, tmp_path / "home")
    assert sources(other, "居住证怎么办理") == ["FAQ-1"]
    service.store.remove("faq", ["FAQ-1"])
    service.publish()
    for each in (service, other):
        assert each.answer("居住证怎么办理").status == "no_answer"
        assert sources(each, "公积金怎么提取") == ["FAQ-2"]


def test_a_deleted_faq_is_not_answered_after_publishing_under_load(
    publish: Publish, service: KnowledgeService, engine: Engine, tmp_path: Path
) -> None:
    publish(PERMIT, FUND)
    services = [service, another_process(engine, tmp_path / "home")]
    removed, stop = threading.Event(), threading.Event()
    late: list[str] = []
    failures: list[BaseException] = []
    asked = [0] * 4

    def ask(worker: int) -> None:
        try:
            while not stop.is_set():
                gone = removed.is_set()
                answer = services[worker % 2].answer("居住证怎么办理")
                if gone and answer.status != "no_answer":
                    late.append(answer.id)
                asked[worker] += gone
        except BaseException as error:
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=ask, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for number in range(5):
        publish(PERMIT, faq("FAQ-3", f"第{number}个别的问题"))
    service.store.remove("faq", ["FAQ-1"])
    service.publish()
    removed.set()
    while min(asked) < 3 and not stop.is_set():
        publish(faq("FAQ-4", f"又一个{min(asked)}"))
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert late == []


def test_two_threads_that_publish_at_once_both_get_whole_releases(
    service: KnowledgeService, engine: Engine, tmp_path: Path
) -> None:
    services = [service, another_process(engine, tmp_path / "home")]
    failures: list[BaseException] = []

    def publish_many(worker: int) -> None:
        try:
            for number in range(4):
                services[worker].import_items([faq(f"W{worker}", f"窗口{worker}的第{number}问")])
                services[worker].publish()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=publish_many, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    current = service.store.current()
    expected = [faq("W0", "窗口0的第3问"), faq("W1", "窗口1的第3问")]
    assert service.store.release_content(current.id) == expected
    assert current.id == service.store.releases()[0].id
    assert [source.id for each in services for source in each.index().sources] == ["W0", "W1"] * 2


def test_rolling_back_restores_answers_and_drafts(publish: Publish, service: KnowledgeService) -> None:
    publish(PERMIT)
    first = service.store.current()
    publish(replace(PERMIT, answer="改了。"), FUND)
    rolled = service.rollback(first.id)
    assert (rolled.id, rolled.current) == (first.id, True)
    assert service.answer("居住证怎么办理").text == "带身份证到派出所。"
    assert service.answer("公积金怎么提取").status == "no_answer"
    assert service.store.drafts() == [PERMIT]


def test_an_everyday_word_takes_effect_and_is_gone_with_publications(
    publish: Publish, service: KnowledgeService, embedder: FakeEmbedder, engine: Engine, tmp_path: Path
) -> None:
    def official(service: KnowledgeService) -> list[str]:
        return service.context("江城证").vocabulary.synonyms.official_words("江城证怎么办理")

    publish(PERMIT)
    other = another_process(engine, tmp_path / "home")
    embedder.embedded.clear()
    service.import_items([WORD])
    assert official(service) == official(other) == []
    with_word = service.publish()
    assert official(service) == official(other) == ["居住证"]
    service.store.remove("synonym", [WORD.id])
    assert official(service) == ["居住证"]
    assert service.publish().id != with_word.id
    assert official(service) == official(other) == []
    service.rollback(with_word.id)
    assert official(service) == official(other) == ["居住证"]
    assert service.store.drafts() == [PERMIT, WORD]
    assert embedder.embedded == []


def test_an_everyday_word_makes_a_question_sure_enough_to_answer(
    engine: Engine, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    service = KnowledgeService(engine, tmp_path / "home", embedder, fake_config(answer=0.9), lambda: TODAY)
    service.import_items([PERMIT, FUND])
    service.publish()
    assert service.answer("江城证怎么办理").status != "answered"
    service.import_items([WORD])
    service.publish()
    assert service.answer("江城证怎么办理").status == "answered"
    assert sources(service, "江城证怎么办理") == ["FAQ-1"]


def test_going_back_to_a_release_whose_index_is_gone_rebuilds_it(
    publish: Publish, service: KnowledgeService, tmp_path: Path, embedder: FakeEmbedder
) -> None:
    publish(PERMIT)
    first = service.store.current()
    publish(FUND)
    shutil.rmtree(tmp_path / "home" / "index")
    (tmp_path / "home" / "index").mkdir()
    assert not service.index_is_built(first)
    embedder.embedded.clear()
    service.rollback(first.id)
    assert service.index_is_built(first)
    assert embedder.embedded == []
    assert sources(service, "居住证怎么办理") == ["FAQ-1"]


def test_an_index_that_is_missing_at_the_start_is_rebuilt_from_the_database(
    publish: Publish, engine: Engine, tmp_path: Path
) -> None:
    publish(PERMIT)
    other = another_process(engine, tmp_path / "another-home")
    assert sources(other, "居住证怎么办理") == ["FAQ-1"]


def test_an_unknown_release_changes_nothing(publish: Publish, service: KnowledgeService) -> None:
    publish(PERMIT)
    before = service.store.current()
    with pytest.raises(UnknownRelease):
        service.rollback(99)
    assert service.store.current() == before
    assert sources(service, "居住证怎么办理") == ["FAQ-1"]


def test_a_publication_that_fails_leaves_the_old_release_answering(
    publish: Publish, service: KnowledgeService, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    publish(PERMIT)
    before, built = service.store.current(), folders(tmp_path / "home")
    service.import_items([FUND])
    embedder.broken = True
    with pytest.raises(RuntimeError):
        service.publish()
    assert service.store.current() == before
    assert folders(tmp_path / "home") == built
    assert sources(service, "居住证怎么办理") == ["FAQ-1"]
    embedder.broken = False
    service.publish()
    assert sources(service, "公积金怎么提取") == ["FAQ-2"]


def test_only_the_newest_indexes_stay_on_disk_and_an_older_one_still_comes_back(
    publish: Publish, service: KnowledgeService, tmp_path: Path
) -> None:
    first = publish(PERMIT).store.current().id
    (tmp_path / "home" / "index" / ".building-left-by-a-kill").mkdir()
    for number in range(KEPT + 1):
        publish(replace(FUND, answer=f"到第{number}号柜台提取。"))
    assert len(folders(tmp_path / "home")) == KEPT
    service.rollback(first)
    assert sources(service, "居住证怎么办理") == ["FAQ-1"]
    assert service.answer("公积金怎么提取").status == "no_answer"


def test_a_small_change_shares_the_index_before_and_a_way_back_is_short(
    publish: Publish, service: KnowledgeService, tmp_path: Path
) -> None:
    publish(PERMIT, *(faq(f"G{number}", f"第{number}窗口办什么业务") for number in range(60)))
    first = service.store.current()
    publish(FUND)
    folders_now = [path for path in (tmp_path / "home" / "index").iterdir() if path.is_dir()]
    assert len({(path / "base" / "sources.jsonl").stat().st_ino for path in folders_now}) == 1
    shutil.rmtree(service._publisher._folder(first))
    service.rollback(first.id)
    again = service._publisher._folder(first) / "base" / "sources.jsonl"
    assert again.stat().st_nlink == 2
    assert sources(service, "居住证怎么办理") == ["FAQ-1"]
    assert service.answer("公积金怎么提取").status == "no_answer"


def test_an_index_that_has_grown_is_written_anew_and_goes_on_answering(
    publish: Publish, engine: Engine, service: KnowledgeService, tmp_path: Path
) -> None:
    publish(PERMIT, *(faq(f"G{number}", f"第{number}窗口办什么业务") for number in range(60)))
    other = another_process(engine, tmp_path / "home")
    compacted = 0
    for number in range(8):
        publish(replace(FUND, answer=f"到第{number}号柜台提取。"))
        compacted += any(name.endswith("-whole") for name in folders(tmp_path / "home"))
        for each in (service, other, another_process(engine, tmp_path / "home")):
            assert each.answer("公积金怎么提取").text == f"到第{number}号柜台提取。"
            assert sources(each, "居住证怎么办理") == ["FAQ-1"]
        assert len(folders(tmp_path / "home")) == min(number + 2, KEPT)
    assert compacted


def test_indexes_of_an_older_format_are_made_anew(
    publish: Publish, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(PERMIT)
    (old,) = folders(tmp_path / "home")
    monkeypatch.setattr(publishing, "FORMAT", FORMAT + 1)
    other = another_process(engine, tmp_path / "home")
    assert sources(other, "居住证怎么办理") == ["FAQ-1"]
    assert len(folders(tmp_path / "home")) == 2
    other.import_items([FUND])
    other.publish()
    assert old not in folders(tmp_path / "home")


def test_publishing_nothing_takes_everything_back(publish: Publish, service: KnowledgeService) -> None:
    publish(PERMIT)
    service.store.remove("faq", ["FAQ-1"])
    release = service.publish()
    assert (release.documents, release.faqs) == (0, 0)
    assert service.answer("居住证怎么办理").reason == "low_confidence"


def test_an_answer_names_the_release_that_gave_it(publish: Publish, service: KnowledgeService) -> None:
    publish(PERMIT)
    assert service.answer("居住证怎么办理").release == str(service.store.current().id)
    assert service.status() == {
        "release": service.store.current().id,
        "pieces": 2,
        "drafts": {"faq": 1},
    }


def test_progress_counts_the_pieces_to_embed(service: KnowledgeService) -> None:
    service.import_items([PERMIT])
    steps: list[tuple[int, int]] = []
    service.publish(progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)], "the question, then the passage with its tokens"


def test_today_is_the_citys() -> None:
    assert city_today() == datetime.now(timezone(timedelta(hours=8))).date()
